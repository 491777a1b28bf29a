//! The extension of Zed for KernelScript: it starts `ksc lsp`.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct KernelScript;

impl zed::Extension for KernelScript {
    fn new() -> Self {
        KernelScript
    }

    /// The command of the settings (`lsp.ksc.binary`), else `ksc` of the path.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(server.as_ref(), worktree).ok().and_then(|settings| settings.binary);
        let (path, arguments) = binary.map_or((None, None), |binary| (binary.path, binary.arguments));
        let command = path.or_else(|| worktree.which("ksc"));
        Ok(Command {
            command: command.ok_or("there is no `ksc` in PATH: install it, or set `lsp.ksc.binary.path`")?,
            args: arguments.unwrap_or_else(|| vec!["lsp".to_owned()]),
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(KernelScript);
