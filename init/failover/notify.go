package failover

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"twinlb/services/keepalived"
)

// Listen makes keepalived's notify FIFO, if it is not there, and sends each state
// that is written to it. Both ends stay open here, so that a keepalived that ends
// does not end the reading.
func Listen(path string, uid, gid int, states chan<- keepalived.State) error {
	if err := syscall.Mkfifo(path, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the FIFO %s: %w", path, err)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return fmt.Errorf("make the FIFO %s: %w", path, err)
	}
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("listen to keepalived: %w", err)
	}
	go func() {
		defer fifo.Close()
		for {
			lines := bufio.NewScanner(fifo)
			for lines.Scan() {
				if state, ok := keepalived.ParseNotify(lines.Text()); ok {
					states <- state
				}
			}
			if !errors.Is(lines.Err(), bufio.ErrTooLong) { // what follows one may be a state again
				return
			}
		}
	}()
	return nil
}
