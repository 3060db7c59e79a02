package torture

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/mariadb"
)

// TestLedger lets a server forget a commit.
func TestLedger(t *testing.T) {
	needMariaDB(t)
	l := lab.New(t)
	from := l.Host("client", netip.MustParsePrefix("192.168.100.1/24"))
	service := netip.MustParseAddrPort("192.168.100.51:3306")
	server := mariadb.Start(t, l, l.Host("mysql1", netip.MustParsePrefix("192.168.100.51/24")), "mysql1", service, 7)
	server.Exec("create user " + client.User + "@'%'")
	ledger, err := StartLedger(from, service, []*mariadb.Server{server})
	if err != nil {
		t.Fatal(err)
	}
	more := func(what string) {
		t.Helper()
		before, _ := ledger.Totals()
		lab.Await(t, 10*time.Second, "commits "+what, func() error {
			if now, failed := ledger.Totals(); now < before+3*perConnection {
				return fmt.Errorf("%d of them, %d failed", now-before, failed)
			}
			return nil
		})
	}
	expect := func(check func() ([]Breach, error), want string) {
		t.Helper()
		got, err := check()
		if err != nil || (len(got) == 0) != (want == "") || len(got) > 0 && !strings.Contains(got[0].What, want) {
			t.Errorf("breaches %+v, error %v, want %q", got, err, want)
		}
	}
	more("to a new server")
	server.Kill()
	lab.Await(t, 10*time.Second, "a transaction to fail", func() error {
		if _, failed := ledger.Totals(); failed == 0 {
			return errors.New("none has")
		}
		return nil
	})
	server.Restart()
	ledger.Restarted(server)
	expect(ledger.Check, "")
	more("to a server that was killed")
	ledger.Stop()
	const lost = "server 7 has acknowledged 1 commits that are not in its database"
	server.Exec("delete from torture.commits order by number desc limit 1")
	expect(ledger.Check, lost)
	expect(ledger.Check, "") // of what is new
	expect(ledger.CheckAll, lost)
}
