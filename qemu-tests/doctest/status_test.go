package doctest

import (
	"strings"
	"testing"
)

const documented = `WELL  every node can serve, and every backend is up

VIP 192.168.100.60  held by lb-a for 0.5 s

                                    lb-a (this node)      lb-b
state                               MASTER for 0.5 s      BACKUP for 0.0 s
priority                            250                   246
seed                                f4136fbae76c          f4136fbae76c
  mysql/mysql1 192.168.100.51:3306  up, L7OK, 0 sessions  up, L7OK, 0 sessions
  haproxy                           running for 6.6 s     running for 6.3 s
  keepalived                        1:2.3.3-1             1:2.3.3-1
`

// The same pair at another time, with other builds: the columns shift too.
const later = `WELL  every node can serve, and every backend is up

VIP 192.168.100.60  held by lb-a for 1 min 12 s

                                    lb-a (this node)          lb-b
state                               MASTER for 1 min 12 s     BACKUP for 1 min 11 s
priority                            250                       246
seed                                5f0c12ab34cd              5f0c12ab34cd
  mysql/mysql1 192.168.100.51:3306  up, L7OK, 112 sessions    up, L7OK, 1 session
  haproxy                           running for 1 d 3 h       running for 59 s
  keepalived                        1:2.3.4-1+deb13u1         1:2.3.4-1+deb13u1
`

// A status agrees with the one of another day, and with none that says something else.
func TestStatus(t *testing.T) {
	said := lines(documented)
	if edits := compare(said, lines(later)); differs(edits) {
		t.Errorf("the status of another day differs:\n%s", diff(edits))
	}
	for _, tt := range []struct{ name, old, wrong string }{
		{"verdict", "WELL", "DEGRADED"},
		{"VIP", "192.168.100.60 ", "192.168.100.61 "},
		{"holder", "held by lb-a", "held by lb-b"},
		{"nodes", "lb-a (this node)", "lb-b (this node)"},
		{"state", "BACKUP for", "MASTER for"},
		{"priority", "246", "226 (246-20)"},
		{"port", ":3306", ":3307"},
		{"check", "L7OK", "L4OK"},
		{"backend", "up, ", "DOWN, "},
		{"service", "running for 59 s", "running for 59 s, 1 restart"},
		{"a version that is none", "1:2.3.4-1+deb13u1", "?"},
		{"a time that is none", "for 1 min 12 s", "for ever"},
		{"a missing line", "priority                            250                       246\n", ""},
		{"a missing blank line", "\n\n", "\n"},
	} {
		got := strings.Replace(later, tt.old, tt.wrong, 1)
		if got == later || !differs(compare(said, lines(got))) {
			t.Errorf("%s: a status with %q instead of %q agrees", tt.name, tt.wrong, tt.old)
		}
	}
}
