# Modules of Python from texts in memory.
import json
import linecache
import sys
from importlib.machinery import ModuleSpec


class Texts:
    """Finds and loads modules; texts are known by their paths from the folder of the script."""

    def __init__(self, texts):
        self.texts = texts
        # Variables that a module has before it runs, by its path.
        self.given = {}

    def compiled(self, path):
        """The code of a text, of which tracebacks show the lines."""
        text = self.texts[path]
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        return compile(text, path, "exec", dont_inherit=True)

    def find_spec(self, name, path=None, target=None):
        base = name.replace(".", "/")
        for file, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            if file in self.texts:
                spec = ModuleSpec(name, self, origin=file, is_package=package)
                spec.has_location = True
                return spec
        if any(file.startswith(f"{base}/") for file in self.texts):
            return ModuleSpec(name, None, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path = module.__spec__.origin
        module.__dict__.update(self.given.get(path, {}))
        exec(self.compiled(path), module.__dict__)

    def get_source(self, name):
        return self.texts[self.find_spec(name).origin]


def shown(error):
    """An exception with its traceback, from the program's first line on."""
    import traceback
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in ("<ksc>", "<string>"):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def report(kind, error, trace):
    sys.stderr.write(shown(error))


sys.excepthook = report
