//! The part of the contract that is about runs of programs in tests.

/// `ks_test`: the kernel runs the program on the bytes of a packet.
pub const KS_TEST_PACKET: u32 = 0;
/// `ks_test`: the kernel runs the program on a context; without one, the input is the context.
pub const KS_TEST_CONTEXT: u32 = 1;
/// `ks_test`: the kernel does not run programs of the type by themselves, and the test is skipped.
pub const KS_TEST_NEVER: u32 = 2;
/// `ks_test`: the kernel calls its functions for tests, and meanwhile the program is attached to its own one.
pub const KS_TEST_CALLS: u32 = 3;

/// `ks_coverage`: there is no BPF code.
pub const KS_NO_COUNTERS: u32 = u32::MAX;

/// What a test may use of the BPF object: the rest of it is not created.
#[repr(C)]
pub struct KsTest {
    /// Indexes into `KsProgram::progs`.
    pub progs: *const u32,
    pub progs_len: u64,
    /// Indexes into `KsProgram::maps`.
    pub maps: *const u32,
    pub maps_len: u64,
    /// Indexes into `KsProgram::struct_ops`.
    pub struct_ops: *const u32,
    pub struct_ops_len: u64,
}

/// The result of `ks_test`; the context follows at once, where the program has one.
#[repr(C)]
pub struct KsTestRun {
    /// As the program's result type has it.
    pub retval: u32,
    /// The average of the runs, in nanoseconds; of types that the kernel does not measure, with the time of the system call.
    pub duration_ns: u32,
    /// The bytes that the run has left; they live as long as the process.
    pub output: *const u8,
    pub length: u32,
}
