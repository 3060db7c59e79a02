package seed

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// powered is a partition whose power goes after so many bytes; never when negative.
type powered struct {
	data []byte
	left int
}

var errNoPower = errors.New("the power is gone")

func (d *powered) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(d.data).ReadAt(b, at)
}

func (d *powered) WriteAt(b []byte, at int64) (int, error) {
	if d.left < 0 {
		return copy(d.data[at:], b), nil
	}
	n := copy(d.data[at:], b[:min(len(b), d.left)])
	if d.left -= n; n < len(b) {
		return n, errNoPower
	}
	return n, nil
}

func (d *powered) Sync() error {
	if d.left == 0 {
		return errNoPower
	}
	return nil
}

const slotsSize = 16 << 10

func slotBundle(userData string) *Bundle {
	return &Bundle{
		UserData: []byte("#cloud-config\n" + userData), NodeName: "lb-a",
		HostKey: bytes.Repeat([]byte{1}, KeySize), PairKey: bytes.Repeat([]byte{2}, KeySize),
	}
}

// baked is a partition as the builder makes it.
func baked(t *testing.T, userData string) *powered {
	t.Helper()
	archive, err := slotBundle(userData).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return &powered{append(archive, make([]byte, slotsSize-len(archive))...), -1}
}

func userDataOf(t *testing.T, d *powered) string {
	t.Helper()
	b, err := ReadSlots(d, int64(len(d.data)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(b.UserData), "#cloud-config\n")
}

func TestSlotsTakeTurns(t *testing.T) {
	d := baked(t, "baked")
	got := []string{userDataOf(t, d)}
	var want []string
	for i := range 5 {
		want = append(want, []string{"baked", "seed 0", "seed 1", "seed 2", "seed 3"}[i])
		before := bytes.Clone(d.data)
		if err := WriteSlot(d, slotsSize, slotBundle(fmt.Sprint("seed ", i))); err != nil {
			t.Fatal(err)
		}
		kept := d.data[i%2*slotsSize/2:][:slotsSize/2]
		if !bytes.Equal(kept, before[i%2*slotsSize/2:][:slotsSize/2]) {
			t.Errorf("writing seed %d has changed the slot that counted", i)
		}
		got = append(got, userDataOf(t, d))
	}
	if diff := cmp.Diff(append(want, "seed 4"), got); diff != "" {
		t.Errorf("seeds that count (-want +got):\n%s", diff)
	}
}

// Whatever of the bytes has arrived: the old seed counts, or the new one does.
func TestLossOfPowerLeavesASeed(t *testing.T) {
	for _, times := range []int{0, 1, 2} { // written before
		start := baked(t, "baked")
		old := "baked"
		for i := range times {
			old = fmt.Sprint("old and longer than the new one ", i)
			if err := WriteSlot(start, slotsSize, slotBundle(old)); err != nil {
				t.Fatal(err)
			}
		}
		for left := 0; ; left++ {
			d := &powered{bytes.Clone(start.data), left}
			err := WriteSlot(d, slotsSize, slotBundle("new"))
			got := userDataOf(t, d)
			if err == nil {
				if got != "new" {
					t.Errorf("written: %q counts, want the new seed", got)
				}
				break
			}
			if !errors.Is(err, errNoPower) || got != old && got != "new" {
				t.Fatalf("after %d bytes, %d times: %v; %q counts, want %q", left, times, err, got, old)
			}
			// What the power left must not stand in the way of another try.
			d.left = -1
			if err := WriteSlot(d, slotsSize, slotBundle("again")); err != nil || userDataOf(t, d) != "again" {
				t.Fatalf("another try after %d bytes: %v, %q counts", left, err, userDataOf(t, d))
			}
		}
	}
}

func TestADamagedSlotDoesNotCount(t *testing.T) {
	whole := baked(t, "baked")
	for i := range 2 {
		if err := WriteSlot(whole, slotsSize, slotBundle(fmt.Sprint("seed ", i))); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := slotBundle("seed 1").Encode()
	if err != nil {
		t.Fatal(err)
	}
	// Generation 2 is in the first slot: its archive and its seal.
	for at := range slotsSize / 2 {
		d := &powered{bytes.Clone(whole.data), -1}
		d.data[at] ^= 0x20
		counts := "seed 1"
		if at < len(archive) || at >= slotsSize/2-sectorSize && at < slotsSize/2-sectorSize+sealSize {
			counts = "seed 0"
		}
		if got := userDataOf(t, d); got != counts {
			t.Fatalf("byte %d is wrong: %q counts, want %q", at, got, counts)
		}
	}
}

func TestWriteSlotRefusesWhatHasNoRoom(t *testing.T) {
	d := baked(t, "baked")
	before := bytes.Clone(d.data)
	err := WriteSlot(d, slotsSize, slotBundle(strings.Repeat("x", slotsSize/2)))
	if err == nil || !strings.Contains(err.Error(), "there is room for 7680") {
		t.Errorf("a seed of half the partition: %v", err)
	}
	if !bytes.Equal(before, d.data) {
		t.Error("what was refused has changed the partition")
	}
	// A seed of the image that lies in both slots must not be cut.
	d = baked(t, strings.Repeat("x", slotsSize/2))
	before = bytes.Clone(d.data)
	if err := WriteSlot(d, slotsSize, slotBundle("new")); err == nil || !strings.Contains(err.Error(), "more than half") {
		t.Errorf("over a large seed of the image: %v", err)
	}
	if !bytes.Equal(before, d.data) {
		t.Error("what was refused has changed the partition")
	}
}

func TestAnEmptyPartitionHasNoSeed(t *testing.T) {
	for _, size := range []int64{0, 512, 1024, slotsSize} {
		if b, err := ReadSlots(&powered{make([]byte, size), -1}, size); err == nil {
			t.Errorf("%d bytes of zeros hold %+v", size, b)
		}
	}
}

func FuzzReadSlots(f *testing.F) {
	d := powered{make([]byte, slotsSize), -1}
	for i := range 2 {
		if err := WriteSlot(&d, slotsSize, slotBundle(fmt.Sprint("seed ", i))); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(d.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := ReadSlots(bytes.NewReader(data), int64(len(data))); err == nil && b.check() != nil {
			t.Errorf("%+v is no bundle", b)
		}
	})
}
