//! Boots a kernel in QEMU, which loads programs there. Nothing of this machine is seen or written by the guest: it has an archive, no disk, no
//! network, and two serial lines: one for the kernel's messages, one for replies (`ks_verify_load::reply`).

use super::Stored;
use super::archive::Archive;
use crate::link::runtime;
use ks_verify_load::reply::{Ended, Reply};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

const QEMU: &str = "qemu-system-x86_64";
const KVM: &str = "/dev/kvm";
/// What QEMU says if the processor's virtual machine fails, which then stands still.
const KVM_FAILS: &str = "KVM internal error";

/// A guest that says nothing for so long hangs. Without KVM, on a machine that has other things to do, a program of a million steps takes a minute.
const SILENCE: Duration = Duration::from_secs(180);
/// With KVM a kernel runs sooner than that.
const KVM_SILENCE: Duration = Duration::from_secs(30);

/// Bytes of memory besides what the archive takes, which is there twice and unpacked.
const MEMORY: usize = 1 << 30;

/// Slow and needless in an emulated machine: self tests, entropy tests, certificate lists, memory that is cleared before it is used. Without
/// mitigations the verifier asks of a privileged program what it asks with them.
const COMMAND_LINE: &str = "console=ttyS0 panic=-1 oops=panic loglevel=4 mitigations=off nokaslr no_timer_check tsc=nowatchdog audit=0 \
     apparmor=0 cryptomgr.notests random.trust_cpu=on init_on_alloc=0 rcupdate.rcu_expedited=1 \
     initcall_blacklist=jent_mod_init,load_system_certificate_list";

/// A program that is loaded: the number of its object, and its name.
#[derive(Clone, Debug)]
pub struct Job {
    pub object: usize,
    pub program: String,
}

/// What became of a program: how its process ended, what it said, and the end of the verifier's log. Or why it was not loaded.
pub type Outcome = Result<(Ended, Vec<u8>, Vec<u8>), String>;

/// How the guest runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accelerator {
    Kvm,
    /// Software.
    Tcg,
}

/// The outcome of each job on this kernel. One boot does all, unless a program ends the guest: then another one does the rest. `step` is called
/// for each job that is done.
///
/// # Errors
/// What this machine lacks to boot a kernel.
pub fn load(kernel: &Stored, objects: &[&[u8]], jobs: &[Job], step: &dyn Fn()) -> Result<Vec<Outcome>, String> {
    let init = runtime::guest()?;
    let folder = tempfile::Builder::new().prefix("ksc-guest-").tempdir();
    let folder = folder.map_err(|error| format!("no temporary folder: {error}"))?;
    let mut accelerator = if is_writable(KVM) { Accelerator::Kvm } else { Accelerator::Tcg };
    let mut outcomes: Vec<Option<Outcome>> = vec![None; jobs.len()];
    loop {
        let left: Vec<usize> = (0..jobs.len()).filter(|&job| outcomes[job].is_none()).collect();
        let Some(&first) = left.first() else { break };
        let initramfs = folder.path().join("initramfs");
        let archive = archive(kernel, &init, objects, &left.iter().map(|&job| &jobs[job]).collect::<Vec<_>>());
        let memory = (MEMORY + 3 * archive.len()) >> 20;
        fs::write(&initramfs, archive).map_err(|error| format!("cannot write `{}`: {error}", initramfs.display()))?;
        let mut guest = Guest::start(kernel, accelerator, memory, folder.path())?;
        let mut is_up = false;
        let ended = guest.listen(accelerator, &mut |reply| match reply {
            Reply::Ready(_) => is_up = true,
            Reply::End => {}
            Reply::Loaded { job, ended, said, log } => {
                if let Some(&job) = left.get(job) {
                    outcomes[job] = Some(Ok((ended, said, log)));
                    step();
                }
            }
        });
        let why = match ended {
            // A job of the list that the guest did not name.
            Ok(()) => "the guest said nothing of it".to_owned(),
            Err(_) if accelerator == Accelerator::Kvm && !is_up => {
                accelerator = Accelerator::Tcg;
                continue;
            }
            Err(why) => format!("{why}{}", guest.last_words()),
        };
        if !is_up {
            return Err(format!("{} does not boot: {why}", kernel.name));
        }
        let running = left.iter().copied().find(|&job| outcomes[job].is_none()).unwrap_or(first);
        outcomes[running].get_or_insert(Err(why));
    }
    Ok(outcomes.into_iter().flatten().collect())
}

fn is_writable(path: &str) -> bool {
    fs::OpenOptions::new().read(true).write(true).open(path).is_ok()
}

