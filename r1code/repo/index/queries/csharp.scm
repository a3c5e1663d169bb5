(namespace_declaration name: (_) @module body: (_) @body) @span
(file_scoped_namespace_declaration name: (_) @module) @span
(class_declaration name: (identifier) @class body: (_) @body) @span
(record_declaration name: (identifier) @class body: (_)? @body) @span
(interface_declaration name: (identifier) @interface body: (_) @body) @span
(struct_declaration name: (identifier) @struct body: (_) @body) @span
(enum_declaration name: (identifier) @enum body: (_) @body) @span
(delegate_declaration name: (identifier) @type) @span
(method_declaration name: (identifier) @method body: (_)? @body) @span
(constructor_declaration name: (identifier) @method body: (_) @body) @span
(local_function_statement name: (identifier) @function body: (_) @body) @span
(property_declaration name: (identifier) @constant accessors: (_)? @body) @span
(field_declaration
  (modifier) @_modifier
  (variable_declaration (variable_declarator name: (identifier) @constant))
  (#any-of? @_modifier "const" "static")) @span
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @constant))) @span
(using_directive !name [(qualified_name) (identifier)] @import)
(using_directive name: (_) [(qualified_name) (generic_name)] @import)
(comment) @comment
(identifier) @use
