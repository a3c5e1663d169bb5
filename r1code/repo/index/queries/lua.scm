(function_declaration name: (identifier) @function body: (_)? @body) @span
(function_declaration
  name: [
    (dot_index_expression table: (_) @owner field: (identifier) @function)
    (method_index_expression table: (_) @owner method: (identifier) @function)
  ]
  body: (_)? @body) @span
(assignment_statement
  (variable_list
    name: [
      (identifier) @function
      (dot_index_expression table: (_) @owner field: (identifier) @function)
    ])
  (expression_list value: (function_definition body: (_)? @body))) @span
(chunk
  (variable_declaration
    (assignment_statement
      (variable_list . name: (identifier) @constant)
      (expression_list . value: [(number) (string) (table_constructor) (true) (false) (function_call)]))) @span)
(function_call
  name: (identifier) @_loader
  arguments: (arguments . (string content: (_) @import))
  (#eq? @_loader "require"))
(comment) @comment
(identifier) @use
