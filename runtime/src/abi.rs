//! The contract between compiled programs and this library: the descriptors that the compiler emits as constants, and
//! the `ks_` functions that it calls.
//!
//! Rules that hold everywhere:
//! - Descriptors are `#[repr(C)]`, constant, and live as long as the process. Strings are NUL-terminated. A null array
//!   pointer goes with a length of 0.
//! - Parameters are 32 or 64 bits wide, so that no extension attribute is needed. `bool` results are one byte, 0 or 1.
//! - A `−errno` result is an error of the kernel or of this library; its reason has been printed to standard error where
//!   the table says so.
//! - A key of a storage names a kernel object: a process by its number (`int32_t`), a socket by a descriptor (`int32_t`), an
//!   inode or a cgroup by a path (NUL-terminated).
//! - Everything is called from the main thread. `ks_start` comes first.
//!
//! The functions that builtins of the language call are those that `ir-specs/builtins.toml` names as `host`; their C types follow from its
//! `params`, `result` and `fills`, and their comments say what they yield. These are the others, by the layer that has them.
//!
//! Of the layer `kernel`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_sysctl_read` | `int32_t (const char *path, uint32_t form, void *out, uint64_t size, const char *file, uint32_t line)`: the value
//! of a setting of the kernel, in the form of a `KsSetting`; 0, or an errno, which `ks_uncaught` explains if it gets this place |
//! | `ks_sysctl_write` | `int32_t (const char *path, uint32_t form, const void *value, uint64_t size, const char *file, uint32_t line)`: the
//! same of a write |
//!
//! Of the layer `object`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_load` | `uint32_t (uint32_t prog)`: a handle (never 0); failure ends the process with 1, but for a `KS_PROG_OPTIONAL` |
//! | `ks_pin_map`, `ks_pin_program` | `int32_t (uint32_t map or uint32_t handle, const char *name, uint64_t size)`: pins at
//! `<pin_root>/<project>/<name>`; 0 or −errno, printed |
//! | `ks_unpin_map`, `ks_unpin_program` | `int32_t (uint32_t)`: removes the pins that the process made of it; 0, or −ENOENT where there
//! are none |
//! | `ks_unpin_name` | `int32_t (const char *name, uint64_t size)`: the same at a name of the project, whoever has pinned what is there |
//! | `ks_migrate` | `void (uint32_t map, KsMigrate make, const char *name, const char *key, const char *old, uint64_t old_size)`: a function
//! for a pinned map whose entries have these types (`object/pins/types.rs`), of this size; without a key they have the keys of the map.
//! Before the load |
//! | `ks_map_lookup` | `bool (uint32_t map, const void *key, void *value_out)`: absent zero-fills `value_out` |
//! | `ks_map_update` | `int32_t (uint32_t map, const void *key, const void *value, uint64_t flags)`: 0 or −errno, silent |
//! | `ks_cgroup_enter` | the same of an array of cgroups, whose value is the path of a folder: an error ends the process with a message |
//! | `ks_map_delete` | `int32_t (uint32_t map, const void *key)`: 0 or −errno (−ENOENT: absent), silent |
//! | `ks_map_cpus` | `uint32_t (uint32_t map, const void *key)`: how many CPUs have a value; 0 where the key is absent |
//! | `ks_map_lookup_cpu` | `bool (uint32_t map, const void *key, uint32_t cpu, void *value_out)`: absent, or no such CPU, zero-fills
//! `value_out` |
//! | `ks_map_update_cpu` | `int32_t (uint32_t map, const void *key, uint32_t cpu, const void *value)`: 0 or −errno, silent |
//! | `ks_map_set_inner` | `int32_t (uint32_t map, const void *key, uint32_t inner)`: 0 or −errno, silent; `inner` is a map too |
//! | `ks_map_inner` | `void *(uint32_t map, const void *key, uint32_t template)`: the number of the map that is there, as an address;
//! null if there is none. The template is the map that it is like |
//! | `ks_map_push` | `int32_t (uint32_t map, const void *value)`: 0 or −errno, silent; maps without keys |
//! | `ks_map_pop`, `ks_map_peek` | `bool (uint32_t map, void *value_out)`: an empty map zero-fills `value_out` |
//! | `ks_map_contains` | `bool (uint32_t map, const void *value)`: of a Bloom filter |
//! | `ks_map_iter_new` | `void *(uint32_t map)`: never null |
//! | `ks_map_clear` | `void (uint32_t map)`: empties it; the entries of an array are zero then |
//! | `ks_map_iter_next` | `bool (void *iter, void *key_out, void *value_out)`: false at the end |
//! | `ks_map_iter_free` | `void (void *iter)`: null is allowed |
//! | `ks_arena` | `void (uint32_t map)`: loads the object, after which the arena has its pages |
//! | `ks_global` | `void *(uint32_t global)`: an address that stays the same for the life of the process |
//!
//! | `ks_test` | `void (const char *file, uint32_t line, uint32_t handle, uint32_t repeat, uint32_t form, const void *input,
//! uint32_t offset, uint32_t length, const void *context, uint64_t context_size, KsTestRun *result, uint64_t size)`: runs a program by itself, on
//! the input from the offset on. Without an address the input is so many zero bytes. The form is a `KS_TEST_…`. A run that the
//! kernel refuses fails the test, at the place of the source |
//! | `ks_coverage` | `void (void *counters, uint64_t size, uint32_t global)`: whole pages; the global of BPF code, or `KS_NO_COUNTERS` |
//!
//! Of the layer `link`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_attach` | `int64_t (uint32_t handle, uint32_t target_kind, const char *target, int64_t target_value, uint64_t flags)`: a link id
//! ≥ 1, or −errno, printed; −EOPNOTSUPP where the kernel refused the program |
//! | `ks_attach_option` | `void (uint32_t option, uint64_t value)`: a `KsOption` of the next `ks_attach` |
//! | `ks_attach_check` | `void (int64_t link)`: where the program ignores the result of `attach`; a negative one ends the process with 1,
//! unless the kernel refused the program |
//! | `ks_detach_handle` | `int32_t (uint32_t handle)`: all links of the handle; 0 or −errno, printed |
//! | `ks_detach_link` | `int32_t (int64_t link)`: a link that is gone or negative gives 0 |
//! | `ks_upgrade` | `int32_t (uint32_t handle, uint32_t other)`: the program of the other handle takes the place of this one's in each link of
//! the handle, in all or in none, and the handle names it from then on; 0 or −errno, printed |
//! | `ks_upgrade_functions` | `int32_t (int64_t link, uint32_t struct_ops)`: the same of what `ks_register` registered |
//! | `ks_pin_link` | `int32_t (int64_t link, const char *name, uint64_t size)`: as `ks_pin_map`, and what has several links at `<name>_1` … too.
//! A pinned link outlives the process |
//! | `ks_unpin_link` | `int32_t (int64_t link)`: the same of a link |
//! | `ks_register` | `int64_t (uint32_t struct_ops)`: a link id ≥ 1, or −errno, printed |
//! | `ks_unregister` | `int32_t (uint32_t struct_ops)`: all that was registered of it; 0 or −errno, printed |
//!
//! Of the layer `session`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_start` | `void (const KsProgram *program)`: first call in `main` |
//! | `ks_cancelled` | `int32_t (void)`: 0, or 130/143 when the program is to end at this iteration of a loop; asked again, 0 |
//! | `ks_exit` | `noreturn void (int32_t status)`: what `main` ends with, and cancel points |
//! | `ks_daemon_check` | `void (int32_t result)`: where the program ignores the result of `daemon`; a negative one ends the process with 1 |
//! | `ks_on_event` | `void (uint32_t map, int32_t (*handler)(const void *value), uint32_t form)`: who takes what is sent through the map.
//! Bits of `form`: 1, without which the handler is a `void` function; 2, with which it also takes `(const void *tail, uint64_t offset,
//! uint64_t length)`, the bytes after the value; 4, with which there may be such bytes. Does not load the object |
//! | `ks_listen` | `void (uint32_t map)`: the next `ks_dispatch` takes what is sent through the map; without a handler the process ends
//! with 1 |
//! | `ks_user_ring_reserve` | `void *(uint32_t map)`: room for a value in a user ring buffer, 8-byte aligned, or null |
//! | `ks_user_ring_submit`, `ks_user_ring_discard` | `void (uint32_t map, void *record)`: of what `ks_user_ring_reserve` gave |
//! | `ks_exec` | `noreturn int32_t (const char *name, const char *files, const char *module, const char *code)`: becomes Python, which runs the
//! script of this name. `files` is JSON: pairs of a path and a text, the script first. `code` is that of the module of the maps and variables of
//! the object; empty for none |
//! | `ks_python_module` | `void (const char *name, const char *files)`: a file of Python whose functions are called, as `ks_exec` has it; before
//! `main` |
//! | `ks_python_call` | `int32_t (const char *function, const KsPython *args, uint64_t count, const KsPython *result, const char *file, uint32_t
//! line)`: calls `module.function`, whose result fills the memory that `result` describes. 0, or the errno of an exception |
//! | `ks_uncaught` | `noreturn void (int32_t code, const char *file, uint32_t line)`: what was thrown and not caught; status 1 |
//!
//! Of the layer `library`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_args` | `void (const KsArgs *spec, int32_t argc, const char *const *argv, void *out)`: bad input ends the process with 2,
//! `--help` with 0 |
//! | `ks_print` | `void (const char *format, uint64_t format_len, const KsArg *args, uint64_t args_len, uint32_t newline)`: what standard
//! output does not take is said once, and makes the status of the process 3 |
//! | `ks_format` | `void (char *out, uint64_t size, const char *format, uint64_t format_len, const KsArg *args, uint64_t args_len)`: fills
//! the place with the text, cut off where it has no room; `out` may be one of the values |
//! | `ks_c_text`, `ks_c_settle` | `void (const char *text, char *out, uint64_t size)`, `void (char *text, uint64_t size)`: texts of C |
//! | `ks_panic` | `noreturn void (const char *file, uint32_t line, const char *format, uint64_t format_len, const KsArg *args, uint64_t
//! args_len)`: detaches everything; status 134 |
//! | `ks_test_selected` | `int32_t (void)`: the number of the test that this process runs |
//! | `ks_test_return` | `int32_t (const char *file, uint32_t line, int32_t result)`: the result, which the test is about to return there |
//! | `ks_test_end` | `int32_t (int32_t result)`: the status of the process, by the result of the test |
//! | `ks_new` | `void *(uint64_t size)`: that many bytes, all zero; null if there is no memory |
//! | `ks_delete` | `void (void *object)`: what `ks_new` gave; null is allowed |

