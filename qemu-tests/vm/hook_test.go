package vm

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestHook(t *testing.T) {
	tests := []struct {
		reply, want, wantErr string
	}{
		{`{"ok":true,"out":"192.168.100.53/24\n192.168.100.60/32"}`, "192.168.100.53/24\n192.168.100.60/32", ""},
		{`{"ok":false,"out":"kill: no process haproxy-worker"}`, "", "no process haproxy-worker"},
		{`addresses`, "", "wait for the reply"},
	}
	for _, tt := range tests {
		m := &VM{Config: Config{Name: "lb-a"}, dir: t.TempDir()}
		guest, err := net.Listen("unix", m.path("hook"))
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan string, 1)
		go func() {
			defer guest.Close()
			conn, err := guest.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			line, _ := bufio.NewReader(conn).ReadString('\n')
			asked <- line
			fmt.Fprintln(conn, tt.reply)
		}()
		got, err := m.Hook("addresses")
		if line := <-asked; line != "addresses\n" {
			t.Errorf("the guest was asked %q, want %q", line, "addresses\n")
		}
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("reply %s: got %q, error %v, want %q, error with %q", tt.reply, got, err, tt.want, tt.wantErr)
		}
	}
}

// TestHookAsksAgain takes as long as Hook waits for the answer that never comes.
func TestHookAsksAgain(t *testing.T) {
	m := &VM{Config: Config{Name: "lb-a"}, dir: t.TempDir()}
	guest, err := net.Listen("unix", m.path("hook"))
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	go func() {
		for asked := 1; ; asked++ {
			conn, err := guest.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			if asked == 2 {
				fmt.Fprintln(conn, `{"ok":true,"out":"nodev proc"}`)
			}
		}
	}()
	if got, err := m.Hook("file /proc/filesystems"); err != nil || got != "nodev proc" {
		t.Errorf("Hook = %q, error %v, want the answer to the second question", got, err)
	}
}
