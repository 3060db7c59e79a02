package vm

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// startTestPort returns a machine whose test port answers each command, the first being
// 1, with what reply returns; "" is no answer.
func startTestPort(t *testing.T, reply func(asked int, number, command string) string) *VM {
	t.Helper()
	m := &VM{Config: Config{Name: "lb-a"}, dir: t.TempDir()}
	guest, err := net.Listen("unix", m.path("hook"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close() })
	go func() {
		for asked := 1; ; asked++ {
			conn, err := guest.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			number, command, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if text := reply(asked, number, command); text != "" {
				fmt.Fprintln(conn, text)
				conn.Close()
			} else {
				t.Cleanup(func() { conn.Close() })
			}
		}
	}()
	return m
}

func TestHook(t *testing.T) {
	for _, tt := range []struct {
		reply, want, wantErr string // # in the reply is the number of the command
	}{
		{`{"number":#,"ok":true,"out":"192.168.100.53/24\n192.168.100.60/32"}`, "192.168.100.53/24\n192.168.100.60/32", ""},
		{`{"number":#,"ok":false,"out":"kill: no process haproxy-worker"}`, "", "no process haproxy-worker"},
		{`{"number":17,"ok":true,"out":"of another"}{"number":#,"ok":true,"out":"its own"}`, "its own", ""},
		{`{"number":17,"ok":true,"out":"of another"}`, "", "wait for the reply"},
		{`addresses`, "", "wait for the reply"},
	} {
		m := startTestPort(t, func(_ int, number, command string) string {
			if command != "addresses" {
				t.Errorf("the guest was asked %q, want %q", command, "addresses")
			}
			return strings.ReplaceAll(tt.reply, "#", number)
		})
		got, err := m.Hook("addresses")
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("reply %s: got %q, error %v, want %q, error with %q", tt.reply, got, err, tt.want, tt.wantErr)
		}
	}
}

// TestHookAsksAgain takes as long as Hook waits for the answer that never comes.
func TestHookAsksAgain(t *testing.T) {
	first := ""
	m := startTestPort(t, func(asked int, number, _ string) string {
		if asked == 1 {
			first = number
			return ""
		}
		return fmt.Sprintf(`{"number":%s,"ok":true,"out":"asked as %v"}`, number, number == first)
	})
	if got, err := m.Hook("kill KILL haproxy-worker"); err != nil || got != "asked as true" {
		t.Errorf("Hook = %q, error %v, want the answer to the same question asked again", got, err)
	}
}
