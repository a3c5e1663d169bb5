(namespace_definition name: (_) @module body: (_)? @body) @span
(class_declaration name: (name) @class body: (_) @body) @span
(interface_declaration name: (name) @interface body: (_) @body) @span
(trait_declaration name: (name) @trait body: (_) @body) @span
(enum_declaration name: (name) @enum body: (_) @body) @span
(function_definition name: (name) @function body: (_) @body) @span
(method_declaration name: (name) @method body: (_)? @body) @span
(const_declaration (const_element . (name) @constant)) @span
(property_declaration (property_element name: (variable_name (name) @constant))) @span
(namespace_use_declaration) @import
(require_expression (string) @import)
(require_once_expression (string) @import)
(include_expression (string) @import)
(include_once_expression (string) @import)
(comment) @comment
(name) @use
