package conflict

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// snapshot is how much of a packet is wanted: all of any that counts.
const snapshot = 256

// A condition loads something and ends in a comparison whose packets go on when it
// holds, and are dropped when it does not.
type condition struct {
	load  bpf.Instruction
	test  bpf.JumpTest
	value uint32
}

// received are packets that this node did not send, and that are for it or for all.
var received = condition{bpf.LoadExtension{Num: bpf.ExtType}, bpf.JumpLessOrEqual, unix.PACKET_MULTICAST}

// arpFilter lets those ARP packets through to user space whose sender has one of the
// addresses. There is nothing else to pay for: others' packets cost some instructions
// in the kernel.
func arpFilter(addresses []netip.Addr) ([]bpf.RawInstruction, error) {
	return filter([]condition{received}, arpSender, addresses)
}

// ndFilter lets those neighbour advertisements through whose target is one of the
// addresses.
func ndFilter(addresses []netip.Addr) ([]bpf.RawInstruction, error) {
	return filter([]condition{
		{bpf.LoadAbsolute{Off: 6, Size: 1}, bpf.JumpEqual, unix.IPPROTO_ICMPV6}, // first: all but a few fail here
		received,
		{bpf.LoadAbsolute{Off: ipv6Header, Size: 1}, bpf.JumpEqual, advertisement},
	}, neighbourTarget, addresses)
}

// filter is a program for packets for which the conditions hold and which have one of
// the addresses at the offset.
func filter(conditions []condition, offset uint32, addresses []netip.Addr) ([]bpf.RawInstruction, error) {
	var program []bpf.Instruction
	for _, c := range conditions {
		program = append(program, c.load, bpf.JumpIf{Cond: c.test, Val: c.value, SkipTrue: 1}, bpf.RetConstant{})
	}
	for _, address := range addresses {
		program = append(program, match(offset, address.AsSlice())...)
	}
	return bpf.Assemble(append(program, bpf.RetConstant{}))
}

// match accepts a packet with the bytes, a multiple of four, at the offset.
func match(offset uint32, of []byte) []bpf.Instruction {
	var program []bpf.Instruction
	words := len(of) / 4
	for i := range words {
		left := words - i - 1 // comparisons after this one, of two instructions each, and the end
		program = append(program,
			bpf.LoadAbsolute{Off: offset + uint32(4*i), Size: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: binary.BigEndian.Uint32(of[4*i:]), SkipFalse: uint8(2*left + 1)})
	}
	return append(program, bpf.RetConstant{Val: snapshot})
}
