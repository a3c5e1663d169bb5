(create_table (object_reference name: (identifier) @table)) @span
(create_view (object_reference name: (identifier) @table)) @span
(create_materialized_view (object_reference name: (identifier) @table)) @span
(create_function (object_reference name: (identifier) @function) (function_body) @body) @span
(create_type (object_reference name: (identifier) @type)) @span
(create_trigger . (keyword_create) (object_reference name: (identifier) @function)) @span
(comment) @comment
(identifier) @use
