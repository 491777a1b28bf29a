//! The BPF side: an object of many programs, loaded into the kernel and run by `BPF_PROG_TEST_RUN`.
//!
//! Every test is an XDP program; its arguments and its result are in global variables, whose memory this process shares.

use crate::packets::Packet;
use libbpf_sys as bpf;
use object::{Object, ObjectSection, ObjectSymbol};
use serde::{Deserialize, Serialize};
use std::ffi::{CString, c_char, c_int};
use std::ptr::NonNull;

/// Names of what `text` adds to a program.
pub const INPUT: &str = "ks_input";
pub const OUTPUT: &str = "ks_output";
pub const RUN: &str = "ks_run_";

/// What a program has besides its tests.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Extras {
    pub has_reset: bool,
    pub has_digest: bool,
    /// The names of its maps. If there are any, what a run leaves in maps and globals is there for the next one; a test
    /// begins with empty maps.
    pub maps: Vec<String>,
    /// The names of its ring buffers.
    pub rings: Vec<String>,
    /// It looks up sockets, of which one is there.
    pub has_sockets: bool,
}

/// The program with an XDP program for each of the tests that are functions, for `reset` and for `digest`.
pub fn text(common: &str, tests: &[String], extras: &Extras) -> String {
    let mut text = format!("{common}\nvar {OUTPUT}: u64\n");
    if !tests.is_empty() {
        text.push_str(&format!("struct KsInput {{ a: u64, b: u64, c: u64, d: u64 }}\nvar {INPUT}: KsInput\n"));
    }
    let mut program = |name: &str, body: &str| {
        text.push_str(&format!(
            "@xdp fn {RUN}{name}(ctx: *xdp_md) -> xdp_action {{\n    {body}\n    return XDP_PASS\n}}\n"
        ));
    };
    for test in tests {
        program(test, &format!("{OUTPUT} = {test}({INPUT}.a, {INPUT}.b, {INPUT}.c, {INPUT}.d)"));
    }
    if extras.has_reset {
        program("reset", "reset()");
    }
    if extras.has_digest {
        program("digest", &format!("{OUTPUT} = digest()"));
    }
    text
}

/// The test that a program belongs to: by its wrapper, or by a name such as `t7` or `t7_next`.
pub fn test_of(program: &str) -> Option<&str> {
    let test = program.strip_prefix(RUN).unwrap_or_else(|| program.split('_').next().unwrap_or_default());
    let is_own = test.strip_prefix('t').is_some_and(|rest| rest.parse::<u32>().is_ok());
    (is_own || program.starts_with(RUN)).then_some(test)
}

/// Where the verifier keeps states, to prune the paths that reach an equal one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pruning {
    /// At some of the jumps, as for users.
    Usual,
    /// At each jump: it prunes more, so that what it prunes wrongly shows in more programs.
    Everywhere,
}

pub struct Loaded {
    object: NonNull<bpf::bpf_object>,
    /// Programs of tests that are functions have both, without such tests and extras there are none.
    input: Option<NonNull<u8>>,
    output: Option<NonNull<u8>>,
}

unsafe extern "C" fn silent(_: bpf::libbpf_print_level, _: *const c_char, _: *mut bpf::__va_list_tag) -> c_int {
    0
}

/// libbpf says nothing by itself from here on.
pub fn quiet() {
    // SAFETY: the function takes what libbpf gives and touches nothing.
    unsafe { bpf::libbpf_set_print(Some(silent)) };
}

/// Loads all programs of any object and lets go of them: each with how many instructions the verifier processed. Else what libbpf and
/// the verifier said.
pub fn try_load(bytes: &[u8]) -> Result<Vec<(String, u32)>, String> {
    Loaded::load_those(bytes, &|_| true)?.processed()
}

/// How many instructions the verifier processed of a program.
///
/// # Safety
///
/// The program belongs to an open object.
unsafe fn processed_by_verifier(program: *mut bpf::bpf_program) -> Result<u32, String> {
    let mut info = bpf::bpf_prog_info::default();
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: the caller's program; `info` has room for `size` bytes, and none of its pointers is set.
    let status = unsafe { bpf::bpf_prog_get_info_by_fd(bpf::bpf_program__fd(program), &mut info, &mut size) };
    if status < 0 {
        return Err(std::io::Error::from_raw_os_error(-status).to_string());
    }
    Ok(info.verified_insns)
}

/// Room for what the verifier says.
const LOG_SIZE: usize = 16 << 20;

