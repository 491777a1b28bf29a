"""A BPF object in the kernel, loaded by bpftool, under a private folder of bpffs that goes away with this process."""

import atexit
import os
import pathlib
import shutil

import bpf
import test_run
from ring import Ring

_BPFFS = pathlib.Path("/sys/fs/bpf")
_PREFIX = "ks-test"
_count = 0


class Pinned:
    def __init__(self, path):
        global _count
        _count += 1
        _remove_stale()
        self.folder = _BPFFS / f"{_PREFIX}-{_count}-{os.getpid()}"
        atexit.register(self.close)
        self.folder.mkdir()
        bpf.bpftool("prog", "loadall", str(path), str(self._progs()), "pinmaps", str(self._maps()))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def _progs(self):
        return self.folder / "progs"

    def _maps(self):
        return self.folder / "maps"

    def programs(self):
        return sorted(prog.name for prog in self._progs().iterdir())

    def run(self, prog, data, repeat=1):
        """BPF_PROG_TEST_RUN: {"retval": …, "duration": nanoseconds of one run, "data": the packet as the program left it}."""
        with self.program(prog) as program:
            try:
                retval, duration, left = program.repeat(data, repeat)
            except OSError as error:
                raise RuntimeError(f"the kernel does not run `{prog}` on {len(data)} bytes: {error.strerror}") from None
        return {"retval": retval, "duration": duration, "data": left}

    def outcome(self, prog, data):
        """The verdict on a packet, and the packet that the program leaves."""
        ran = self.run(prog, data)
        return ran["retval"], ran["data"].hex()

    def verified_instructions(self, prog):
        return bpf.verified_instructions(self._progs() / prog)

    def program(self, name):
        """For runs by the system call."""
        return test_run.Program(self._progs() / name)

    def update_map(self, name, key, value):
        """Writes an entry; key and value are bytes."""
        words = [word for what, data in (("key", key), ("value", value)) for word in (what, "hex", *data.hex(" ").split())]
        bpf.bpftool("map", "update", "pinned", str(self._maps() / name), *words)

    def map_lines(self, name):
        return bpf.map_lines(name, ("pinned", str(self._maps() / name)))

    def ring(self, name):
        return Ring(self._maps() / name)

    def _global_maps(self):
        """name → id of all its maps."""
        shown = sorted(bpf.map_info(path) for path in self._maps().iterdir())
        return {name: number for number, name in shown}

    def globals(self):
        """name → value of the global variables that the programs use."""
        return bpf.globals_of(self._global_maps())

    def set_global(self, name, value):
        """Writes the first bytes of a global variable."""
        bpf.set_global(self._global_maps(), name, value)


def _remove_stale():
    for left in _BPFFS.glob(f"{_PREFIX}-*"):
        if not pathlib.Path(f"/proc/{left.name.rsplit('-', 1)[1]}").exists():
            shutil.rmtree(left, ignore_errors=True)
