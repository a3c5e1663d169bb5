(class_declaration declaration_kind: "class" name: (type_identifier) @class body: (_) @body) @span
(class_declaration declaration_kind: "actor" name: (type_identifier) @class body: (_) @body) @span
(class_declaration declaration_kind: "struct" name: (type_identifier) @struct body: (_) @body) @span
(class_declaration declaration_kind: "enum" name: (type_identifier) @enum body: (_) @body) @span
(class_declaration declaration_kind: "extension" name: (user_type) @owner) @within
(protocol_declaration name: (type_identifier) @interface body: (_) @body) @span
(function_declaration name: (simple_identifier) @function body: (_)? @body) @span
(protocol_function_declaration name: (simple_identifier) @method) @span
(init_declaration "init" @method body: (_) @body) @span
(typealias_declaration name: (type_identifier) @type) @span
(property_declaration name: (pattern bound_identifier: (simple_identifier) @constant)) @span
(import_declaration (identifier) @import)
(comment) @comment
(multiline_comment) @comment
(simple_identifier) @use
(type_identifier) @use
