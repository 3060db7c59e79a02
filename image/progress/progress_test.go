package progress

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogHasALineForEachStepAndNoEscapeCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := &Report{out: &out}
		kernel := r.Start("kernel", "building")
		time.Sleep(90*time.Second - time.Millisecond) // four reminders, one each 20 s
		kernel.Done("built, %d files", 3)
		haproxy := r.Start("haproxy", "building")
		time.Sleep(1500 * time.Millisecond)
		want := errors.New("no compiler")
		if got := haproxy.Failed(want); got != want {
			t.Errorf("Failed = %v, want %v", got, want)
		}
		lines := strings.Split(out.String(), "\n")
		expect := []string{
			`^  kernel      building +20\.0 s$`,
			`^  kernel      building +40\.0 s$`,
			`^  kernel      building + 1m00s$`,
			`^  kernel      building + 1m20s$`,
			`^  kernel      built, 3 files + 1m29s$`,
			`^  haproxy     failed +1\.5 s$`,
			`^$`,
		}
		if len(lines) != len(expect) {
			t.Fatalf("the log is\n%s\nwant %d lines", out.String(), len(expect)-1)
		}
		for i, line := range lines {
			if !regexp.MustCompile(expect[i]).MatchString(line) {
				t.Errorf("line %d = %q, want it to match %s", i+1, line, expect[i])
			}
		}
		if strings.ContainsAny(out.String(), "\x1b\r") {
			t.Errorf("the log %q has escape codes", out.String())
		}
	})
}

func TestTerminalLineIsRewrittenWithWhatTheStepDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := &Report{out: &out, terminal: true}
		s := r.Start("kernel", "building")
		time.Sleep(redraw + time.Millisecond)
		s.Doing("building: %d lines of log", 7)
		time.Sleep(redraw)
		synctest.Wait()
		s.Done("built")
		const rewrite = "\r\x1b[K"
		got := strings.Split(out.String(), rewrite)
		want := []string{"", "building ", "building: 7 lines of log ", "built "}
		if len(got) != len(want) {
			t.Fatalf("the terminal got %q, want %d rewritten lines", out.String(), len(want)-1)
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) || strings.Contains(got[i], "\n") != (i == len(want)-1) {
				t.Errorf("line %d = %q, want %q in it and the line ended only at last", i, got[i], want[i])
			}
		}
	})
}

func TestVerboseShowsOnlyTheEnds(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			r := &Report{out: &out, terminal: terminal, Verbose: true}
			s := r.Start("kernel", "building")
			time.Sleep(time.Hour)
			synctest.Wait()
			if out.Len() > 0 {
				t.Errorf("before the end it shows %q, want nothing between the lines of tools", out.String())
			}
			s.Done("built")
			if !strings.Contains(out.String(), "built") {
				t.Errorf("it shows %q, want built", out.String())
			}
		})
	}
}

func TestStepEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := (&Report{out: &out}).Start("kernel", "building")
		s.Done("built")
		s.Done("again")
		_ = s.Failed(errors.New("late"))
		if got := strings.Count(out.String(), "\n"); got != 1 || !strings.Contains(out.String(), "built") {
			t.Errorf("the log is %q, want one line: built", out.String())
		}
	})
}