/// The last lines of the verifier's log.
fn end_of(log: &[u8]) -> String {
    let end = log.iter().position(|&b| b == 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&log[..end]).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

impl Loaded {
    /// Loads all programs whose test `wanted` names, `reset` and `digest` too.
    pub fn load(bytes: &[u8], wanted: &dyn Fn(&str) -> bool, pruning: Pruning) -> Result<Loaded, String> {
        // SAFETY: libbpf copies the bytes; without options it takes its own.
        let object = unsafe { bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as u64, std::ptr::null()) };
        let Some(object) = NonNull::new(object) else { return Err("libbpf does not read the object".into()) };
        let mut loaded = Loaded { object, input: None, output: None };
        for (name, program) in loaded.programs() {
            // SAFETY: a program of the open object.
            unsafe {
                bpf::bpf_program__set_autoload(program.as_ptr(), test_of(&name).is_some_and(wanted));
                if pruning == Pruning::Everywhere {
                    bpf::bpf_program__set_flags(program.as_ptr(), bpf::BPF_F_TEST_STATE_FREQ);
                }
            };
        }
        // SAFETY: the object is open and not yet loaded.
        let status = unsafe { bpf::bpf_object__load(object.as_ptr()) };
        if status < 0 {
            return Err(std::io::Error::from_raw_os_error(-status).to_string());
        }
        loaded.input = loaded.variable(bytes, INPUT).ok();
        loaded.output = loaded.variable(bytes, OUTPUT).ok();
        Ok(loaded)
    }

    /// Loads those programs of any object whose names `wanted` takes. Else what libbpf and the verifier said.
    pub fn load_those(bytes: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Loaded, String> {
        let mut log = vec![0u8; LOG_SIZE];
        // SAFETY: libbpf copies the bytes; the object is loaded while the log is there, and does not touch it later.
        let object = unsafe { bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as u64, std::ptr::null()) };
        let Some(object) = NonNull::new(object) else { return Err("libbpf does not read the object".into()) };
        let loaded = Loaded { object, input: None, output: None };
        let programs = loaded.programs();
        // SAFETY: the programs belong to the open object.
        let status = unsafe {
            for (name, program) in &programs {
                bpf::bpf_program__set_autoload(program.as_ptr(), wanted(name));
                bpf::bpf_program__set_log_buf(program.as_ptr(), log.as_mut_ptr().cast(), LOG_SIZE as u64);
            }
            bpf::bpf_object__load(object.as_ptr())
        };
        if status == 0 {
            return Ok(loaded);
        }
        // SAFETY: as above.
        let is_refused = |program: NonNull<_>| unsafe { bpf::bpf_program__fd(program.as_ptr()) < 0 };
        let refused = programs.iter().find(|(name, program)| wanted(name) && is_refused(*program));
        let failed = refused.map(|(name, _)| name.as_str()).unwrap_or_default();
        Err(format!("{failed}: {}\n{}", std::io::Error::from_raw_os_error(-status), end_of(&log)))
    }

    /// What the verifier said about one program that it refused.
    pub fn log(bytes: &[u8], test: &str) -> String {
        let mut buffer = vec![0u8; LOG_SIZE];
        // SAFETY: as in `load`; the buffer outlives the object.
        unsafe {
            let object = bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as u64, std::ptr::null());
            let Some(object) = NonNull::new(object) else { return String::new() };
            let loaded = Loaded { object, input: None, output: None };
            for (name, program) in loaded.programs() {
                let wanted = test_of(&name) == Some(test);
                bpf::bpf_program__set_autoload(program.as_ptr(), wanted);
                bpf::bpf_program__set_log_buf(program.as_ptr(), buffer.as_mut_ptr().cast(), LOG_SIZE as u64);
            }
            bpf::bpf_object__load(object.as_ptr());
        }
        end_of(&buffer)
    }

    /// How many instructions the verifier processed of each program.
    pub fn processed(&self) -> Result<Vec<(String, u32)>, String> {
        let processed = |(name, program): (_, NonNull<_>)| {
            // SAFETY: a program of the open object.
            Ok((name, unsafe { processed_by_verifier(program.as_ptr()) }?))
        };
        self.programs().into_iter().map(processed).collect()
    }

    pub(crate) fn object(&self) -> *mut bpf::bpf_object {
        self.object.as_ptr()
    }

    fn programs(&self) -> Vec<(String, NonNull<bpf::bpf_program>)> {
        let mut programs = Vec::new();
        let mut at = std::ptr::null_mut();
        // SAFETY: walks over the programs of an open object; names live as long as it.
        unsafe {
            while let Some(program) = NonNull::new(bpf::bpf_object__next_program(self.object.as_ptr(), at)) {
                let name = std::ffi::CStr::from_ptr(bpf::bpf_program__name(program.as_ptr()));
                programs.push((name.to_string_lossy().into_owned(), program));
                at = program.as_ptr();
            }
        }
        programs
    }

    /// Where a global variable is in this process's memory.
    fn variable(&self, bytes: &[u8], name: &str) -> Result<NonNull<u8>, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let symbol = file.symbol_by_name(name).ok_or(format!("no symbol {name}"))?;
        let section = symbol.section_index().and_then(|at| file.section_by_index(at).ok());
        let section = section.and_then(|s| s.name().ok().map(str::to_owned)).ok_or(format!("no section of {name}"))?;
        let section = CString::new(section).map_err(|error| error.to_string())?;
        let mut size = 0;
        // SAFETY: a loaded object; libbpf maps the sections of its globals, and the symbol lies in its section.
        let start = unsafe {
            let map = bpf::bpf_object__find_map_by_name(self.object.as_ptr(), section.as_ptr());
            if map.is_null() {
                return Err(format!("no map for the section of {name}"));
            }
            bpf::bpf_map__initial_value(map, &mut size).cast::<u8>()
        };
        if start.is_null() || symbol.address() + symbol.size() > size {
            return Err(format!("{name} is not in its map"));
        }
        // SAFETY: within the map, as just checked.
        NonNull::new(unsafe { start.add(symbol.address() as usize) }).ok_or("no memory".into())
    }

    /// The descriptor of the program that runs a test, or that is one.
    pub fn program(&self, test: &str) -> Option<c_int> {
        self.program_named(&format!("{RUN}{test}")).or_else(|| self.program_named(test))
    }

    fn program_named(&self, name: &str) -> Option<c_int> {
        let name = CString::new(name).ok()?;
        // SAFETY: an open object.
        unsafe {
            let program = bpf::bpf_object__find_program_by_name(self.object.as_ptr(), name.as_ptr());
            if program.is_null() { None } else { Some(bpf::bpf_program__fd(program)) }
        }
    }

    /// Runs a program on arguments.
    pub fn run(&self, program: c_int, args: [u64; 4]) -> Result<u64, String> {
        let output = self.output.ok_or("the object has no variable for results")?;
        let packet = [0u8; 64];
        let mut options = options(&packet);
        // SAFETY: the memory of both variables is mapped while the object is loaded, and nothing else writes it now.
        unsafe {
            if let Some(input) = self.input {
                input.cast::<[u64; 4]>().write_volatile(args);
            }
            output.cast::<u64>().write_volatile(0);
            let status = bpf::bpf_prog_test_run_opts(program, &mut options);
            if status < 0 {
                return Err(refused(status));
            }
            Ok(output.cast::<u64>().read_volatile())
        }
    }

    /// Runs a program on a packet: what it returns, and the packet that it leaves. The kernel does not run programs on
    /// some packets that are too short for their protocol.
    pub fn handle(&self, program: c_int, packet: &Packet) -> Result<Option<(u32, Vec<u8>)>, String> {
        let mut context: bpf::xdp_md = bpf::xdp_md::default();
        let mut left = vec![0; packet.bytes.len()];
        let mut options = options(&packet.bytes);
        options.data_out = left.as_mut_ptr().cast();
        options.data_size_out = left.len() as u32;
        if let Some(linear) = packet.linear {
            context.data_end = linear;
            options.ctx_in = (&raw const context).cast();
            options.ctx_size_in = size_of::<bpf::xdp_md>() as u32;
        }
        // SAFETY: the packet, the room for it, and the context outlive the call.
        let mut status = unsafe { bpf::bpf_prog_test_run_opts(program, &mut options) };
        if status == -libc::EINVAL && packet.linear.is_some() {
            // Before Linux 6.18 a test does not choose.
            (options.ctx_in, options.ctx_size_in) = (std::ptr::null(), 0);
            options.data_size_out = left.len() as u32;
            // SAFETY: as above.
            status = unsafe { bpf::bpf_prog_test_run_opts(program, &mut options) };
        }
        if status == -libc::EINVAL {
            return Ok(None);
        }
        if status < 0 {
            return Err(refused(status));
        }
        left.truncate(options.data_size_out as usize);
        Ok(Some((options.retval, left)))
    }
}

fn refused(status: c_int) -> String {
    format!("BPF_PROG_TEST_RUN: {}", std::io::Error::from_raw_os_error(-status))
}

/// The options of a run on a packet.
fn options(packet: &[u8]) -> bpf::bpf_test_run_opts {
    // SAFETY: plain old data, for which all zeros is "not given".
    let mut options: bpf::bpf_test_run_opts = unsafe { std::mem::zeroed() };
    options.sz = size_of::<bpf::bpf_test_run_opts>() as u64;
    options.data_in = packet.as_ptr().cast();
    options.data_size_in = packet.len() as u32;
    options
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { bpf::bpf_object__close(self.object.as_ptr()) };
    }
}
