package client

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"twinlb/qemu-tests/lab"
)

// Load is how much went through an address.
type Load struct {
	PerSecond float64 // connections or queries that ended well
	Failed    int
	Err       error // of one that failed
}

// Connections has so many workers make connection after connection, each with a
// login and a query, for a while.
func Connections(from *lab.Host, server netip.AddrPort, workers int, during time.Duration) (Load, error) {
	connector, err := newConnector(from, server)
	if err != nil {
		return Load{}, err
	}
	return work(workers, during, func(ctx context.Context) (func(context.Context) error, func(), error) {
		connection := func(ctx context.Context) error {
			_, err := query(ctx, connector)
			return err
		}
		return connection, func() {}, nil
	})
}

// Queries has so many workers make query after query, each through one connection
// of its own, for a while.
func Queries(from *lab.Host, server netip.AddrPort, workers int, during time.Duration) (Load, error) {
	connector, err := newConnector(from, server)
	if err != nil {
		return Load{}, err
	}
	return work(workers, during, func(ctx context.Context) (func(context.Context) error, func(), error) {
		conn, err := connector.Connect(ctx)
		if err != nil {
			return nil, nil, err
		}
		once := func(ctx context.Context) error {
			_, err := serverID(ctx, conn)
			return err
		}
		return once, func() { conn.Close() }, nil
	})
}

// work lets workers prepare, which does not count, and then do something over and over.
func work(workers int, during time.Duration, prepare func(context.Context) (once func(context.Context) error, done func(), err error)) (Load, error) {
	ctx, cancel := context.WithTimeout(context.Background(), during+30*time.Second)
	defer cancel()
	var all []func(context.Context) error
	for range workers {
		once, done, err := prepare(ctx)
		if err != nil {
			return Load{}, fmt.Errorf("prepare a load: %w", err)
		}
		defer done()
		all = append(all, once)
	}
	var (
		mu    sync.Mutex
		load  Load
		well  int
		group sync.WaitGroup
	)
	begin := time.Now()
	for _, once := range all {
		group.Go(func() {
			for time.Since(begin) < during {
				err := once(ctx)
				mu.Lock()
				if err == nil {
					well++
				} else {
					load.Failed, load.Err = load.Failed+1, err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	load.PerSecond = float64(well) / time.Since(begin).Seconds()
	return load, nil
}
