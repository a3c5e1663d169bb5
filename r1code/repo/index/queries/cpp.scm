(class_specifier name: [(type_identifier) (template_type)] @class body: (_) @body) @span
(struct_specifier name: (template_type) @struct body: (_) @body) @span
(namespace_definition name: (_) @module body: (_) @body) @span
(concept_definition name: (identifier) @type) @span
(alias_declaration name: (type_identifier) @type) @span
(function_definition
  declarator: [
    (function_declarator
      declarator: [(field_identifier) (destructor_name) (operator_name)] @function)
    (reference_declarator
      (function_declarator declarator: [(identifier) (field_identifier) (operator_name)] @function))
    (pointer_declarator
      declarator: (function_declarator declarator: [(field_identifier) (operator_name)] @function))
    (function_declarator
      declarator: (qualified_identifier
        scope: (_) @owner
        name: [(identifier) (destructor_name) (operator_name)] @function))
    (pointer_declarator
      declarator: (function_declarator
        declarator: (qualified_identifier scope: (_) @owner name: [(identifier) (operator_name)] @function)))
    (reference_declarator
      (function_declarator
        declarator: (qualified_identifier scope: (_) @owner name: [(identifier) (operator_name)] @function)))
    (function_declarator
      declarator: (qualified_identifier
        name: (qualified_identifier
          scope: (_) @owner
          name: [(identifier) (destructor_name) (operator_name)] @function)))
  ]
  body: (_)? @body) @span
(field_declaration
  declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @prototype)
    (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @prototype))
    (reference_declarator (function_declarator declarator: [(field_identifier) (operator_name)] @prototype))
  ]) @span
(declaration declarator: (function_declarator declarator: (destructor_name) @prototype)) @span
(template_declaration) @wrap
(namespace_identifier) @use
