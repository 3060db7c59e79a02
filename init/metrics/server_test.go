package metrics

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinlb/init/status"
)

// start serves on loopback, and counts how often PID 1 is asked.
func start(t *testing.T, ask func() (*status.Pair, error)) (address string, asked *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int64{}
	s := &server{log: t.Logf, ask: func() (*status.Pair, error) {
		asked.Add(1)
		return ask()
	}}
	ended := make(chan error, 1)
	go func() { ended <- s.serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), asked
}

func fine() (*status.Pair, error) { return example(), nil }

// say sends a text and returns the answer, up to its end.
func say(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	_, _ = io.WriteString(conn, text)
	answer, _ := io.ReadAll(conn) // a reset comes when more was sent than was read
	return string(answer)
}

func TestClientOfHTTPGetsMetrics(t *testing.T) {
	address, asked := start(t, fine)
	for range 5 {
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || answer.Header.Get("Content-Type") != contentType || string(body) != expose(example()) {
			t.Errorf("GET: %s %v, %d bytes (%v)", answer.Status, answer.Header, len(body), err)
		}
	}
	if n := asked.Load(); n < 1 || n > 2 {
		t.Errorf("PID 1 was asked %d times within a second, want once", n)
	}
	answer, err := http.Head("http://" + address + "/metrics?x=y")
	if err != nil || answer.StatusCode != 200 || answer.ContentLength != int64(len(expose(example()))) {
		t.Errorf("HEAD: %+v, %v", answer, err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	address, _ := start(t, fine)
	for _, tt := range []struct{ request, want string }{
		{"GET /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"},
		{"GET /metrics HTTP/1.1\nHost: a\n\n", "HTTP/1.1 200 OK"}, // RFC 9112 §2.2
		{"GET http://lb-a:8406/metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK"},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404"},
		{"GET http://metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 404"},
		{"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405"},
		{"GET /metrics HTTP/2.0\r\n\r\n", "HTTP/1.1 505"},
		{"GET  /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		{"\r\n\r\n", "HTTP/1.1 400"},
		{"GET /" + strings.Repeat("a", longest) + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431"},
		{"GET /metrics HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", longest/4), "HTTP/1.1 431"},
	} {
		got := say(t, address, tt.request)
		if first, _, _ := strings.Cut(got, "\r\n"); !strings.HasPrefix(first, tt.want) {
			t.Errorf("%.60q: %.80q, want %s", tt.request, got, tt.want)
		}
		if strings.HasPrefix(got, "HTTP/1.1 405") && !strings.Contains(got, "\r\nAllow: GET, HEAD\r\n") {
			t.Errorf("a 405 must say what is allowed (RFC 9110 §15.5.6): %q", got)
		}
	}
}

func TestNodeThatDoesNotSayHowItIs(t *testing.T) {
	address, _ := start(t, func() (*status.Pair, error) { return nil, errors.New("it is busy") })
	got := say(t, address, "GET /metrics HTTP/1.1\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 503") || !strings.Contains(got, "it is busy") {
		t.Errorf("got %q, want 503 with the reason", got)
	}
}

// Who holds all connections open does not keep others out.
func TestManyThatSayNothing(t *testing.T) {
	address, _ := start(t, fine)
	var first net.Conn
	for range 3 * connections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if first == nil {
			first = conn
		}
	}
	if got := say(t, address, "GET /metrics HTTP/1.1\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("got %q, want an answer", got)
	}
	_ = first.SetReadDeadline(time.Now().Add(patience / 2))
	if _, err := first.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the oldest connection: %v, want its end", err)
	}
}

func TestClientThatIsSlowIsLeft(t *testing.T) {
	address, _ := start(t, fine)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /metr")
	began := time.Now()
	_ = conn.SetReadDeadline(began.Add(3 * patience))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || time.Since(began) < patience/2 {
		t.Errorf("after %v: %v, want the end of the connection after %v", time.Since(began), err, patience)
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD http://a/metrics?b HTTP/1.0\n\n", "POST / HTTP/1.1\r\n\r\n", "\r\n", "GET / HTTP/1.1\r\nA"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		asked, err := readRequest(strings.NewReader(string(text)))
		reference, wrong := http.ReadRequest(bufio.NewReader(strings.NewReader(string(text))))
		switch {
		case err != nil:
			return
		case strings.ContainsAny(asked.path, " \r\n"):
			t.Errorf("the path is %q", asked.path)
		case asked.path == path && wrong == nil && reference.URL.Path != path:
			t.Errorf("the path is %q, and %q as net/http reads it", asked.path, reference.URL.Path)
		case asked.head && wrong == nil && reference.Method != "HEAD":
			t.Errorf("it is taken for HEAD, and %s as net/http reads it", reference.Method)
		}
	})
}
