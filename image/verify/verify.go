// Package verify tries a node's configuration on the very programs that are about
// to be shipped with it, in the surroundings that they will find: the files where
// the node has them, and a network interface of the node's name.
//
// The check runs in a process of its own, re-executed in private namespaces, so
// that nothing of the build host is touched.
package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"twinlb/services"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Argument is the first argument of this program in its part as the checker.
const Argument = "verify-in-namespace"

// Check is one configuration to try.
type Check struct {
	Node      string // whose it is, for messages
	Interface string
	Files     []services.File // with the paths of the node, under /run or /haproxy/run
	Root      string          // the node's directory that the program is confined to; "" for none
	Program   string          // on the build host
	Args      []string
}

// Run tries all checks and returns what the first that fails has to say.
func Run(checks []Check) error {
	work, err := json.Marshal(checks)
	if err != nil {
		return fmt.Errorf("try the configurations: %w", err)
	}
	command := exec.Command("/proc/self/exe", Argument)
	command.Stdin = bytes.NewReader(work)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("try the configurations: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// Main is the checker's part. It exits with 0 when all is well.
func Main() {
	if err := checkAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func checkAll() error {
	var checks []Check
	if err := json.NewDecoder(os.Stdin).Decode(&checks); err != nil {
		return fmt.Errorf("read what to check: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, c := range checks {
		if err := c.run(); err != nil {
			return fmt.Errorf("%s: %s: %w", c.Node, filepath.Base(c.Program), err)
		}
	}
	return nil
}

func (c Check) run() error {
	// The program may lie below a directory that is about to be covered.
	program, err := os.Open(c.Program)
	if err != nil {
		return err
	}
	defer program.Close()
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("cover /run: %w", err)
	}
	defer unix.Unmount("/run", 0)
	link, err := addInterface(c.Interface)
	if err != nil {
		return err
	}
	defer netlink.LinkDel(link)
	for _, f := range c.Files {
		path := strings.TrimPrefix(f.Path, c.Root)
		if f.Mode.IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, f.Data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	command := exec.Command(fmt.Sprintf("/proc/self/fd/%d", 3), c.Args...)
	command.ExtraFiles = []*os.File{program}
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(output))
	}
	// keepalived -t forgives some errors and only says so.
	if text := bytes.TrimSpace(output); len(text) > 0 && !bytes.Equal(text, []byte("Configuration file is valid")) {
		return fmt.Errorf("it complains:\n%s", text)
	}
	return nil
}

// addInterface makes a network interface of that name, which only has to exist.
func addInterface(name string) (netlink.Link, error) {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "peer-of-it"}
	if err := netlink.LinkAdd(pair); err != nil {
		return nil, fmt.Errorf("make a network interface %s: %w", name, err)
	}
	return pair, nil
}
