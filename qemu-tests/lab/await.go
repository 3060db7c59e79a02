package lab

import "time"

// Await polls the condition until it returns nil. When it has not within the
// limit, the test fails, with what was awaited and the condition's last error.
func Await(t T, limit time.Duration, what string, condition func() error) {
	t.Helper()
	begin := time.Now()
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("waited %v for %s; at last: %v", limit, what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
