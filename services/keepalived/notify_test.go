package keepalived

import (
	"strings"
	"testing"
)

func TestNotifyLines(t *testing.T) {
	for _, tt := range []struct {
		line string
		want State // "" for lines that say no state
	}{
		{`INSTANCE "vip" MASTER 250`, StateMaster},
		{`INSTANCE "vip" BACKUP 230`, StateBackup},
		{`INSTANCE "vip" FAULT 250`, StateFault},
		{`INSTANCE "vip" STOP 250`, StateStopped},
		{`INSTANCE "vip" MASTER`, StateMaster}, // without a priority
		{`INSTANCE "vip" DELETED 250`, ""},
		{`INSTANCE "vip" MASTER_PRIORITY 250`, ""},
		{`INSTANCE "vip" master 250`, ""},
		{`INSTANCE "vip"`, ""},
		{`GROUP "vip" MASTER 250`, ""},
		{`instance "vip" MASTER 250`, ""},
		{``, ""},
		{`MASTER`, ""},
	} {
		got, ok := ParseNotify(tt.line)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("ParseNotify(%q) = %q, %t, want %q", tt.line, got, ok, tt.want)
		}
	}
}

func FuzzParseNotify(f *testing.F) {
	f.Add(`INSTANCE "vip" MASTER 250`)
	f.Add("INSTANCE \"vip\" FAULT\n")
	f.Fuzz(func(t *testing.T, line string) {
		state, ok := ParseNotify(line)
		if ok != (state != "") {
			t.Fatalf("ParseNotify = %q, %t", state, ok)
		}
		if ok && !(strings.Contains(line, "INSTANCE") && strings.Contains(line, string(state))) {
			t.Errorf("ParseNotify = %q, which is not in the line", state)
		}
	})
}

func TestDateIsTakenOff(t *testing.T) {
	for line, want := range map[string]string{
		"Sun Nov 22 17:58:28 2026: Startup complete":      "Startup complete",
		"Sun Nov  1 07:08:09 2026: (vip) Entering MASTER": "(vip) Entering MASTER",
		"Startup complete": "Startup complete",
		"a line without a date that is long enough for it": "a line without a date that is long enough for it",
		"Sun Nov 32 17:58:28 2026: no such day":            "Sun Nov 32 17:58:28 2026: no such day",
		"Sun Nov 22 17:58:28 2026":                         "Sun Nov 22 17:58:28 2026",
		"":                                                 "",
	} {
		if got := WithoutDate(line); got != want {
			t.Errorf("WithoutDate(%q) = %q, want %q", line, got, want)
		}
	}
}
