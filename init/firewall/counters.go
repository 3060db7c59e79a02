package firewall

import (
	"encoding/binary"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Counter is one of the table's, of packets since Apply.
type Counter string

// The counters.
const (
	AdvertsSent    Counter = "adverts_sent"    // VRRP packets of this node
	AdvertsHeard   Counter = "adverts_heard"   // VRRP packets of its peers
	AdvertsForeign Counter = "adverts_foreign" // those refused that are of the pair's virtual router
	AdvertsRefused Counter = "adverts_refused" // VRRP packets of a stranger, through a router, or for another address than the node's
	Dropped        Counter = "dropped"         // those without an answer, other than VRRP
)

// Reader reads counters over a conversation of its own with the kernel, which
// makes it cheap to do so all the time: the library asks for all objects through a
// new socket, and waits for the answer, which is there when the kernel has taken
// the question.
type Reader struct {
	fd       int
	sequence uint32
	answer   [512]byte
}

// NewReader begins the conversation.
func NewReader() (*Reader, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("read the firewall's counters: %w", err)
	}
	return &Reader{fd: fd}, nil
}

// Close ends the conversation.
func (r *Reader) Close() error { return unix.Close(r.fd) }

// Read returns the packets of a counter (nfnetlink, NFT_MSG_GETOBJ).
func (r *Reader) Read(c Counter) (uint64, error) {
	packets, err := r.read(c)
	if err != nil {
		return 0, fmt.Errorf("read the firewall's counter %s: %w", c, err)
	}
	return packets, nil
}

func (r *Reader) read(c Counter) (uint64, error) {
	question, err := r.question(c)
	if err != nil {
		return 0, err
	}
	if _, err := unix.Write(r.fd, question); err != nil {
		return 0, err
	}
	for {
		n, err := unix.Read(r.fd, r.answer[:])
		if err != nil {
			return 0, err
		}
		var answer netlink.Message
		if err := answer.UnmarshalBinary(r.answer[:n]); err != nil {
			return 0, err
		}
		if answer.Header.Sequence != r.sequence {
			continue // to a question that failed
		}
		packets, ok := parse(answer.Data)
		if !ok {
			return 0, fmt.Errorf("the kernel's answer of type %d has no count", answer.Header.Type)
		}
		return packets, nil
	}
}

func (r *Reader) question(c Counter) ([]byte, error) {
	ask := netlink.NewAttributeEncoder()
	ask.String(unix.NFTA_OBJ_TABLE, twinlb.Name)
	ask.String(unix.NFTA_OBJ_NAME, string(c))
	ask.ByteOrder = binary.BigEndian
	ask.Uint32(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER)
	attributes, err := ask.Encode()
	if err != nil {
		return nil, err
	}
	r.sequence++
	question := netlink.Message{
		Header: netlink.Header{
			Length:   uint32(unix.SizeofNlMsghdr + 4 + len(attributes)),
			Type:     unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETOBJ,
			Flags:    netlink.Request,
			Sequence: r.sequence,
		},
		Data: append([]byte{byte(twinlb.Family), unix.NFNETLINK_V0, 0, 0}, attributes...),
	}
	return question.MarshalBinary()
}

// parse takes the packets out of an answer: a header of 4 bytes, then attributes.
func parse(answer []byte) (packets uint64, ok bool) {
	if len(answer) < 4 {
		return 0, false
	}
	object, err := netlink.NewAttributeDecoder(answer[4:])
	if err != nil {
		return 0, false
	}
	object.ByteOrder = binary.BigEndian
	for object.Next() {
		if object.Type() == unix.NFTA_OBJ_DATA {
			object.Nested(func(counter *netlink.AttributeDecoder) error {
				for counter.Next() {
					if counter.Type() == unix.NFTA_COUNTER_PACKETS {
						packets, ok = counter.Uint64(), true
					}
				}
				return nil
			})
		}
	}
	return packets, ok && object.Err() == nil
}
