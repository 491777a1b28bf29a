//! Reduces a program: declarations, statements and expressions go, or become simpler, as long as the same failure stays.

use super::visit::{self, Visitor};
use crate::check;
use crate::compare::{Failure, Kind};
use crate::execute::compile;
use differential::kernel;
use ksc::ast::{self, Block, Expr, ExprKind, File, IntLit, Item, ItemKind, StmtKind};
use ksc::session::{Options, Session};
use std::path::Path;
use std::time::{Duration, Instant};

/// Reducing stops here with what it has.
const TIME: Duration = Duration::from_secs(180);

/// A candidate may take longer than the first failure did, but not much.
const CANDIDATE: Duration = Duration::from_secs(40);

struct Reducer<'a> {
    failure: &'a Failure,
    seed: u64,
    inputs: usize,
    folder: tempfile::TempDir,
    until: Instant,
    tried: usize,
}

/// Reduces the program of a failure and prints what is left.
pub fn report(file: &Path, seed: u64, inputs: usize, failure: &Failure) {
    match reduced(file, seed, inputs, failure) {
        Ok(Some(text)) => {
            let small = file.with_extension("reduced.ks");
            println!("reduced:\n{text}");
            if std::fs::write(&small, &text).is_ok() {
                println!("it is in {}", small.display());
            }
        }
        Ok(None) => println!("it does not fail again by itself"),
        Err(error) => println!("it could not be reduced: {error}"),
    }
}

/// The small program; none if even the whole one does not fail again.
pub fn reduced(file: &Path, seed: u64, inputs: usize, failure: &Failure) -> std::io::Result<Option<String>> {
    let text = std::fs::read_to_string(file)?;
    let folder = tempfile::tempdir()?;
    let mut reducer = Reducer { failure, seed, inputs, folder, until: Instant::now() + TIME, tried: 0 };
    if failure.kind == Kind::Rejected("E0002".into()) {
        return Ok(None);
    }
    let mut tree = parse(&text);
    if !reducer.fails(&tree) {
        return Ok(None);
    }
    if let Some(test) = &failure.test {
        let mut candidate = tree.clone();
        only(&mut candidate, test);
        if reducer.fails(&candidate) {
            tree = candidate;
        }
    }
    loop {
        let before = ast::print::file(&tree);
        reducer.items(&mut tree);
        reducer.statements(&mut tree);
        reducer.unwrap_statements(&mut tree);
        reducer.catches(&mut tree);
        reducer.exprs(&mut tree);
        if ast::print::file(&tree) == before || Instant::now() > reducer.until {
            return Ok(Some(ast::print::file(&tree)));
        }
    }
}

fn parse(text: &str) -> File {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("program.ks", Path::new("program.ks"), text.to_owned());
    ksc::syntax::parse(&mut cx, file)
}

