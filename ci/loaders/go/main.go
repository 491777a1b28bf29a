// Loads objects by cilium/ebpf, as programs do that know nothing of ksc: go-loaders OBJECT…. A line for each program and map of each; 1 where
// one fails.
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

func main() {
	status := 0
	if err := rlimit.RemoveMemlock(); err != nil {
		fmt.Println(err)
		status = 1
	}
	types, err := kernelTypes()
	if err != nil {
		fmt.Println(err)
		status = 1
	}
	options := ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: types}}
	for _, path := range os.Args[1:] {
		lines, err := load(path, options)
		for _, line := range lines {
			fmt.Printf("%s: %s\n", path, line)
		}
		if err != nil {
			fmt.Printf("%s: error: %+v\n", path, err)
			status = 1
		}
	}
	os.Exit(status)
}

func load(path string, options ebpf.CollectionOptions) ([]string, error) {
	spec, err := ebpf.LoadCollectionSpec(path)
	if err != nil {
		return nil, err
	}
	collection, err := ebpf.NewCollectionWithOptions(spec, options)
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) {
		return nil, fmt.Errorf("%+v", refused)
	} else if err != nil {
		return nil, err
	}
	defer collection.Close()
	var lines []string
	for name := range collection.Programs {
		lines = append(lines, name+" is loaded")
	}
	for name := range collection.Maps {
		lines = append(lines, name+" is a map")
	}
	sort.Strings(lines)
	return lines, nil
}
