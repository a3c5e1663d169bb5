(function_declaration name: (identifier) @function body: (_)? @body) @span
(method_declaration
  receiver: (parameter_list
    (parameter_declaration
      type: [
        (type_identifier) @owner
        (generic_type type: (type_identifier) @owner)
        (pointer_type (type_identifier) @owner)
        (pointer_type (generic_type type: (type_identifier) @owner))
      ]))
  name: (field_identifier) @method
  body: (_)? @body) @span
(type_spec name: (type_identifier) @struct type: (struct_type (field_declaration_list) @body)) @span
(type_spec name: (type_identifier) @interface type: (interface_type "{" @body)) @span
(type_spec
  name: (type_identifier) @type
  type: [
    (array_type) (channel_type) (function_type) (generic_type) (map_type) (pointer_type) (qualified_type)
    (slice_type) (type_identifier)
  ]) @span
(type_alias name: (type_identifier) @type) @span
(interface_type (method_elem name: (field_identifier) @method) @span)
(source_file (const_declaration (const_spec name: (identifier) @constant) @span))
(source_file (var_declaration (var_spec name: (identifier) @constant) @span))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @constant) @span)))
(type_declaration) @lead
(const_declaration) @lead
(var_declaration) @lead
(import_spec path: (_) @import)
(comment) @comment
(identifier) @use
(type_identifier) @use
(field_identifier) @use
