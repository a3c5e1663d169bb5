(document (object (pair key: (string (string_content) @key)) @span))
(document
  (object (pair value: (object (pair key: (string (string_content) @key)) @span))))
