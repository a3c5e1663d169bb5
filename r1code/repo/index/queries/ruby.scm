(class
  name: [(constant) @class (scope_resolution name: (constant) @class)]
  body: (_)? @body) @span
(module
  name: [(constant) @module (scope_resolution name: (constant) @module)]
  body: (_)? @body) @span
(method name: (_) @function body: (_)? @body) @span
(singleton_method name: (_) @function body: (_)? @body) @span
(assignment left: (constant) @constant) @span
(call
  method: (identifier) @_loader
  arguments: (argument_list . (string (string_content) @import))
  (#any-of? @_loader "require" "require_relative" "load"))
(call method: (identifier) @call)
(comment) @comment
(identifier) @use
(constant) @use
