package console

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// add gives c a console and returns what a person would look at.
func add(t *testing.T, c *Consoles, screen bool) *os.File {
	t.Helper()
	glass, wire, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { glass.Close(); wire.Close() })
	c.add(wire, screen)
	return glass
}

// read returns the next that the console shows, up to and including the text.
func read(t *testing.T, glass *os.File, until string) string {
	t.Helper()
	if err := glass.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(seen.String(), until); {
		if _, err := glass.Read(b); err != nil {
			t.Fatalf("still waiting after 5 s for %q on the console; it shows %q", until, seen.String())
		}
		seen.Write(b)
	}
	return seen.String()
}

func TestLogIsOnEveryConsoleWithItsTime(t *testing.T) {
	var c Consoles
	one, two := add(t, &c, false), add(t, &c, true)
	c.Log("network", fmt.Sprintf("%s has %d addresses", "eth0", 2))
	want := regexp.MustCompile(`^\[ *\d+\.\d{3}\] network: eth0 has 2 addresses\n$`)
	for _, glass := range []*os.File{one, two} {
		if got := read(t, glass, "\n"); !want.MatchString(got) {
			t.Errorf("the console shows %q, want it to match %s", got, want)
		}
	}
}

func TestNothingThatIsSaidSteersTheTerminal(t *testing.T) {
	const hostile = "a\x1b[2Jb\x07\x9b3m\u009b4m\x7f\r\x00c\td äöü"
	const harmless = "a?[2Jb?\ufffd3m?4m???c\td äöü"
	var c Consoles
	glass := add(t, &c, false)
	c.Log("haproxy", fmt.Sprintf("%s\nforged line", hostile))
	if got, want := read(t, glass, "\n"), " haproxy: "+harmless+"?forged line\n"; !strings.HasSuffix(got, want) {
		t.Errorf("after Log the console shows %q, want %q at its end", got, want)
	}
	c.Log(hostile, "said by a service with such a name")
	if got := read(t, glass, "\n"); !strings.Contains(got, harmless) {
		t.Errorf("after Log the console shows %q, want %q in it", got, harmless)
	}
	c.Show("two\nlines " + hostile)
	if got, want := read(t, glass, "äöü\n"), "\ntwo\nlines "+harmless+"\n"; got != want {
		t.Errorf("after Show the console shows %q, want %q", got, want)
	}
}

func TestStatusIsAPageOnAScreenAndSaidOnceOnALine(t *testing.T) {
	var c Consoles
	line, screen := add(t, &c, false), add(t, &c, true)
	c.Show("healthy")
	c.Show("healthy") // says nothing
	c.Log("vrrp", "MASTER")
	if got := read(t, line, "MASTER\n"); !regexp.MustCompile(`^\nhealthy\n\[.*\] vrrp: MASTER\n$`).MatchString(got) {
		t.Errorf("the line shows %q, want the status once and then the log", got)
	}
	const clear = "\x1b[H\x1b[J"
	got := read(t, screen, "MASTER\n")
	if pages := strings.Split(got, clear); len(pages) != 3 || pages[1] != "healthy\n\n" ||
		!regexp.MustCompile(`^healthy\n\[.*\] vrrp: MASTER\n$`).MatchString(pages[2]) {
		t.Errorf("the screen shows %q, want a page with the status, then one with the log below it", got)
	}
	c.Show("unable")
	if got := read(t, line, "unable\n"); got != "\nunable\n" {
		t.Errorf("the line shows %q, want the new status", got)
	}
	if got := read(t, screen, "MASTER\n"); !strings.HasPrefix(got, clear+"unable\n[") {
		t.Errorf("the screen shows %q, want a page with the new status", got)
	}
}

func TestScreenKeepsTheLatestLines(t *testing.T) {
	var c Consoles
	c.Show("healthy")
	for i := range kept + 5 {
		c.Log("vrrp", fmt.Sprintf("line %d.", i))
	}
	page := c.page()
	if got := strings.Count(page, "vrrp: line"); got != kept {
		t.Errorf("%d log lines on the page, want %d", got, kept)
	}
	if !strings.Contains(page, fmt.Sprintf("line %d.\n", kept+4)) || strings.Contains(page, "line 4.") {
		t.Errorf("the page is %q, want the latest lines", page)
	}
}

func TestBlockedConsoleHoldsUpNobodyAndCountsWhatItMissed(t *testing.T) {
	var c Consoles
	blocked, other := add(t, &c, false), add(t, &c, false)

	// More than the pipe and the queue can take, while the other console is read.
	const lines = 5000
	done := make(chan int)
	go func() {
		n := 0
		for text := bufio.NewScanner(other); text.Scan() && !strings.Contains(text.Text(), "the end"); n++ {
		}
		done <- n
	}()
	padding := strings.Repeat("x", 100)
	began := time.Now()
	for i := range lines {
		c.Log("test", fmt.Sprintf("%d %s", i, padding))
		if i%100 == 0 { // what is read is never too slow
			await(t, "the other console to be read", func() bool { return len(c.outputs[1].pending) == 0 })
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("writing took %s beside a blocked console", took)
	}
	c.Log("test", "the end")
	if got := <-done; got != lines {
		t.Errorf("the other console shows %d lines, want %d", got, lines)
	}

	// When the console goes on, the first that fits says how many did not.
	seen, dropped := 0, -1
	text := bufio.NewScanner(blocked)
	read := func() bool {
		_ = blocked.SetReadDeadline(time.Now().Add(5 * time.Second))
		return text.Scan()
	}
	await(t, "the queue of the blocked console to be full", func() bool { return len(c.outputs[0].pending) == queue })
	for len(c.outputs[0].pending) == queue && read() {
		seen++
	}
	c.Log("test", "awake")
	for dropped < 0 && read() {
		if n, err := fmt.Sscanf(text.Text(), "(%d messages dropped", &dropped); n != 1 || err != nil {
			seen++
		}
	}
	if want := lines + 1 - seen; dropped != want {
		t.Errorf("%d messages dropped, want %d, which is all but the %d that were seen", dropped, want, seen)
	}
	if !read() || !strings.HasSuffix(text.Text(), "awake") {
		t.Errorf("after the drops the console shows %q, want the line that was logged", text.Text())
	}
	c.Log("test", "again")
	if !read() || !strings.HasSuffix(text.Text(), "again") {
		t.Errorf("then the console shows %q, want no drops said twice", text.Text())
	}
}

func TestDrainWaitsForASlowConsoleButNotForABlockedOne(t *testing.T) {
	var c Consoles
	glass := add(t, &c, false)
	for range queue {
		c.Log("test", strings.Repeat("x", 1000))
	}
	began := time.Now()
	c.Drain(100 * time.Millisecond)
	if took := time.Since(began); took < 100*time.Millisecond || took > time.Second {
		t.Errorf("Drain took %s beside a blocked console, want its patience of 100ms", took)
	}
	go io.Copy(io.Discard, glass)
	c.Drain(5 * time.Second)
	if left := len(c.outputs[0].pending); left > 0 {
		t.Errorf("%d messages are left after Drain", left)
	}
}

func TestNoConsoleIsNoTrouble(t *testing.T) {
	var c Consoles
	c.Log("test", "to nobody")
	c.Show("to nobody")
	c.Drain(0)
}

// await polls until the named condition holds.
func await(t *testing.T, name string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after 5 s for: %s", name)
		}
		time.Sleep(time.Millisecond)
	}
}
