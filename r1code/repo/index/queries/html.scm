(element
  (start_tag
    (attribute
      (attribute_name) @_name
      [(attribute_value) @element (quoted_attribute_value (attribute_value) @element)]) .)
  (#eq? @_name "id")) @span
(element
  (start_tag
    (attribute
      (attribute_name) @_name
      [(attribute_value) @element (quoted_attribute_value (attribute_value) @element)])) . (_)? @body
  (#eq? @_name "id")) @span
(element
  (start_tag (tag_name) @_tag)
  . (text) @heading
  (#any-of? @_tag "h1" "h2" "h3" "h4" "h5" "h6" "title")) @span
(script_element
  (start_tag
    (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @import)))
  (#eq? @_name "src"))
(element
  (start_tag
    (tag_name) @_tag
    (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @import)))
  (#eq? @_tag "link")
  (#eq? @_name "href"))
