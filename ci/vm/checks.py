"""FileCheck on this machine of what tests print in a guest: under emulation it takes longer to start than most tests to run."""

import re
import shlex
import subprocess

from built import environment

_WORD = r"""(?:'[^']*'|"[^"]*"|[^\s|&;<>'"])+"""
# One that compares what comes on its standard input.
_CHECK = re.compile(rf"(?<!not )\bFileCheck\b(?!.*--input-file)((?:\s+{_WORD})*)")


class Checks:
    """The comparisons that lines of a test make: in their place the guest writes what it would compare."""

    def __init__(self, lines, name):
        """`name`: what files of the guest begin with."""
        # File → the arguments of FileCheck.
        self._of = {}
        self.lines = [_CHECK.sub(lambda found: self._take(found[1], name), line) for line in lines]

    def _take(self, arguments, name):
        file = f"{name}.seen{len(self._of)}"
        self._of[file] = shlex.split(arguments)
        return f"busybox cat >{file} "

    def files(self):
        return list(self._of)

    def wrong(self, seen, folder):
        """What FileCheck says of what the guest wrote: file → text."""
        return "".join(self._said(arguments, seen.get(file), folder) for file, arguments in self._of.items())

    @staticmethod
    def _said(arguments, text, folder):
        command = ["FileCheck", *arguments]
        if text is None:
            return f"nothing reached {shlex.join(command)}\n"
        done = subprocess.run(command, cwd=folder, env=environment(), text=True, input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.stdout if done.returncode != 0 else ""
