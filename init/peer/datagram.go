package peer

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"time"
)

// MaxBody is how many bytes a body may have. IP fragments carry it.
const MaxBody = 32 << 10

// Of the datagram in the package comment.
const (
	version      = 2
	magic        = "twp" + string(rune(version))
	messageMagic = "twm" + string(rune(version))
	stampSize    = 16 + 8 + 8
	clockSize    = 8
	headerSize   = len(magic) + 2*stampSize + clockSize
	maxDatagram  = headerSize + MaxBody + sha256.Size
)

type bootID [16]byte

func newBootID() (id bootID) {
	_, _ = rand.Read(id[:]) // never fails, see its documentation
	return id
}

// stamp is how far a node has come.
type stamp struct {
	boot     bootID
	sequence uint64
	edition  uint64
}

func (s stamp) append(b []byte) []byte {
	b = append(b, s.boot[:]...)
	b = binary.BigEndian.AppendUint64(b, s.sequence)
	return binary.BigEndian.AppendUint64(b, s.edition)
}

func readStamp(b []byte) stamp {
	return stamp{
		boot:     bootID(b[:16]),
		sequence: binary.BigEndian.Uint64(b[16:]),
		edition:  binary.BigEndian.Uint64(b[24:]),
	}
}

type datagram struct {
	sender, echo stamp
	clock        time.Duration // of the sender, to a millisecond
	body         []byte
	message      bool // the body is a message, and not that of the sender's edition
}

// seal makes and checks the datagrams of one direction. It is for one goroutine.
type seal struct {
	mac hash.Hash
	sum []byte
}

func newSeal(pairKey []byte, from, to string) (*seal, error) {
	key, err := hkdf.Key(sha256.New, pairKey, nil, "twinlb peer "+from+" to "+to, sha256.Size)
	if err != nil {
		return nil, err
	}
	return &seal{mac: hmac.New(sha256.New, key), sum: make([]byte, 0, sha256.Size)}, nil
}

// encode appends the datagram to b.
func (s *seal) encode(b []byte, d datagram) []byte {
	begin := len(b)
	if d.message {
		b = append(b, messageMagic...)
	} else {
		b = append(b, magic...)
	}
	b = d.sender.append(b)
	b = d.echo.append(b)
	b = binary.BigEndian.AppendUint64(b, uint64(d.clock/time.Millisecond))
	b = append(b, d.body...)
	return append(b, s.of(b[begin:])...)
}

// decode returns what is authentic and of this version. The body is a part of b. Of what
// is authentic and of another one it returns only which; else that is 0.
func (s *seal) decode(b []byte) (d datagram, other byte, ok bool) {
	if len(b) < len(magic)+sha256.Size || len(b) > maxDatagram {
		return d, 0, false
	}
	b, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(s.of(b), sum) {
		return d, 0, false
	}
	kind := string(b[:len(magic)])
	if kind != magic && kind != messageMagic {
		return d, kind[len(magic)-1], false
	}
	if len(b) < headerSize {
		return d, 0, false
	}
	stamps, clock := b[len(magic):], binary.BigEndian.Uint64(b[headerSize-clockSize:])
	return datagram{
		sender: readStamp(stamps),
		echo:   readStamp(stamps[stampSize:]),
		// Of a peer that is 292 years up, which is wrong and harmless.
		clock:   time.Duration(min(clock, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond,
		body:    b[headerSize:],
		message: kind == messageMagic,
	}, 0, true
}

func (s *seal) of(b []byte) []byte {
	s.mac.Reset()
	s.mac.Write(b)
	s.sum = s.mac.Sum(s.sum[:0])
	return s.sum
}
