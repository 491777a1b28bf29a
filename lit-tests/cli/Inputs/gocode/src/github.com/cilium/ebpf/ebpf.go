// Package ebpf has the names of cilium/ebpf 0.17 that bpf2go's files use.
package ebpf

import "io"

type (
	CollectionOptions struct{}
	CollectionSpec    struct{}
	Map               struct{ io.Closer }
	MapSpec           struct{}
	Program           struct{ io.Closer }
	ProgramSpec       struct{}
	Variable          struct{}
	VariableSpec      struct{}
)

func LoadCollectionSpecFromReader(io.ReaderAt) (*CollectionSpec, error) { return nil, nil }
func (*CollectionSpec) LoadAndAssign(interface{}, *CollectionOptions) error { return nil }
