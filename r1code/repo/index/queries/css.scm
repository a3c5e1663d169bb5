(rule_set (selectors) @rule (block) @body) @span
(keyframes_statement (keyframes_name) @rule (keyframe_block_list) @body) @span
(import_statement (string_value) @import)
(comment) @comment
