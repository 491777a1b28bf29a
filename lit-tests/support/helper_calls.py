#!/usr/bin/env python3
"""Calls every BPF helper by its name: writes a program for each, compiles the programs of a type together, and loads them with bpftool.

    helper_calls.py KSC TABLE FOLDER [--levels v1,v3,v4] [--types xdp,tc] [--trampolines]

The program of a helper follows from its arguments in ir-specs/helpers.toml and the first program type that may call it. TABLE has a row for
those that need more: `program` and `body`, statements that call it; or `error`, the code with which the compiler refuses the call, beside
`call`, and `why`. `hook` rows load only where the kernel has trampolines (--trampolines): without it they are compiled alone.
Prints how many helpers are called, how many are loaded, and how many are refused; what is otherwise than the table says is an error.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
# Attribute → parameters and result of a program, and what it returns.
_PROGRAMS = {
    "xdp": ("", "ctx: *xdp_md", "xdp_action", "XDP_PASS"),
    "tc": ("", "ctx: *__sk_buff", "i32", "TC_ACT_OK"),
    "tp_btf": ('("sched_switch")', "preempt: bool, task: *task_struct, next: *task_struct", "i32", "0"),
    "raw_tracepoint": ('("sched_switch")', "ctx: *bpf_raw_tracepoint_args", "i32", "0"),
    "syscall": ("", "ctx: *Request", "i32", "0"),
    "sockops": ("", "ctx: *bpf_sock_ops", "i32", "1"),
    "sk_skb": ('("stream_verdict")', "ctx: *__sk_buff", "sk_action", "SK_PASS"),
    "sk_msg": ("", "ctx: *sk_msg_md", "sk_action", "SK_PASS"),
    "sk_reuseport": ("", "ctx: *sk_reuseport_md", "sk_action", "SK_PASS"),
    "sk_lookup": ("", "ctx: *bpf_sk_lookup", "sk_action", "SK_PASS"),
    "cgroup_skb": ('("egress")', "ctx: *__sk_buff", "i32", "1"),
    "cgroup_connect4": ("", "ctx: *bpf_sock_addr", "i32", "1"),
    "cgroup_sysctl": ("", "ctx: *bpf_sysctl", "i32", "1"),
    "cgroup_device": ("", "ctx: *bpf_cgroup_dev_ctx", "i32", "1"),
    "perf_event": ('("cpu_clock", hz: 9)', "ctx: *bpf_perf_event_data", "i32", "0"),
    "lwt_xmit": ("", "ctx: *__sk_buff", "i32", "0"),
    "lwt_seg6local": ("", "ctx: *__sk_buff", "i32", "0"), "kprobe": ("", "ctx: *pt_regs", "i32", "0"),
    "iter": ('("task")', "ctx: *bpf_iter__task", "i32", "0"),
}
# The kernel's names of types, in the order in which a program is chosen.
_TYPES = {
    "sched_cls": "tc", "xdp": "xdp", "raw_tracepoint": "tp_btf", "sock_ops": "sockops", "sk_skb": "sk_skb", "sk_msg": "sk_msg",
    "cgroup_skb": "cgroup_skb", "cgroup_sock_addr": "cgroup_connect4", "cgroup_sysctl": "cgroup_sysctl", "lwt_xmit": "lwt_xmit",
    "perf_event": "perf_event", "sk_reuseport": "sk_reuseport",
}
_VALUES = {
    "scalar": "4", "constant": "4", "context": "ctx", "map": "&entries", "key": "&key", "value": "&value", "value_out": "&value",
    "readable": "&memory", "writable": "&memory", "out": "&memory", "address": "&memory", "text": '"%d"', "dynptr": "&dynptr",
}
_OBJECTS = {"task_struct": "task"}
# The map that allows a helper, by the helper's `needs`.
_MAPS = {
    "push": "waiting", "pop": "waiting", "peek": "waiting", "stack_id": "stacks", "output": "events", "reserve": "ring",
    "under_cgroup": "groups", "redirect": "devices", "sockets": "sockets", "named_sockets": "named", "choose": "listeners",
}


def call(name, spec):
    args = spec.get("args", [])
    values = [_value(spec, arg) for arg in args]
    lines = ["var memory: u8[64] = []"] if "&memory" in values else []
    lines += ["var key: u32 = 0"] if "&key" in values else []
    lines += ["var value: u64 = 0"] if "&value" in values else []
    lines += ["var dynptr: bpf_dynptr"] if "&dynptr" in values else []
    result = "" if spec.get("result") == "void" else "var _result = "
    return [*lines, f"{result}{name}({', '.join(values)})"]


def _value(spec, arg):
    if arg["name"] in ("flags", "netns"):
        return "0"
    if arg["kind"] == "map" and spec.get("needs") in _MAPS:
        return f"&{_MAPS[spec['needs']]}"
    return _OBJECTS.get(arg.get("object")) or _VALUES.get(arg["kind"], "null")


def program(name, spec, row):
    """The attribute's name and the text of the function."""
    types = [of for programs in spec.get("programs", []) for of in programs["types"]]
    known = row.get("program") or next((mine for of, mine in _TYPES.items() if of in types), None)
    if known is None:
        return None, None
    argument, params, result, value = _PROGRAMS.get(known.partition(" ")[0], ("", "", "i32", "0"))
    if " " in known:
        known, argument, params = known.split(" ", 2)
    lines = row["body"].strip().splitlines() if "body" in row else [row["call"]] if "call" in row else call(name, spec)
    body = "".join(f"    {line}\n" for line in [*lines, f"return {value}"])
    return known, f"@{known}{argument} fn h{spec['number']}({params}) -> {result} {{\n{body}}}\n"


