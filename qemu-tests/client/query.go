// Package client is what stands before a balancer: the mariadb client that a
// person would use, and a meter of outages.
//
// It knows an address and an account, and nothing of what answers there.
package client

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"

	"twinlb/qemu-tests/lab"
)

// User is the account that queries run as: no password, no privileges needed.
const User = "app"

// ServerID asks which server answers at the address.
func ServerID(from *lab.Host, server netip.AddrPort) (int, error) {
	out, err := Query(from, server, "show variables like 'server_id'")
	if err != nil {
		return 0, err
	}
	id, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(out, "server_id")))
	if err != nil {
		return 0, fmt.Errorf("query %v with mariadb: got %q, want server_id and a number", server, out)
	}
	return id, nil
}

// Query runs a statement with the mariadb program, from the host, and returns its
// rows, columns separated by tabs.
func Query(from *lab.Host, server netip.AddrPort, statement string) (string, error) {
	mariadb := from.Command("mariadb", "--no-defaults", "--connect-timeout=2",
		"-h", server.Addr().String(), "-P", strconv.Itoa(int(server.Port())), "-u", User,
		"--skip-column-names", "--batch", "-e", statement)
	out, err := mariadb.Output()
	if err != nil {
		return "", fmt.Errorf("query %v with mariadb: %w%s", server, err, stderr(err))
	}
	return string(out), nil
}

func stderr(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}