impl Reducer<'_> {
    /// Whether the same failure happens to this program.
    fn fails(&mut self, tree: &File) -> bool {
        if Instant::now() > self.until {
            return false;
        }
        let text = ast::print::file(tree);
        let should_check = !matches!(self.failure.kind, Kind::Rejected(_));
        // Most candidates are not well typed: that is quick to see.
        if should_check && compile::guarded(|| compile::check(&text, None)).is_err() {
            return false;
        }
        self.tried += 1;
        self.run(&text).unwrap_or(false)
    }

    fn run(&self, text: &str) -> std::io::Result<bool> {
        let (file, output) = (self.folder.path().join("program.ks"), self.folder.path().join("report.json"));
        std::fs::write(&file, text)?;
        let inputs = if self.failure.after > 0 { self.failure.after + 1 } else { self.inputs };
        let mut command = check::command(&file, self.seed, inputs, &output)?;
        // Runs before it made the maps that it found.
        if let (0, Some(input)) = (self.failure.after, self.failure.input) {
            command.args(["--given", &input.map(|n| n.to_string()).join(",")]);
        }
        if let Some(engine) = self.failure.engine {
            command.args(["--engine", &format!("{engine:?}")]);
        }
        let mut process = command.spawn()?;
        let since = Instant::now();
        let report = loop {
            if let Some(status) = process.try_wait()? {
                break check::report(status, &output);
            }
            if since.elapsed() > CANDIDATE {
                process.kill()?;
                process.wait()?;
                break check::hangs();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ok(report.failures.iter().any(|failure| self.same(failure)))
    }

    fn same(&self, other: &Failure) -> bool {
        let words = |failure: &Failure| failure.detail.chars().take_while(|c| !c.is_ascii_digit()).collect::<String>();
        let same_code = match &self.failure.kind {
            Kind::NotCompiled(_) | Kind::Rejected(_) | Kind::NotLoaded => words(self.failure) == words(other),
            Kind::NotRun | Kind::Differs | Kind::Folding | Kind::NotEvaluated | Kind::Crashed | Kind::Hangs => true,
        };
        self.failure.kind == other.kind && same_code
    }

    /// Tries to take away parts, many at once first. `remove` takes the parts of the given numbers out of a copy.
    fn remove(
        &mut self,
        tree: &mut File,
        count: impl Fn(&mut File) -> usize,
        remove: impl Fn(&mut File, std::ops::Range<usize>),
    ) {
        let mut size = count(tree).next_power_of_two().max(2) / 2;
        while size > 0 {
            // From the end: what is last is used by nothing after it.
            let mut end = count(tree);
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut candidate = tree.clone();
                remove(&mut candidate, start..end);
                if self.fails(&candidate) {
                    *tree = candidate;
                }
                end = start.min(count(tree));
            }
            size /= 2;
        }
    }

    fn items(&mut self, tree: &mut File) {
        self.remove(
            tree,
            |file| file.items.len(),
            |file, range| {
                file.items.drain(range);
            },
        );
    }

    fn statements(&mut self, tree: &mut File) {
        self.remove(tree, count_statements, |file, range| visit::file(file, &mut Drop { next: 0, range }));
    }

    /// Statements that hold blocks: just the block's statements.
    fn unwrap_statements(&mut self, tree: &mut File) {
        let mut at = 0;
        while at < count_statements(tree) {
            for block in 0..4 {
                let mut unwrap = Unwrap { next: 0, at, block, done: false };
                let mut candidate = tree.clone();
                visit::file(&mut candidate, &mut unwrap);
                if !unwrap.done {
                    break;
                }
                if self.fails(&candidate) {
                    *tree = candidate;
                    break;
                }
            }
            at += 1;
        }
    }

    /// Handlers, as long as a `try` has another.
    fn catches(&mut self, tree: &mut File) {
        self.remove(
            tree,
            |file| {
                let mut count = DropCatches { next: 0, range: 0..0 };
                visit::file(file, &mut count);
                count.next
            },
            |file, range| visit::file(file, &mut DropCatches { next: 0, range }),
        );
    }

    /// Expressions: a simple constant, or one of their operands.
    fn exprs(&mut self, tree: &mut File) {
        let mut at = 0;
        loop {
            let mut choice = 0;
            loop {
                let mut replace = Replace { next: 0, at, choice, done: Done::NoSuchExpr };
                let mut candidate = tree.clone();
                visit::file(&mut candidate, &mut replace);
                match replace.done {
                    Done::NoSuchExpr => return,
                    Done::NoSuchChoice => break,
                    Done::Same => choice += 1,
                    Done::Replaced => {
                        if self.fails(&candidate) {
                            *tree = candidate;
                            choice = 0;
                        } else {
                            choice += 1;
                        }
                    }
                }
            }
            at += 1;
        }
    }
}

struct Count(usize);

impl Visitor for Count {
    fn block(&mut self, block: &mut Block) {
        self.0 += block.stmts.len();
    }
}

fn count_statements(tree: &mut File) -> usize {
    let mut count = Count(0);
    visit::file(tree, &mut count);
    count.0
}

