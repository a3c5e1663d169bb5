(function_definition name: (word) @function body: (_) @body) @span
(program (variable_assignment name: (variable_name) @constant) @span)
(program (declaration_command (variable_assignment name: (variable_name) @constant)) @span)
(command
  name: (command_name (word) @_loader)
  argument: [(word) (string) (raw_string)] @import
  (#any-of? @_loader "source" "."))
(command name: (command_name (word) @call))
(comment) @comment
(variable_name) @use