use std::ffi::{c_char, c_void};

/// The version of this contract, in `KsProgram::abi`. An executable is always linked with the library of its compiler;
/// the number catches a stale one.
pub const KS_ABI: u32 = 21;

/// Ends the formats of lines for the trace pipe, before the NUL, in the objects that executables carry. It is as long as what takes its
/// place: blanks that the kernel takes in formats, then letters.
pub const KS_PRINT_MARK: &[u8] = b"\x0cks.print.marked!";

/// The whole program; one constant of the executable.
#[repr(C)]
pub struct KsProgram {
    /// `KS_ABI`.
    pub abi: u32,
    /// `KS_PROGRAM_…` bits.
    pub flags: u32,
    /// Names the maps of the globals (`<name>.data`).
    pub name: *const c_char,
    /// BPF objects, one for each range of kernels: the running kernel's is loaded; null if nothing that `main` reaches needs one: then no
    /// function of this library asks for privileges.
    pub objects: *const KsObject,
    pub objects_len: u64,
    /// The programs to load, those that others hand over to by tail calls too; `ks_load` takes an index into them.
    pub progs: *const KsProg,
    pub progs_len: u64,
    /// Maps; the `map` of `ks_map_…` is an index into them.
    pub maps: *const KsMap,
    pub maps_len: u64,
    /// The maps whose sizes configs say.
    pub sizes: *const KsMapSize,
    pub sizes_len: u64,
    /// Shared globals and configs; `ks_global` takes an index into them.
    pub globals: *const KsGlobal,
    pub globals_len: u64,
    /// The folder of bpffs below which the project has its pins.
    pub pin_root: *const c_char,
    /// The name of that of the project.
    pub project: *const c_char,
    /// The license of the programs, as the objects have it.
    pub license: *const c_char,
    /// The kernel module whose functions the programs call, or null.
    pub kernel_module: *const c_char,
    /// Values of options of the kernel for where its configuration lacks them, as lines `CONFIG_NAME=value` of that; null for none.
    pub kconfig: *const c_char,
    /// The symbol `ks_configuration` if there are variables of the kernel's configuration, else null: what inflates that.
    pub configuration: *const c_void,
    /// Tables of functions for the kernel that the program registers; `ks_register` takes an index into them.
    pub struct_ops: *const KsStructOps,
    pub struct_ops_len: u64,
    /// In an executable that runs tests, the tests by their numbers.
    pub tests: *const KsTest,
    pub tests_len: u64,
    /// The symbol `ks_session` if there are BPF objects, else null: what such a program does while it waits and at its end.
    pub session: *const c_void,
    /// What `--metrics` serves; null for nothing.
    pub metrics: *const KsMetrics,
    /// Causes of refusals: a line each, with tabs between its code, its sentence, a help and the verifier's messages for it; null if there are no
    /// objects.
    pub refusals: *const c_char,
    /// The symbol `ks_signed` if the objects are signed, else null: how such objects are loaded.
    pub signed: *const c_void,
}

