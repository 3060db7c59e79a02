package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// hookTimeout is for a guest that has opened the port; one that has not never answers.
const (
	hookTimeout = 5 * time.Second
	hookTries   = 4
)

// hookReply is one line of JSON from the guest.
type hookReply struct {
	Number int64  `json:"number"` // of the command
	OK     bool   `json:"ok"`
	Out    string `json:"out"` // what was asked for, or what went wrong
}

// Hook has the guest, if it was built for tests, run one command and returns
// its output. The commands are
//
//	kill SIGNAL haproxy-master|haproxy-worker|keepalived-parent|keepalived-child|keepalived-both|admin|init
//	hog
//	shut
//	clock DURATION
//	chatter
//	burn COUNT
//	wedge
//	addresses
//	processes
//	file PATH
//	panic
//
// chatter fills the consoles for 3 s. burn has so many processes burn the CPU. wedge
// has PID 1 lock its decision for ever. clock sets the clock forward, or back if the
// duration is negative. hog starts a process that takes all memory and answers how
// that ended. shut closes the ports at the VIPs under HAProxy and answers how many
// there were. A kill answers how long it took until the VIP was off the interface.
//
// One line goes to the guest, one line of JSON comes back. The port may lose either
// when one connection to it ends and the next begins, so a command without an answer is
// sent again, with the same number: the guest does it once.
func (m *VM) Hook(command string) (string, error) {
	number := time.Now().UnixNano()
	for try := 1; ; try++ {
		out, err := m.hook(number, command)
		if try == hookTries || !errors.Is(err, os.ErrDeadlineExceeded) {
			return out, err
		}
	}
}

func (m *VM) hook(number int64, command string) (string, error) {
	conn, err := net.DialTimeout("unix", m.path("hook"), hookTimeout)
	if err != nil {
		return "", m.errorf("test hook "+command, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(hookTimeout))
	if _, err := fmt.Fprintln(conn, number, command); err != nil {
		return "", m.errorf("test hook "+command, err)
	}
	var reply hookReply
	for lines := json.NewDecoder(conn); reply.Number != number; { // else it is late, of another
		reply = hookReply{}
		if err := lines.Decode(&reply); err != nil {
			return "", m.errorf("test hook "+command+": wait for the reply", err)
		}
	}
	if !reply.OK {
		return "", m.errorf("test hook "+command, errors.New(reply.Out))
	}
	return reply.Out, nil
}
