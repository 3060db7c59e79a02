package haproxy

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Patience with a worker. Its answers take less than a millisecond, a start as long
// as the machine does.
const (
	askPatience    = 3 * time.Second
	reloadPatience = 15 * time.Second
	// upPatience is for servers that were added to pass two checks, 1 s apart on the
	// node's own address, before others go.
	upPatience = 4 * time.Second
	look       = 50 * time.Millisecond
)

// Ask has the worker do one command, in a conversation of its own, and returns what
// it says.
func Ask(socket, command string) (string, error) {
	conn, err := net.DialTimeout("unix", socket, askPatience)
	if err != nil {
		return "", fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askPatience)); err != nil {
		return "", fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", fmt.Errorf("ask haproxy to %s: %w", command, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("hear haproxy's answer to %s: %w", command, err)
	}
	return strings.TrimSpace(string(answer)), nil
}

// Apply has the worker make a change that needs no reload. After an error some of
// it may be made: a reload makes all of it.
func (c Change) Apply(socket string) error {
	if err := apply(socket, c.Commands); err != nil {
		return err
	}
	if len(c.Retire) == 0 {
		return nil
	}
	if err := c.awaitAdded(socket); err != nil {
		return err
	}
	return apply(socket, c.Retire)
}

func apply(socket string, commands []Command) error {
	for _, command := range commands {
		answer, err := Ask(socket, command.Text)
		if err != nil {
			return err
		}
		if !command.Good(answer) {
			return fmt.Errorf("haproxy answers %q to %s", answer, command.Text)
		}
	}
	return nil
}

// awaitAdded gives the servers that were added time to be found up, so that those
// that they replace do not go first.
func (c Change) awaitAdded(socket string) error {
	for deadline := time.Now().Add(upPatience); len(c.Added) > 0 && time.Now().Before(deadline); time.Sleep(look) {
		answer, err := Ask(socket, "show servers state")
		if err != nil {
			return err
		}
		up := serversUp(answer)
		if !slices.ContainsFunc(c.Added, func(server string) bool { return !up[server] }) {
			return nil
		}
	}
	return nil
}

// serversUp reads "show servers state": by section/name, those whose srv_op_state is
// not 0, stopped (management guide §9.3).
func serversUp(answer string) map[string]bool {
	up := make(map[string]bool)
	for line := range strings.Lines(answer) {
		if f := strings.Fields(line); len(f) > 5 && f[0] != "#" {
			up[f[1]+"/"+f[3]] = f[5] != "0"
		}
	}
	return up
}

// Sweep deletes the retired servers whose last connection has ended, and returns
// the others.
func Sweep(socket string, retired Retired) (left Retired, err error) {
	left = Retired{}
	for server, e := range retired {
		command := Delete(server)
		answer, err := Ask(socket, command.Text)
		if err != nil {
			return retired, err
		}
		// Who does not know it was started without it.
		if !command.Good(answer) && !strings.HasPrefix(answer, "No such server") {
			left[server] = e
		}
	}
	return left, nil
}

// Worker is the process that answers at the socket.
func Worker(socket string) (pid int, err error) {
	answer, err := Ask(socket, "show info")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(answer) {
		if text, ok := strings.CutPrefix(line, "Pid: "); ok {
			return strconv.Atoi(strings.TrimSpace(text))
		}
	}
	return 0, fmt.Errorf("ask haproxy for its process: no line begins with %q", "Pid: ")
}

// AwaitReload waits until another worker than that answers.
func AwaitReload(socket string, former int) error {
	for deadline := time.Now().Add(reloadPatience); time.Now().Before(deadline); time.Sleep(look) {
		// While one takes the place of the other nobody may answer.
		if pid, err := Worker(socket); err == nil && pid != former {
			return nil
		}
	}
	return fmt.Errorf("haproxy has no new worker %s after it was told to reload; `logs haproxy` may say why", reloadPatience)
}

// TryArgv is the command that checks a configuration and runs nothing.
func TryArgv(file string) []string { return []string{"/haproxy", "-c", "-f", file} }
