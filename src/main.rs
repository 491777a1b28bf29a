//! `ksc`: arguments in, exit status out. The compiler itself starts in `pipeline.rs`.

use ksc::cli::{self, Cli, Command};
use ksc::tool;
use std::process::ExitCode;
use std::thread;

/// Bytes. Rules and passes follow calls from function to function, as deep as these go; what is not touched costs nothing.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    end_on_closed_pipe();
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(status) = tool::foreign_commands::unknown(&words) {
        return status;
    }
    let cli = cli::read();
    match thread::Builder::new().stack_size(STACK).spawn(|| run(cli)).map(thread::JoinHandle::join) {
        Ok(Ok(status)) => status,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            eprintln!("error: no thread to compile in: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A closed pipe (`ksc … | head`) ends the process by SIGPIPE, as it ends any other tool. Rust ignores that signal, so that
/// what prints would panic instead.
fn end_on_closed_pipe() {
    // SAFETY: no other thread runs yet, and the default action calls nothing of this program.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Some(Command::Bindings(bindings)) => tool::bindings::run(&bindings),
        Some(Command::Build(build)) => tool::build::run(&build),
        Some(Command::Check(check)) => tool::check::run(&check),
        Some(Command::Doc(doc)) => tool::doc::run(&doc),
        Some(Command::BuildModule(module)) => tool::build_module::run(&module),
        Some(Command::Explain { code }) => tool::explain::run(code.as_deref()),
        Some(Command::Fix(fix)) => tool::fix::run(&fix),
        Some(Command::Fmt(fmt)) => tool::fmt::run(&fmt),
        Some(Command::Init(init)) => tool::init::run(&init),
        Some(Command::Inspect(inspect)) => tool::inspect::run(&inspect),
        Some(Command::Kernel(kernel)) => tool::kernel::run(&kernel),
        Some(Command::Lsp(lsp)) => tool::lsp::run(&lsp),
        Some(Command::List(list)) => tool::list::run(&list),
        Some(Command::Package(package)) => tool::package::run(&package),
        Some(Command::Run(run)) => tool::run::run(&run),
        Some(Command::Test(test)) => tool::test::run(&test),
        Some(Command::Verify(verify)) => tool::verify::run(&verify),
        Some(Command::MakeLoader(one)) => tool::signature::make_loader(&one),
        Some(Command::VerifyLoad(one)) => tool::verify::load_one(&one),
        Some(Command::Completions { shell }) => tool::completions::run(shell),
        Some(Command::ManPages { folder }) => tool::man_pages::run(&folder),
        Some(Command::Compile(words)) => tool::foreign_commands::compile(&words.words),
        None => tool::build::run(&cli.build),
    }
}