/// `KsProgram::flags`: the executable runs a test. It neither reads pins nor makes those that are declared; those that the test makes are in a
/// folder of the process.
pub const KS_PROGRAM_TEST: u32 = 1;
/// `KsProgram::flags`: the executable prints maps, structs or arrays whole.
pub const KS_PROGRAM_TABLES: u32 = 2;

/// A BPF object (ELF).
#[repr(C)]
pub struct KsObject {
    /// The first kernel that it is for, up to those of the next object: 0.0 for the first object.
    pub major: u32,
    pub minor: u32,
    /// 8-byte aligned.
    pub bytes: *const c_void,
    pub len: u64,
}

/// A table of functions for the kernel (`struct_ops`).
#[repr(C)]
pub struct KsStructOps {
    /// The name of its variable in the object.
    pub name: *const c_char,
}

#[path = "abi_forms.rs"]
mod forms;
#[path = "abi_tests.rs"]
mod tests;
pub use forms::{KsForm, KsOption, KsOrder};
pub use tests::*;
#[path = "abi_maps.rs"]
mod maps;
pub use maps::*;
#[path = "abi_settings.rs"]
mod settings;
pub use settings::{KsKconfig, KsSetting};
#[path = "abi_migrations.rs"]
mod migrations;
pub use migrations::KsMigrate;
#[path = "abi_python.rs"]
mod python;
pub use python::KsPython;
#[path = "abi_packets.rs"]
mod packets;
pub use packets::{KS_PACKET_ROOM, KsPacket};
#[path = "abi_metrics.rs"]
mod metrics;
pub use metrics::{KsMetric, KsMetricArray, KsMetricKind, KsMetricPlace, KsMetrics};
#[path = "abi_tables.rs"]
mod tables;
pub use tables::{KsSteps, KsTable, KsType, KsTypeField, KsTypeKind};

