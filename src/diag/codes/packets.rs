//! E08: packets that user space makes.

codes! {
    /// A packet is written as its layers, from the first byte on. The name is neither that of a layer nor that of a struct.
    E0801 UnknownLayer { name } = "no layer `{name}`",
    /// A layer is a header with some of its fields, a struct, a string, an array, or another packet. A number alone does not say how many
    /// bytes it has; in an array, one without a type is a byte.
    E0802 NotALayer { what } = "{what} is no layer of a packet",
    /// A packet holds the largest frames that networks commonly carry.
    E0803 PacketTooLong { size, room } = "the layers have {size} bytes, and a packet holds {room}",
    /// BPF programs and kernel functions have a stack of some hundred bytes. They get packets, and do not make them.
    E0804 PacketInKernel = "a packet is made in user space",
    /// The size of the header is in one of its fields, in words of several bytes. The header with its options is larger than that field
    /// can say.
    E0805 HeaderTooLong { layer, size, most, field } = "`{layer}` has {size} bytes, and its `{field}` can say {most}",
    /// Bytes of a packet are looked at where the packet is: in a variable.
    E0806 PacketNotStored = "this packet is stored nowhere",
}
