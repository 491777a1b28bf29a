//! E0780 up: tests.

codes! {
    /// `ksc test` calls a test without arguments. One that returns 0 has passed; one without a result passes unless an `assert` fails.
    E0780 TestSignature { why } = "a test {why}",
    /// A test runs programs of the file by themselves, on packets that it makes. What `main` reaches runs in the executable, where programs are
    /// attached.
    E0781 TestElsewhere { func } = "`test` runs programs in tests alone, and `main` reaches `{func}`",
    /// Each test is a process of its own, which `ksc test` starts.
    E0782 TestCalled { name } = "`{name}` is a test, which `ksc test` calls",
    /// The third argument of `test` is the context as the kernel has it in C.
    E0783 WrongContext { wants } = "the context of this program is {wants}",
    /// For a test of a program at the entry or the end of a kernel function the kernel calls its functions `bpf_fentry_test1` up to
    /// `bpf_fentry_test8`, with arguments that it chooses. The test reads what the program has left in maps and variables.
    E0784 TestInput = "the kernel runs this program on no input",
}
