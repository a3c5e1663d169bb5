(class_declaration name: (identifier) @class body: (_) @body) @span
(record_declaration name: (identifier) @class body: (_) @body) @span
(interface_declaration name: (identifier) @interface body: (_) @body) @span
(annotation_type_declaration name: (identifier) @interface body: (_) @body) @span
(enum_declaration name: (identifier) @enum body: (_) @body) @span
(method_declaration name: (identifier) @method body: (_)? @body) @span
(constructor_declaration name: (identifier) @method body: (_) @body) @span
(field_declaration
  (modifiers "static" "final")
  declarator: (variable_declarator name: (identifier) @constant)) @span
(import_declaration) @import
(object_creation_expression type: (type_identifier) @call)
(object_creation_expression type: (generic_type (type_identifier) @call))
(line_comment) @comment
(block_comment) @comment
(identifier) @use
(type_identifier) @use