def compiled(ksc, path, obj, level):
    done = subprocess.run([ksc, path, "--target=bpf", "--emit=obj", f"--mcpu={level}", "--min-kernel=6.18", "-o", obj],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def load(obj):
    pins = Path(f"/sys/fs/bpf/ks_helpers_{os.getpid()}")
    done = subprocess.run(["bpftool", "prog", "loadall", obj, pins], capture_output=True, text=True, check=False)
    shutil.rmtree(pins, ignore_errors=True)
    return done.returncode, done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ksc")
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--levels", default="v3")
    parser.add_argument("--only", help="the helpers whose names contain this")
    parser.add_argument("--trampolines", action="store_true")
    options = parser.parse_args()
    helpers = tomllib.loads((_ROOT / "ir-specs/helpers.toml").read_text())
    table = tomllib.loads(options.table.read_text())
    shared = table.pop("shared")["text"]
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    wrong, groups, refused, hooks = [f"{name}: no such helper" for name in table.keys() - helpers.keys()], {}, 0, 0
    for name, spec in helpers.items():
        if options.only and options.only not in name:
            continue
        row = table.get(name, {})
        kind, text = program(name, spec, row)
        if kind is None:
            wrong.append(f"{name}: no program type may call it, and the table has no row for it")
        elif "error" in row:
            path = options.folder / f"{name}.ks"
            path.write_text(shared + text)
            status, said = compiled(options.ksc, path, options.folder / "x.o", "v3")
            refused += 1
            if status == 0 or f"error[{row['error']}]" not in said:
                wrong.append(f"{name}: expected {row['error']}: {said or 'it compiles'}")
        else:
            groups.setdefault((kind, row.get("hook", False)), []).append(text)
    called, loaded = sum(map(len, groups.values())), 0
    for (kind, hook), texts in groups.items():
        for level in options.levels.split(","):
            path = options.folder / f"{kind}{'_hook' if hook else ''}.ks"
            path.write_text(shared + "\n".join(texts))
            obj = path.with_suffix(f".{level}.o")
            status, said = compiled(options.ksc, path, obj, level)
            if status == 0 and (options.trampolines or not hook):
                status, said = load(obj)
                loaded += len(texts)
            if status:
                wrong.append(f"{path} at {level}:\n{said[-4000:]}")
    print(f"called: {called}, loaded: {loaded // len(options.levels.split(','))}, refused: {refused}, of {len(helpers)}")
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
