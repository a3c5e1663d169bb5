(class_declaration name: (type_identifier) @class body: (_) @body) @span
(abstract_class_declaration name: (type_identifier) @class body: (_) @body) @span
(variable_declarator name: (identifier) @class value: (class body: (_) @body)) @span
(interface_declaration name: (type_identifier) @interface body: (_) @body) @span
(enum_declaration name: (identifier) @enum body: (_) @body) @span
(type_alias_declaration name: (type_identifier) @type) @span
(function_signature name: (identifier) @prototype) @span
(method_signature name: (property_identifier) @method) @span
(abstract_method_signature name: (property_identifier) @method) @span
(internal_module name: (identifier) @module body: (_) @body) @span
(module name: (_) @module body: (_) @body) @span
(ambient_declaration) @lead
(type_identifier) @use
