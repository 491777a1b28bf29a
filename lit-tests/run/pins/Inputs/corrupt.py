"""Runs an executable with wrong numbers in the types of its BPF object: python3 corrupt.py EXECUTABLE OBJECT PIN_FOLDER

Each size and offset among the types is halved, and doubled, one in each run. The unchanged executable makes the pins first, so that the other one
finds them. A run has to end with status 0, or with status 1 and a message that is not a panic's.
"""

import pathlib
import shutil
import struct
import subprocess
import sys

executable, object_file, pins = sys.argv[1:]
whole, carried = pathlib.Path(executable).read_bytes(), pathlib.Path(object_file).read_bytes()
at = whole.find(carried)
changed = pathlib.Path(executable + ".changed")


def types():
    """Where the words of the types of .BTF are in the object."""
    headers, count, names = *struct.unpack_from("<Q", carried, 40), *struct.unpack_from("<HH", carried, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", carried, headers + 64 * i) for i in range(count)]
    for section in sections:
        start = sections[names][4] + section[0]
        if carried[start:carried.index(b"\0", start)] == b".BTF":
            header, offset, size = struct.unpack_from("<III", carried, section[4] + 4)
            return range(section[4] + header + offset, section[4] + header + offset + size, 4)


def run(program):
    return subprocess.run([program], capture_output=True, text=True)


tried = 0
for place in types():
    (word,) = struct.unpack_from("<I", carried, place)
    if word not in (4, 8, 16, 32):
        continue
    for wrong in (word // 2, word * 2):
        damaged = bytearray(whole)
        struct.pack_into("<I", damaged, at + place, wrong)
        changed.write_bytes(damaged)
        changed.chmod(0o755)
        shutil.rmtree(pins, ignore_errors=True)
        assert run(executable).returncode == 0
        done = run(changed)
        tried += 1
        if done.returncode not in (0, 1) or "panicked" in done.stderr or done.returncode == 1 and not done.stderr:
            print(f"{word} at {place} as {wrong}: status {done.returncode}\n{done.stderr}")
print(f"more than 20: {tried > 20}")