fn archive(kernel: &Stored, init: &[u8], objects: &[&[u8]], jobs: &[&Job]) -> Vec<u8> {
    let mut archive = Archive::default();
    for folder in ["dev", "proc", "sys", "boot", "jobs", "modules"] {
        archive.folder(folder);
    }
    archive.file("init", init);
    archive.file(&format!("boot/config-{}", kernel.release), &kernel.config());
    for (number, object) in objects.iter().enumerate() {
        archive.file(&format!("jobs/{number}.o"), object);
    }
    let list: String = jobs.iter().map(|job| format!("/jobs/{}.o {}\n", job.object, job.program)).collect();
    archive.file("jobs/list", list.as_bytes());
    let mut order = String::new();
    for module in kernel.modules() {
        let name = module.file_name().unwrap_or_default().to_string_lossy().into_owned();
        archive.file(&format!("modules/{name}"), &fs::read(&module).unwrap_or_default());
        order += &format!("{name}\n");
    }
    archive.file("modules/order", order.as_bytes());
    archive.finish()
}

/// A guest that runs. It ends with this value.
struct Guest {
    qemu: Child,
    console: PathBuf,
    said: Receiver<Said>,
}

enum Said {
    Reply(Reply),
    /// By QEMU.
    Line(String),
    /// The serial line is closed, or has what is no reply.
    End(Option<String>),
}

impl Guest {
    fn start(kernel: &Stored, accelerator: Accelerator, memory: usize, folder: &Path) -> Result<Guest, String> {
        let console = folder.join("console");
        let mut command = Command::new(QEMU);
        command.args(["-accel", if accelerator == Accelerator::Kvm { "kvm" } else { "tcg" }]);
        command.args(["-machine", "q35", "-cpu", "qemu64", "-smp", "1", "-m", &format!("{memory}M")]);
        command
            .args(["-nodefaults", "-display", "none", "-no-reboot", "-serial"])
            .arg(format!("file:{}", console.display()));
        command.args(["-chardev", "stdio,id=replies,signal=off", "-serial", "chardev:replies"]);
        command
            .arg("-kernel")
            .arg(&kernel.image)
            .arg("-initrd")
            .arg(folder.join("initramfs"))
            .args(["-append", COMMAND_LINE]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: between fork and exec the child makes a system call alone.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut qemu = command.spawn().map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                format!("there is no `{QEMU}`, in which other kernels boot\n  help: install the package `qemu-system-x86`, without the packages that it recommends")
            } else {
                format!("cannot run `{QEMU}`: {error}")
            }
        })?;
        let (send, said) = mpsc::channel();
        if let Some(replies) = qemu.stdout.take() {
            let send = send.clone();
            std::thread::spawn(move || forward(BufReader::new(replies), &send));
        }
        if let Some(messages) = qemu.stderr.take() {
            std::thread::spawn(move || {
                let lines = BufReader::new(messages).lines().map_while(Result::ok);
                lines.map(Said::Line).all(|line| send.send(line).is_ok())
            });
        }
        Ok(Guest { qemu, console, said })
    }

    /// Hands on each reply, until the list is done. An error is why the guest came to no end.
    fn listen(&mut self, accelerator: Accelerator, each: &mut dyn FnMut(Reply)) -> Result<(), String> {
        let mut silence = if accelerator == Accelerator::Kvm { KVM_SILENCE } else { SILENCE };
        let mut last = String::new();
        loop {
            match self.said.recv_timeout(silence) {
                Ok(Said::Reply(Reply::End)) => return Ok(()),
                Ok(Said::Reply(reply)) => {
                    silence = SILENCE;
                    each(reply);
                }
                Ok(Said::Line(line)) if line.contains(KVM_FAILS) => return Err(line),
                Ok(Said::Line(line)) => last = line,
                Ok(Said::End(Some(why))) => return Err(why),
                Ok(Said::End(None)) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(if last.is_empty() {
                        "the guest ended".to_owned()
                    } else {
                        format!("the guest ended: {last}")
                    });
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("the guest said nothing for {} s", silence.as_secs()));
                }
            }
        }
    }

    /// What the kernel wrote last; a text that can follow another one.
    fn last_words(&self) -> String {
        let console = fs::read(&self.console).unwrap_or_default();
        let text = String::from_utf8_lossy(&console);
        // The cause of an oops is in its first line, and in the last one that a panic is the end.
        let cause = ["BUG:", "Oops", "Kernel panic", "Out of memory"];
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines().find(|line| cause.iter().any(|cause| line.contains(cause))).or_else(|| lines().next_back());
        line.map_or_else(String::new, |line| format!("; its kernel wrote: {line}"))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Sends the replies on, up to the end of the line.
fn forward(mut replies: impl BufRead, send: &Sender<Said>) {
    loop {
        let said = match Reply::read(&mut replies) {
            Ok(Some(reply)) => Said::Reply(reply),
            Ok(None) => Said::End(None),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Said::End(None),
            Err(error) => Said::End(Some(error.to_string())),
        };
        let is_end = matches!(said, Said::End(_));
        if send.send(said).is_err() || is_end {
            return;
        }
    }
}
