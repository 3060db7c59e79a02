package kmsg

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		data string
		want Record
		ok   bool
	}{
		{"4,339,5140900,-;ata3.00: LPM support broken\n SUBSYSTEM=scsi\n DEVICE=+scsi:2:0:0:0\n",
			Record{Level: 4, At: 5140900 * time.Microsecond, Text: "ata3.00: LPM support broken"}, true},
		{"6,1,0,c;", Record{Level: 6}, true},
		{"2,7,1,-,caller=T1;a; b\\x0ac\n", Record{Level: 2, At: time.Microsecond, Text: `a; b\x0ac`}, true},
		{data: "12,340,5140901,-;written by a program\n"}, // facility 1
		{data: "4,339,5140900;too few fields\n"},
		{data: "4,339,5140900,-"},
		{data: "-4,339,5140900,-;x"},
		{data: "4,339,-5,-;x"},
		{data: "4,339,9223372036854775807,-;x"},
		{data: ""},
	} {
		got, ok := parse([]byte(tt.data))
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("%q: %v (-want +got):\n%s", tt.data, ok, diff)
		}
	}
}

func TestFloodIsCutAndCounted(t *testing.T) {
	var told []string
	l := limit{tokens: burst, tell: func(r Record) { told = append(told, r.Text) }}
	now := time.Unix(1e9, 0)
	for i := range 3 * burst {
		l.take(Record{Text: fmt.Sprint(i)}, now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(told) != burst || told[burst-1] != fmt.Sprint(burst-1) {
		t.Errorf("%d records of the flood were told, the last %q; want the first %d", len(told), told[len(told)-1], burst)
	}
	told = nil
	l.take(Record{Text: "after"}, now.Add(interval+time.Millisecond))
	l.take(Record{Text: "too early"}, now.Add(interval+2*time.Millisecond))
	if diff := cmp.Diff([]string{fmt.Sprintf("warnings that were left out: %d", 2*burst), "after"}, told); diff != "" {
		t.Errorf("an interval later (-want +got):\n%s", diff)
	}
	told = nil
	for i := range burst + 1 {
		l.take(Record{Text: fmt.Sprint(i)}, now.Add(time.Hour))
	}
	if len(told) != burst+1 || told[0] != "warnings that were left out: 1" {
		t.Errorf("an hour later %d were told, the first %q; want what was left out and %d", len(told), told[0], burst)
	}
}
