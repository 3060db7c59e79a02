//go:build vm

package qemutests

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/vm"
)

// An answer that nobody will give is waited for, and a transaction that nobody will end
// keeps its locks, until TCP gives up: unless the next holder of the VIP sees to it.
func TestConnectionsFailWithTheirNode(t *testing.T) {
	p := startPair(t, images.Image{Seed: faultSeed(t)})
	for _, s := range p.Servers {
		s.Exec("create database test; create table test.account (id int primary key, balance int) engine innodb; insert into test.account values (1, 100); grant all on test.* to " + client.User + "@'%'")
	}
	t.Run("the master is powered off", func(t *testing.T) {
		p.awaitVerdict(t, masterService, 0, "the pair to be well before")
		p.expectEnd(t, p.Backup, func() { p.Master.Kill() })
		p.Master.Start()
		p.AwaitHolder(t, p.Master)
	})
	t.Run("failover", func(t *testing.T) {
		p.awaitVerdict(t, masterService, 0, "the pair to be well before")
		p.expectEnd(t, p.Backup, func() { p.expectSSH(t, masterService, "failover", 0) })
		p.AwaitHolder(t, p.Master) // which ends the connections through the backup
		p.awaitVerdict(t, masterService, 0, "the pair to be well again")
	})
}

// ended is when a statement ended, and how.
type ended struct {
	at  time.Time
	err error
}

// expectEnd opens sessions to each server, in the three states that a session can be
// in, and wants all to end soon after another machine has announced the VIP.
func (p *pair) expectEnd(t *testing.T, successor *vm.VM, event func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	open := func() *client.Session {
		s, err := client.Open(ctx, p.Client, vipService)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	waiting, idle, locking := open(), open(), open()
	if _, err := locking.Run(ctx, "start transaction"); err == nil {
		_, err = locking.Run(ctx, "select balance from test.account where id = 1 for update")
		if err != nil {
			t.Fatal(err)
		}
	}
	result := make(chan ended, 1)
	go func() {
		_, err := waiting.Run(ctx, "select sleep(60)")
		result <- ended{time.Now(), err}
	}()
	p.awaitSleep(t)
	// The peers are told of connections twice a second.
	lab.Await(t, 10*time.Second, "the connections to be two seconds old", older(time.Now(), 2*time.Second))

	announced := p.Client.Announcement(t, vipService.Addr(), successor.MAC, time.Minute)
	event()
	at := announced()
	var end ended
	select {
	case end = <-result:
	case <-time.After(30 * time.Second):
		end = ended{time.Now(), errors.New("nothing yet")}
		t.Error("the client still waits for its answer")
	}
	t.Logf("the client that waits: %v, %v after the VIP was announced", end.err, end.at.Sub(at).Round(100*time.Microsecond))
	if late := end.at.Sub(at); end.err == nil || late > 600*time.Millisecond {
		t.Errorf("the client that waits gets error %v, %v after the VIP was announced; want one within 50 ms, and some for a busy host", end.err, late)
	}
	for _, s := range []struct {
		name    string
		session *client.Session
		within  time.Duration
	}{
		{"idle", idle, time.Second},
		{"in a transaction", locking, time.Second},
		{"in a statement", waiting, 10 * time.Second}, // MariaDB looks each 5 s whether the client is there
	} {
		server := p.Servers[s.session.Server-1]
		lab.Await(t, 30*time.Second, "the server to end the session that is "+s.name, func() error {
			if server.HasSession(s.session.ID) {
				return fmt.Errorf("server %d still has session %d", server.ID, s.session.ID)
			}
			return nil
		})
		gone := time.Since(at)
		t.Logf("the server's session that was %s: gone within %v", s.name, gone.Round(time.Millisecond))
		if gone > s.within+200*time.Millisecond {
			t.Errorf("the server's session that was %s is gone only after %v, want at most %v", s.name, gone, s.within)
		}
	}
	took, err := idle.Run(ctx, "select 1")
	t.Logf("the next statement of a session that was idle: %v after %v", err, took.Round(time.Microsecond))
	if err == nil || took > 600*time.Millisecond {
		t.Errorf("the next statement of a session that was idle: error %v after %v, want one at once", err, took)
	}
}

// awaitSleep waits until a server runs the statement of the session that waits.
func (p *pair) awaitSleep(t *testing.T) {
	t.Helper()
	lab.Await(t, 10*time.Second, "a server to run sleep(60)", func() error {
		for _, s := range p.Servers {
			if s.Running("select sleep(60)") {
				return nil
			}
		}
		return errors.New("none does")
	})
}

func older(than time.Time, by time.Duration) func() error {
	return func() error {
		if age := time.Since(than); age < by {
			return fmt.Errorf("they are %v old", age)
		}
		return nil
	}
}
