"""What `ksc lsp` sends as diagnostics, by which a client can take, and of a header that is open alone or with a program that includes it.

    told.py KSC SUPPORT FOLDER     FOLDER is for what is made
"""

import sys
import time
from pathlib import Path

ksc, support, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
sys.path.insert(0, support)
from lsp_client import Client  # noqa: E402

HEADER = "struct Pair { left: u32, right: u33 }\nstruct Two { one: Kind }\nfn body() -> u32 {\n    return 1\n}\n"
PROGRAM = 'enum Kind { A, B }\ninclude "pairs.kh"\n@xdp fn seen(ctx: *xdp_md) -> xdp_action {\n    return XDP_PAS\n}\n'
PROGRAM += "fn main() -> i32 {\n    load(seen)\n    return 0\n}\n"
header, program = (folder / name for name in ("pairs.kh", "pairs.ks"))
header.write_text(HEADER)
program.write_text(PROGRAM)


def pushed(client, name, version=1):
    """The last diagnostics that were sent of each file, when those of one file come that are of this version of it."""
    seen = len(client.told)
    wanted = (name, version)
    while wanted not in ((message["params"]["uri"].rsplit("/")[-1], message["params"].get("version")) for message in client.told[seen:]):
        client.told.append(client.receive())
    last = {}
    for message in client.told:
        if message.get("method") == "textDocument/publishDiagnostics":
            told = message["params"]
            last[told["uri"].rsplit("/")[-1]] = [f'{one["code"]} {one["range"]["start"]["line"] + 1}' for one in told["diagnostics"]]
    return last


def hovered(client, line, character):
    at = {"textDocument": {"uri": header.as_uri()}, "position": {"line": line, "character": character}}
    found = client.ask("textDocument/hover", at)
    return found["contents"]["value"].split("\n")[1] if found else None


# A client has what it is sent and what it asks for side by side.
for name, text in (("both", {"diagnostic": {}, "publishDiagnostics": {}}), ("pushed", {"publishDiagnostics": {}}), ("pulled", {"diagnostic": {}})):
    client = Client([ksc], text=text)
    client.open(program.as_uri(), PROGRAM)
    sent = pushed(client, "pairs.ks") if "publishDiagnostics" in text else None
    asked = client.ask("textDocument/diagnostic", {"textDocument": {"uri": program.as_uri()}})
    time.sleep(0 if sent else 0.3)
    client.end()
    sent = sent or [message for message in client.told if "publish" in message["method"]]
    print(f'{name}: may ask {"diagnosticProvider" in client.ready["capabilities"]}, is sent {sent},',
          f'asked for {[one["code"] for one in asked["items"]]}')

client = Client([ksc])
client.open(header.as_uri(), HEADER)
print("header alone:", pushed(client, "pairs.kh")["pairs.kh"], hovered(client, 0, 8))
client.open(program.as_uri(), PROGRAM)
print("with its program:", pushed(client, "pairs.kh")["pairs.kh"], hovered(client, 1, 19))
client.tell("textDocument/didClose", {"textDocument": {"uri": program.as_uri()}})
change = [{"text": "struct Pair { left: u32, right: u32 }\n"}]
client.tell("textDocument/didChange", {"textDocument": {"uri": header.as_uri(), "version": 2}, "contentChanges": change})
print("mended:", pushed(client, "pairs.kh", 2)["pairs.kh"], hovered(client, 0, 8))
print("end", client.end())
