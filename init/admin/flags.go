package admin

import (
	"fmt"
	"time"

	"twinlb/init/change"
	"twinlb/init/drain"
)

// drainFlags are those of failover.
const drainFlags = `    --drain          new connections wait, and running statements get time to end
    --grace 5s       as much, 0s to 30s, 5s without it
`

// flags are those of a command that takes a seed.
const flags = `    --dry-run        change nothing: show what would run instead, and what that takes
    --within 10m     undone after that, 10s to 1h, 2m without it
    --alone          although no other node is heard
`

// undoneAfter is how long apply waits for a confirmation unless it is told.
const undoneAfter = 2 * time.Minute

func within(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < change.MinWithin || d > change.MaxWithin {
		return 0, fmt.Errorf("--within takes a time from %s to %s, not %s", change.MinWithin, change.MaxWithin, quote(word, maxWord))
	}
	return d, nil
}

func grace(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 || d > drain.MaxGrace {
		return 0, fmt.Errorf("--grace takes a time from 0s to %s, not %s", drain.MaxGrace, quote(word, maxWord))
	}
	return d, nil
}
