package timeline

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"
)

const title = "From power-on to the first query"

// example is a boot of each kind, on one scale.
func example(t testing.TB) []Boot {
	t.Helper()
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	bios, err := FromTwinlb(read(t, "bios.log"))
	if err != nil {
		t.Fatal(err)
	}
	uefi, err := FromTwinlb(read(t, "uefi.log"))
	if err != nil {
		t.Fatal(err)
	}
	debian, err := FromDebian(read(t, "debian.log"), "Startup finished in 3.105s (kernel) + 8.422s (userspace) = 11.527s")
	if err != nil {
		t.Fatal(err)
	}
	boots := []Boot{{"twinlb, BIOS", bios}, {"twinlb, UEFI", uefi}, {"Debian 12, UEFI", debian}}
	for i, first := range [][2]int{{2701, 3537}, {5253, 6066}, {18953, 22066}} {
		boots[i].Mark("first query through the node", Query, at(first[0]))
		boots[i].Mark("first query through the VIP", Query, at(first[1]))
	}
	return boots
}

func TestPicture(t *testing.T) { golden.Assert(t, draw(t, title, example(t)), "boots.svg") }

// TestNothingLeavesThePicture draws what is hard to draw.
func TestNothingLeavesThePicture(t *testing.T) {
	long := strings.Repeat("a very long name of a step ", 12)
	zeros := strings.Repeat("\x00", 200)
	everywhere := Boot{Name: long}
	for i := range 40 {
		begin := time.Duration(i) * 250 * time.Millisecond
		everywhere.Spans = append(everywhere.Spans,
			Span{long, Kernel, begin, begin + time.Duration(i%7)*time.Second},
			Span{"MOST WIDE " + strings.Repeat("W", i), Services, begin, begin + time.Millisecond},
			Span{strings.Repeat("語", i), "another", begin, begin})
	}
	for name, boots := range map[string][]Boot{
		"example":    example(t),
		"no boot":    nil,
		"no span":    {{Name: "empty"}},
		"one moment": {{"a", []Span{{"at power-on", Query, 0, 0}}}},
		"microseconds": {{"a", []Span{
			{"short", Kernel, 10 * time.Microsecond, 20 * time.Microsecond},
			{"shorter", Init, 20 * time.Microsecond, 20*time.Microsecond + 1}}}},
		"before power-on": {{"a", []Span{{"b", Kernel, -time.Hour, -time.Second}, {"c", Kernel, time.Second, 0}}}},
		"for ever":        {{"a", []Span{{"b", Kernel, 1 << 62, 1<<63 - 1}, {"c", Init, 0, time.Second}}}},
		"everywhere":      {everywhere},
		"no characters":   {{zeros, []Span{{zeros, Kernel, 0, time.Second}, {zeros, Query, 1, 1}}}},
		"XML": {{"<b>&amp;\"'\x00\xff]]>", []Span{
			{"</text><script>\x1b", "\"/><", 0, time.Second}}}},
	} {
		t.Run(name, func(t *testing.T) { expectTidy(t, draw(t, "<title>&"+long, boots)) })
	}
}

func FuzzWriteSVG(f *testing.F) {
	f.Add("HAProxy <starts>", "services", int64(0), int64(time.Second))
	f.Add("\x00\xf0", "", int64(-1), int64(1<<63-1))
	f.Fuzz(func(t *testing.T, name, group string, begin, end int64) {
		expectTidy(t, draw(t, name, []Boot{{name, []Span{
			{name, Group(group), time.Duration(begin), time.Duration(end)},
			{"other", Kernel, time.Second, 2 * time.Second}}}}))
	})
}

func TestSpanJSON(t *testing.T) {
	for _, boot := range example(t) {
		boot.Spans = append(boot.Spans, Span{"odd", Init, 1234567891, 98765432123456789 % longest})
		text, err := json.Marshal(boot)
		if err != nil {
			t.Fatal(err)
		}
		var got Boot
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(boot, got); diff != "" {
			t.Errorf("read back from JSON (-want +got):\n%s", diff)
		}
	}
}

func TestSpanTooLong(t *testing.T) {
	var got Span
	if err := json.Unmarshal([]byte(`{"begin_s":-1e300,"end_s":1e300}`), &got); err != nil {
		t.Fatal(err)
	}
	if want := (Span{Begin: -longest, End: longest}); got != want {
		t.Errorf("span %+v, want %+v", got, want)
	}
}

