[(source_file) (function) (block) (for) (on_return)] @local.scope
(function name: (identifier) @local.definition.function)
(parameter name: (identifier) @local.definition.parameter)
(variable name: (identifier) @local.definition.var)
(global name: (identifier) @local.definition.var)
(binding name: (identifier) @local.definition.var)
(for name: (identifier) @local.definition.var)
(constant name: (identifier) @local.definition.constant)
(struct name: (identifier) @local.definition.type)
(union name: (identifier) @local.definition.type)
(enum name: (identifier) @local.definition.type)
(type_alias name: (identifier) @local.definition.type)
(variant name: (identifier) @local.definition.constant)
(identifier) @local.reference
(type_identifier) @local.reference
