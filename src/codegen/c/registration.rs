//! How the kernel learns of a module's functions: sets of ids with flags, one for each type of programs that call them.

use crate::ir::{Function, Module, Role};
use crate::tables::KfuncFlag;
use std::collections::BTreeSet;

/// What kernels spell otherwise: include/linux/btf.h and btf_ids.h of 5.18, 6.0, 6.3 and 6.9.
pub const SPELLINGS: &str = "\
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define __bpf_kfunc __used noinline
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif
";

struct Kfunc<'m> {
    func: &'m Function,
    flags: &'m [&'static KfuncFlag],
}

/// The C that registers the functions of a module for BPF programs; empty if it has none.
pub fn text(module: &Module) -> String {
    let mut types: BTreeSet<&'static str> = BTreeSet::new();
    for func in &module.funcs {
        if let Role::Kfunc { callers, .. } = &func.role {
            types.extend(callers.iter().copied());
        }
    }
    let mut text = flag_spellings(module);
    for prog_type in &types {
        let kfuncs = module.funcs.iter().filter_map(|func| {
            let Role::Kfunc { flags, callers } = &func.role else { return None };
            callers.contains(prog_type).then_some(Kfunc { func, flags })
        });
        text.push_str(&set(&word(prog_type), &kfuncs.collect::<Vec<_>>()));
    }
    text.push_str("static int __init ks_init(void)\n{\n\tint err = 0;\n\n");
    for prog_type in &types {
        let word = word(prog_type);
        text.push_str(&format!("\tif (!err)\n\t\terr = register_btf_kfunc_id_set({prog_type}, &ks_{word}_set);\n"));
    }
    text.push_str("\treturn err;\n}\n\n/* A module without an exit cannot be removed. */\nstatic void __exit ks_exit(void)\n{\n}\n\n");
    text.push_str("module_init(ks_init);\nmodule_exit(ks_exit);\n");
    text.push_str(&format!(
        "MODULE_LICENSE(\"GPL\");\nMODULE_DESCRIPTION(\"Kernel functions of {}\");\n",
        module.module_name()
    ));
    text
}

/// `xdp`
fn word(prog_type: &str) -> String {
    prog_type.trim_start_matches("BPF_PROG_TYPE_").to_lowercase()
}

/// Flags that only later kernels have.
fn flag_spellings(module: &Module) -> String {
    let mut later: BTreeSet<(&str, &str)> = BTreeSet::new();
    for func in &module.funcs {
        if let Role::Kfunc { flags, .. } = &func.role {
            later.extend(flags.iter().filter_map(|flag| flag.since.map(|_| (flag.kernel, flag.before.unwrap_or("0")))));
        }
    }
    let spellings = later.iter().map(|(name, before)| format!("#ifndef {name}\n#define {name} {before}\n#endif\n\n"));
    spellings.collect()
}

fn set(word: &str, kfuncs: &[Kfunc<'_>]) -> String {
    let ids = |kfuncs: &mut dyn Iterator<Item = &Kfunc<'_>>| -> String {
        kfuncs.map(|kfunc| format!("BTF_ID(func, {})\n", kfunc.func.name)).collect()
    };
    let mut old = vec![("check_set", ids(&mut kfuncs.iter()))];
    for member in ["acquire_set", "release_set", "ret_null_set"] {
        let mut with = kfuncs.iter().filter(|kfunc| kfunc.flags.iter().any(|flag| flag.set == Some(member)));
        let ids = ids(&mut with);
        if !ids.is_empty() {
            old.push((member, ids));
        }
    }
    let mut text = String::from("#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)\n");
    for (member, ids) in &old {
        text.push_str(&format!("BTF_SET_START(ks_{word}_{member})\n{ids}BTF_SET_END(ks_{word}_{member})\n\n"));
    }
    text.push_str(&format!("static const struct btf_kfunc_id_set ks_{word}_set = {{\n\t.owner = THIS_MODULE,\n"));
    for (member, _) in &old {
        text.push_str(&format!("\t.{member} = &ks_{word}_{member},\n"));
    }
    text.push_str(&format!("}};\n#else\nBTF_KFUNCS_START(ks_{word}_ids)\n"));
    for kfunc in kfuncs {
        let flags: Vec<&str> = kfunc.flags.iter().map(|flag| flag.kernel).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(", {}", flags.join(" | ")) };
        text.push_str(&format!("BTF_ID_FLAGS(func, {}{flags})\n", kfunc.func.name));
    }
    text.push_str(&format!(
        "BTF_KFUNCS_END(ks_{word}_ids)\n\nstatic const struct btf_kfunc_id_set ks_{word}_set = {{\n\t.owner = THIS_MODULE,\n\t.set = &ks_{word}_ids,\n}};\n#endif\n\n"
    ));
    text
}
