package doctest

import "testing"

func TestMask(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"uptime   7.9 s\t1 d 3 h  ", "uptime <time> <time>"},
		{"MASTER for 1 min 4 s", "MASTER for <time>"},
		{"30 of 114 MiB used", "<size> used"},
		{"in 1.234s, 1m29s, 1h2m3.4s, 20 ms", "in <time>, <time>, <time>, <time>"},
		{"37.0 MiB, 4,117,504 bytes, 12kB, 8431104, 3 MiB/s", "<size>, <size>, <size>, <size>, <size>"},
		{"5.3 % and 12%", "<share> and <share>"},
		{"up, L7OK, 1 session", "up, L7OK, <count>"},
		{"2026-10-20T03:12:44.123Z boot", "<date> boot"},
		{"2026-10-20 03:12:44 +0100 boot", "<date> boot"},
		{"Date: Sun, 22 Nov 2026 17:40:01 GMT", "Date: <date>"},
		{"Sun Nov 22 17:40:01 UTC 2026", "<date>"},
		{"Nov  2 17:40 file; 17:40:01", "<date> file; <date>"},
		{"[   12.345] boot: up", "<uptime> boot: up"},
		{"linux 6.12.107-1, go1.26.8", "linux <version>, <version>"},
		{"3.0.11-1+deb13u3 1:2.3.3-1 v1.2.3", "<version> <version> <version>"},
		{"seed f4136fbae76c 0d16…", "seed <digest> <digest>"},
		{"sha256  ca5377f215bccc9d01d4849c2950502cf4f053683a63766397c619630988fd2e", "sha256 <digest>"},
		{"host key SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "host key <fingerprint>"},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops@lab", "ssh-ed25519 <fingerprint> ops@lab"},
		{"ssh-ed25519 AAAA… ops@lab; SHA256:…", "ssh-ed25519 <fingerprint> ops@lab; <fingerprint>"},
		{"/tmp/tmp.Xy12/build/a.img, /tmp/TestDocs123/001/b", "<folder>/build/a.img, <folder>/b"},
		{"[NOTICE] (71) : New worker (73) forked, pid 73", "[NOTICE] <pid> : New worker <pid> forked, <pid>"},
		{"a\t b    c", "a b c"},
	} {
		if got := mask(tt.line); got != tt.want {
			t.Errorf("mask(%q) = %q, want %q", tt.line, got, tt.want)
		}
	}
}

// What tells a node, a state or a setting is compared as it is.
func TestMaskLeaves(t *testing.T) {
	for _, line := range []string{
		"VIP 192.168.100.60 held by lb-a",
		"bind 192.168.100.53:3306, 192.168.100.0/24",
		"1:192.168.100.53 is an address",
		"http://127.0.0.1:8404/metrics",
		"52:54:00:00:00:53 claims it",
		"MASTER BACKUP FAULT up DOWN L7OK L4CON",
		"priority 226 (246-20)",
		"timeout connect 200ms, preempt 30s, inter 1s",
		"2 nodes, 1 VIP, 7 restarts",
		"exit status 137, signal 9",
		"server_id 2",
		"deface added beef",
	} {
		if got := mask(line); got != line {
			t.Errorf("mask(%q) = %q, want it as it is", line, got)
		}
	}
}
