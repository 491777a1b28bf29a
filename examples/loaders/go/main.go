// Loads ports.ks by cilium/ebpf 0.9 to 0.16, with the names that bpf2go gives. Later ones need no --without-variables.
//
//	ksc --target=bpf ports.ks -o go/ports.bpf.o
//	ksc bindings --go --without-variables ports.ks -o go/ports.go
//	cd go && go build -o loader . && sudo ./loader eth0 53
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "usage: %s INTERFACE PORT\n", os.Args[0])
		os.Exit(2)
	}
	port, err := strconv.ParseUint(os.Args[2], 10, 16)
	if err == nil {
		err = run(os.Args[1], uint16(port))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(name string, port uint16) error {
	spec, err := loadPorts()
	if err != nil {
		return err
	}
	config := portsWatch{Port: port, Longest: 1500}
	if err := spec.RewriteConstants(map[string]interface{}{"watch": config}); err != nil {
		return err
	}
	var objects portsObjects
	if err := spec.LoadAndAssign(&objects, nil); err != nil {
		return err
	}
	defer objects.Close()
	device, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	attached, err := link.AttachXDP(link.XDPOptions{Program: objects.Count, Interface: device.Index})
	if err != nil {
		return err
	}
	defer attached.Close()
	events, err := ringbuf.NewReader(objects.Seen)
	if err != nil {
		return err
	}
	if err := objects.Data.Put(uint32(0), portsData{Paused: false}); err != nil {
		return err
	}
	fmt.Printf("watching port %d\n", port)
	if err := show(events); err != nil {
		return err
	}
	return showPorts(&objects)
}

// show prints the events until a signal comes.
func show(events *ringbuf.Reader) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		events.Close()
	}()
	for {
		record, err := events.Read()
		if errors.Is(err, ringbuf.ErrClosed) {
			return nil
		} else if err != nil {
			return err
		}
		var seen portsSeen
		if err := binary.Read(bytes.NewReader(record.RawSample), binary.LittleEndian, &seen); err != nil {
			return err
		}
		source := make(net.IP, 4)
		binary.LittleEndian.PutUint32(source, seen.Source)
		fmt.Printf("%v:%d sent %d bytes\n", source, seen.From, seen.Length)
	}
}

func showPorts(objects *portsObjects) error {
	var port uint16
	var traffic portsTraffic
	entries := objects.ByPort.Iterate()
	for entries.Next(&port, &traffic) {
		fmt.Printf("port %d: %d packets, %d bytes\n", port, traffic.Packets, traffic.Bytes)
	}
	if err := entries.Err(); err != nil {
		return err
	}
	var bss portsBss
	if err := objects.Bss.Lookup(uint32(0), &bss); err != nil {
		return err
	}
	fmt.Printf("%d others\n", bss.Others)
	return nil
}
