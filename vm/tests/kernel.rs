//! What programs find around them: maps, contexts, packets, helpers, time. Little-endian code.

mod support;

use ks_vm::decode::Slot;
use ks_vm::facts::{HELPERS, uapi};
use ks_vm::memory::{of_code, of_map};
use ks_vm::{Endian, Fault, FaultKind, Input, Line, MapSpec, Output, ProgramSpec, Vm};
use support::{imm, reg, wide};

const EXIT: Slot = Slot { opcode: 0x95, dst: 0, src: 0, offset: 0, immediate: 0 };

fn call(name: &str) -> Slot {
    let (number, _) = HELPERS.iter().find(|(_, known)| *known == name).expect("a helper");
    imm(0x85, 0, 0, *number as i32)
}

fn local(distance: i32) -> Slot {
    Slot { opcode: 0x85, src: 1, immediate: distance, ..Slot::default() }
}

fn mov(dst: u8, number: i32) -> Slot {
    imm(0xb7, dst, 0, number)
}

/// `dst = r10 + offset`
fn stack(dst: u8, offset: i32) -> Vec<Slot> {
    vec![reg(0xbf, dst, 10, 0), imm(0x07, dst, 0, offset)]
}

fn map(dst: u8, number: u32) -> Vec<Slot> {
    wide(dst, of_map(number))
}

fn spec(kind: u32, key_size: usize, value_size: usize, max_entries: usize) -> MapSpec {
    MapSpec { name: "m".into(), kind, key_size, value_size, max_entries, flags: 0 }
}

fn machine(specs: &[MapSpec]) -> Vm {
    let mut vm = Vm::new(Endian::Little, 2);
    for spec in specs {
        vm.create_map(spec.clone()).expect("a map");
    }
    vm
}

fn load(vm: &mut Vm, prog_type: u32, code: Vec<Slot>) -> Result<u32, Fault> {
    let lines = vec![
        Line { instruction: 0, file: "a.ks".into(), line: 7 },
        Line { instruction: 4, file: "a.ks".into(), line: 9 },
    ];
    vm.load_program(ProgramSpec { name: "p".into(), prog_type, code, lines, ..ProgramSpec::default() })
}

fn run_on(vm: &mut Vm, prog_type: u32, code: Vec<Slot>, packet: &[u8]) -> Result<Output, Fault> {
    let program = load(vm, prog_type, code)?;
    vm.run(program, Input { packet: Some(packet.to_vec()), ..Input::default() })
}

fn run(vm: &mut Vm, code: Vec<Slot>) -> u64 {
    run_on(vm, 0, code, &[]).unwrap_or_else(|fault| panic!("{fault}")).result
}

fn fails(vm: &mut Vm, prog_type: u32, code: Vec<Slot>, packet: &[u8], words: &str) {
    match run_on(vm, prog_type, code, packet) {
        Ok(output) => panic!("yields {:#x}", output.result),
        Err(fault) => assert_eq!(fault.to_string(), words),
    }
}

/// `m[key] = value` with flags; r0 is the status.
fn update(number: u32, key: i32, value: i32, flags: i32) -> Vec<Slot> {
    let begin = vec![imm(0x62, 10, -4, key), imm(0x7a, 10, -16, value)];
    [begin, map(1, number), stack(2, -4), stack(3, -16), vec![mov(4, flags), call("bpf_map_update_elem")]].concat()
}

/// r0 = the address of `m[key]`
fn lookup(number: u32, key: i32) -> Vec<Slot> {
    [vec![imm(0x62, 10, -4, key)], map(1, number), stack(2, -4), vec![call("bpf_map_lookup_elem")]].concat()
}

#[test]
fn an_access_beyond_a_value_names_line_and_map() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_ARRAY, 4, 8, 4)]);
    let code = [lookup(0, 2), vec![reg(0x79, 0, 0, 8), EXIT]].concat();
    fails(&mut vm, 0, code, &[], "a.ks:9: a load of 8 bytes at offset 8 of a value of map m of 8 bytes");
    let code = [lookup(0, 4), vec![reg(0x79, 0, 0, 0), EXIT]].concat();
    fails(&mut vm, 0, code, &[], "a.ks:9: a load of 8 bytes at null");
}

#[test]
fn a_table_is_full_and_has_conditions() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_HASH, 4, 8, 1)]);
    let status = |error: i64| (-error) as u64;
    for (key, flags, expected) in [
        (1, 2, status(uapi::ENOENT)),
        (1, 0, 0),
        (1, 1, status(uapi::EEXIST)),
        (2, 0, status(uapi::E2BIG)),
        (1, 3, status(uapi::EINVAL)),
    ] {
        let code = [update(0, key, 5, flags), vec![EXIT]].concat();
        assert_eq!(run(&mut vm, code), expected, "key {key}, flags {flags}");
    }
    let (table, memory) = vm.map_mut(0).expect("a map");
    assert_eq!(table.read(memory, &1u32.to_le_bytes()), Some(5u64.to_le_bytes().to_vec()));
    assert_eq!(table.keys(), [1u32.to_le_bytes()]);
}

