package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestThreadsHaveTheSlackAndSoHaveLaterOnes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("another thread's timer slack needs CAP_SYS_NICE")
	}
	if err := slacken(); err != nil {
		t.Fatal(err)
	}
	later := make(chan int)
	go func() {
		runtime.LockOSThread() // which is not used again
		later <- unix.Gettid()
		<-later
	}()
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	threads = append(threads, fmt.Sprint(<-later))
	defer close(later)
	for _, thread := range threads {
		got, err := os.ReadFile(filepath.Join("/proc", filepath.Base(thread), "timerslack_ns"))
		if err != nil || strings.TrimSpace(string(got)) != slack {
			t.Errorf("thread %s has the slack %q, %v, want %s", filepath.Base(thread), got, err, slack)
		}
	}
}
