[
  (block)
  (fields)
  (variants)
  (implementation)
  (match)
  (struct_literal)
  (packet_literal)
  (array)
  (arguments)
  (parameters)
] @indent.begin
["}" "]" ")"] @indent.branch @indent.end
(comment) @indent.ignore
