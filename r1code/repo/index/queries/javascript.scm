(class_declaration name: (identifier) @class body: (_) @body) @span
(variable_declarator name: (identifier) @class value: (class body: (_) @body)) @span
(jsx_opening_element name: (identifier) @call)
(jsx_self_closing_element name: (identifier) @call)
