; @span what is defined, @wrap what belongs to the span inside (@lead: if on its line), the name node by its kind, @body where the
; signature ends, @doc, @comment, @owner the type that it is a method of, @import, @call, @use.
(class_definition
  name: (identifier) @class
  body: (block . (expression_statement . (string) @doc .)?) @body) @span
(function_definition
  name: (identifier) @function
  body: (block . (expression_statement . (string) @doc .)?) @body) @span
(decorated_definition) @wrap
(module (expression_statement (assignment left: (identifier) @constant)) @span)
(class_definition
  body: (block (expression_statement (assignment left: (identifier) @constant)) @span))
(type_alias_statement left: (type (identifier) @type)) @span
(comment) @comment
(import_statement) @import
(import_from_statement) @import
(identifier) @use
