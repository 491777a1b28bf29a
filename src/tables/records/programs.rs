//! The table of program types.

use super::maps::MapAccess;
use crate::tables::form::{Kernel, List, Text, choices, record, words};

record! {
    /// A program type (`ir-specs/programs.toml`).
    pub struct ProgramSpec {
        /// The attribute, and the program type's name in messages.
        pub name: Text,
        /// `bpf_prog_type` of include/uapi/linux/bpf.h.
        pub prog_type: Text,
        pub params: Params,
        /// The `bpf_prog_type` whose helpers it may call, where that is another one.
        #[serde(default)]
        pub helpers_of: Option<Text>,
        /// Helpers that it may call besides those.
        #[serde(default)]
        pub helpers: List<Text>,
        /// Declared result type, as in a signature.
        pub result: Text,
        /// It may also return `bool`: 0 and 1 mean refuse and pass.
        #[serde(default)]
        pub or_bool: bool,
        /// Other enums whose values it may return where it declares an integer as its result.
        #[serde(default)]
        pub as_integers: List<Text>,
        /// The result that refuses what the program is asked about: where it cannot go on.
        pub refusal: i64,
        /// The result that changes nothing, as programs write it.
        #[serde(default = "crate::tables::form::zero")]
        pub neutral: Text,
        pub forms: List<ProgramForm>,
        /// The type of programs where the kernel lets none of this one be, a name in [`PROGRAMS`]; it has parameters in registers.
        #[serde(default)]
        pub otherwise: Option<Text>,
        /// What it returns is the result of the function at which it is, which then does not run.
        #[serde(default)]
        pub replaces_result: bool,
        /// The type of the program that `on return` of a program is, a name in [`PROGRAMS`]: it has the same parameters, and the
        /// result of the function.
        #[serde(default)]
        pub on_return: Option<Text>,
        /// The target that the attribute names, a name in [`TARGETS`], if it is another one than the program attaches to.
        #[serde(default)]
        pub loaded_for: Option<Text>,
        /// A number that the attribute may give by this name.
        #[serde(default)]
        pub option: Option<Text>,
        /// Numbers that the attribute may give, each with the field that it is of the options of its target.
        #[serde(default)]
        pub option_fields: List<(Text, Text)>,
        /// The kernel runs those at one target in an order, which the attribute may ask for by the words of [`Order`](crate::tables::Order).
        #[serde(default)]
        pub ordered: bool,
        /// Programs that the kernel does not start on a CPU where one of them runs, so that they can share memory of that CPU.
        #[serde(default)]
        pub alone: Alone,
        /// The first kernel (major, minor) that does so; none: all that the compiler supports.
        #[serde(default)]
        pub alone_since: Option<Kernel>,
        /// Helpers that may run the program again before they return.
        #[serde(default)]
        pub again_by: List<Text>,
        /// How it may access the bytes of the packet.
        #[serde(default)]
        pub packet: PacketAccess,
        /// How many bytes at the start of each packet lie in no pages.
        #[serde(default)]
        pub always_linear: u64,
        /// Packets start it, in whatever task the CPU runs.
        #[serde(default)]
        pub taskless: bool,
        /// How BPF_PROG_TEST_RUN runs such a program by itself.
        #[serde(default)]
        pub test: TestRun,
        /// Its prints go to the reader of its file.
        #[serde(default)]
        pub prints_to_reader: bool,
        /// The attribute may name a target without a mode; else a word that is no mode is a mistake.
        #[serde(default)]
        pub target_alone: bool,
    }
}

words! {
    /// How far the kernel keeps programs from interrupting each other on one CPU: programs that exclude each other there can share memory
    /// of
    /// that CPU.
    pub enum Alone = Never {
        /// The program may run several times.
        Never,
        /// All that run with softirqs disabled.
        Softirq,
        /// All that events of the kernel start.
        Probes,
        /// The program itself.
        Itself,
    }
}

words! {
    /// How BPF_PROG_TEST_RUN runs a program by itself (the `test_run` of `struct bpf_prog_ops`, net/bpf/test_run.c).
    pub enum TestRun = Never {
        /// It does not.
        Never,
        /// On the bytes of a packet, and a context.
        Packet,
        /// On the bytes of a packet alone.
        PacketAlone,
        /// On a context alone.
        Context,
        /// On arguments, numbers of 64 bits, which are the context.
        Arguments,
        /// When the kernel calls functions that are there for tests.
        Calls,
    }
}

words! {
    /// How the kernel lets programs access the bytes of a packet (`may_access_direct_pkt_data` of kernel/bpf/verifier.c).
    pub enum PacketAccess = Direct {
        /// Through pointers.
        Direct,
        /// Through pointers that only read.
        ReadOnly,
        /// No pointer leads there: a helper copies.
        Copied,
    }
}

