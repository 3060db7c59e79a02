package debian

import (
	"fmt"
	"strings"
)

// Command lines for root's shell on a node.
const (
	// MemoryInUse prints how much memory the node would be short of without: KiB.
	MemoryInUse = "awk '/^MemTotal/ {total = $2} /^MemAvailable/ {print total - $2}' /proc/meminfo"
	// DiskInUse prints how full the root file system is: KiB.
	DiskInUse = "df --output=used --block-size=1K / | tail -n 1"
	// BootTimes says how long kernel and systemd took; it fails until all is up.
	BootTimes = "systemd-analyze time"
	// Reboot returns before the node goes down.
	Reboot = "systemctl --no-block reboot"
)

// processes is the shell's word for the PIDs of each process that a Signal can
// go to. The names are those of the test hook in our own nodes.
var processes = map[string]string{
	"haproxy-master":    "$(cat /run/haproxy.pid)",
	"haproxy-worker":    "$(pgrep --parent $(cat /run/haproxy.pid))",
	"keepalived-parent": "$(cat /run/keepalived.pid)",
	"keepalived-child":  "$(pgrep --parent $(cat /run/keepalived.pid))",
	"keepalived-both":   "$(cat /run/keepalived.pid) $(pgrep --parent $(cat /run/keepalived.pid))",
}

// Signal is the command line that sends a signal, such as KILL, to
// haproxy-master, haproxy-worker, keepalived-parent, keepalived-child or
// keepalived-both.
func Signal(signal, process string) (string, error) {
	pids, ok := processes[process]
	if !ok {
		return "", fmt.Errorf("signal the process %q: want haproxy-master, haproxy-worker, keepalived-parent, keepalived-child or keepalived-both", process)
	}
	if signal == "" || strings.Trim(signal, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "", fmt.Errorf("send the signal %q: want a name such as KILL", signal)
	}
	return "kill -s " + signal + " " + pids, nil
}

// Systemctl is the command line that does what systemctl(1) calls start, stop or
// restart to haproxy or keepalived.
func Systemctl(verb, service string) (string, error) {
	switch verb {
	case "start", "stop", "restart":
	default:
		return "", fmt.Errorf("systemctl %q: want start, stop or restart", verb)
	}
	switch service {
	case "haproxy", "keepalived":
	default:
		return "", fmt.Errorf("systemctl %s %q: want haproxy or keepalived", verb, service)
	}
	return "systemctl " + verb + " " + service, nil
}
