//! The BPF objects of open programs, which threads of their own compile while the server answers.

use super::analysis;
use super::documents::{Document, Documents};
use crate::pipeline;
use crate::session::Options;
use crate::target::Target;
use crate::tool::verify::{Kept, kept_of};
use crate::uses::Uses;
use ks_verify::object::Object;
use lsp_server::{Message, Request, RequestId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

/// Bytes of a thread's stack: as many as the compiler has elsewhere.
const STACK: usize = 256 << 20;

/// The object of a program.
pub struct Compiled {
    pub object: Object,
    /// The oldest kernel that it is for.
    pub kernel: String,
    /// What kernels said of each of its programs, as `ksc verify` keeps it.
    verdicts: Vec<(String, Vec<Kept>)>,
}

impl Compiled {
    /// The verdicts that are kept of a program.
    pub fn verdicts(&self, program: &str) -> &[Kept] {
        self.verdicts.iter().find(|(name, _)| name == program).map_or(&[], |(_, kept)| kept)
    }
}

type Answer = Option<Arc<Compiled>>;

/// The objects that are known, and the one that is being compiled: one program at a time.
#[derive(Default)]
pub struct Objects {
    /// Counts the changes of texts.
    now: u64,
    known: Vec<(PathBuf, u64, Answer)>,
    running: Option<(PathBuf, u64, Receiver<Answer>)>,
}

impl Objects {
    /// A text has changed: what is known holds no more.
    pub fn changed(&mut self) {
        self.now += 1;
        self.known.clear();
    }

    fn found(&self, path: &Path) -> Option<Answer> {
        self.known.iter().find(|(known, at, _)| known == path && *at == self.now).map(|(_, _, answer)| answer.clone())
    }

    fn take(&mut self, waits: bool) {
        let Some((path, at, receiver)) = self.running.take() else { return };
        let answer = if waits {
            receiver.recv().ok()
        } else {
            match receiver.try_recv() {
                Ok(answer) => Some(answer),
                Err(TryRecvError::Empty) => {
                    self.running = Some((path, at, receiver));
                    return;
                }
                Err(TryRecvError::Disconnected) => None,
            }
        };
        self.known.push((path, at, answer.flatten()));
    }

    /// The object of an open program; none if it has errors or no BPF code, or if it is not there yet and `tell` is given: then the client
    /// is told once it is.
    pub fn of(&mut self, root: &Document, documents: &Documents, options: &Options, tell: Option<&Teller>) -> Answer {
        self.take(false);
        if let Some(answer) = self.found(&root.path) {
            return answer;
        }
        if self.running.is_some() && tell.is_some() {
            return None;
        }
        self.take(true);
        self.start(root, documents, options, tell.cloned());
        if tell.is_none() {
            self.take(true);
        }
        self.found(&root.path).flatten()
    }

    fn start(&mut self, root: &Document, documents: &Documents, options: &Options, tell: Option<Teller>) {
        let (sender, receiver) = channel();
        let (root, documents, options) = (root.clone(), documents.clone(), options.clone());
        let path = root.path.clone();
        let work = move || {
            // A fault is on standard error; the program then counts as one without an object.
            let made = catch_unwind(AssertUnwindSafe(|| compiled(&root, &documents, &options)));
            let _ = sender.send(made.ok().flatten().map(Arc::new));
            if let Some(tell) = tell {
                tell.say();
            }
        };
        if thread::Builder::new().stack_size(STACK).spawn(work).is_ok() {
            self.running = Some((path, self.now, receiver));
        }
    }
}

/// Asks the client to ask for lenses again.
#[derive(Clone)]
pub struct Teller {
    pub sender: crossbeam_channel::Sender<Message>,
}

impl Teller {
    fn say(&self) {
        let id = RequestId::from("ksc-lenses".to_owned());
        // A client that is gone reads nothing.
        let _ =
            self.sender.send(Request::new(id, "workspace/codeLens/refresh".to_owned(), serde_json::Value::Null).into());
    }
}

fn compiled(root: &Document, documents: &Documents, options: &Options) -> Option<Compiled> {
    let (mut cx, file) = analysis::session(root, documents, options, Uses::default());
    // As `ksc verify` compiles it, whose verdicts are kept by the bytes of the object.
    cx.options.keep_dwarf = true;
    let tree = root.parse(&mut cx, file);
    let program = pipeline::check(&mut cx, tree)?;
    let module = pipeline::khir_of(&mut cx, &program, file);
    let module = pipeline::front(&mut cx, module)?;
    if !pipeline::has(&module, Target::Bpf) {
        return None;
    }
    let bytes = pipeline::bpf(&mut cx, &module)?.object;
    let object = Object::parse(&bytes).ok()?;
    let programs = object.programs().map(|program| program.name.clone());
    let verdicts = programs.map(|name| (name.clone(), kept_of(&bytes, &name))).collect();
    Some(Compiled { object, kernel: cx.oldest_kernel(), verdicts })
}