/// A BPF program of the object.
#[repr(C)]
pub struct KsProg {
    /// The name of its function in the object.
    pub name: *const c_char,
    /// A `KsForm`.
    pub form: u32,
    /// The `enum bpf_attach_type` of the kernel, or the protocol of a netfilter hook, shifted left by 8, and its number; 0 where the
    /// form has neither.
    pub point: u32,
    /// The target that the attribute names, or null.
    pub target: *const c_char,
    /// Where it is among others: the priority of a hook of netfilter, for `tcx` and `netkit` a `KsOrder` or 0. For the form `usdt` the
    /// number of its arguments.
    pub placement: i64,
    /// The program beside which it is by the `KsOrder`, or null.
    pub beside: *const c_char,
    /// `KS_PROG_…` bits.
    pub flags: u32,
    /// The number, from 1 on, of the program that is loaded where the kernel refuses this one, or 0.
    pub fallback: u32,
    /// The maps that it uses, as indexes into `KsProgram::maps`, if the kernel may refuse any program: then all declared maps are there.
    pub maps: *const u32,
    pub maps_len: u64,
    /// The symbol `ks_form_…` of its form, by the form's name, or null where programs of the form are not attached.
    pub does: *const c_void,
    /// For a program without which the others load: the symbol `ks_lookup_…` of its form, which looks for the target of its attribute, or
    /// null where the form has none.
    pub looks: *const c_void,
    /// The parameters of a program that may be attached to another target than its own, as it declares them, `sk: *sock, ret: i32`: the target
    /// has them. A last one `ret` is the result; that of a program on an event of tracefs is the record. Null for none.
    pub takes: *const c_char,
}

