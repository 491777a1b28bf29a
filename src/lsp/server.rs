//! The state of the server, and the order in which messages are answered.

use super::analysis::Analysis;
use super::documents::{self, Document, Documents};
use super::objects::{Compiled, Objects, Teller};
use super::text::Encoding;
use super::{diagnostics, dispatch};
use crate::session::Options;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::{
    CancelParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, InitializeParams,
    NumberOrString, PositionEncodingKind,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

/// The server of one client.
pub struct Server<'c> {
    connection: &'c Connection,
    pub documents: Documents,
    pub options: Options,
    pub encoding: Encoding,
    /// The folders that the editor has open.
    pub folders: Vec<PathBuf>,
    /// Of the open roots; all are dropped when a text changes.
    analyses: BTreeMap<PathBuf, Rc<Analysis>>,
    /// The addresses for which diagnostics were sent that are not empty.
    reported: BTreeSet<String>,
    /// Texts changed since diagnostics were sent.
    stale: bool,
    /// The client asked for the end.
    ending: bool,
    objects: Objects,
    /// The client asks for lenses again when it is told to.
    refreshes: bool,
    /// The client takes diagnostics only by asking for them.
    pulls: bool,
}

impl<'c> Server<'c> {
    /// Answers the client's `initialize`.
    pub fn start(connection: &'c Connection, mut options: Options) -> Result<Server<'c>, lsp_server::ProtocolError> {
        let (id, params) = connection.initialize_start()?;
        let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
        let general = params.capabilities.general.as_ref();
        let encodings = general.and_then(|general| general.position_encodings.clone()).unwrap_or_default();
        let encoding = if encodings.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 };
        let text = params.capabilities.text_document.as_ref();
        let pulls = text.is_some_and(|text| text.diagnostic.is_some() && text.publish_diagnostics.is_none());
        connection.initialize_finish(id, dispatch::initialized(encoding, pulls))?;
        let lenses = params.capabilities.workspace.as_ref().and_then(|workspace| workspace.code_lens.as_ref());
        let refreshes = lenses.and_then(|lenses| lenses.refresh_support).unwrap_or(false);
        let folders = params.workspace_folders.unwrap_or_default();
        let folders = folders.into_iter().map(|folder| documents::path(folder.uri.as_str())).collect();
        options.checks_parts = true;
        Ok(Server {
            connection,
            documents: Documents::default(),
            options,
            encoding,
            folders,
            analyses: BTreeMap::new(),
            reported: BTreeSet::new(),
            stale: false,
            ending: false,
            objects: Objects::default(),
            refreshes,
            pulls,
        })
    }

    /// Answers messages until the client says `exit`. Those that wait are read first, so that an edit makes the check before it needless,
    /// and a request that was cancelled is not worked at.
    pub fn serve(&mut self) -> ExitCode {
        let connection = self.connection;
        let mut waiting: VecDeque<Message> = VecDeque::new();
        loop {
            if waiting.is_empty() && self.stale {
                match connection.receiver.try_recv() {
                    Ok(message) => waiting.push_back(message),
                    Err(_) => self.report(),
                }
            }
            if waiting.is_empty() {
                match connection.receiver.recv() {
                    Ok(message) => waiting.push_back(message),
                    Err(_) => return ExitCode::FAILURE,
                }
            }
            waiting.extend(connection.receiver.try_iter());
            self.refuse_cancelled(&mut waiting);
            match waiting.pop_front() {
                Some(Message::Notification(told)) if told.method == "exit" => {
                    return if self.ending { ExitCode::SUCCESS } else { ExitCode::FAILURE };
                }
                Some(Message::Notification(told)) => self.told(told),
                Some(Message::Request(request)) => self.asked(request),
                // The server asks nothing.
                Some(Message::Response(_)) | None => {}
            }
        }
    }

    fn refuse_cancelled(&mut self, waiting: &mut VecDeque<Message>) {
        let mut cancelled = HashSet::new();
        waiting.retain(|message| {
            let Message::Notification(told) = message else { return true };
            if told.method != "$/cancelRequest" {
                return true;
            }
            if let Ok(CancelParams { id }) = serde_json::from_value(told.params.clone()) {
                cancelled.insert(match id {
                    NumberOrString::Number(number) => RequestId::from(number),
                    NumberOrString::String(text) => RequestId::from(text),
                });
            }
            false
        });
        if cancelled.is_empty() {
            return;
        }
        waiting.retain(|message| {
            let Message::Request(request) = message else { return true };
            if !cancelled.contains(&request.id) {
                return true;
            }
            let code = ErrorCode::RequestCanceled as i32;
            self.send(Response::new_err(request.id.clone(), code, "cancelled".to_owned()).into());
            false
        });
    }

    fn send(&self, message: Message) {
        // A client that is gone reads nothing; the end of its input ends the server.
        let _ = self.connection.sender.send(message);
    }

    /// Answers a request. A fault of the compiler becomes an error of the request.
    fn asked(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if method == "shutdown" {
            self.ending = true;
            return self.send(Response::new_ok(id, Value::Null).into());
        }
        let answered = catch_unwind(AssertUnwindSafe(|| dispatch::answer(self, &method, params)));
        let answered = answered.unwrap_or_else(|_| {
            self.analyses.clear();
            Err(refusal(ErrorCode::InternalError, "the compiler has a fault here, which its standard error describes"))
        });
        self.send(match answered {
            Ok(value) => Response::new_ok(id, value).into(),
            Err(error) => Response { id, response_result: Err(error) }.into(),
        });
    }

