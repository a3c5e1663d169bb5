(class_declaration "class" name: (identifier) @class (class_body) @body) @span
(class_declaration
  "class"
  name: (identifier) @class
  . [(delegation_specifiers) (primary_constructor) (type_parameters)]*
  .) @span
(class_declaration name: (identifier) @enum (enum_class_body) @body) @span
(class_declaration "interface" name: (identifier) @interface (class_body)? @body) @span
(object_declaration name: (identifier) @class (class_body)? @body) @span
(companion_object (class_body) @body) @within
(function_declaration name: (identifier) @function (function_body)? @body) @span
(secondary_constructor "constructor" @method (block)? @body) @span
(property_declaration (variable_declaration (identifier) @constant)) @span
(type_alias type: (identifier) @type) @span
(import) @import
(line_comment) @comment
(block_comment) @comment
(identifier) @use
