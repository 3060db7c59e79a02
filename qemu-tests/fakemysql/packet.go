package fakemysql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// conn carries packets: a length of three bytes, a sequence number, a payload.
type conn struct {
	stream   io.ReadWriter
	sequence uint8 // of the next packet in either direction
}

func (c *conn) read() (payload, error) {
	var header [4]byte
	if _, err := io.ReadFull(c.stream, header[:]); err != nil {
		return nil, err
	}
	if header[3] != c.sequence {
		c.write(errorPacket(1156, "08S01", "Got packets out of order"))
		return nil, fmt.Errorf("got packet number %d, want %d", header[3], c.sequence)
	}
	c.sequence++
	p := make(payload, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	_, err := io.ReadFull(c.stream, p)
	return p, err
}

// write sends the packets in one segment, as a real server does.
func (c *conn) write(packets ...[]byte) error {
	var out []byte
	for _, p := range packets {
		out = append(out, byte(len(p)), byte(len(p)>>8), byte(len(p)>>16), c.sequence)
		out = append(out, p...)
		c.sequence++
	}
	_, err := c.stream.Write(out)
	return err
}

// payload is what is left of a packet that is being read. A read beyond its
// end returns zeros.
type payload []byte

func (p *payload) take(n int) []byte {
	taken := make([]byte, n)
	*p = (*p)[copy(taken, *p):]
	return taken
}

func (p *payload) uint8() uint8   { return p.take(1)[0] }
func (p *payload) uint32() uint32 { return binary.LittleEndian.Uint32(p.take(4)) }

// string takes up to a zero byte, or all.
func (p *payload) string() string {
	s, rest, _ := bytes.Cut(*p, []byte{0})
	*p = rest
	return string(s)
}

// lengthEncoded prefixes a string of up to 250 bytes with its length.
func lengthEncoded(s string) []byte { return append([]byte{byte(len(s))}, s...) }

var (
	okPacket  = []byte{0x00, 0, 0, statusAutocommit, 0, 0, 0}
	eofPacket = []byte{0xfe, 0, 0, statusAutocommit, 0}
)

const statusAutocommit = 2

func errorPacket(code uint16, sqlState, message string) []byte {
	return append([]byte{0xff, byte(code), byte(code >> 8)}, "#"+sqlState+message...)
}