/// `KsProg::flags`: the other programs load where the kernel refuses it.
pub const KS_PROG_OPTIONAL: u32 = 1;
/// `KsProg::flags`: it is loaded only in place of another one.
pub const KS_PROG_SPARE: u32 = 2;

/// `KsProg::flags`: another process can take its attachments over (`link/kept/`).
pub const KS_PROG_KEPT: u32 = 4;

/// `KsProg::flags`: it is loaded when it is attached, for what it is attached to.
pub const KS_PROG_LATE: u32 = 8;

/// The position of a global in the object. `KsGlobal::section`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsSection {
    /// Wherever the object has a variable of that name.
    Any = 0,
    Data = 1,
    Bss = 2,
    /// Frozen at load: a write after it faults, so the compiler puts a config here only when every write comes before.
    Rodata = 3,
    /// Kept between runs: the map of this section is pinned.
    Pinned = 4,
    /// Filled in at load from the kernel's configuration; read-only.
    Kconfig = 5,
}

/// A variable that BPF code and user space share, or an option of the kernel's configuration that user space reads.
#[repr(C)]
pub struct KsGlobal {
    /// The variable's name in the object's BTF.
    pub name: *const c_char,
    /// A `KsSection`.
    pub section: u32,
    /// For the section `Kconfig` a `KsKconfig`, else 0.
    pub flags: u32,
    /// In bytes; checked against the object's.
    pub size: u64,
}

/// `ks_attach`: the target of the program's attribute.
pub const KS_TARGET_OWN: u32 = 0;
/// `ks_attach`: `target` is a string; `target_value` is the most bytes to read of it (`str(N)`), or −1 when it is
/// NUL-terminated for certain.
pub const KS_TARGET_STRING: u32 = 1;
/// `ks_attach`: `target_value` is a number, which says what the form takes: the index of an interface, the
/// descriptor of a socket.
pub const KS_TARGET_NUMBER: u32 = 2;
/// `ks_attach`: `target_value` is the number of a map.
pub const KS_TARGET_MAP: u32 = 3;

/// `ks_attach`: `target_value` is the handle of a program.
pub const KS_TARGET_PROGRAM: u32 = 5;

/// `ks_attach`: `target` is a `KsPerfOptions`.
pub const KS_TARGET_OPTIONS: u32 = 4;

/// What a perf event counts: the struct `perf_options` of the language.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KsPerfOptions {
    /// `type << 32 | config`; or the largest number of 63 bits, where `perf_type` and `perf_config` say it.
    pub event: u64,
    pub perf_config: u64,
    /// The link of the event that leads its group, in either; 0: it is in none.
    pub group: i64,
    pub group_fd: i64,
    /// A sample is taken each so many events, unless `freq` is given.
    pub period: u64,
    /// So many samples a second, or 0.
    pub freq: u64,
    pub perf_type: u32,
    /// A process; 0 is this one, −1 all.
    pub pid: i32,
    /// A CPU; −1 is all.
    pub cpu: i32,
    /// Readers wake up after so many samples.
    pub wakeup: u32,
    pub inherit: bool,
    pub exclude_kernel: bool,
    pub exclude_user: bool,
}

/// The most events of a group.
pub const KS_PERF_GROUP: usize = 16;

/// What an event and the members of its group have counted, over all CPUs: the struct `PerfRead` of the language.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KsPerfRead {
    pub raw: i64,
    /// An estimate of the count if the event had been on a counter all the time.
    pub scaled: i64,
    /// In nanoseconds.
    pub time_enabled: i64,
    pub time_running: i64,
    /// How many of the following there are, the event itself first.
    pub count: u32,
    pub values: [i64; KS_PERF_GROUP],
    pub ids: [u64; KS_PERF_GROUP],
}