#[test]
fn a_value_that_was_deleted_stays_until_the_run_ends() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_HASH, 4, 8, 1)]);
    let delete = [map(1, 0), stack(2, -4), vec![call("bpf_map_delete_elem")]].concat();
    let code =
        [update(0, 1, 5, 0), lookup(0, 1), vec![reg(0xbf, 6, 0, 0)], delete, vec![reg(0x79, 0, 6, 0), EXIT]].concat();
    assert_eq!(run(&mut vm, code), 5);
}

#[test]
fn the_least_recently_used_entry_goes() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_LRU_HASH, 4, 8, 2)]);
    let code = [update(0, 1, 5, 0), update(0, 2, 6, 0), lookup(0, 1), update(0, 3, 7, 0), vec![EXIT]].concat();
    assert_eq!(run(&mut vm, code), 0);
    let left: Vec<Vec<u8>> = [1u32, 3].iter().map(|key| key.to_le_bytes().to_vec()).collect();
    assert_eq!(vm.map(0).expect("a map").keys(), left);
}

#[test]
fn values_of_cpus_are_written_on_the_first() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2)]);
    run(&mut vm, [update(0, 1, 5, 0), vec![EXIT]].concat());
    let (table, memory) = vm.map_mut(0).expect("a map");
    let all = [5u64.to_le_bytes(), 0u64.to_le_bytes()].concat();
    assert_eq!(table.read(memory, &1u32.to_le_bytes()), Some(all));
}

#[test]
fn a_trie_finds_the_longest_prefix() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_LPM_TRIE, 8, 4, 8)]);
    let key = |bits: u32, address: [u8; 4]| [bits.to_le_bytes(), address].concat();
    let (trie, memory) = vm.map_mut(0).expect("a map");
    for (bits, address, value) in [(8, [10, 1, 1, 1], 1u32), (16, [10, 1, 0, 0], 2), (0, [0; 4], 3)] {
        trie.write(memory, &key(bits, address), &value.to_le_bytes(), 0).expect("room");
    }
    for (address, value) in [([10, 1, 2, 3], 2u32), ([10, 2, 2, 3], 1), ([11, 0, 0, 1], 3)] {
        assert_eq!(trie.read(memory, &key(32, address)), Some(value.to_le_bytes().to_vec()), "{address:?}");
    }
    assert_eq!(trie.write(memory, &key(33, [0; 4]), &[0; 4], 0), Err(uapi::EINVAL));
    // The key is kept as it was given.
    assert!(trie.keys().contains(&key(8, [10, 1, 1, 1])));
}

#[test]
fn tail_calls_end_after_33() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1), spec(uapi::BPF_MAP_TYPE_ARRAY, 4, 8, 1)]);
    let count = [lookup(1, 0), vec![reg(0x79, 1, 0, 0), imm(0x07, 1, 0, 1), reg(0x7b, 0, 1, 0)]].concat();
    let tail = [vec![reg(0xbf, 1, 6, 0)], map(2, 0), vec![mov(3, 0), call("bpf_tail_call"), EXIT]].concat();
    let code = [vec![reg(0xbf, 6, 1, 0)], count, tail].concat();
    let program = load(&mut vm, uapi::BPF_PROG_TYPE_XDP, code).expect("a program");
    let (table, memory) = vm.map_mut(0).expect("a map");
    table.write(memory, &[0; 4], &program.to_le_bytes(), 0).expect("room");
    let output = vm.run(program, Input { packet: Some(vec![0; 64]), ..Input::default() }).expect("it runs");
    assert_eq!(output.result as u32, (-uapi::ENOENT) as u32);
    let (counts, memory) = vm.map_mut(1).expect("a map");
    assert_eq!(counts.read(memory, &[0; 4]), Some(34u64.to_le_bytes().to_vec()));
}

#[test]
fn a_tail_call_in_a_function_returns_to_its_caller() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1)]);
    let other = load(&mut vm, 0, vec![mov(6, 9), mov(0, 30), EXIT]).expect("a program");
    let (table, memory) = vm.map_mut(0).expect("a map");
    table.write(memory, &[0; 4], &other.to_le_bytes(), 0).expect("room");
    let main = vec![mov(6, 4), local(2), reg(0x0f, 0, 6, 0), EXIT];
    let code = [main, map(2, 0), vec![mov(3, 0), call("bpf_tail_call"), mov(0, 1), EXIT]].concat();
    assert_eq!(run(&mut vm, code), 34);
}

