"""What guests boot from: the machine's own tools with the libraries that they need, a kernel's modules, and the tests.

The kernel unpacks archives that follow each other in one file, so what guests share is made once.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import kernels

_GUEST = Path(__file__).resolve().parent / "guest"
# What the scripts of the tests call; a tool that is not here is a shell's "not found" in a test's log.
_TOOLS = ["bash", "python3", "bpftool", "ip", "tc", "ping", "nsenter", "unshare", "setpriv", "env", "cat", "true"]
# What scripts in Python load by its name.
_LIBRARIES = ["libbpf.so.1"]
_LLVM_TOOLS = ["FileCheck", "not", "split-file"]
_MODULES = ["veth", "cls_bpf", "sch_ingress", "nf_conntrack", "loop"]
# The machine of an ELF file (linux/elf-em.h).
_BPF = (247).to_bytes(2, "little")
_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
# Of Python's library: what no script of the guest imports.
_NO_PYTHON = {"test", "idlelib", "lib2to3", "tkinter", "ensurepip", "pydoc_data", "distutils", "turtledemo",
              "__pycache__", "lib-dynload/__pycache__", "sqlite3", "unittest", "dist-packages"}


class Tree:
    """A folder that becomes a part of the root of guests."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def add(self, source, target=None):
        """Copies a file or folder; without a target to where it is here. Libraries of programs come along."""
        source = Path(source)
        inside = self.folder / str(target or source).lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, inside, dirs_exist_ok=True)
            files = [path for path in inside.rglob("*") if path.is_file()]
        else:
            shutil.copy2(source, inside)
            files = [inside]
        for path in files:
            self._add_libraries(path)

    def _add_libraries(self, path):
        with open(path, "rb") as file:
            head = file.read(20)
        if head[:4] != b"\x7fELF" or head[18:20] == _BPF:
            return
        shown = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", shown):
            inside = self.folder / library.lstrip("/")
            if not inside.exists():
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(library, inside)

    def add_system(self):
        """Everything but modules and tests."""
        for name in "bin dev etc lib64 proc root run sys tmp usr/bin usr/sbin usr/lib var".split():
            (self.folder / name).mkdir(parents=True)
        self.add("/bin/busybox", "/bin/busybox")
        for name in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True).stdout.split():
            if name != "busybox":
                (self.folder / "bin" / name).symlink_to("busybox")
        for name in _TOOLS:
            tool = shutil.which(name, path=_SYSTEM)
            if not tool:
                raise kernels.Missing(f"no {name} in {_SYSTEM}")
            # Not through the link that a busybox applet has.
            (self.folder / "bin" / name).unlink(missing_ok=True)
            self.add(os.path.realpath(tool), f"/usr/bin/{name}")
        for name in _LLVM_TOOLS:
            self.add(f"/usr/lib/llvm-22/bin/{name}", f"/usr/bin/{name}")
        for name in _LIBRARIES:
            for library in Path("/usr/lib").glob(f"*-linux-gnu/{name}"):
                self.add(library)
        self._add_python()
        (self.folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (self.folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
        (self.folder / "etc/nsswitch.conf").write_text("hosts: files\n")
        for name, place in (("init", "init"), ("run_manifest.py", "guest/run_manifest.py"), ("forked", "usr/bin/forked")):
            self.add(_GUEST / name, place)
            (self.folder / place).chmod(0o755)

    def _add_python(self):
        """The library with its byte code beside it: under emulation to compile it takes longer than to run it."""
        shown = subprocess.run([shutil.which("python3", path=_SYSTEM), "-c", "import os; print(os.__file__)"],
                               capture_output=True, text=True, check=True)
        library = Path(shown.stdout.strip()).parent
        inside = self.folder / str(library).lstrip("/")
        ignore = lambda folder, names: {n for n in names if n in _NO_PYTHON or n.startswith("config-")}  # noqa: E731
        shutil.copytree(library, inside, ignore=ignore, dirs_exist_ok=True)
        for path in inside.glob("lib-dynload/*.so"):
            self._add_libraries(path)
        self.compile_python(inside)

    @staticmethod
    def compile_python(folder):
        """By the guest's Python: byte code belongs to a version. Times are no sign of its age, the archive keeps none."""
        python = shutil.which("python3", path=_SYSTEM)
        subprocess.run([python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder],
                       stdout=subprocess.DEVNULL)

    def add_modules(self, kernel):
        """The kernel's modules, and in which order to load them; its configuration."""
        for config in (kernel / "boot").glob("config-*"):
            self.add(config, f"/boot/{config.name}")
        inside = self.folder / "modules"
        inside.mkdir()
        order = []
        for path in kernels.module_files(kernel, _MODULES):
            name = path.name.removesuffix(".xz")
            with open(inside / name, "wb") as module:
                subprocess.run(["xz", "-dc", path] if path.suffix == ".xz" else ["cat", path], stdout=module, check=True)
            order.append(f"/modules/{name}\n")
        (inside / "order").write_text("".join(order))

    def pack(self, archive):
        names = subprocess.run(["find", ".", "-print0"], cwd=self.folder, stdout=subprocess.PIPE, check=True).stdout
        with open(archive, "wb") as out:
            subprocess.run(["cpio", "-0", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=self.folder, input=names,
                           stdout=out, check=True)
        return archive


def join(archives, initramfs):
    with open(initramfs, "wb") as out:
        for archive in archives:
            with open(archive, "rb") as part:
                shutil.copyfileobj(part, out)
    return initramfs