    fn told(&mut self, told: Notification) {
        let Notification { method, params } = told;
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Some(DidOpenTextDocumentParams { text_document: text }) = read(params) {
                    self.documents.open(text.uri.as_str().to_owned(), text.text, text.version);
                    self.changed();
                }
            }
            "textDocument/didChange" => {
                let Some(DidChangeTextDocumentParams { text_document, content_changes }) = read(params) else { return };
                let encoding = self.encoding;
                if let Some(document) = self.documents.get_mut(text_document.uri.as_str()) {
                    document.edit(content_changes, text_document.version, encoding);
                    self.changed();
                }
            }
            "textDocument/didClose" => {
                if let Some(DidCloseTextDocumentParams { text_document }) = read(params) {
                    self.documents.close(text_document.uri.as_str());
                    self.changed();
                }
            }
            // What is on the disk may be another text now.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.changed(),
            // Others say nothing that the server needs to know.
            _ => {}
        }
    }

    fn changed(&mut self) {
        self.analyses.clear();
        self.objects.changed();
        self.stale = true;
    }

    /// Sends the diagnostics of all open texts.
    fn report(&mut self) {
        self.stale = false;
        if self.pulls {
            return;
        }
        let found = catch_unwind(AssertUnwindSafe(|| diagnostics::all(self)));
        // The fault is on standard error; the texts keep the diagnostics that they have.
        let Ok(found) = found else { return };
        for (uri, params) in found {
            let is_empty = params.diagnostics.is_empty();
            if is_empty && !self.reported.remove(&uri) && self.documents.get(&uri).is_none() {
                continue;
            }
            if !is_empty {
                self.reported.insert(uri);
            }
            let params = serde_json::to_value(params).unwrap_or_default();
            self.send(Notification { method: "textDocument/publishDiagnostics".to_owned(), params }.into());
        }
    }

    /// The addresses for which the client has diagnostics.
    pub fn reported(&self) -> impl Iterator<Item = &String> {
        self.reported.iter()
    }

    /// The check of an open program or module by itself.
    pub fn analysis_of(&mut self, path: &Path) -> Option<Rc<Analysis>> {
        if let Some(known) = self.analyses.get(path) {
            return Some(known.clone());
        }
        let document = self.documents.of_file(path).filter(|document| document.is_root())?;
        let analysis = Rc::new(Analysis::of(document, &self.documents, &self.options));
        self.analyses.insert(path.to_owned(), analysis.clone());
        Some(analysis)
    }

    /// The check of an open header by itself, as a program that includes it and has nothing else.
    fn analysis_of_header(&mut self, path: &Path) -> Option<Rc<Analysis>> {
        if let Some(known) = self.analyses.get(path) {
            return Some(known.clone());
        }
        let includer = self.documents.of_file(path)?.includer();
        let mut analysis = Analysis::of(&includer, &self.documents, &self.options);
        let root = analysis.root;
        analysis.diagnostics.retain(|found| found.span.is_some_and(|span| span.file != root));
        let analysis = Rc::new(analysis);
        self.analyses.insert(path.to_owned(), analysis.clone());
        Some(analysis)
    }

    /// A check that saw the open text: its own; of a header, that of an open program which includes it, or else its own.
    pub fn analysis(&mut self, uri: &str) -> Option<Rc<Analysis>> {
        let path = self.documents.get(uri)?.path.clone();
        if let Some(own) = self.analysis_of(&path) {
            return Some(own);
        }
        self.analyses().into_iter().find(|analysis| analysis.file_of(&path).is_some())
    }

    /// The BPF object of the program that an open text is; none if it has errors or no BPF code. Unless it `waits`, none too while it is
    /// being compiled, if the client can be told of the end.
    pub fn compiled(&mut self, uri: &str, waits: bool) -> Option<Arc<Compiled>> {
        let document = self.documents.get(uri).filter(|document| document.is_root())?;
        let tell = Teller { sender: self.connection.sender.clone() };
        let tell = Some(&tell).filter(|_| self.refreshes && !waits);
        self.objects.of(document, &self.documents, &self.options, tell)
    }

    /// The checks of all open programs and modules, and of the open headers that none of them includes.
    pub fn analyses(&mut self) -> Vec<Rc<Analysis>> {
        let (roots, headers): (Vec<&Document>, Vec<&Document>) =
            self.documents.all().partition(|document| document.is_root());
        let paths = |of: Vec<&Document>| of.into_iter().map(|document| document.path.clone()).collect::<Vec<PathBuf>>();
        let (roots, headers) = (paths(roots), paths(headers));
        let mut found: Vec<_> = roots.iter().filter_map(|root| self.analysis_of(root)).collect();
        for header in headers {
            if found.iter().all(|analysis| analysis.file_of(&header).is_none()) {
                found.extend(self.analysis_of_header(&header));
            }
        }
        found
    }

    /// The open text at an address.
    pub fn document(&self, uri: &str) -> Result<&Document, ResponseError> {
        self.documents.get(uri).ok_or_else(|| refusal(ErrorCode::InvalidParams, "this text is not open"))
    }
}

/// An error that answers a request.
pub fn refusal(code: ErrorCode, message: impl Into<String>) -> ResponseError {
    ResponseError { code: code as i32, message: message.into(), data: None }
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
