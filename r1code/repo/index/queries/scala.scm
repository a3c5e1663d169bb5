(class_definition name: (identifier) @class body: (_)? @body) @span
(object_definition name: (identifier) @class body: (_)? @body) @span
(trait_definition name: (identifier) @trait body: (_)? @body) @span
(enum_definition name: (identifier) @enum body: (_) @body) @span
(function_definition name: (identifier) @function body: (_) @body) @span
(function_declaration name: (identifier) @function) @span
(type_definition name: (type_identifier) @type) @span
(val_definition pattern: (identifier) @constant) @span
(given_definition name: (identifier) @constant) @span
(import_declaration) @import
(comment) @comment
(block_comment) @comment
(identifier) @use
(type_identifier) @use