func TestTicks(t *testing.T) {
	for end, want := range map[time.Duration]string{
		time.Millisecond:        "0, 1 ms",
		300 * time.Millisecond:  "0, 50 ms, 100 ms, 150 ms, 200 ms, 250 ms, 300 ms",
		1100 * time.Millisecond: "0, 0.1 s, 0.2 s, 0.3 s, 0.4 s, 0.5 s, 0.6 s, 0.7 s, 0.8 s, 0.9 s, 1.0 s, 1.1 s",
		3 * time.Second:         "0, 0.5 s, 1.0 s, 1.5 s, 2.0 s, 2.5 s, 3.0 s",
		70 * time.Second:        "0, 5 s, 10 s, 15 s, 20 s, 25 s, 30 s, 35 s, 40 s, 45 s, 50 s, 55 s, 60 s, 65 s, 70 s",
	} {
		a := newAxis([]Boot{{Spans: []Span{{End: end}}}}, margin, pictureWidth-margin)
		var labels []string
		step := a.step()
		for at := time.Duration(0); at <= a.end; at += step {
			labels = append(labels, a.label(at, step))
		}
		if got := strings.Join(labels, ", "); got != want {
			t.Errorf("ticks until %v:\ngot  %s\nwant %s", end, got, want)
		}
	}
}

func draw(t testing.TB, title string, boots []Boot) string {
	t.Helper()
	var b strings.Builder
	if err := WriteSVG(&b, title, boots); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// box is what an element covers.
type box struct {
	what                     string
	left, top, right, bottom float64
}

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

func (b box) within(o box) bool {
	return b.left >= o.left && b.right <= o.right && b.top >= o.top && b.bottom <= o.bottom
}

// expectTidy fails the test unless the picture is XML without scripts, all of it
// is inside of the viewBox, and no two texts meet.
func expectTidy(t *testing.T, svg string) {
	t.Helper()
	var view box
	var texts []box
	for _, b := range boxes(t, svg, &view) {
		if !b.within(view) {
			t.Errorf("%+v is not within the picture %+v", b, view)
		}
		if !strings.HasPrefix(b.what, "text") {
			continue
		}
		for _, other := range texts {
			if b.meets(other) {
				t.Errorf("%+v meets %+v", b, other)
			}
		}
		texts = append(texts, b)
	}
	if len(texts) == 0 {
		t.Error("the picture has no text")
	}
}

func boxes(t *testing.T, svg string, view *box) []box {
	t.Helper()
	var all []box
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v\n%s", err, svg)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attribute := map[string]string{}
		number := map[string]float64{}
		for _, a := range element.Attr {
			attribute[a.Name.Local] = a.Value
			number[a.Name.Local], _ = strconv.ParseFloat(a.Value, 64)
		}
		x, y := number["x"], number["y"]
		switch name := element.Name.Local; name {
		case "svg":
			if _, err := fmt.Sscanf(attribute["viewBox"], "0 0 %g %g", &view.right, &view.bottom); err != nil {
				t.Fatalf("viewBox %q: %v", attribute["viewBox"], err)
			}
		case "rect":
			all = append(all, box{name, x, y, x + number["width"], y + number["height"]})
		case "path": // a diamond: from its top over its right corner
			var half float64
			if _, err := fmt.Sscanf(attribute["d"], "M%g %gl%g", &x, &y, &half); err != nil {
				t.Fatalf("path %q: %v", attribute["d"], err)
			}
			all = append(all, box{name, x - half, y, x + half, y + 2*half})
		case "line":
			all = append(all, box{name, number["x1"], number["y1"], number["x2"], number["y2"]})
		case "text":
			all = append(all, textBox(t, decoder, attribute, x, y))
		case "title", "style", "g":
		default:
			t.Errorf("the picture has an element <%s>", name)
		}
	}
}

// textBox reads a text to its end.
func textBox(t *testing.T, decoder *xml.Decoder, attribute map[string]string, x, y float64) box {
	t.Helper()
	size, text, gap := labelSize, "", 0.0
	switch class := attribute["class"]; {
	case class == "title":
		size = titleSize * bold
	case class == "head":
		size = headSize * bold
	case strings.Contains(class, "moment"):
		size *= bold
	}
	for depth := 1; depth > 0; {
		token, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth, gap = depth+1, 6
		case xml.EndElement:
			depth--
		case xml.CharData:
			text += string(token)
		}
	}
	width := textWidth(text, size) + gap
	switch attribute["text-anchor"] {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	return box{"text " + text, x, y - size*0.8, x + width, y + size*0.2}
}
