package failover

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func newTrack(t *testing.T) *Track {
	t.Helper()
	dir := t.TempDir()
	return &Track{Able: filepath.Join(dir, "able"), Preference: filepath.Join(dir, "preference")}
}

// checkTrack compares what keepalived would read.
func checkTrack(t *testing.T, track *Track, able, preference string) {
	t.Helper()
	for path, want := range map[string]string{track.Able: able, track.Preference: preference} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want+"\n" {
			t.Errorf("%s = %q, %v, want %s", filepath.Base(path), got, err, want)
		}
	}
}

func TestTrackFilesHoldTheDecision(t *testing.T) {
	track := newTrack(t)
	for _, tt := range []struct {
		is               bool
		added            int
		able, preference string
	}{
		{false, 0, "0", "0"},
		{true, -20, "1", "-20"},
		{true, 0, "1", "0"},
		{false, -40, "0", "-40"},
	} {
		if err := track.Write(tt.is, tt.added); err != nil {
			t.Fatal(err)
		}
		checkTrack(t, track, tt.able, tt.preference)
	}
}

func TestTrackFilesAreForKeepalivedToRead(t *testing.T) {
	track := newTrack(t)
	defer syscall.Umask(syscall.Umask(0o022)) // as a kernel gives it to PID 1
	if err := track.Write(false, 0); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{track.Able, track.Preference} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("mode of %s = %v, %v, want 0644", filepath.Base(path), info.Mode(), err)
		}
	}
}

func TestTrackFilesAreNeverHalfWrittenOrMissing(t *testing.T) {
	track := newTrack(t)
	if err := track.Write(false, 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(done)
		for i := range 200 {
			if err := track.Write(i%2 == 0, -20*(i%2)); err != nil {
				failed <- err
				return
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		if got, err := os.ReadFile(track.Able); err != nil || string(got) != "0\n" && string(got) != "1\n" {
			t.Fatalf("able = %q, %v, want 0 or 1 at any moment", got, err)
		}
		if got, err := os.ReadFile(track.Preference); err != nil || string(got) != "0\n" && string(got) != "-20\n" {
			t.Fatalf("preference = %q, %v, want 0 or -20 at any moment", got, err)
		}
	}
	select {
	case err := <-failed:
		t.Error(err)
	default:
	}
}

func TestWhatStandsThereIsNotWrittenAgain(t *testing.T) {
	track := newTrack(t)
	stat := func(path string) fs.FileInfo {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	if err := track.Write(true, -20); err != nil {
		t.Fatal(err)
	}
	// A time that no write would leave.
	past := time.Unix(1, 0)
	for _, path := range []string{track.Able, track.Preference} {
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	able, preference := stat(track.Able), stat(track.Preference)
	if err := track.Write(true, -20); err != nil {
		t.Fatal(err)
	}
	if got := stat(track.Able); !os.SameFile(got, able) || !got.ModTime().Equal(past) {
		t.Error("able was written again with the same value")
	}
	if got := stat(track.Preference); !os.SameFile(got, preference) || !got.ModTime().Equal(past) {
		t.Error("preference was written again with the same value")
	}
	if err := track.Write(true, 0); err != nil {
		t.Fatal(err)
	}
	if got := stat(track.Able); !os.SameFile(got, able) {
		t.Error("able was written again when only the preference changed")
	}
	if got := stat(track.Preference); os.SameFile(got, preference) {
		t.Error("the new preference was written into the old file, want it aside and renamed")
	}
}

func TestNodeBecomesAbleOnlyWithItsPreference(t *testing.T) {
	track := newTrack(t)
	track.Preference = filepath.Join(t.TempDir(), "missing", "preference")
	if err := track.Write(true, -20); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write = %v, want %v", err, fs.ErrNotExist)
	}
	if got, err := os.ReadFile(track.Able); err == nil {
		t.Errorf("able = %q, want no file before the preference is written", got)
	}
}

func TestVIPGoesEvenIfThePreferenceCannotBeWritten(t *testing.T) {
	track := newTrack(t)
	track.Preference = filepath.Join(t.TempDir(), "missing", "preference")
	if err := track.Write(false, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Write = %v, want %v", err, fs.ErrNotExist)
	}
	if got, err := os.ReadFile(track.Able); string(got) != "0\n" {
		t.Errorf("able = %q, %v, want 0", got, err)
	}
}

func TestFailedWriteIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "late")
	track := &Track{Able: filepath.Join(dir, "able"), Preference: filepath.Join(dir, "preference")}
	if err := track.Write(true, 0); err == nil {
		t.Fatal("Write into a missing folder gives no error")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := track.Write(true, 0); err != nil {
		t.Fatal(err)
	}
	checkTrack(t, track, "1", "0")
}
