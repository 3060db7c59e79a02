package control

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twinlb/init/change"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseRequest(t *testing.T) {
	for line, want := range map[string]Request{
		`{"verb":"status","by":"ops"}`:                          {Verb: Status, By: "ops"},
		`{"verb":"stop","service":"haproxy","by":"ops"}` + "\n": {Verb: Stop, Service: "haproxy", By: "ops"},
		`{"verb":"logs","follow":true,"by":"ops"}`:              {Verb: Logs, Follow: true, By: "ops"},
		`{"verb":"confirm","by":"ops"}`:                         {Verb: Confirm, By: "ops"},
		`{"verb":"apply","seed":"H4s=","within":120000000000,"dry_run":true,"alone":true,"by":"ops"}`: {
			Verb: Apply, Seed: []byte("\x1f\x8b"), Within: 2 * time.Minute, DryRun: true, Alone: true, By: "ops",
		},
		`{"verb":"logs","service":"haproxy","by":"öps from 192.0.2.1"}`: {Verb: Logs, Service: "haproxy", By: "öps from 192.0.2.1"},
	} {
		got, err := ParseRequest([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", line, diff)
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	long := strings.Repeat("x", longest+1)
	for line, want := range map[string]string{
		``:                                   "EOF",
		`status`:                             "invalid character",
		`null`:                               "unknown verb",
		`[]`:                                 "cannot unmarshal",
		`{"verb":"status"`:                   "unexpected EOF",
		`{"verb":"exec","by":"ops"}`:         `unknown verb "exec"`,
		`{"verb":"` + long + `","by":"ops"}`: `unknown verb "xxx`,
		`{"verb":"status","by":"ops"} {"verb":"reboot"}`:                  "something follows",
		`{"verb":"status","by":"ops","shell":true}`:                       "unknown field",
		`{"verb":"status"}`:                                               "name of who asks",
		`{"verb":"status","by":"ops\nroot"}`:                              "not printable",
		`{"verb":"status","by":"` + long + `"}`:                           "longer than 256",
		`{"verb":"stop","by":"ops"}`:                                      "needs a service",
		`{"verb":"stop","service":"\u001b[2J","by":"ops"}`:                "not printable",
		`{"verb":"status","service":"haproxy","by":"ops"}`:                "takes no service",
		`{"verb":"stop","service":"a","follow":true,"by":"ops"}`:          "cannot be followed",
		`{"verb":"apply","within":120000000000,"by":"ops"}`:               "the seed has 0 bytes, want 1 to 16384",
		`{"verb":"apply","seed":"H4s=","by":"ops"}`:                       "undone within 0s, want 10s to 1h0m0s",
		`{"verb":"apply","seed":"H4s=","within":-1,"by":"ops"}`:           "undone within -1ns",
		`{"verb":"confirm","seed":"H4s=","by":"ops"}`:                     "takes no seed",
		`{"verb":"stop","service":"a","alone":true,"by":"ops"}`:           "takes no seed",
		`{"verb":"reboot","yes":true,"by":"ops"}`:                         "asks for no consent",
		`{"verb":"stop","service":"a","drain":true,"by":"ops"}`:           "stop drains nothing",
		`{"verb":"failover","grace":1,"by":"ops"}`:                        "at most 30s, not 1ns",
		`{"verb":"failover","drain":true,"grace":31000000000,"by":"ops"}`: "at most 30s, not 31s",
		`{"verb":"history","nth":1,"by":"ops"}`:                           "takes no number 1",
		`{"verb":"why","nth":-1,"by":"ops"}`:                              "takes no number -1",
		`{"verb":"apply","within":120000000000,"by":"ops","seed":"` +
			base64.StdEncoding.EncodeToString(make([]byte, change.MaxPacked+1)) + `"}`: "the seed has 16385 bytes",
	} {
		if got, err := ParseRequest([]byte(line)); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.60s = %+v, %v, want an error with %q", line, got, err, want)
		}
	}
}

// What is let through must be safe to log, and the same after another journey.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"verb":"status","by":"ops"}`))
	f.Add([]byte(`{"verb":"logs","service":"haproxy","follow":true,"by":"<ops>"}`))
	f.Add([]byte(`{"VERB":"stop","service":"\ud800","by":"\u2028"}`))
	f.Add([]byte("{\"verb\":\"start\",\"by\":\"\xff\"}\n\x00"))
	f.Add([]byte(`{"verb":"apply","seed":"H4s=","within":120000000000,"dry_run":true,"by":"ops"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		request, err := ParseRequest(line)
		if err != nil {
			return
		}
		if !printable(request.By + request.Service) {
			t.Errorf("%q holds %+v", line, request)
		}
		text, err := json.Marshal(request)
		if err != nil || len(text) >= maxRequest {
			t.Fatalf("%+v has %d bytes, %v", request, len(text), err)
		}
		again, err := ParseRequest(text)
		if err != nil || !cmp.Equal(request, again, cmpopts.EquateEmpty()) {
			t.Errorf("%+v is %+v after another journey, %v", request, again, err)
		}
	})
}
