package admin

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"twinlb/init/change"
	"twinlb/init/control"
	"twinlb/services/admin"

	"golang.org/x/crypto/ssh"
)

// give runs a command with an input; nil is one that never ends.
func (l *lab) give(line string, input io.Reader) (stdout, stderr string, exit int) {
	l.t.Helper()
	client := l.login()
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		l.t.Fatal(err)
	}
	var out, errs strings.Builder
	session.Stdout, session.Stderr = &out, &errs
	if input == nil {
		if _, err := session.StdinPipe(); err != nil {
			l.t.Fatal(err)
		}
	}
	session.Stdin = input
	err = session.Run(line)
	if status, ok := err.(*ssh.ExitError); ok {
		exit = status.ExitStatus()
	} else if err != nil {
		l.t.Fatalf("run %q: %v", line, err)
	}
	return out.String(), errs.String(), exit
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func noise(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = 'a' + byte(random.UintN(26))
	}
	return b
}

// unending says something and then nothing more.
type unending struct {
	said bool
	end  chan struct{}
}

func (u *unending) Read(b []byte) (int, error) {
	if !u.said {
		u.said = true
		return copy(b, "#cloud"), nil
	}
	<-u.end
	return 0, io.EOF
}

func TestApplyTakesASeedFromItsInput(t *testing.T) {
	var got []byte
	l := newLab(t, func(r control.Request, send func(control.Reply) error, _ <-chan struct{}) error {
		userData, err := change.Unpack(r.Seed)
		got = userData
		if err != nil {
			return err
		}
		if r.DryRun {
			return send(control.Reply{Diff: "-old\n+new\n"})
		}
		return send(control.Reply{Said: "lb-a: nothing"})
	}, func(s *server) { s.times.seed = 500 * time.Millisecond })
	unending := &unending{end: make(chan struct{})}
	t.Cleanup(func() { close(unending.end) })
	seed := []byte("#cloud-config\n" + strings.Repeat("# é\n", 100_000))
	for _, tt := range []struct {
		name, line     string
		input          io.Reader
		exit           int
		stdout, stderr string
	}{
		{"plain", "apply", bytes.NewReader(seed), 0, "lb-a: nothing\n", ""},
		{"compressed", "apply --within 1h", bytes.NewReader(zipped(seed)), 0, "lb-a: nothing\n", ""},
		{"dry run", "apply --dry-run", bytes.NewReader(seed), 0, "-old\n+new\n", ""},
		{"empty", "apply", strings.NewReader(""), 1, "", "apply: the seed on standard input is empty"},
		{"never begins", "apply", nil, 1, "", "apply: no seed came within 500ms"},
		{"never ends", "apply", unending, 1, "", "apply: the seed has not ended within 500ms: 6 bytes came"},
		{"too big", "apply", bytes.NewReader(make([]byte, change.MaxUnpacked+1)), 1, "", "more than 1048576 bytes"},
		{"a bomb", "apply", bytes.NewReader(zipped(make([]byte, 64<<20))), 1, "", "more than 1048576 bytes"},
		{"damaged", "apply", bytes.NewReader(zipped(seed)[:200]), 1, "", "unpack the seed"},
		{"does not become small", "apply", bytes.NewReader(noise(100_000)), 1, "", "the nodes can tell each other 16384"},
		{"wrong flag", "apply --force", strings.NewReader(""), 64, "", "usage: apply [FLAGS] < SEED"},
		{"help", "apply --help", strings.NewReader(""), 0, "--dry-run", ""},
	} {
		got = nil
		stdout, stderr, exit := l.give(tt.line, tt.input)
		if exit != tt.exit || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%s: exits %d, says %q, %q, want %d, %q, %q", tt.name, exit, stdout, stderr, tt.exit, tt.stdout, tt.stderr)
		}
		if exit == 0 && !strings.Contains(tt.line, "--help") && !bytes.Equal(got, seed) {
			t.Errorf("%s: PID 1 got %d bytes, want the %d of the seed", tt.name, len(got), len(seed))
		}
	}
}

// A seed with other keys decides who logs in from now on, and ends no session.
func TestKeysAreReadAtEachLogin(t *testing.T) {
	l := newLab(t, answers, nil)
	client := l.login()
	l.server.authorized = func() ([]admin.Key, error) { return nil, nil }
	if other, err := l.dial(admin.Login, keyAuth(t, l.key)); err == nil {
		other.Close()
		t.Error("a key that was taken away can log in")
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := session.Output("restart haproxy"); err != nil || string(out) != "restart haproxy\n" {
		t.Errorf("the session that there was: %q, %v", out, err)
	}
}
