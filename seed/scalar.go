package seed

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"twinlb/seed/strict"
)

// What the text of a value must look like. The errors continue a sentence that
// begins with the text.

// port parses a TCP port.
func port(text string) (uint16, error) {
	n, err := strict.Decimal(text, 1, 65535)
	if err != nil {
		return 0, fmt.Errorf("is not a port, %w", err)
	}
	return uint16(n), nil
}

// virtualRouterID parses a VRID (RFC 9568 §5.2.3).
func virtualRouterID(text string) (int, error) {
	n, err := strict.Decimal(text, 1, 255)
	if err != nil {
		return 0, fmt.Errorf("is not a virtual router ID, %w", err)
	}
	return n, nil
}

// weight parses a share of the connections. 256 is what HAProxy knows at most.
func weight(text string) (int, error) {
	n, err := strict.Decimal(text, 1, maxWeight)
	if err != nil {
		return 0, fmt.Errorf("is not a weight, %w", err)
	}
	return n, nil
}

// maxConn parses a number of connections; 100000 is the most that max_connections
// of MySQL and MariaDB takes.
func maxConn(text string) (int, error) {
	n, err := strict.Decimal(text, 1, maxMaxConn)
	if err != nil {
		return 0, fmt.Errorf("is not a number of connections, %w", err)
	}
	return n, nil
}

const (
	maxWeight  = 256
	maxMaxConn = 100000
)

func boolean(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// advertInterval parses the time between two adverts. RFC 9568 §5.2.7 counts it
// in centiseconds.
func advertInterval(text string) (time.Duration, error) {
	const least, most, step = 50 * time.Millisecond, 10 * time.Second, 10 * time.Millisecond
	switch d, err := duration(text); {
	case err != nil:
		return 0, err
	case d < least || d > most:
		return 0, errors.New("is out of range; an advert interval is 50ms to 10s")
	case d%step != 0:
		return 0, errors.New("is not a multiple of 10ms, the unit of VRRP adverts")
	default:
		return d, nil
	}
}

// preempt parses the time in health after which a node takes the VIP back: a
// duration or never, for which false is another word.
func preempt(text string) (time.Duration, error) {
	if text == "never" || text == "false" {
		return NeverPreempt, nil
	}
	switch d, err := duration(text); {
	case err != nil:
		return 0, fmt.Errorf("%w; or write never", err)
	case d < 0 || d > 24*time.Hour:
		return 0, errors.New("is out of range; preempt is 0s to 24h, or never")
	default:
		return d, nil
	}
}

// slowStart parses the time in which a backend comes to its full weight.
func slowStart(text string) (time.Duration, error) {
	switch d, err := duration(text); {
	case err != nil:
		return 0, err
	case d < time.Second || d > time.Hour:
		return 0, errors.New("is out of range; slowstart is 1s to 1h; without the key there is none")
	default:
		return d, nil
	}
}

// proxyProtocol parses a version of HAProxy's PROXY protocol.
func proxyProtocol(text string) (bool, error) {
	if text != proxyVersion {
		return false, errors.New("is no version that a node speaks; write " + proxyVersion + ", or leave the key out for none")
	}
	return true, nil
}

const proxyVersion = "v2"

func duration(text string) (time.Duration, error) {
	if strings.Trim(text, "0123456789.") == "" && text != "" {
		return 0, fmt.Errorf("has no unit; write %ss for seconds or %sms for milliseconds", text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("is not a duration, like 200ms, 30s or 5m")
	}
	return d, nil
}

// sectionLabel parses a name that stands for a pool or a backend in HAProxy's configuration.
func sectionLabel(text string) (string, error) {
	if !strict.MadeOf(text, 63, "a-z0-9-_") || strings.TrimLeft(text, "-_") != text {
		return "", errors.New("is not a name: up to 63 of a-z, 0-9, - and _, with a letter or digit first")
	}
	return text, nil
}

// checkUser parses the name of an account (32 characters in MySQL) that is safe
// to write into configuration files.
func checkUser(text string) (string, error) {
	if !strict.MadeOf(text, 32, "a-zA-Z0-9_.-") {
		return "", errors.New("is not a user: up to 32 of a-z, A-Z, 0-9, _, . and -")
	}
	return text, nil
}
