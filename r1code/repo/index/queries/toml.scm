(document (pair . (_) @key) @span)
(table . (_) @key) @span
(table (pair . (_) @key) @span)
(table_array_element . (_) @key) @span
(comment) @comment
