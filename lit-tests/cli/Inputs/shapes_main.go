// What shapes.c does, by the file of the object.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

func show(what string, value interface{}) {
	var buffer bytes.Buffer
	if err := binary.Write(&buffer, binary.LittleEndian, value); err != nil {
		panic(err)
	}
	fmt.Print(what)
	for _, b := range buffer.Bytes() {
		fmt.Printf(" %02x", b)
	}
	fmt.Println()
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}

func main() {
	v := shapesValue{
		Mac: [6]byte{1, 2, 3, 4, 5, 6}, Kind: shapesKindKIND_MORE, Sign: shapesSignMINUS, Ok: true,
		First: 7, Pointer: 0x5555, Type: -1, Real: 1.5,
	}
	copy(v.Text[:], "hello")
	v.Matrix[1][2] = -2
	binary.LittleEndian.PutUint64(v.Big[:], 0x1122334455667788)
	v.Union.SetFour(0x01020304)
	v.Tight.Word = 0xa1b2c3d4
	v.Tight.Inner.B = 0x1234567890abcdef
	v.Tight.Last = 9
	v.Flags.Before, v.Flags.After = 1, 0xbeef
	v.Flags.SetLow(5)
	v.Flags.SetMiddle(-700)
	v.Flags.SetYes(true)
	v.Flags.SetWide(0x1234567890)
	v.Flags.SetKind(shapesKindKIND_SOME)
	v.Either.SetInner(shapesInner{B: 77})
	v.Either.SetBits(0x15)
	v.Inners[1] = shapesInner{A: 3, B: 4}
	show("value", &v)
	show("flags", &v.Flags)
	f := &v.Flags
	fmt.Printf("%d %d %d %x %x\n", f.Low(), f.Middle(), flag(f.Yes()), f.Wide(), uint32(f.Kind()))
	fmt.Printf("%x %d %d %d\n", v.Either.Word(), v.Either.Bits(), v.Either.Bytes()[8], v.Either.Inner().B)
	spec, err := loadShapes()
	if err != nil {
		panic(err)
	}
	var specs shapesSpecs
	if err := spec.Assign(&specs); err != nil {
		panic(err)
	}
	fmt.Println(specs.Match.SectionName, specs.Shapes.ValueSize == uint32(binary.Size(&v)))
}
