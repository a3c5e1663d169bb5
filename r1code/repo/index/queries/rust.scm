(function_item name: (identifier) @function body: (_) @body) @span
(function_signature_item name: (identifier) @prototype) @span
(impl_item
  type: [
    (type_identifier) @owner
    (generic_type type: (type_identifier) @owner)
    (scoped_type_identifier name: (type_identifier) @owner)
    (reference_type type: (type_identifier) @owner)
  ]) @within
(struct_item name: (type_identifier) @struct body: (field_declaration_list)? @body) @span
(union_item name: (type_identifier) @struct body: (_) @body) @span
(enum_item name: (type_identifier) @enum body: (_) @body) @span
(trait_item name: (type_identifier) @trait body: (_) @body) @span
(type_item name: (type_identifier) @type) @span
(mod_item name: (identifier) @module body: (_)? @body) @span
(mod_item name: (identifier) @import !body)
(const_item name: (identifier) @constant) @span
(static_item name: (identifier) @constant) @span
(macro_definition name: (identifier) @macro . (_) @body) @span
(attribute_item) @attribute
(use_declaration) @import
(extern_crate_declaration name: (identifier) @import)
(macro_invocation macro: (identifier) @call)
(line_comment) @comment
(block_comment) @comment
(identifier) @use
(type_identifier) @use
(field_identifier) @use