choices! {
    /// How the parameters of a program are typed.
    pub enum Params {
        /// One, which may be left out: a pointer to this struct of [`CONTEXTS`].
        Context { of: Text, },
        /// The parameters of a function of the kernel, a word of the context for each; a program may leave out the last ones.
        Prototype {
            of: PrototypeOf,
            /// The name of the type in BTF; `{target}` in it is the target.
            name: Text,
            /// The verifier knows what its pointers point to.
            trusted: bool,
            /// The result of the function is the last parameter.
            result: bool,
            /// The helper that yields it, however many parameters the function has on the kernel that runs.
            result_by: Option<Text>,
            /// The targets whose result is 0 or 1, unlike that of the others.
            bools: Option<List<Text>>,
            /// A pointer to this struct of [`CONTEXTS`] may be in their place.
            context: Option<Text>,
        },
        /// A pointer to this struct of [`CONTEXTS`], the registers at a function; or, typed, what functions pass in them
        /// ([`CALLING_CONVENTIONS`]).
        Registers {
            of: Text,
            holds: Held,
            /// The target is a function of the kernel, whose types BTF has.
            kernel: bool,
        },
        /// One, which may be left out: a pointer to the record of the event's class, a struct of BTF of this name; `{class}` in it
        /// is the class.
        Record { of: Text, },
        /// One, which may be left out: a pointer to a struct of the program, which user space hands over.
        Own {},
        /// The parameters of a function that is verified by itself, which the program replaces.
        Replaced {},
        /// The parameters of a member of a struct of functions, a word of the context for each; a program may leave out the last ones.
        Member {},
        /// One, which may be left out: a pointer to this struct of the kernel's BTF, whose memory the verifier knows;
        /// `{target}` in it is the target. `present`: structs and their fields that are never null.
        Kernel { of: Text, present: List<(Text, Text)>, },
    }
}

words! {
    /// Where BTF has the type of a function.
    pub enum PrototypeOf {
        /// A pointer to the function, whose first parameter is the tracepoint's own.
        Typedef,
        /// The function.
        Function,
    }
}

words! {
    /// What the registers hold at a probe, as far as the calling convention says it.
    pub enum Held {
        /// The arguments of the function that is entered.
        Arguments,
        /// That of the function that returns.
        Result,
        /// The arguments of a probe, in the places that the notes of its file say; no calling convention knows them.
        Notes,
    }
}

record! {
    /// How a program type is written and attached, for one mode word of its attribute.
    pub struct ProgramForm {
        /// The attribute's word; empty for the form without one.
        pub mode: Text,
        /// ELF section as libbpf knows it; `{mode}` in it is the mode word, `{target}` the target, which the attribute must
        /// name then.
        pub section: Text,
        /// The section of a program whose attribute names no target, if it need not. With a `?` in front `attach` loads the program, for each
        /// target that it names.
        #[serde(default)]
        pub bare: Option<Text>,
        /// The section of programs that may sleep; the same where all do.
        #[serde(default)]
        pub sleepable: Option<Text>,
        /// Other sections that libbpf takes for the same.
        #[serde(default)]
        pub also: List<Text>,
        /// The section with `--tcx`: programs that loaders attach by TCX links.
        #[serde(default)]
        pub tcx: Option<Text>,
        pub attach: Attach,
        /// All of each packet is directly accessible; else a part may lie in pages.
        #[serde(default)]
        pub linear: bool,
        /// What the kernel accepts as a result, both ends included; none: any number.
        #[serde(default)]
        pub returns: Option<(i64, i64)>,
        /// The result type, where it is not that of the type of program.
        #[serde(default)]
        pub result: Option<Text>,
        /// The result that changes nothing, where it is not that of the type of program.
        #[serde(default)]
        pub neutral: Option<Text>,
        /// Fields of the context that such programs may not read.
        #[serde(default)]
        pub hidden: List<Text>,
        /// The only fields that they may read; none listed: all others.
        #[serde(default)]
        pub shown: List<Text>,
        /// The first kernel (major, minor) with the form; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
    }
}

record! {
    /// How the programs of a form are attached.
    pub struct Attach {
        /// A name in [`ATTACH_FORMS`].
        pub form: Text,
        /// A `bpf_attach_type`, where the form has one.
        #[serde(default)]
        pub point: Option<Text>,
        /// A hook of netfilter: its protocol, and its number.
        #[serde(default)]
        pub hook: Option<(u32, u32)>,
    }
}

record! {
    /// A mechanism to attach programs (`ir-specs/attach_forms.toml`).
    pub struct AttachForm {
        pub name: Text,
        /// What programs attach to, a name in [`TARGETS`]; nothing where user space runs them.
        #[serde(default)]
        pub target: Option<Text>,
        /// What looks for a target in the runtime, the end of a symbol `ks_lookup_…`; none where the load of a program does that.
        #[serde(default)]
        pub lookup: Option<Text>,
        /// Whether a program form names a `bpf_attach_type`.
        #[serde(default)]
        pub point: bool,
        /// Whether the kernel lets another program take the place of an attached one.
        #[serde(default)]
        pub replaced: bool,
        /// Whether another process can take its links over.
        #[serde(default)]
        pub kept: bool,
        /// The named arguments of `attach` that it takes, names in [`ATTACH_OPTIONS`].
        #[serde(default)]
        pub options: List<Text>,
        /// What `ksc init` writes for them.
        #[serde(default)]
        pub starter: Option<Starter>,
    }
}

