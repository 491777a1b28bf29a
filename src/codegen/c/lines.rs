//! The lines of a function: C blocks, each with its declarations first, as the kernel's C asks before 6.5.

/// Marks a line that is not indented.
const MARGIN: &str = "\u{1}";

#[derive(Default)]
struct Block {
    declarations: Vec<String>,
    lines: Vec<String>,
}

/// The body of a function while it is written.
pub struct Lines {
    /// The blocks that are open, from the outermost.
    open: Vec<Block>,
}

impl Lines {
    /// One open block without lines.
    pub fn new() -> Lines {
        Lines { open: vec![Block::default()] }
    }

    fn innermost(&mut self) -> &mut Block {
        self.open.last_mut().unwrap_or_else(|| crate::bug!("the body of a function is a block"))
    }

    /// Adds a line to the innermost open block.
    pub fn line(&mut self, text: impl Into<String>) {
        self.innermost().lines.push(text.into());
    }

    /// A label is one step to the left, and what follows it is a statement.
    pub fn label(&mut self, name: &str) {
        self.line(format!("\u{8}{name}:;"));
    }

    /// A line that begins at the margin, however deep the block is.
    pub fn directive(text: &str) -> String {
        format!("{MARGIN}{text}")
    }

    /// Declares in the innermost block.
    pub fn declare(&mut self, text: impl Into<String>) {
        self.innermost().declarations.push(text.into());
    }

    /// Declares in the function's own block.
    pub fn declare_outside(&mut self, text: impl Into<String>) {
        self.open[0].declarations.push(text.into());
    }

    /// Opens a block behind a head such as `if (x)`; without one there is only its brace.
    pub fn open(&mut self, head: &str) {
        self.line(if head.is_empty() { "{".to_owned() } else { format!("{head} {{") });
        self.open.push(Block::default());
    }

    /// Closes the innermost block; `tail` follows the brace.
    pub fn close(&mut self, tail: &str) {
        let Some(block) = self.open.pop() else { crate::bug!("no block of C is open") };
        let lines = indented(block);
        let outer = self.innermost();
        outer.lines.extend(lines);
        outer.lines.push(format!("}}{tail}"));
    }

    /// `} else {`
    pub fn otherwise(&mut self, head: &str) {
        let Some(block) = self.open.pop() else { crate::bug!("no block of C is open") };
        let lines = indented(block);
        let outer = self.innermost();
        outer.lines.extend(lines);
        outer.lines.push(format!("}} {head} {{"));
        self.open.push(Block::default());
    }

    /// The whole body, without its braces.
    pub fn finish(mut self) -> Vec<String> {
        let Some(block) = self.open.pop() else { crate::bug!("the body of a function is a block") };
        let lines = indented(block);
        lines.into_iter().map(|line| line.strip_prefix(MARGIN).map_or_else(|| line.clone(), str::to_owned)).collect()
    }
}

fn indented(block: Block) -> Vec<String> {
    let gap = !block.declarations.is_empty() && !block.lines.is_empty();
    let mut lines: Vec<String> = block.declarations.iter().map(|line| format!("\t{line}")).collect();
    lines.extend(gap.then(String::new));
    for line in block.lines {
        lines.push(match line.strip_prefix('\u{8}') {
            Some(label) => label.to_owned(),
            None if line.is_empty() || line.starts_with(MARGIN) => line,
            None => format!("\t{line}"),
        });
    }
    lines
}
