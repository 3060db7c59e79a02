package lab

import (
	"encoding/binary"
	"slices"
)

// VLAN is the tag (IEEE 802.1Q) that the frames of a segment have on a trunk.
const VLAN = 100

const (
	etherTypeVLAN = 0x8100
	macs          = 12 // bytes of a frame before its tag or type
)

// Trunk adds a port of that name whose cable carries the frames with their tag. A
// frame that comes without the tag is lost.
func (s *Segment) Trunk(name string) *Cable {
	s.lab.t.Helper()
	return s.cable(name, tag, untag)
}

func tag(frame []byte) []byte {
	if len(frame) < macs {
		return nil
	}
	header := binary.BigEndian.AppendUint16(nil, etherTypeVLAN)
	return slices.Insert(frame, macs, binary.BigEndian.AppendUint16(header, VLAN)...)
}

func untag(frame []byte) []byte {
	if len(frame) < macs+4 || binary.BigEndian.Uint16(frame[macs:]) != etherTypeVLAN || binary.BigEndian.Uint16(frame[macs+2:])&0xfff != VLAN {
		return nil
	}
	return slices.Delete(frame, macs, macs+4)
}
