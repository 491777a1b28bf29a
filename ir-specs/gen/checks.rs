//! Checks the tables against each other.

use crate::facts;
use crate::load::{Op, OpRecord, Specs};
use crate::tables::records::*;

/// Control enters an op with regions, and goes on from the end of each. Ops that the pass `exits` lowers have no rows.
fn check_flow(op: &Op) {
    let OpRecord { regions, flow, on, .. } = &op.record;
    if flow.is_empty() && on.bpf == "lower:exits" {
        return;
    }
    let entered = regions.first().map(|_| "enter*");
    for from in regions.iter().map(String::as_str).chain(entered) {
        let from = from.trim_end_matches('*');
        assert!(flow.contains_key(from), "ops: {}.{}: `flow` has no row `{from}`", op.dialect, op.name);
    }
    assert!(!regions.is_empty() || flow.is_empty(), "ops: {}.{}: `flow` without regions", op.dialect, op.name);
}

/// What one table says of another must exist there.
pub fn check(specs: &Specs) {
    facts::check(&specs.facts);
    specs.packages.check(&specs.programs);
    assert!(specs.words.is_sorted_by(|one, other| one.name < other.name), "words.toml: the words are sorted");
    for op in specs.ops.iter().filter(|op| ["map", "bpf"].contains(&op.dialect.as_str())) {
        let has = |wanted: OpTrait| op.record.traits.contains(&wanted);
        let in_bpf = !op.record.on.bpf.starts_with("reject");
        assert!(
            !in_bpf || has(OpTrait::Pure) || has(OpTrait::Calls),
            "ops: {}.{} is `Pure`, or it `Calls`",
            op.dialect,
            op.name
        );
    }
    specs.ops.iter().for_each(check_flow);
    let op_exists = |op: &str| specs.ops.iter().any(|o| format!("{}.{}", o.dialect, o.name) == op);
    let has_variant = |of: &str, name: &str| {
        let variants = specs.facts.enums.iter().filter(|spec| spec.name == of).flat_map(|spec| &spec.variants);
        variants.into_iter().any(|(variant, _)| variant == name)
    };
    for ProgramSpec { name, prog_type, helpers_of, helpers, params, otherwise, forms, .. } in &specs.programs {
        let known = helpers.iter().all(|helper| specs.helpers.iter().any(|spec| spec.name == *helper));
        assert!(known, "programs.toml: [{name}]: a helper that helpers.toml lacks");
        if let Some(otherwise) = otherwise {
            let known = specs.programs.iter().find(|spec| spec.name == *otherwise);
            let in_registers = known.is_some_and(|spec| matches!(spec.params, Params::Registers { .. }));
            assert!(in_registers, "programs.toml: [{name}]: `{otherwise}` has no parameters in registers");
        }
        if let Params::Context { of: context } | Params::Registers { of: context, .. } = params {
            let known = specs.contexts.iter().any(|spec| spec.name == *context);
            assert!(known, "programs.toml: [{name}]: no context `{context}`");
        }
        for prog_type in [prog_type].into_iter().chain(helpers_of) {
            assert!(has_variant("bpf_prog_type", prog_type), "programs.toml: [{name}]: no `{prog_type}`");
        }
        for ProgramForm { attach: Attach { form, point, .. }, .. } in forms {
            let known = specs.attach_forms.iter().find(|spec| spec.name == *form);
            let known = known.unwrap_or_else(|| panic!("programs.toml: [{name}]: no attach form `{form}`"));
            assert!(known.point == point.is_some(), "programs.toml: [{name}]: whether `{form}` has a `point`");
            let exists = point.as_ref().is_none_or(|point| has_variant("bpf_attach_type", point));
            assert!(exists, "programs.toml: [{name}]: no `{point:?}`");
        }
    }
    for Machine { name, registers, arguments, result, .. } in &specs.machines {
        for register in arguments.iter().chain([result]) {
            assert!(registers.contains(register), "machines.toml: [{name}]: no register `{register}`");
        }
    }
    for AttachForm { name, target, options, .. } in &specs.attach_forms {
        let known = target.as_ref().is_none_or(|target| specs.targets.iter().any(|spec| spec.name == *target));
        assert!(known, "attach_forms.toml: [{name}]: no target `{target:?}`");
        let known = options.iter().all(|option| specs.attach_options.iter().any(|spec| spec.name == *option));
        assert!(known, "attach_forms.toml: [{name}]: an option that attach_options.toml lacks");
    }
    for by in specs.kfuncs.iter().filter_map(|spec| spec.released_by.as_ref()) {
        assert!(specs.kfuncs.iter().any(|spec| spec.name == *by), "kfuncs.toml: no kfunc `{by}`");
    }
    for (name, by) in specs.contexts.iter().filter_map(|spec| Some((&spec.name, &spec.dynptr.as_ref()?.by))) {
        assert!(specs.kfuncs.iter().any(|spec| spec.name == *by), "contexts.toml: [{name}]: no kfunc `{by}`");
    }
    for ContextField { name, readers, writers, .. } in specs.contexts.iter().flat_map(|spec| &spec.fields) {
        for program in readers.iter().chain(writers) {
            let known = specs.programs.iter().any(|spec| spec.name == *program);
            assert!(known, "contexts.toml: field `{name}`: no program type `{program}`");
        }
    }
    check_maps(specs);
    let helper_exists = |helper: &String| specs.helpers.iter().any(|spec| spec.name == *helper);
    for Op { dialect, name, record } in &specs.ops {
        assert!(record.helpers.iter().all(helper_exists), "ops: {dialect}.{name}: no such helper");
    }
    for MapMethodSpec { name, op, .. } in &specs.map_methods {
        assert!(op.as_deref().is_none_or(op_exists), "map_methods.toml: [{name}]: no such op");
    }
    assert!(specs.field_methods.iter().all(|spec| op_exists(&spec.op)), "field_methods.toml: no such op");
    check_builtins(specs, helper_exists, op_exists);
    specs.packet_layers.iter().for_each(|layer| check_layer(specs, layer));
}

