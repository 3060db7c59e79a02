package report

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/bench/report/timeline"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gotest.tools/v3/golden"
)

// links are how rows find their report; go-cmp would follow them in a circle.
var links = cmpopts.IgnoreUnexported(Section{}, Row{}, Cell{})

const ours, theirs = "twinlb", "debian 12"

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// example has a cell of every kind.
func example() *Report {
	begin := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	r := New(
		&Column{Name: ours, MemoryMiB: 128, AdvertMilliseconds: 200, About: "HAProxy 3.0.11, keepalived 2.3.3"},
		&Column{Name: theirs, MemoryMiB: 512, AdvertMilliseconds: 1000, About: "HAProxy 2.6.12, keepalived 2.2.7, pgrep each 2 s"})
	r.Begin, r.End, r.Commit = begin, begin.Add(23*time.Minute+7*time.Second), "c5611e6"
	r.Load = Load{Begin: 0.31, End: 1.9}
	r.Machine = Machine{CPU: "AMD EPYC 7B13", Cores: 2, MemoryMiB: 7936, Kernel: "6.1.0-32-amd64", OS: "Debian 12", QEMU: "7.2.22", Accelerator: "TCG"}
	r.Boots = []timeline.Boot{{Name: "twinlb, BIOS", Spans: []timeline.Span{{Name: "firmware", Group: timeline.Firmware, End: 1233 * time.Millisecond}}}}

	sizes := r.Section("sizes")
	sizes.Row("kernel and initramfs", Bytes).Column(ours).Add(8357150)
	sizes.Row("kernel and initramfs", Bytes).Column(theirs).Add(51 << 20)
	sizes.Row("disk", Bytes).Column(ours).Add(18 << 20)
	sizes.Row("disk", Bytes).Column(theirs).Add(1.3 * (1 << 30))
	sizes.Row("configuration", Bytes).Column(ours).Add(912)

	boot := r.Section("boot")
	bios := boot.Row("power on to the first query through the node, BIOS", Seconds)
	for _, ms := range []int{1912, 1880, 2040, 1899, 1930} {
		bios.Column(ours).AddDuration(milliseconds(ms))
		bios.Column(theirs).AddDuration(milliseconds(9 * ms))
	}
	uefi := boot.Row("the same, UEFI", Seconds).WithNote("OVMF itself takes about 3.5 s.")
	for _, ms := range []int{5253, 5310, 5199} {
		uefi.Column(ours).AddDuration(milliseconds(ms))
	}
	uefi.Column(theirs).Fail("wait for the first query: waited 1m0s\nfor | *an answer* \\ of <192.168.100.60:3306>")

	memory := r.Section("memory").Row("in use", MiB)
	memory.Column(ours).Add(31.4)
	memory.Column(theirs).Add(148)

	idle := r.Section("idle")
	for i := range 5 {
		idle.Row("CPU of the master", CorePercent).Column(ours).Add(5.3 - float64(i)/10)
		idle.Row("CPU of the master", CorePercent).Column(theirs).Add(5.1 - float64(i)/10)
	}

	throughput := r.Section("throughput")
	for i := range 5 {
		throughput.Row("logins", PerSecond).Column(ours).Add(410 + float64(i)/4)
		throughput.Row("logins", PerSecond).Column(theirs).Add(300 + float64(i))
	}

	outages := r.Section("outages")
	for i := range 5 {
		outages.Row("master powered off", Milliseconds).Column(ours).AddDuration(milliseconds(500+20*i), 25+i)
		outages.Row("master powered off", Milliseconds).Column(theirs).AddDuration(milliseconds(3600+10*i), 180)
		outages.Row("HAProxy hangs", Milliseconds).Column(ours).AddDuration(milliseconds(579), 29)
		outages.Row("`failover`", Milliseconds).Column(ours).AddDuration(0, i%2)
	}
	hangs := outages.Row("HAProxy hangs", Milliseconds).Column(theirs)
	hangs.Add(31_000, 1500).Add(60_000, 3000).WithNote("Ended by the bench after 60 s: pgrep finds a process that hangs.")
	outages.Row("keepalived hangs", Milliseconds).Column(ours).AddDuration(milliseconds(21), 1).WithNote("OVMF itself takes about 3.5 s.").Fail("OVMF itself takes about 3.5 s.")
	return r
}

