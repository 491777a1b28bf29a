"""The pages of messages, from what `ksc explain` shows: src/diag/codes/, src/diag/examples/ and ir-specs/refusals.toml."""

import re
import tomllib

from built import ROOT

_CODE = re.compile(r'((?:^    ///[^\n]*\n)+)    ([EWN]\d{4}) (\w+)(?: \{[^}]*\})?\s*=\s*"((?:\\.|[^"\\])*)"', re.MULTILINE)
# File of src/diag/codes/ → the title of its page.
AREAS = {
    "syntax": "Syntax", "names": "Names", "modules": "Files and modules", "types": "Types", "contexts": "Contexts and calls", "maps": "Maps",
    "shared": "Shared data", "events": "Events", "limits": "Limits", "support": "What this compiler or a target lacks",
    "refused": "What the kernel or a loader refuses", "lifecycle": "Loading, attaching, resources", "throws": "Throw, catch, defer",
    "tests": "Tests", "packets": "Packets of user space", "environment": "Environment", "ir": "IR",
}


def _codes(area):
    """(code, name, message, explanation) of each code of an area."""
    text = (ROOT / f"src/diag/codes/{area}.rs").read_text(encoding="utf-8")
    for doc, code, name, message in _CODE.findall(text):
        yield code, name, message.replace('\\"', '"').replace("{{", "{").replace("}}", "}"), re.sub(r"^ *///( |$)", "", doc, flags=re.MULTILINE).strip()


def _examples(area):
    """code → the parts of its example: (heading, text); none where no program can show it."""
    found, current = {}, None
    path = ROOT / f"src/diag/examples/{area}.txt"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if head := re.match(r"# (.+)$", line):
            words = head[1].split(" ")
            if re.fullmatch(r"[EWN]\d{4}:?", words[0]):
                current = found.setdefault(words[0].rstrip(":"), [])
                # Behind a colon stands why there is no program.
                if not words[0].endswith(":"):
                    current.append([_heading("Wrong", words[1:]), "kernelscript", []])
            elif words[0] == "right":
                current.append([_heading("Right", words[1:]), "kernelscript", []])
            else:
                current.append([f"`{words[1]}`", "python" if words[1].endswith(".py") else "kernelscript", []])
        elif current:
            current[-1][2].append(line)
    return found


def _heading(name, options):
    return f"{name}, with `{' '.join(options)}`" if options else name


def area(name):
    """A heading for each code, with what it means, and a wrong and a right program."""
    examples = _examples(name)
    text = ""
    for code, title, message, doc in _codes(name):
        text += f"## {code}\n\n**{title}**: {message}\n\n{doc}\n"
        for heading, language, lines in examples.get(code, []):
            text += f"\n{heading}:\n\n```{language}\n" + "\n".join(lines).rstrip() + "\n```\n"
        text += "\n"
    return text


def _anchor(code):
    return code.lower()


def index():
    """All codes with their messages."""
    text = ""
    for name, title in AREAS.items():
        text += f"\n## {title}\n\n"
        text += "".join(f"- [{code}]({name}.md#{_anchor(code)}) {message}\n" for code, _, message, _ in _codes(name))
    return text


def codes():
    """All codes that have a heading."""
    rows = tomllib.loads((ROOT / "ir-specs/refusals.toml").read_text(encoding="utf-8"))["refusal"]
    return [code for name in AREAS for code, *_ in _codes(name)] + [row["code"] for row in rows]


def refusals():
    """What the kernel's verifier refuses, with its words."""
    text = ""
    for row in tomllib.loads((ROOT / "ir-specs/refusals.toml").read_text(encoding="utf-8"))["refusal"]:
        patterns = "\n".join(re.sub(r"\{(\w+)(:[^}]*)?\}", r"{\1}", pattern) for pattern in row["patterns"])
        text += f"## {row['code']}\n\n**{row['name']}**: {row['sentence']}\n\n{row['doc'].strip()}\n\nThe verifier's words:\n\n```text\n{patterns}\n```\n"
        text += f"\nWhat helps: {row['help']}.\n\n" if row.get("help") else "\n"
    return text
