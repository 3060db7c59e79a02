package vm

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestSerial(t *testing.T) {
	var log strings.Builder
	s := newSerial(&log, time.Now())
	for _, chunk := range []string{"\x1b[2J\x1b[01;01Hboot: net", "work 12 ms\r\nboot: ser", "vices"} {
		s.Write([]byte(chunk))
	}
	if got, want := s.Text(), "boot: network 12 ms\nboot: services"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	if want := regexp.MustCompile(`^ +0\.\d{3} boot: network 12 ms\n$`); !want.MatchString(log.String()) {
		t.Errorf("log is %q, want one line with its time", log.String())
	}
	s.close()
	if !strings.HasSuffix(log.String(), " boot: services\n") {
		t.Errorf("log is %q, want it to end with the incomplete line", log.String())
	}
	match, err := s.wait(`^boot: network (\d+) ms$`, time.Second)
	if err != nil || match[1] != "12" {
		t.Errorf("wait returned %q, error %v, want the 12", match, err)
	}
}

func TestSerialWaitsForWhatComesLater(t *testing.T) {
	s := newSerial(new(strings.Builder), time.Now())
	go s.Write([]byte("ready\n"))
	if _, err := s.wait("ready", 10*time.Second); err != nil {
		t.Error(err)
	}
}
