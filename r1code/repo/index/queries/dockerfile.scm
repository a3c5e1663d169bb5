(from_instruction as: (image_alias) @stage) @span
(from_instruction (image_spec) @stage !as) @span
(arg_instruction name: (_) @constant) @span
(env_instruction (env_pair name: (_) @constant)) @span
(comment) @comment
