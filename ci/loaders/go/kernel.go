package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"

	"github.com/cilium/ebpf/btf"
)

// Kinds of types in BTF (linux/btf.h).
const (
	kindInt       = 1
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindConst     = 10
	kindFuncProto = 13
	kindVar       = 14
	kindDatasec   = 15
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

// kernelTypes are those of the running kernel, in the kinds that cilium/ebpf 0.9 knows, which Debian 12 has: tags are constants of what they
// tag, and of enums with 64 bits the lower halves are left. Numbers of types stay as they are.
func kernelTypes() (*btf.Spec, error) {
	raw, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return nil, err
	}
	word := func(at uint32) uint32 { return binary.LittleEndian.Uint32(raw[at:]) }
	head, start, size, texts, length := word(4), word(8), word(12), word(16), word(20)
	var types []byte
	for at, end := head+start, head+start+size; at < end; {
		name, info, rest := word(at), word(at+4), word(at+8)
		kind, count := info>>24&31, info&0xffff
		members := at + 12
		at = members + sizeOfMembers(kind, count)
		kept := raw[members:at]
		switch kind {
		case kindDeclTag:
			name, info, kept = 0, kindConst<<24, nil
		case kindTypeTag:
			name, info = 0, kindConst<<24
		case kindEnum64:
			info, rest, kept = kindEnum<<24|count, 4, nil
			for value := members; value < at; value += 12 {
				kept = append(kept, raw[value:value+8]...)
			}
		}
		for _, number := range []uint32{name, info, rest} {
			types = binary.LittleEndian.AppendUint32(types, number)
		}
		types = append(types, kept...)
	}
	out := append([]byte{}, raw[:head]...)
	for at, number := range []uint32{0, uint32(len(types)), uint32(len(types)), length} {
		binary.LittleEndian.PutUint32(out[8+4*at:], number)
	}
	out = append(append(out, types...), raw[head+texts:head+texts+length]...)
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("types of the kernel: %w", err)
	}
	return spec, nil
}

// sizeOfMembers is how many bytes follow the first twelve of a type.
func sizeOfMembers(kind, count uint32) uint32 {
	switch kind {
	case kindInt, kindVar, kindDeclTag:
		return 4
	case kindArray:
		return 12
	case kindStruct, kindUnion, kindDatasec, kindEnum64:
		return 12 * count
	case kindEnum, kindFuncProto:
		return 8 * count
	}
	return 0
}