#[test]
fn a_record_is_gone_when_it_is_submitted() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_RINGBUF, 0, 0, 4096)]);
    let reserve = [map(1, 0), vec![mov(2, 16), mov(3, 0), call("bpf_ringbuf_reserve"), reg(0xbf, 6, 0, 0)]].concat();
    let submit = vec![imm(0x7a, 6, 8, 77), reg(0xbf, 1, 6, 0), mov(2, 0), call("bpf_ringbuf_submit")];
    run(&mut vm, [reserve.clone(), submit.clone(), vec![mov(0, 0), EXIT]].concat());
    let (ring, _) = vm.map_mut(0).expect("a map");
    assert_eq!(ring.take_records(), [[0u64.to_le_bytes(), 77u64.to_le_bytes()].concat()]);
    assert!(ring.take_records().is_empty());
    let late = run_on(&mut vm, 0, [reserve.clone(), submit, vec![imm(0x7a, 6, 8, 78), EXIT]].concat(), &[]);
    assert!(late.expect_err("a wrong access").to_string().contains("in no region or in one that is gone"));
    let beyond = run_on(&mut vm, 0, [reserve, vec![imm(0x7a, 6, 9, 1), EXIT]].concat(), &[]);
    let words = "a store of 8 bytes at offset 9 of a record of ring buffer m of 16 bytes";
    assert!(beyond.expect_err("a wrong access").to_string().contains(words));
}

#[test]
fn packets_have_bounds_that_move() {
    let mut vm = machine(&[]);
    let xdp = uapi::BPF_PROG_TYPE_XDP;
    let load_at = |offset| vec![reg(0x61, 2, 1, 0), reg(0x71, 0, 2, offset), EXIT];
    assert_eq!(run_on(&mut vm, xdp, load_at(13), &[7; 14]).expect("it runs").result, 7);
    fails(&mut vm, xdp, load_at(14), &[7; 14], "a.ks:7: a load of 1 byte at offset 14 of a packet of 14 bytes");
    fails(&mut vm, xdp, load_at(-1), &[7; 14], "a.ks:7: a load of 1 byte at offset -1 of a packet of 14 bytes");
    let move_head = |by| vec![reg(0xbf, 6, 1, 0), reg(0x61, 7, 1, 0), mov(2, by), call("bpf_xdp_adjust_head")];
    let again = vec![reg(0x61, 7, 6, 0), reg(0x71, 0, 7, 0), EXIT];
    let output = run_on(&mut vm, xdp, [move_head(4), again].concat(), &(0..64).collect::<Vec<u8>>()).expect("it runs");
    assert_eq!((output.result, output.packet), (4, (4..64).collect::<Vec<u8>>()));
    let stale = run_on(&mut vm, xdp, [move_head(4), vec![reg(0x71, 0, 7, 0), EXIT]].concat(), &[0; 64]);
    assert!(stale.expect_err("an old pointer").to_string().contains("one that is gone"));
    let output = run_on(&mut vm, xdp, [move_head(60), vec![EXIT]].concat(), &[0; 64]).expect("it runs");
    assert_eq!((output.result as u32, output.packet.len()), ((-uapi::EINVAL) as u32, 64));
}

#[test]
fn contexts_have_fields() {
    let mut vm = machine(&[]);
    let (tc, xdp) = (uapi::BPF_PROG_TYPE_SCHED_CLS, uapi::BPF_PROG_TYPE_XDP);
    let mark = vec![imm(0x62, 1, 8, 21), reg(0x61, 0, 1, 8), reg(0x61, 2, 1, 0), reg(0x0f, 0, 2, 0), EXIT];
    let output = run_on(&mut vm, tc, mark, &[0; 60]).expect("it runs");
    assert_eq!((output.result, &output.context[8..12]), (81, &21u32.to_le_bytes()[..]));
    let words = "a.ks:7: a store of 4 bytes at offset 0 of __sk_buff";
    fails(&mut vm, tc, vec![imm(0x62, 1, 0, 1), EXIT], &[0; 60], words);
    fails(&mut vm, xdp, vec![reg(0x71, 0, 1, 0), EXIT], &[0; 60], "a.ks:7: a load of 1 byte at offset 0 of xdp_md");
    let behind = "a.ks:7: a load of 4 bytes at offset 24 of a context of 24 bytes";
    fails(&mut vm, xdp, vec![reg(0x61, 0, 1, 24), EXIT], &[0; 60], behind);
}

#[test]
fn a_program_that_names_what_is_not_there_is_not_loaded() {
    let mut vm = machine(&[]);
    let fault = load(&mut vm, 0, vec![call("bpf_override_return"), EXIT]).expect_err("it lacks");
    assert_eq!(fault.kind, FaultKind::Lacks);
    assert_eq!(fault.message, "bpf_override_return");
    assert!(fault.to_string().ends_with("the virtual machine has no bpf_override_return"), "{fault}");
    let arena = vm.create_map(spec(uapi::BPF_MAP_TYPE_ARENA, 0, 0, 1)).expect_err("it lacks");
    assert_eq!(arena.to_string(), "the virtual machine has no map kind `arena`");
}

