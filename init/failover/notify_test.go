package failover

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twinlb/services/keepalived"
)

func listen(t *testing.T) (fifo string, states chan keepalived.State) {
	t.Helper()
	fifo = filepath.Join(t.TempDir(), "notify")
	states = make(chan keepalived.State)
	if err := Listen(fifo, os.Getuid(), os.Getgid(), states); err != nil {
		t.Fatal(err)
	}
	return fifo, states
}

// say writes as keepalived does: it opens the FIFO, writes and may end.
func say(t *testing.T, fifo string, pieces ...string) {
	t.Helper()
	file, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, piece := range pieces {
		if _, err := file.WriteString(piece); err != nil {
			t.Fatal(err)
		}
	}
}

func hear(t *testing.T, states <-chan keepalived.State, want ...keepalived.State) {
	t.Helper()
	for _, want := range want {
		select {
		case got := <-states:
			if got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("still waiting after 5 s for: %s", want)
		}
	}
}

func TestLinesOfTheFIFOAreStates(t *testing.T) {
	fifo, states := listen(t)
	say(t, fifo,
		"INSTANCE \"vip\" BACKUP 230\n",
		"GROUP \"vip\" MASTER 250\n\nINSTANCE \"vip\" MAS", "TER 250\n", // a line in two writes
		"INSTANCE \"vip\" FAULT 250\nINSTANCE \"vip\" STOP 250\n")
	hear(t, states, keepalived.StateBackup, keepalived.StateMaster, keepalived.StateFault, keepalived.StateStopped)
}

func TestListeningSurvivesTheEndOfKeepalived(t *testing.T) {
	fifo, states := listen(t)
	for range 3 {
		say(t, fifo, "INSTANCE \"vip\" MASTER 250\n")
		hear(t, states, keepalived.StateMaster)
	}
}

func TestListeningSurvivesALineWithoutAnEnd(t *testing.T) {
	fifo, states := listen(t)
	say(t, fifo, strings.Repeat("x", 3*bufio.MaxScanTokenSize), "\nINSTANCE \"vip\" MASTER 250\n")
	hear(t, states, keepalived.StateMaster)
}

func TestFIFOIsForKeepalivedOnlyAndMayBeThere(t *testing.T) {
	fifo, _ := listen(t)
	info, err := os.Stat(fifo)
	if err != nil || info.Mode() != fs.ModeNamedPipe|0o600 {
		t.Errorf("mode = %v, %v, want a FIFO with 0600", info.Mode(), err)
	}
	if err := Listen(fifo, os.Getuid(), os.Getgid(), nil); err != nil {
		t.Errorf("Listen to a FIFO that is there: %v", err)
	}
}

func TestFIFOThatCannotBeMadeIsNamed(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "missing", "notify")
	if err := Listen(fifo, os.Getuid(), os.Getgid(), nil); err == nil || !strings.Contains(err.Error(), fifo) {
		t.Errorf("Listen = %v, want an error that names %s", err, fifo)
	}
}
