package watchdog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// timer notes when it was fed.
type timer struct {
	mu       sync.Mutex
	fed      []time.Time
	disarmed bool
	err      error
}

func (t *timer) Feed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fed = append(t.fed, time.Now())
	return t.err
}

func (t *timer) Disarm() error {
	t.disarmed = true
	return nil
}

// longest is the longest that it was not fed, up to now.
func (t *timer) longest() (longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, at := range append(t.fed[1:], time.Now()) {
		longest = max(longest, at.Sub(t.fed[i]))
	}
	return longest
}

// watch feeds for that long while the parts do what they do.
func watch(during time.Duration, err error, parts ...Part) (longest time.Duration, disarmed bool, said []string) {
	t := &timer{err: err}
	g := Watch(t, parts, func(text string) { said = append(said, text) })
	time.Sleep(during)
	synctest.Wait()
	longest = t.longest()
	g.Disarm()
	time.Sleep(5 * time.Second) // a loop may have been asked
	return longest, t.disarmed, said
}

func loop(done <-chan struct{}, every time.Duration) Pulse {
	p := make(Pulse)
	go func() {
		for {
			select {
			case <-time.After(every):
				p.Beat()
			case <-done:
				return
			}
		}
	}()
	return p
}

func TestTimerIsFedWhileAllMakeProgress(t *testing.T) {
	for _, tt := range []struct {
		name  string
		part  func(done <-chan struct{}) func()
		fed   bool
		says  string // "" is nothing
		error error
	}{
		{"all answer", func(<-chan struct{}) func() { return func() {} }, true, "", nil},
		{"a loop", func(done <-chan struct{}) func() { return loop(done, time.Second).Answer }, true, "", nil},
		{"a loop that is slow", func(done <-chan struct{}) func() { return loop(done, 3*time.Second).Answer }, true, "", nil},
		{"one is late once", func(<-chan struct{}) func() {
			late := sync.OnceFunc(func() { time.Sleep(5 * time.Second) })
			return func() { late() }
		}, true, "no sign of life from the part", nil},
		{"one hangs", func(done <-chan struct{}) func() { return func() { <-done } }, false, "no sign of life from the part", nil},
		{"the timer fails", func(<-chan struct{}) func() { return func() {} }, true, "feed: input/output error", errors.New("input/output error")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				done := make(chan struct{})
				defer close(done)
				longest, disarmed, said := watch(time.Minute, tt.error, Part{"another", func() {}}, Part{"the part", tt.part(done)})
				if (longest < Timeout) != tt.fed {
					t.Errorf("was not fed for %v, want it to be fed in time: %t", longest, tt.fed)
				}
				if !disarmed {
					t.Error("was not disarmed in the end")
				}
				text := strings.Join(said, "\n")
				if (text == "") != (tt.says == "") || !strings.Contains(text, tt.says) || len(said) > 1 {
					t.Errorf("said %q, want %q once", said, tt.says)
				}
			})
		})
	}
}

// From when a part hangs until the reset.
func TestHangIsResetInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer, free := &timer{}, make(chan struct{}, 1)
		free <- struct{}{}
		g := Watch(timer, []Part{{"decision", func() { <-free; free <- struct{}{} }}}, func(string) {})
		time.Sleep(time.Minute)
		<-free
		began := time.Now()
		time.Sleep(time.Minute)
		synctest.Wait()
		if last := timer.fed[len(timer.fed)-1].Sub(began); last > 2*period {
			t.Errorf("was fed %v after the hang began, want at most two rounds", last)
		}
		free <- struct{}{}
		time.Sleep(2 * period)
		synctest.Wait()
		if last := time.Since(timer.fed[len(timer.fed)-1]); last > period {
			t.Errorf("was not fed for %v after the hang ended", last)
		}
		g.Disarm()
	})
}

func TestHardwareComesFirst(t *testing.T) {
	for _, tt := range []struct {
		name string
		tree map[string]string
		want []found
	}{
		{"nothing", nil, nil},
		{"the kernel's own", map[string]string{"watchdog0": "Software Watchdog"}, []found{{"Software Watchdog", "watchdog0"}}},
		{"all", map[string]string{"watchdog0": "Software Watchdog", "watchdog1": "iTCO_wdt", "watchdog2": "i6300ESB timer"},
			[]found{{"i6300ESB timer", "watchdog2"}, {"iTCO_wdt", "watchdog1"}, {"Software Watchdog", "watchdog0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for node, identity := range tt.tree {
				if err := os.MkdirAll(filepath.Join(dir, node), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, node, "identity"), []byte(identity+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, find(dir), cmp.AllowUnexported(found{})); diff != "" {
				t.Errorf("find (-want +got):\n%s", diff)
			}
		})
	}
}