/// How `main`'s argument struct is filled.
#[repr(C)]
pub struct KsArgs {
    /// Doc comment of the struct, or null; `--help` prints it before the options.
    pub doc: *const c_char,
    /// The struct's image with the default values, `size` bytes; null for all zeros.
    pub defaults: *const c_void,
    pub size: u64,
    pub fields: *const KsField,
    pub fields_len: u64,
}

/// The type of a field of `Args`, or of its elements. `KsField::kind`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsFieldKind {
    /// 1, 2, 4 or 8 bytes.
    Unsigned = 1,
    /// 1, 2, 4 or 8 bytes.
    Signed = 2,
    /// 1 byte.
    Bool = 3,
    /// 1 byte.
    Char = 4,
    /// `str(size)`: at most `size - 1` characters and a NUL.
    Str = 5,
    /// 2, 4 or 8 bytes in network order; 4 also take a dotted address.
    Be = 6,
    /// 8 bytes.
    F64 = 7,
    /// 1, 2, 4 or 8 bytes; by variant name or number.
    Enum = 8,
}

/// `KsField::flags`: the option has to be given.
pub const KS_FIELD_REQUIRED: u32 = 1;
/// `KsField::flags`: the integer of the enum is signed.
pub const KS_FIELD_SIGNED: u32 = 2;

/// `KsField::flags`: the words behind `--`, an array of strings; no option has its name.
pub const KS_FIELD_COMMAND: u32 = 4;

/// One field of `Args`: one option.
#[repr(C)]
pub struct KsField {
    /// As declared; `_` may be typed as `-`.
    pub name: *const c_char,
    /// Doc comment, or null.
    pub doc: *const c_char,
    /// A `KsFieldKind`.
    pub kind: u32,
    /// `KS_FIELD_…` bits.
    pub flags: u32,
    /// In the struct, in bytes.
    pub offset: u64,
    /// The size of one element, in bytes.
    pub size: u32,
    /// 0 for a plain field; else the length of the array: the option may be repeated so often, and elements not given
    /// are zero once one is.
    pub count: u32,
    /// Enums only.
    pub variants: *const KsVariant,
    pub variants_len: u64,
}

/// A variant of an enum.
#[repr(C)]
pub struct KsVariant {
    pub name: *const c_char,
    /// Its bits, extended to 64 by its sign.
    pub value: i64,
}

/// The type of a printed value. `KsArg::kind`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsArgKind {
    /// `value`: the integer; only its low `size` bytes count.
    Signed = 1,
    /// `value`: the integer; only its low `size` bytes count.
    Unsigned = 2,
    /// `value`: the stored (network order) integer of `size` 2, 4 or 8 bytes, as loaded. `%pI4` takes it as it is,
    /// everything else prints it in host order.
    Be = 3,
    /// `value`: 0 or 1; prints as a number.
    Bool = 4,
    /// `value`: one byte. `%c` prints it, `%d` its number.
    Char = 5,
    /// `value`: the address of a string of at most `size` bytes, which a NUL may end earlier.
    Str = 6,
    /// `value`: a pointer.
    Pointer = 7,
    /// `value`: the bits of an `f64`.
    F64 = 8,
    /// `value`: the address of `size` bytes, for `%pI4` (4), `%pI6` (16) and `%pM` (6).
    Bytes = 9,
}

/// A flag of `%s` in the formats of `ks_print`: the text is the program's own, and goes out as it is. Other text goes out as it is with
/// `newline` 0; else a terminal gets bytes that it would act on as `\x1b`, but for the ends of lines.
pub const KS_OWN_TEXT: u8 = b'\'';
/// A flag of `%s` like `KS_OWN_TEXT`: the text is treated as if `newline` were not 0.
pub const KS_LINES: u8 = b'~';
/// A flag of `%s` like `KS_OWN_TEXT`: ends of lines are escapes too, wherever the text goes.
pub const KS_WITHIN_LINE: u8 = b'_';

/// A value to print.
#[repr(C)]
pub struct KsArg {
    /// A `KsArgKind`.
    pub kind: u32,
    pub size: u32,
    pub value: u64,
}