record! {
    /// The program that `ksc init` writes for one mechanism of attachment.
    pub struct Starter {
        /// The text of the program, in src/tool/init/templates/; `{mode}` in it is the mode word.
        #[serde(default)]
        pub template: Option<Text>,
        /// The field of the executable's options that names the target.
        #[serde(default)]
        pub option: Option<Text>,
        /// The text for that in the program's help.
        #[serde(default)]
        pub about: Text,
        /// The arguments of `attach` behind the program.
        #[serde(default)]
        pub passed: Option<Text>,
        /// How the command line gives the option.
        #[serde(default)]
        pub given: Option<Text>,
        /// What the program declares besides.
        #[serde(default)]
        pub declares: Option<Text>,
    }
}

record! {
    /// A named argument of `attach` (`ir-specs/attach_options.toml`).
    pub struct AttachOption {
        pub name: Text,
        /// The type of its value.
        pub ty: Text,
        /// One line for the reference.
        pub summary: Text,
    }
}

record! {
    /// A kind of target (`ir-specs/targets.toml`).
    pub struct TargetSpec {
        pub name: Text,
        /// A noun for the text of a target.
        pub words: Text,
        /// A target, as in a call.
        pub example: Text,
        /// A description of targets, as the help of messages.
        pub help: Text,
        /// Whether a program that names no target has one.
        #[serde(default)]
        pub default: bool,
        /// The meaning of a number as a target, if it can be one.
        #[serde(default)]
        pub number: Option<TargetNumber>,
        /// The struct that a target is, if it is neither text nor number.
        #[serde(default)]
        pub options: Option<Text>,
        /// Whether a target may be what `load` returned.
        #[serde(default)]
        pub handle: bool,
        /// Whether a target may be a map.
        #[serde(default)]
        pub map: bool,
        /// What the kind of such a map must allow.
        #[serde(default)]
        pub needs: Option<MapAccess>,
        /// Where the attribute names one of these, the target must be a map.
        #[serde(default)]
        pub only_maps: List<Text>,
        /// What the text of a target must be like; none: no text is a target.
        #[serde(default)]
        pub text: Option<TargetText>,
        /// The kernel's BTF has a typedef for each target, whose name begins so.
        #[serde(default)]
        pub btf_typedef: Option<Text>,
        /// The kernel's BTF has a function for each target, whose name begins so.
        #[serde(default)]
        pub btf_function: Option<Text>,
        /// Whether a target may name several functions: a list of texts, and patterns.
        #[serde(default)]
        pub several: bool,
    }
}

words! {
    /// A target that is a number.
    pub enum TargetNumber {
        /// The index of a network interface.
        Index,
        /// The descriptor of an open file.
        Descriptor,
        /// The number of a loaded program.
        Program,
    }
}

words! {
    /// A rule for the text of a target.
    pub enum TargetText {
        /// A network interface.
        Interface,
        /// A path, or a name in place of one.
        Path,
        /// A name of C.
        Name,
        /// A function of the kernel.
        Function,
        /// Functions of the kernel.
        Functions,
        /// A function of the kernel, with or without an offset.
        Code,
        /// Names of C.
        Event,
        /// A category and names of C, with a slash between.
        Record,
        /// A file and a function in it, or an instruction.
        UserCode,
        /// A file, a provider and a probe.
        UserProbe,
        /// A name of [`perf_counter`](crate::tables::ENUMS).
        Counter,
    }
}

record! {
    /// An attribute that is no program type (`ir-specs/attributes.toml`).
    pub struct AttributeSpec {
        pub name: Text,
        /// The declarations that it belongs to.
        pub on: List<AttributePlace>,
        /// The arguments that it must have, in the words of messages; none: it has none.
        #[serde(default)]
        pub wants: Option<Text>,
        /// The arguments that it may have, in the words of messages.
        #[serde(default)]
        pub may: Option<Text>,
        /// The words that it may have, one at most.
        #[serde(default)]
        pub one_of: List<Text>,
        /// It belongs to the language, but is not compiled yet.
        #[serde(default)]
        pub later: bool,
        /// A name that is no attribute but that others have: the text to write in its place. For an attribute that is not compiled yet: the
        /// nearest one.
        #[serde(default)]
        pub instead: Option<Text>,
    }
}

words! {
    /// A kind of declaration that has attributes.
    #[serde(rename_all = "snake_case")]
    pub enum AttributePlace {
        Function,
        Variable,
        Struct,
        Impl,
        Extern,
    }
}
