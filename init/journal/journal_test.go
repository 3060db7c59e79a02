package journal

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func texts(lines []Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Subject+":"+l.Text)
	}
	return strings.Join(all, " ")
}

func TestLinesOfASubject(t *testing.T) {
	var j Journal
	before := time.Now()
	j.Add("haproxy", "one\ntwo\n")
	j.Add("boot", "three")
	if got, want := texts(j.Lines("")), "haproxy:one haproxy:two boot:three"; got != want {
		t.Errorf("all = %q, want %q", got, want)
	}
	if got, want := texts(j.Lines("haproxy")), "haproxy:one haproxy:two"; got != want {
		t.Errorf("of haproxy = %q, want %q", got, want)
	}
	if got := j.Lines("nobody"); len(got) != 0 {
		t.Errorf("of nobody = %q", texts(got))
	}
	if at := j.Lines("")[0].At; at.Before(before) || at.After(time.Now()) {
		t.Errorf("time = %s", at)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	var j Journal
	for i := range 2 * keptLines {
		j.Add("s", strconv.Itoa(i))
	}
	if lines := j.Lines(""); len(lines) != keptLines || lines[0].Text != strconv.Itoa(keptLines) {
		t.Errorf("%d lines from %s, want %d from %d", len(lines), lines[0].Text, keptLines, keptLines)
	}
	for range 500 {
		j.Add("s", "x"+strings.Repeat("é", 4<<10))
	}
	size := 0
	for _, l := range j.Lines("") {
		size += l.size()
		if len(l.Text) > lineBytes || strings.ToValidUTF8(l.Text, "") != l.Text {
			t.Fatalf("a line has %d bytes, or half a letter", len(l.Text))
		}
	}
	if size > keptBytes || size < keptBytes/2 || size != j.bytes {
		t.Errorf("%d bytes are kept, %d counted, want no more than %d", size, j.bytes, keptBytes)
	}
}

func TestFollow(t *testing.T) {
	var j Journal
	j.Add("a", "1")
	j.Add("b", "2")
	kept, next, stop := j.Follow("a")
	everything, all, stopAll := j.Follow("")
	j.Add("b", "3")
	j.Add("a", "4")
	if got := texts(kept); got != "a:1" {
		t.Errorf("kept of a = %q", got)
	}
	if got := texts(everything); got != "a:1 b:2" {
		t.Errorf("kept = %q", got)
	}
	if got := texts(drain(next)); got != "a:4" {
		t.Errorf("next of a = %q", got)
	}
	if got := texts(drain(all)); got != "b:3 a:4" {
		t.Errorf("next = %q", got)
	}
	stop()
	stopAll()
	j.Add("a", "5")
	if got := drain(next); len(got) != 0 || len(j.listeners) != 0 {
		t.Errorf("after the end: %q, %d listeners", texts(got), len(j.listeners))
	}
}

// Nobody reads while it is written to: this hangs when Add waits.
func TestWhoReadsTooSlowlyIsTold(t *testing.T) {
	var j Journal
	_, next, stop := j.Follow("")
	defer stop()
	for i := range waiting + 5 {
		j.Add("s", strconv.Itoa(i))
	}
	if got := drain(next); len(got) != waiting || got[waiting-1].Text != strconv.Itoa(waiting-1) {
		t.Fatalf("%d lines wait, want %d", len(got), waiting)
	}
	j.Add("s", "last")
	if got, want := texts(drain(next)), "journal:5 lines missed: the reader was too slow s:last"; got != want {
		t.Errorf("then = %q, want %q", got, want)
	}
}

func drain(next <-chan Line) (lines []Line) {
	for {
		select {
		case line := <-next:
			lines = append(lines, line)
		default:
			return lines
		}
	}
}
