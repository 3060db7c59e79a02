package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"twinlb/init/change"
	"twinlb/init/control"
)

// input is what a client has typed, as far as a command wants it.
type input struct {
	ended chan struct{}

	mu     sync.Mutex
	wanted bool
	data   []byte
	over   bool
}

func newInput() input { return input{ended: make(chan struct{})} }

// expect has what follows kept when the command takes a seed. It is called before
// the client's input is read.
func (i *input) expect(line string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	command, err := parseCommand(line)
	i.wanted = err == nil && command.verb == control.Apply && !command.help
}

// add keeps no more than is needed to see that it is too much.
func (i *input) add(data []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.wanted {
		i.data = append(i.data, data[:min(len(data), change.MaxUnpacked+1-len(i.data))]...)
	}
}

func (i *input) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over {
		i.over = true
		close(i.ended)
	}
}

// seed waits for the end of the input and returns it packed for PID 1, whatever it
// is but too much. It may be compressed with gzip already.
func (i *input) seed(ctx context.Context, atMost time.Duration) ([]byte, error) {
	var late bool
	select {
	case <-i.ended:
	case <-ctx.Done():
		return nil, errors.New("interrupted")
	case <-time.After(atMost):
		late = true
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.wanted = false
	userData := i.data
	i.data = nil
	switch {
	case len(userData) > change.MaxUnpacked:
		return nil, fmt.Errorf("the seed has more than %d bytes", change.MaxUnpacked)
	case late && len(userData) == 0:
		return nil, fmt.Errorf("no seed came within %s; give it on standard input: apply < pair.yaml", atMost)
	case late:
		return nil, fmt.Errorf("the seed has not ended within %s: %d bytes came", atMost, len(userData))
	case len(userData) == 0:
		return nil, errors.New("the seed on standard input is empty; give one: apply < pair.yaml")
	}
	if bytes.HasPrefix(userData, []byte("\x1f\x8b")) {
		unpacked, err := change.Unpack(userData)
		if err != nil {
			return nil, err
		}
		userData = unpacked
	}
	return change.Pack(userData)
}
