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
  (comment)
] @fold
