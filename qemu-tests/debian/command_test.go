package debian

import (
	"strings"
	"testing"
)

func TestSignal(t *testing.T) {
	for _, tt := range []struct{ signal, process, want, wantErr string }{
		{"KILL", "haproxy-master", "kill -s KILL $(cat /run/haproxy.pid)", ""},
		{"STOP", "haproxy-worker", "kill -s STOP $(pgrep --parent $(cat /run/haproxy.pid))", ""},
		{"KILL", "keepalived-parent", "kill -s KILL $(cat /run/keepalived.pid)", ""},
		{"CONT", "keepalived-child", "kill -s CONT $(pgrep --parent $(cat /run/keepalived.pid))", ""},
		{"KILL", "keepalived-both", "kill -s KILL $(cat /run/keepalived.pid) $(pgrep --parent $(cat /run/keepalived.pid))", ""},
		{"KILL", "admin", "", `process "admin": want haproxy-master`},
		{"KILL; reboot", "haproxy-master", "", "want a name such as KILL"},
		{"", "haproxy-master", "", "want a name such as KILL"},
	} {
		got, err := Signal(tt.signal, tt.process)
		expect(t, "Signal "+tt.signal+" "+tt.process, got, err, tt.want, tt.wantErr)
	}
}

func TestSystemctl(t *testing.T) {
	for _, tt := range []struct{ verb, service, want, wantErr string }{
		{"stop", "haproxy", "systemctl stop haproxy", ""},
		{"restart", "keepalived", "systemctl restart keepalived", ""},
		{"mask", "haproxy", "", "want start, stop or restart"},
		{"stop", "ssh; reboot", "", "want haproxy or keepalived"},
	} {
		got, err := Systemctl(tt.verb, tt.service)
		expect(t, "Systemctl "+tt.verb+" "+tt.service, got, err, tt.want, tt.wantErr)
	}
}

func expect(t *testing.T, what, got string, err error, want, wantErr string) {
	t.Helper()
	if got != want || (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
		t.Errorf("%s: got %q, error %v; want %q, error with %q", what, got, err, want, wantErr)
	}
}