#[test]
fn loops_call_back_and_stop() {
    let mut vm = machine(&[]);
    // The callback adds its index to what its second argument points to, and stops at 4.
    let callback = vec![
        reg(0x79, 3, 2, 0),
        reg(0x0f, 3, 1, 0),
        reg(0x7b, 2, 3, 0),
        mov(0, 0),
        imm(0x55, 1, 1, 4),
        mov(0, 1),
        EXIT,
    ];
    let main = [
        vec![imm(0x7a, 10, -8, 0), mov(1, 10)],
        wide(2, of_code(0, 12)),
        stack(3, -8),
        vec![mov(4, 0), call("bpf_loop"), reg(0x79, 1, 10, -8), imm(0x27, 1, 0, 100), reg(0x0f, 0, 1, 0), EXIT],
    ]
    .concat();
    assert_eq!(main.len(), 12);
    assert_eq!(run(&mut vm, [main, callback].concat()), 1005);
}

#[test]
fn timers_go_off_in_virtual_time() {
    let mut vm = machine(&[spec(uapi::BPF_MAP_TYPE_ARRAY, 4, 32, 1)]);
    // The callback stores the time behind the timer.
    let callback = vec![reg(0xbf, 6, 3, 0), call("bpf_ktime_get_ns"), reg(0x7b, 6, 0, 16), mov(0, 0), EXIT];
    let timer = |name: &str| vec![reg(0xbf, 1, 6, 0), call(name)];
    let main = [
        lookup(0, 0),
        vec![reg(0xbf, 6, 0, 0)],
        map(2, 0),
        vec![mov(3, 1)],
        timer("bpf_timer_init"),
        wide(2, of_code(0, 21)),
        timer("bpf_timer_set_callback"),
        vec![mov(2, 5000), mov(3, 0)],
        timer("bpf_timer_start"),
        vec![EXIT],
    ]
    .concat();
    assert_eq!(main.len(), 21);
    assert_eq!(run(&mut vm, [main, callback].concat()), 0);
    let begun = vm.now();
    let went_off = |vm: &mut Vm| {
        let (array, memory) = vm.map_mut(0).expect("a map");
        let value = array.read(memory, &[0; 4]).expect("a value");
        u64::from_le_bytes(value[16..24].try_into().expect("8 bytes"))
    };
    vm.sleep(4999).expect("nothing is wrong");
    assert_eq!(went_off(&mut vm), 0);
    vm.sleep(1).expect("nothing is wrong");
    // The reading takes 1,000 ns.
    assert_eq!(went_off(&mut vm), begun + 5000 + 1000);
    vm.sleep(10_000).expect("nothing is wrong");
    assert_eq!(went_off(&mut vm), begun + 5000 + 1000, "it goes off once");
}

#[test]
fn chance_is_the_same_in_each_machine() {
    let code = || {
        vec![
            call("bpf_get_prandom_u32"),
            reg(0xbf, 6, 0, 0),
            call("bpf_get_prandom_u32"),
            imm(0x67, 0, 0, 32),
            reg(0x4f, 0, 6, 0),
            EXIT,
        ]
    };
    let (first, second) = (run(&mut machine(&[]), code()), run(&mut machine(&[]), code()));
    assert_eq!(first, second);
    assert_ne!(first >> 32, first & 0xffff_ffff);
}

#[test]
fn prints_have_the_kernel_s_formats() {
    let mut vm = machine(&[]);
    let text = b"%d %5u|%-4x|%04llx%%\0\0\0\0";
    let words = text.chunks(8).enumerate().flat_map(|(at, word)| {
        let number = u64::from_le_bytes(word.try_into().expect("8 bytes"));
        [wide(1, number), vec![reg(0x7b, 10, 1, -24 + 8 * at as i16)]].concat()
    });
    let mut code: Vec<Slot> = words.collect();
    code.extend(stack(1, -24));
    code.extend([mov(2, 22), mov(3, -7), mov(4, 42), mov(5, 255)]);
    code.extend([call("bpf_trace_printk"), EXIT]);
    // Only three arguments: the fourth is not there.
    assert_eq!(run(&mut vm, code.clone()), (-uapi::EINVAL) as u64);
    assert!(vm.take_printed().is_empty());
    let at = code.iter().position(|slot| *slot == mov(2, 22)).expect("the length");
    code[at] = mov(2, 12);
    assert_eq!(run(&mut vm, code), 14);
    assert_eq!(vm.take_printed(), ["-7    42|ff  |"]);
}
