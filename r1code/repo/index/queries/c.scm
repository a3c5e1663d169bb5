(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @function)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @function))
    (pointer_declarator (pointer_declarator declarator: (function_declarator declarator: (identifier) @function)))
  ]
  body: (_) @body) @span
(declaration
  declarator: [
    (function_declarator declarator: (identifier) @prototype)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @prototype))
    (pointer_declarator (pointer_declarator declarator: (function_declarator declarator: (identifier) @prototype)))
  ]) @span
(translation_unit
  (declaration
    declarator: (init_declarator
      declarator: [
        (identifier) @constant
        (array_declarator declarator: (identifier) @constant)
        (pointer_declarator declarator: (identifier) @constant)
        (pointer_declarator declarator: (array_declarator declarator: (identifier) @constant))
      ]
      value: (_) @body)) @span)
(struct_specifier name: (type_identifier) @struct body: (_) @body) @span
(union_specifier name: (type_identifier) @struct body: (_) @body) @span
(enum_specifier name: (type_identifier) @enum body: (_) @body) @span
(type_definition
  type: [(struct_specifier !name body: (_) @body) (union_specifier !name body: (_) @body)]
  declarator: (type_identifier) @struct) @span
(type_definition
  type: (enum_specifier !name body: (_) @body)
  declarator: (type_identifier) @enum) @span
(type_definition
  type: [
    (primitive_type) (sized_type_specifier) (type_identifier)
    (struct_specifier name: (_)) (union_specifier name: (_)) (enum_specifier name: (_))
  ]
  declarator: [
    (type_identifier) @type
    (pointer_declarator declarator: (type_identifier) @type)
    (array_declarator declarator: (type_identifier) @type)
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @type)))
  ]) @span
(preproc_def name: (identifier) @constant value: (_)) @span
(preproc_function_def name: (identifier) @macro value: (_)? @body) @span
(preproc_include path: (_) @import)
(comment) @comment
(identifier) @use
(type_identifier) @use
(field_identifier) @use
