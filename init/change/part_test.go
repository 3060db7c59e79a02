package change

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func told() Part {
	return Part{
		ID: "0123456789abcdef", Leader: "lb-a", By: "ops from 192.0.2.1", Seed: "11507a0e2f5e", Nodes: []string{"lb-b"},
		Within: 2 * time.Minute, Phase: Applied, Left: time.Minute, Did: []string{"haproxy: hitless reload"},
	}
}

func TestPartCheck(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*Part)
		want string
	}{
		{"good", func(*Part) {}, ""},
		{"with the problems of a seed", func(p *Part) { p.Phase, p.Why = Refused, "user-data:1:1: wrong\n    x\n    ^" }, ""},
		{"no ID", func(p *Part) { p.ID = "" }, "the ID"},
		{"an ID that is none", func(p *Part) { p.ID = "0123456789abcdeg" }, "the ID"},
		{"another phase", func(p *Part) { p.Phase = "done" }, "unknown phase"},
		{"no time", func(p *Part) { p.Within = 0 }, "undone within"},
		{"for ever", func(p *Part) { p.Within = MaxWithin + 1 }, "undone within"},
		{"in the past", func(p *Part) { p.Left = -1 }, "undone within"},
		{"too many nodes", func(p *Part) { p.Nodes = make([]string, 20) }, "too much"},
		{"too big a seed", func(p *Part) { p.Packed = make([]byte, MaxPacked+1) }, "too much"},
		{"too much done", func(p *Part) { p.Did = make([]string, sentences+1) }, "too much"},
		{"too long a reason", func(p *Part) { p.Why = strings.Repeat(strings.Repeat("x", longest-1)+"\n", 20) }, "too much"},
		{"a line too long", func(p *Part) { p.By = strings.Repeat("x", longest+1) }, "too long"},
		{"an escape", func(p *Part) { p.Did = []string{"\x1b[2J"} }, "not printable"},
	} {
		p := told()
		tt.edit(&p)
		err := p.Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestPack(t *testing.T) {
	userData := []byte("#cloud-config\n" + strings.Repeat("# a line\n", 50_000))
	packed, err := Pack(userData)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unpack(packed)
	if err != nil || !bytes.Equal(got, userData) {
		t.Errorf("Unpack gives %d bytes, %v, want the %d that were packed", len(got), err, len(userData))
	}
	noise := make([]byte, MaxPacked)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	if _, err := Pack(noise); err == nil || !strings.Contains(err.Error(), "tell each other 16384") {
		t.Errorf("what does not become small: %v", err)
	}
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(make([]byte, MaxUnpacked+1))
	_ = w.Close()
	for name, bad := range map[string][]byte{"nothing": nil, "a part": packed[:len(packed)/2], "a bomb": bomb.Bytes()} {
		if got, err := Unpack(bad); err == nil {
			t.Errorf("%s: %d bytes, want an error", name, len(got))
		}
	}
}

// What another node tells is checked, or harmless: no sequence of it makes a node
// run what is not the announced seed.
func FuzzHeard(f *testing.F) {
	for _, phase := range []Phase{Offered, Applied, Refused} {
		p := told()
		p.Phase = phase
		if phase == Offered {
			p.Packed, _ = Pack([]byte("new"))
		}
		text, _ := json.Marshal(p)
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := newState("lb-b")
		now := time.Unix(0, 0)
		for _, text := range [][]byte{first, second} {
			var p Part
			if json.Unmarshal(text, &p) != nil || p.Check() != nil {
				continue
			}
			again, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var same Part
			if err := json.Unmarshal(again, &same); err != nil || cmp.Diff(p, same, cmpopts.EquateEmpty()) != "" {
				t.Errorf("%+v is %+v after another journey, %v", p, same, err)
			}
			s.others["lb-a"] = heard{p, now}
			for range 20 {
				do, again := s.next(now)
				if do == apply && s.own.ID == "" {
					t.Error("applies nothing")
				}
				if do == wait {
					if now = again; now.IsZero() {
						now = time.Unix(0, 0)
					}
					continue
				}
				s.done(do, nil, nil, now)
				if err := s.own.Check(); err != nil {
					t.Errorf("tells %+v: %v", s.own, err)
				}
			}
		}
	})
}
