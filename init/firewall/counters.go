package firewall

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Counter is one of the table's, of packets since Apply.
type Counter string

// The counters.
const (
	AdvertsSent    Counter = "adverts_sent"    // VRRP packets of this node
	AdvertsHeard   Counter = "adverts_heard"   // VRRP packets of its peers
	AdvertsRefused Counter = "adverts_refused" // VRRP packets of a stranger, through a router, or for another address than the node's
	Dropped        Counter = "dropped"         // those without an answer, other than VRRP
)

// Reader reads counters over a conversation of its own with the kernel, which
// makes it cheap to do so all the time: the library asks for all objects through a
// new socket.
type Reader struct {
	conn *netlink.Conn
}

// NewReader begins the conversation.
func NewReader() (*Reader, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, fmt.Errorf("read the firewall's counters: %w", err)
	}
	return &Reader{conn}, nil
}

// Close ends the conversation.
func (r *Reader) Close() error { return r.conn.Close() }

// Read returns the packets of a counter (nfnetlink, NFT_MSG_GETOBJ).
func (r *Reader) Read(c Counter) (uint64, error) {
	packets, err := r.read(c)
	if err != nil {
		return 0, fmt.Errorf("read the firewall's counter %s: %w", c, err)
	}
	return packets, nil
}

func (r *Reader) read(c Counter) (uint64, error) {
	ask := netlink.NewAttributeEncoder()
	ask.String(unix.NFTA_OBJ_TABLE, twinlb.Name)
	ask.String(unix.NFTA_OBJ_NAME, string(c))
	ask.ByteOrder = binary.BigEndian
	ask.Uint32(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER)
	attributes, err := ask.Encode()
	if err != nil {
		return 0, err
	}
	if err := r.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	answers, err := r.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETOBJ, Flags: netlink.Request},
		Data:   append([]byte{byte(twinlb.Family), unix.NFNETLINK_V0, 0, 0}, attributes...),
	})
	if err != nil {
		return 0, err
	}
	for _, a := range answers {
		if packets, ok := parse(a.Data); ok {
			return packets, nil
		}
	}
	return 0, fmt.Errorf("none of the kernel's %d answers has a count", len(answers))
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
