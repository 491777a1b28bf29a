"""Does what a page tells its reader to do, in a fresh folder, and compares what the terminals show.

    ```kernelscript,file=count.ks       the reader writes the block into this file
    ```kernelscript,replaces=count.ks   … puts the function of the block in the place of that of the same name in the file
    ```console                          … types the commands, the lines that begin with `# ` or `$ `, into the first terminal
    ```console,terminal=2               … into the second one

The other lines of a `console` block are what the terminal shows. A number stands for any number, a run of blanks for any, `…` for any text,
and for any lines where it is alone on its line. `^C` interrupts the command that runs. A block that does not begin with a command goes on with
what the command of the terminal's block before shows, which has not ended there.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from book_blocks import blocks, replaced
from built import compiler, environment
from patience import PATIENCE

# Seconds for a command, on a machine that does much else.
_LIMIT = 120 * PATIENCE
_DONE = re.compile(r"\n?\x01(\d+)\n")


class Wrong(Exception):
    """What a terminal shows is not what the page says."""


class Terminal:
    """A shell, and what it has shown."""

    def __init__(self, folder):
        self._shown = tempfile.NamedTemporaryFile(mode="rb")
        path = os.pathsep.join([str(compiler().resolve().parent), environment()["PATH"]])
        self._shell = subprocess.Popen(["bash", "--norc"], cwd=folder, stdin=subprocess.PIPE, stdout=self._shown.fileno(),
                                       stderr=subprocess.STDOUT, start_new_session=True, text=True,
                                       env={**environment(), "PATH": path, "NO_COLOR": "1"})
        self._seen, self._running = 0, False

    def begin(self, command):
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n\\001%s\\n' $?\n")
        self._shell.stdin.flush()
        self._running = True

    def interrupt(self):
        """As Ctrl-C does."""
        pid = self._shell.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGINT)

    def expect(self, lines, ends):
        """Waits until the command has shown the lines; `ends`: and nothing more, up to its end."""
        deadline = time.monotonic() + _LIMIT
        while True:
            shown = self._text()
            done = _DONE.search(shown)
            text = shown[:done.start()] if done else shown
            rest = matched(lines, text.splitlines())
            if rest is not None and (not ends or done and not any(line.strip() for line in rest)):
                self._seen += done.end() if ends else len("\n".join(text.splitlines()[:len(text.splitlines()) - len(rest)]) + "\n")
                self._running = not ends
                return
            if done or time.monotonic() > deadline:
                raise Wrong("it should show\n" + indented(lines) + "and shows\n" + indented(text.splitlines()))
            time.sleep(0.02)

    def end(self):
        """Ends what runs in it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._shell.pid, number)
                self._shell.wait(5)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._shell.stdin.close()
        self._shell.wait()

    def _text(self):
        self._shown.seek(0)
        return self._shown.read().decode(errors="replace")[self._seen:]


def indented(lines):
    return "".join(f"        {line}\n" for line in lines)


def pattern(line):
    """A line of a page as a regular expression."""
    parts = re.split(r"(\d+|[ \t]+|…)", line.strip())
    kinds = {"…": ".*"}
    return "".join(r"\d+" if part.isdigit() else r"\s+" if part.isspace() else kinds.get(part, re.escape(part)) for part in parts)


def matched(expected, shown):
    """The lines behind those that are expected, or None if these are not there."""
    if not expected:
        return shown
    first, rest = expected[0], expected[1:]
    if first.strip() == "…":
        if not rest:
            return []
        return next((found for at in range(len(shown) + 1) if (found := matched(rest, shown[at:])) is not None), None)
    if not shown or not re.fullmatch(pattern(first), shown[0].strip()):
        return None
    return matched(rest, shown[1:])


def steps(lines):
    """(command or None, "^C" before it, lines that are shown) of a block."""
    command, interrupted, shown = None, False, []
    for line in lines:
        if line[:2] in ("# ", "$ ") or line == "^C":
            if command or interrupted or shown:
                yield command, interrupted, shown
            command, interrupted, shown = (None, True, []) if line == "^C" else (line[2:], False, [])
        else:
            shown.append(line)
    yield command, interrupted, shown


def run(pages, folder):
    """Reads the pages one after the other, and yields the number of commands; raises `Wrong` at the first that does not do what its page says."""
    found = [block for page in pages for block in blocks(page)]
    terminals, count = {}, 0
    try:
        for at, block in enumerate(found):
            if name := block.settings.get("file"):
                (folder / name).write_text(block.text)
            elif name := block.settings.get("replaces"):
                (folder / name).write_text(replaced((folder / name).read_text(), block.text))
            elif block.language == "console":
                name = block.settings.get("terminal", "1")
                terminal = terminals.get(name) or terminals.setdefault(name, Terminal(folder))
                try:
                    count += _typed(terminal, block, _goes_on(found[at + 1:], name))
                except Wrong as wrong:
                    raise Wrong(f"{block.where}: {wrong}") from None
    finally:
        for terminal in terminals.values():
            terminal.end()
    return count


def _goes_on(later, name):
    """Whether the next block of the terminal goes on with the command of this one."""
    for block in later:
        if block.language == "console" and block.settings.get("terminal", "1") == name:
            return block.text[:2] not in ("# ", "$ ")
    return False


def _typed(terminal, block, goes_on):
    todo = list(steps(block.text.splitlines()))
    for at, (command, interrupted, shown) in enumerate(todo):
        if interrupted:
            terminal.interrupt()
        elif command:
            terminal.begin(command)
        runs_on = goes_on if at == len(todo) - 1 else todo[at + 1][1]
        terminal.expect(shown, ends=not runs_on)
    return sum(command is not None for command, _, _ in todo)
