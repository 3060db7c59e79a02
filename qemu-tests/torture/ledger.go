package torture

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"log"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/mariadb"
)

// Each writer commits a row, waits, and after some begins a new connection. One that
// is not answered in time gives its connection up.
const (
	writers       = 2
	pause         = 40 * time.Millisecond
	perConnection = 10
	patience      = 3 * time.Second
)

// Ledger is a constant load of transactions, and which of their commits were
// acknowledged by which server.
type Ledger struct {
	from    *lab.Host
	servers []*mariadb.Server

	quit context.CancelFunc
	done sync.WaitGroup

	mu     sync.Mutex
	number int
	acked  map[int][]int // numbers by server_id
	kept   map[int]int   // how many of these were there when last looked for
	total  int
	failed int // transactions whose commit was not acknowledged
}

// StartLedger lets transactions begin through the service, which ends at the servers.
func StartLedger(from *lab.Host, service netip.AddrPort, servers []*mariadb.Server) (*Ledger, error) {
	l := &Ledger{from: from, servers: servers, acked: make(map[int][]int), kept: make(map[int]int)}
	for _, s := range servers {
		s.Exec("create database torture; create table torture.commits (number bigint primary key);" +
			"grant select, insert on torture.* to " + client.User + "@'%'")
		l.Restarted(s)
	}
	account := mysql.NewConfig()
	account.User, account.Net, account.Addr = client.User, "tcp", service.String()
	account.DialFunc = from.Dial
	account.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(account)
	if err != nil {
		return nil, fmt.Errorf("connect to %v: %w", service, err)
	}
	ctx, quit := context.WithCancel(context.Background())
	l.quit = quit
	for range writers {
		l.done.Go(func() { l.write(ctx, connector) })
	}
	return l, nil
}

// Restarted must be told of each server that was started: one that is killed must
// keep what it has acknowledged, and those of package mariadb lose the last second.
func (l *Ledger) Restarted(s *mariadb.Server) {
	s.Exec("set global innodb_flush_log_at_trx_commit = 2")
}

// Stop begins no more transactions, and returns when those that have begun are over.
func (l *Ledger) Stop() {
	l.quit()
	l.done.Wait()
}

// Totals returns how many commits were acknowledged, and how many were not.
func (l *Ledger) Totals() (acknowledged, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total, l.failed
}

func (l *Ledger) write(ctx context.Context, connector driver.Connector) {
	for ctx.Err() == nil {
		if err := l.session(ctx, connector); err != nil && ctx.Err() == nil {
			l.mu.Lock()
			l.failed++
			l.mu.Unlock()
			time.Sleep(pause)
		}
	}
}

// session commits through one connection until that fails or has done enough.
func (l *Ledger) session(ctx context.Context, connector driver.Connector) error {
	var server int
	connected := func() (driver.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		conn, err := connector.Connect(ctx)
		if err != nil {
			return nil, err
		}
		if server, err = serverID(ctx, conn); err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
	conn, err := connected()
	if err != nil {
		return err
	}
	defer conn.Close()
	for range perConnection {
		if ctx.Err() != nil {
			return nil
		}
		if err := l.commit(conn, server); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	return nil
}

// commit is not given up when the load stops: whether it was kept would be unknown.
func (l *Ledger) commit(conn driver.Conn, server int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l.mu.Lock()
	l.number++
	number := l.number
	l.mu.Unlock()
	for _, statement := range []string{"begin", fmt.Sprintf("insert into torture.commits values (%d)", number), "commit"} {
		if _, err := conn.(driver.ExecerContext).ExecContext(ctx, statement, nil); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[server] = append(l.acked[server], number)
	l.total++
	return nil
}

func serverID(ctx context.Context, conn driver.Conn) (id int, err error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "select concat(@@server_id)", nil)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	return strconv.Atoi(fmt.Sprintf("%s", row[0]))
}

// Check returns a breach for each server that does not have all the commits that it
// has acknowledged since the last check. It asks the servers themselves.
func (l *Ledger) Check() ([]Breach, error) {
	l.mu.Lock()
	acked := make(map[int][]int)
	for id, numbers := range l.acked {
		acked[id], l.kept[id] = slices.Clone(numbers[l.kept[id]:]), len(numbers)
	}
	l.mu.Unlock()
	var breaches []Breach
	for _, id := range slices.Sorted(maps.Keys(acked)) {
		lost, err := l.lost(id, acked[id])
		if err != nil {
			return nil, err
		}
		if len(lost) > 0 {
			breaches = append(breaches, Breach{time.Now(), fmt.Sprintf("server %d has acknowledged %d commits that are not in its database, the first %d", id, len(lost), lost[0])})
		}
	}
	return breaches, nil
}

// CheckAll checks all commits since the start: one that was there may be lost later.
func (l *Ledger) CheckAll() ([]Breach, error) {
	l.mu.Lock()
	clear(l.kept)
	l.mu.Unlock()
	return l.Check()
}

func (l *Ledger) lost(id int, acked []int) ([]int, error) {
	if len(acked) == 0 {
		return nil, nil
	}
	i := slices.IndexFunc(l.servers, func(s *mariadb.Server) bool { return s.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("check commits: a server with the id %d has acknowledged some, which is none of ours", id)
	}
	out, err := client.Query(l.from, l.servers[i].Listen, fmt.Sprintf("select number from torture.commits where number >= %d", slices.Min(acked)))
	if err != nil {
		return nil, fmt.Errorf("check commits: %w", err)
	}
	there := make(map[string]bool)
	for _, number := range strings.Fields(out) {
		there[number] = true
	}
	return slices.DeleteFunc(acked, func(number int) bool { return there[strconv.Itoa(number)] }), nil
}
