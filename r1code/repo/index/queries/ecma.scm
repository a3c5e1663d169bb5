(function_declaration name: (identifier) @function body: (_) @body) @span
(generator_function_declaration name: (identifier) @function body: (_) @body) @span
(method_definition
  name: [(property_identifier) (private_property_identifier)] @method
  body: (_) @body) @span
(variable_declarator
  name: (identifier) @function
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)
  ]) @span
(pair
  key: (property_identifier) @function
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @span
(assignment_expression
  left: [(identifier) @function (member_expression property: (property_identifier) @function)]
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @span
(program
  (lexical_declaration
    (variable_declarator
      name: (identifier) @constant
      value: [
        (array) (await_expression) (binary_expression) (call_expression) (false) (identifier) (member_expression)
        (new_expression) (null) (number) (object) (regex) (string) (template_string) (true) (unary_expression)
      ]) @span))
(program
  (export_statement
    declaration: (lexical_declaration
      (variable_declarator
        name: (identifier) @constant
        value: [
          (array) (await_expression) (binary_expression) (call_expression) (false) (identifier) (member_expression)
          (new_expression) (null) (number) (object) (regex) (string) (template_string) (true) (unary_expression)
        ]) @span)))
(lexical_declaration) @lead
(variable_declaration) @lead
(export_statement) @lead
(import_statement source: (string) @import)
(export_statement source: (string) @import)
(call_expression
  function: [(identifier) (import)] @loader
  arguments: (arguments . (string) @import)
  (#any-of? @loader "require" "import"))
(comment) @comment
(identifier) @use
(property_identifier) @use
(shorthand_property_identifier) @use
