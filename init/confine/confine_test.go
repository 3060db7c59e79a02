package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// child in the environment has this program confine itself, and say what came of it.
const child = "TWINLB_CONFINE"

var limits = Limits{Files: 99, Threads: 9999, Data: 1 << 40}

// confined is what a process says of itself.
type confined struct {
	Files, Threads, Data, File, CoreDump syscall.Rlimit
	Nice                                 []int // each value that some thread has
}

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	if err := To(limits); errors.Is(err, syscall.ENOTSUP) {
		os.Exit(int(syscall.ENOTSUP))
	} else if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(look()); err != nil {
		os.Exit(1)
	}
}

func look() confined {
	var c confined
	for resource, limit := range map[int]*syscall.Rlimit{
		unix.RLIMIT_NOFILE: &c.Files, unix.RLIMIT_NPROC: &c.Threads, unix.RLIMIT_DATA: &c.Data,
		unix.RLIMIT_FSIZE: &c.File, unix.RLIMIT_CORE: &c.CoreDump,
	} {
		if err := syscall.Getrlimit(resource, limit); err != nil {
			fmt.Println(err)
		}
	}
	threads, _ := filepath.Glob("/proc/self/task/*")
	seen := map[int]bool{}
	for _, thread := range threads {
		id, _ := strconv.Atoi(filepath.Base(thread))
		// The system call returns 20 − nice, so that no value looks like an error.
		if value, err := unix.Getpriority(unix.PRIO_PROCESS, id); err == nil && !seen[20-value] {
			seen[20-value] = true
			c.Nice = append(c.Nice, 20-value)
		}
	}
	return c
}

func TestTo(t *testing.T) {
	program := exec.Command("/proc/self/exe")
	program.Env = append(os.Environ(), child+"=1")
	output, err := program.Output()
	if program.ProcessState.ExitCode() == int(syscall.ENOTSUP) {
		t.Skip("with cgo, which -race needs and no node has, Go cannot change all threads")
	}
	if err != nil {
		t.Fatalf("confine a process: %v: %s", err, output)
	}
	var got confined
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	both := func(n uint64) syscall.Rlimit { return syscall.Rlimit{Cur: n, Max: n} }
	want := confined{Files: both(99), Threads: both(9999), Data: both(1 << 40), Nice: []int{19}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}