/// Takes out statements by their numbers, counted block by block before anything is taken out of the block.
struct Drop {
    next: usize,
    range: std::ops::Range<usize>,
}

impl Visitor for Drop {
    fn block(&mut self, block: &mut Block) {
        let mut number = self.next;
        self.next += block.stmts.len();
        block.stmts.retain(|_| {
            number += 1;
            !self.range.contains(&(number - 1))
        });
    }
}

/// Takes out handlers by their numbers; one of each `try` stays.
struct DropCatches {
    next: usize,
    range: std::ops::Range<usize>,
}

impl Visitor for DropCatches {
    fn block(&mut self, block: &mut Block) {
        for stmt in &mut block.stmts {
            if let StmtKind::Try { catches, .. } = &mut stmt.kind {
                let (mut number, all) = (self.next, catches.clone());
                self.next += catches.len();
                catches.retain(|_| {
                    number += 1;
                    !self.range.contains(&(number - 1))
                });
                if catches.is_empty() {
                    catches.extend(all.into_iter().next());
                }
            }
        }
    }
}

struct Unwrap {
    next: usize,
    at: usize,
    block: usize,
    done: bool,
}

impl Visitor for Unwrap {
    fn block(&mut self, block: &mut Block) {
        let first = self.next;
        self.next += block.stmts.len();
        if self.done || !(first..self.next).contains(&self.at) {
            return;
        }
        let at = self.at - first;
        if let Some(inner) = visit::blocks(&block.stmts[at]).into_iter().nth(self.block) {
            block.stmts.splice(at..=at, inner.stmts);
            block.braced = true;
            self.done = true;
        }
    }
}

enum Done {
    NoSuchExpr,
    NoSuchChoice,
    /// It is that already.
    Same,
    Replaced,
}

struct Replace {
    next: usize,
    at: usize,
    choice: usize,
    done: Done,
}

impl Visitor for Replace {
    fn expr(&mut self, expr: &mut Expr) {
        let number = self.next;
        self.next += 1;
        if number != self.at {
            return;
        }
        let constants = [int(0), int(1), ExprKind::Bool(false), ExprKind::Bool(true)];
        let is_leaf = constants.contains(&expr.kind);
        let new = match constants.get(self.choice) {
            Some(_) if is_leaf => {
                self.done = Done::NoSuchChoice;
                return;
            }
            Some(constant) => constant.clone(),
            None => match visit::operands(expr).get(self.choice - constants.len()) {
                Some(operand) => operand.kind.clone(),
                None => {
                    self.done = Done::NoSuchChoice;
                    return;
                }
            },
        };
        self.done = if new == expr.kind { Done::Same } else { Done::Replaced };
        expr.kind = new;
    }
}

fn int(value: u64) -> ExprKind {
    ExprKind::Int(IntLit { value, negative: false, text: value.to_string() })
}

/// The program without other tests: so much is clear from the start.
fn only(tree: &mut File, test: &str) {
    keep(tree, &|name| name == test);
}

/// The text of a program with some of its tests.
pub fn keeping(text: &str, tests: &[String]) -> String {
    let mut tree = parse(text);
    keep(&mut tree, &|name| tests.iter().any(|test| test == name));
    ast::print::file(&tree)
}

fn keep(tree: &mut File, wanted: &dyn Fn(&str) -> bool) {
    let other = |item: &Item| match &item.kind {
        ItemKind::Fn(func) => kernel::test_of(&func.name.name).is_some_and(|test| !wanted(test)),
        ItemKind::Struct(_)
        | ItemKind::Enum(_)
        | ItemKind::Alias { .. }
        | ItemKind::Config(_)
        | ItemKind::Var(_)
        | ItemKind::Const(_)
        | ItemKind::Impl(_)
        | ItemKind::Extern(_)
        | ItemKind::Include { .. }
        | ItemKind::Import { .. }
        | ItemKind::License { .. }
        | ItemKind::MinKernel { .. }
        | ItemKind::Unread(_) => false,
    };
    tree.items.retain(|item| !other(item));
}
