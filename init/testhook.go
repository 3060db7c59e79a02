//go:build testhook

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"twinlb/init/sockdiag"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// testHookPort is the virtio serial port through which VM tests reach a node that
// was built for them.
const testHookPort = "twinlb.test"

const panicCommand = "panic"

// hog is this program as a process that takes all the memory there is.
const hog = "hog"

func init() {
	if len(os.Args) == 2 && os.Args[1] == hog {
		for {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = 1
			}
			hoard = append(hoard, block)
		}
	}
}

var hoard [][]byte

// serveTestHook answers each line from the port with one of JSON.
func (n *node) serveTestHook() {
	go func() {
		var latest testReply
		for {
			if port, err := openTestHookPort(); err == nil {
				n.converse(port, &latest)
				port.Close()
			}
			time.Sleep(50 * time.Millisecond) // nobody is connected, or not yet
		}
	}()
}

func openTestHookPort() (*os.File, error) {
	names, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(text)) == testHookPort {
			return os.OpenFile(filepath.Join("/dev", filepath.Base(filepath.Dir(name))), os.O_RDWR, 0)
		}
	}
	return nil, os.ErrNotExist
}

// converse does each command once: one that has the number of the latest reply was sent
// again, since that got lost.
func (n *node) converse(port *os.File, latest *testReply) {
	for lines := bufio.NewScanner(port); lines.Scan(); {
		number, command, _ := strings.Cut(lines.Text(), " ")
		if number != latest.Number.String() {
			out, err := n.testCommand(strings.Fields(command))
			*latest = testReply{json.Number(number), err == nil, out}
			if err != nil {
				latest.Out = err.Error()
			}
		}
		if err := json.NewEncoder(port).Encode(latest); err != nil {
			return
		}
		if command == panicCommand {
			panic("a VM test asked PID 1 to panic")
		}
	}
}

// testReply is one line for the test.
type testReply struct {
	Number json.Number `json:"number"` // of the command
	OK     bool        `json:"ok"`
	Out    string      `json:"out"`
}

func (n *node) testCommand(words []string) (string, error) {
	switch {
	case len(words) == 1 && words[0] == "addresses":
		addresses, err := netlink.AddrList(n.balancer.now().link, netlink.FAMILY_ALL)
		var text strings.Builder
		for _, a := range addresses {
			fmt.Fprintln(&text, a.IPNet)
		}
		return text.String(), err
	case len(words) == 1 && words[0] == "processes":
		var text strings.Builder
		for _, p := range processes() {
			fmt.Fprintf(&text, "%d %d %s\n", p.pid, p.parent, p.name)
		}
		return text.String(), nil
	case len(words) == 2 && words[0] == "file":
		text, err := os.ReadFile(words[1])
		return string(text), err
	case len(words) == 3 && words[0] == "kill":
		signal := unix.SignalNum("SIG" + words[1])
		if signal == 0 {
			return "", fmt.Errorf("unknown signal %q", words[1])
		}
		began := time.Now()
		if err := n.killForTest(signal, words[2]); err != nil {
			return "", err
		}
		return n.awaitNoVIP(began), nil
	case len(words) == 1 && words[0] == hog:
		return n.fillMemory()
	case len(words) == 1 && words[0] == "shut":
		return n.shutPorts()
	case len(words) == 2 && words[0] == "clock":
		return setClock(words[1])
	case len(words) == 1 && words[0] == "chatter":
		n.chatter()
		return "", nil
	case len(words) == 2 && words[0] == burn:
		return "", n.burn(words[1])
	case len(words) == 1 && words[0] == "wedge":
		n.wedge()
		return "", nil
	case len(words) == 1 && words[0] == panicCommand:
		return "", nil // once the reply is out
	}
	return "", fmt.Errorf("unknown command %q", strings.Join(words, " "))
}

// setClock returns the time that it is after the jump.
func setClock(by string) (string, error) {
	jump, err := time.ParseDuration(by)
	if err != nil {
		return "", err
	}
	then := time.Now().Add(jump)
	set := unix.NsecToTimeval(then.UnixNano())
	return then.UTC().Format(time.RFC3339), unix.Settimeofday(&set)
}

// shutPorts takes from HAProxy the sockets that listen at the VIPs, and returns how
// many there were.
func (n *node) shutPorts() (string, error) {
	var kernel sockdiag.Kernel
	var listening []sockdiag.Socket
	for _, vip := range n.balancer.spec().VIPs {
		if err := kernel.Each(vip, sockdiag.Listening, func(s sockdiag.Socket) { listening = append(listening, s) }); err != nil {
			return "", err
		}
	}
	ended, err := kernel.Destroy(listening)
	return strconv.Itoa(ended), err
}

// chatter says more than any console that is not read can take.
func (n *node) chatter() {
	line := strings.Repeat("chatter ", 100)
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(2 * time.Millisecond) {
		n.log("test", "%s", line)
	}
}

// fillMemory returns how the hog ended, as another user than the services'.
func (n *node) fillMemory() (string, error) {
	const nobody = 65534
	_, exited, err := n.reaper.Start([]string{"/init", hog}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
	})
	if err != nil {
		return "", err
	}
	status := <-exited
	return fmt.Sprintf("ended by signal %v", status.Signal()), nil
}

// awaitNoVIP says how long after began the VIP was off the interface, if that was
// within a second.
func (n *node) awaitNoVIP(began time.Time) string {
	for time.Since(began) < time.Second {
		addresses, err := netlink.AddrList(n.balancer.now().link, netlink.FAMILY_ALL)
		if err == nil && !slices.ContainsFunc(addresses, n.isVIP) {
			return time.Since(began).String()
		}
		time.Sleep(time.Millisecond)
	}
	return "still there"
}

func (n *node) isVIP(a netlink.Addr) bool {
	for _, vip := range n.balancer.spec().VIPs {
		if a.IP.Equal(vip.AsSlice()) {
			return true
		}
	}
	return false
}

func (n *node) killForTest(signal syscall.Signal, target string) error {
	if target == "init" {
		return syscall.Kill(os.Getpid(), signal)
	}
	var pids []int
	leader, child := 0, 0
	if n.balancer == nil {
		return fmt.Errorf("%s does not run yet", target)
	}
	name, which, _ := strings.Cut(target, "-")
	service, err := n.balancer.unit(name)
	if err != nil {
		return err
	}
	leader = service.State().PID
	for _, p := range processes() {
		if p.parent == leader && leader != 0 {
			child = p.pid
		}
	}
	switch which {
	case "master", "parent", "":
		pids = []int{leader}
	case "worker", "child":
		pids = []int{child}
	case "both":
		pids = []int{leader, child}
	}
	for _, pid := range pids {
		if pid == 0 {
			return fmt.Errorf("%s does not run", target)
		}
	}
	if len(pids) == 0 {
		return fmt.Errorf("unknown target %q", target)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil {
			return fmt.Errorf("kill %s (%d): %w", target, pid, err)
		}
	}
	return nil
}

type process struct {
	pid, parent int
	name        string
}

func processes() []process {
	var all []process
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		var p process
		var state string
		head, tail, _ := strings.Cut(string(text), ") ")
		number, name, _ := strings.Cut(head, " (")
		p.pid, _ = strconv.Atoi(number)
		p.name = name
		fmt.Sscanf(tail, "%s %d", &state, &p.parent)
		all = append(all, p)
	}
	return all
}