/// The fields of a layer are those of its header.
fn check_layer(specs: &Specs, layer: &PacketLayer) {
    let PacketLayer { name, header, next, defaults, length, words, check, parts, .. } = layer;
    let known = specs.facts.structs.iter().find(|spec| spec.name == *header);
    let known = known.unwrap_or_else(|| panic!("packet_layers.toml: [{name}]: no header `{header}`"));
    let behind = |field: &String| parts.iter().any(|part| part.field == *field);
    let fields = [next.as_ref().map(|next| &next.0), length.as_ref().map(|length| &length.0)];
    let fields = fields.into_iter().chain([words.as_ref().map(|words| &words.0), check.as_ref().map(|check| &check.0)]);
    for field in fields.flatten().chain(defaults.iter().map(|(field, _)| field)) {
        let exists = behind(field) || known.fields.iter().any(|spec| spec.name == *field);
        assert!(exists, "packet_layers.toml: [{name}]: no field `{field}`");
    }
}

fn check_maps(specs: &Specs) {
    for MapKindSpec { name, flags, implied, full, on, .. } in &specs.maps {
        let constants = full.iter().all(|error| specs.facts.constants.contains_key(error));
        assert!(constants, "maps.toml: [{name}]: an unknown error");
        let counts = on.values().iter().any(|accesses| accesses.contains(&MapAccess::Refused));
        assert!(counts != full.is_empty(), "maps.toml: [{name}]: `refused` goes with `full`");
        for flag in flags.iter().chain(implied) {
            let known = specs.map_flags.iter().any(|spec| spec.name == *flag);
            assert!(known, "maps.toml: [{name}]: no flag `{flag}`");
        }
    }
    for SpecialFieldSpec { name, maps, refused, .. } in &specs.special_fields {
        let kinds = maps.iter().all(|kind| specs.maps.iter().any(|spec| spec.name == *kind));
        let programs = refused.iter().all(|program| specs.programs.iter().any(|spec| spec.name == *program));
        assert!(kinds && programs, "special_fields.toml: [{name}]: an unknown kind of map or program type");
    }
}

fn check_builtins(specs: &Specs, helper_exists: impl Fn(&String) -> bool, op_exists: impl Fn(&str) -> bool) {
    for BuiltinSpec { name, bpf, op, throws, .. } in &specs.builtins {
        assert!(bpf.as_ref().is_none_or(&helper_exists), "builtins.toml: [{name}]: no such helper");
        assert!(op.as_deref().is_none_or(&op_exists), "builtins.toml: [{name}]: no such op");
        let constant = |code: &String| specs.facts.constants.contains_key(code);
        assert!(throws.as_ref().is_none_or(constant), "builtins.toml: [{name}]: no such constant");
    }
}