func TestGolden(t *testing.T) {
	alone := example()
	alone.Columns = alone.Columns[:1]
	wide := New(&Column{Name: "a name that is wider than its figures"}, &Column{Name: "b"})
	wide.Section("sizes").Row("disk", Bytes).Column("b").Add(1000)
	for name, write := range map[string]func(io.Writer) error{
		"pair.txt":  example().WriteText,
		"pair.md":   example().WriteMarkdown,
		"pair.json": example().WriteJSON,
		"alone.txt": alone.WriteText,
		"alone.md":  alone.WriteMarkdown,
		"wide.txt":  wide.WriteText,
		"empty.txt": New().WriteText,
		"empty.md":  New().WriteMarkdown,
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, got.String(), name)
		})
	}
}

// TestNoLineIsTooLong wraps what would not fit into a terminal.
func TestNoLineIsTooLong(t *testing.T) {
	r := example()
	long := strings.Repeat("something that is much too long ", 10)
	r.Machine.CPU = long
	r.Section("long").Row(long, Count).WithNote(long).Column(ours).Add(1).Add(2).Fail(strings.Repeat("x", 300))
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if n := width(strings.TrimRight(line, "\n")); n > terminal {
			t.Errorf("%d characters, want at most %d: %s", n, terminal, line)
		}
	}
	if words := strings.Count(text.String(), "something"); words != 30 {
		t.Errorf("%d of 30 words are there:\n%s", words, text.String())
	}
}

func TestJSONComesBack(t *testing.T) {
	want := example()
	var text bytes.Buffer
	if err := want.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, links); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// TestReadGoesOn adds to reports that were read.
func TestReadGoesOn(t *testing.T) {
	r, err := Read(strings.NewReader(`{"columns":[{"name":"a"}],"sections":[{"name":"s","rows":[{"name":"r","unit":"s"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Sections[0].Rows[0].Column("b").AddDuration(time.Second)
	r.Sections[0].Row("new", Count).Column("c").Add(1)
	r.Section("s").Row("r", Seconds).Column("b").AddDuration(3 * time.Second)
	if got, _ := r.Sections[0].Rows[0].Cells["b"].Median(); got != 2 || len(r.Columns) != 3 || len(r.Sections[0].Rows) != 2 {
		t.Errorf("median %v, %d columns, %d rows; want 2, 3 and 2", got, len(r.Columns), len(r.Sections[0].Rows))
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "EOF",
		`{"sections":[null]}`:             "each is an object",
		`{"columns":[null]}`:              "each is an object",
		`{"sections":[{"rows":[null]}]}`:  "each is an object",
		`{"coloumns":[]}`:                 `unknown field "coloumns"`,
		`{"boots":[{"spans":[{"x":""]}]}`: "invalid character",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestNoNumber(t *testing.T) {
	r := New()
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		c := r.Section("s").Row("r", Count).Column("new").Add(v).Fail("a later reason")
		if len(c.Values) != 0 || c.NotMeasured != "the measurement gave no number" {
			t.Errorf("%v became %+v, want a cell that says why it has no value", v, c)
		}
	}
	if err := r.WriteJSON(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestWriteFails(t *testing.T) {
	want := errors.New("disk full")
	r := example()
	for name, write := range map[string]func(io.Writer) error{"text": r.WriteText, "Markdown": r.WriteMarkdown, "JSON": r.WriteJSON} {
		if err := write(failing{want}); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", name, err, want)
		}
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// FuzzRead shows whatever can be read.
func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	if err := example().WriteJSON(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.String())
	f.Add(`{"columns":[{"name":"a"},{"name":"a"}],"sections":[{"name":"\u001b[2J","rows":[{"unit":"bytes","cells":{"a":null,"b":{"values":[-1e308,1e308]}}}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var shown strings.Builder
		if err := errors.Join(r.WriteText(&shown), r.WriteMarkdown(&shown), r.WriteJSON(io.Discard)); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(shown.String(), "\x00\x07\x1b") {
			t.Errorf("the tables have a control character: %q", shown.String())
		}
	})
}
