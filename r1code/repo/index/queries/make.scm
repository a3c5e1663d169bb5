(rule (targets (word) @target) (recipe)? @body) @span
(variable_assignment name: (word) @constant) @span
(define_directive name: (word) @macro value: (_) @body) @span
(include_directive filenames: (list (word) @import))
(prerequisites (word) @use)
(variable_reference (word) @use)
(comment) @comment
