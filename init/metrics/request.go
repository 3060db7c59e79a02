package metrics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// longest is how many bytes a request may have up to its end.
const longest = 8 << 10

// request is what is wanted of an HTTP request.
type request struct {
	head bool // the answer is to have no body
	path string
}

// refusal is an answer to a request that cannot be served (RFC 9110 §15.5).
type refusal struct {
	status string
	why    string
}

func (r refusal) Error() string { return r.why }

var (
	errTooLong = refusal{"431 Request Header Fields Too Large", fmt.Sprintf("the request has more than %d bytes", longest)}
	errMethod  = refusal{"405 Method Not Allowed", "only GET and HEAD are possible"}
)

// readRequest reads a request of HTTP/1.0 or HTTP/1.1 (RFC 9112) to the end of its
// header, of which nothing but the first line counts. The error is a refusal unless
// nothing can be answered.
func readRequest(from io.Reader) (request, error) {
	limited := &io.LimitedReader{R: from, N: longest}
	reader := bufio.NewReaderSize(limited, 1<<10)
	first, err := readLine(reader, limited)
	if err != nil {
		return request{}, err
	}
	asked, err := parseLine(first)
	if err != nil {
		return request{}, err
	}
	for {
		line, err := readLine(reader, limited)
		if err != nil {
			return request{}, err
		}
		if line == "" {
			return asked, nil
		}
	}
}

// readLine returns a line without its end.
func readLine(reader *bufio.Reader, limited *io.LimitedReader) (string, error) {
	line, err := reader.ReadString('\n')
	if errors.Is(err, io.EOF) && limited.N <= 0 {
		return "", errTooLong
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

func parseLine(line string) (request, error) {
	parts := strings.Split(line, " ")
	if len(parts) != 3 {
		return request{}, refusal{"400 Bad Request", "the first line is not of the form: GET /metrics HTTP/1.1"}
	}
	method, target, version := parts[0], parts[1], parts[2]
	switch {
	case version != "HTTP/1.1" && version != "HTTP/1.0":
		return request{}, refusal{"505 HTTP Version Not Supported", "only HTTP/1.0 and HTTP/1.1 are possible"}
	case method != "GET" && method != "HEAD":
		return request{}, errMethod
	}
	// A proxy may send the whole address (RFC 9112 §3.2.2); a query means nothing.
	if rest, whole := strings.CutPrefix(target, "http://"); whole {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	path, _, _ := strings.Cut(target, "?")
	return request{head: method == "HEAD", path: path}, nil
}
