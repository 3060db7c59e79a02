// Package mariadb runs real MariaDB servers in the namespaces of a lab.
//
// It owns a server's data directory and process. It knows neither what stands
// between a client and a server nor which accounts a test wants. It needs
// mariadbd and mariadb-install-db.
package mariadb

import (
	"database/sql"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"twinlb/qemu-tests/lab"
)

// Server is a MariaDB server on a host.
type Server struct {
	ID     int    // its server_id, by which a test tells servers apart
	Name   string // for people
	Host   *lab.Host
	Listen netip.AddrPort

	t       lab.T
	dir     string // data directory, socket and log
	process *exec.Cmd
	root    *sql.DB // root@localhost, through the socket
}

// Start runs a fresh server on a host of the lab and returns when it answers.
func Start(t lab.T, l *lab.Lab, host *lab.Host, name string, listen netip.AddrPort, id int) *Server {
	t.Helper()
	s := &Server{ID: id, Name: name, Host: host, Listen: listen, t: t, dir: filepath.Join(l.Dir, fmt.Sprintf("%d-%s", id, name))}
	if err := createDataDir(filepath.Join(s.dir, "data")); err != nil {
		t.Fatal(err)
	}
	account := mysql.NewConfig()
	account.User, account.Net, account.Addr = "root", "unix", s.socket()
	account.MultiStatements = true
	connector, err := mysql.NewConnector(account)
	if err != nil {
		t.Fatalf("connect to %s: %v", name, err)
	}
	s.root = sql.OpenDB(connector)
	s.root.SetMaxIdleConns(0) // one kept open would be dead after Kill
	t.Cleanup(func() {
		s.root.Close()
		s.Kill()
	})
	s.Restart()
	return s
}

// Restart starts the server again after Kill or Stop and returns when it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if s.process != nil {
		s.t.Fatalf("start mariadbd %d: it runs already, as pid %d", s.ID, s.process.Process.Pid)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "mariadbd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatalf("start mariadbd %d: %v", s.ID, err)
	}
	defer log.Close()
	s.process = s.Host.Command("mariadbd", s.options()...)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.t.Fatalf("start mariadbd %d: %v", s.ID, err)
	}
	lab.Await(s.t, 30*time.Second, "mariadbd to answer (log: "+log.Name()+")", s.root.Ping)
}

// Exec runs SQL statements as root.
func (s *Server) Exec(statements string) {
	s.t.Helper()
	if _, err := s.root.Exec(statements); err != nil {
		s.t.Fatalf("run SQL on server %d: %v\n%s", s.ID, err, statements)
	}
}

// Status returns a numeric status variable, such as Aborted_connects.
func (s *Server) Status(variable string) int {
	s.t.Helper()
	var value int
	row := s.root.QueryRow("select variable_value from information_schema.global_status where variable_name = ?", variable)
	if err := row.Scan(&value); err != nil {
		s.t.Fatalf("read status variable %s of server %d: %v", variable, s.ID, err)
	}
	return value
}

// Logins returns how often the user has logged in, from any host, since the start.
func (s *Server) Logins(user string) int {
	s.t.Helper()
	var logins int
	row := s.root.QueryRow("select coalesce(sum(total_connections), 0) from information_schema.user_statistics where user = ?", user)
	if err := row.Scan(&logins); err != nil {
		s.t.Fatalf("count the logins of %s on server %d: %v", user, s.ID, err)
	}
	return logins
}

// Lock refuses logins of the user from every host, until Unlock.
func (s *Server) Lock(user string) { s.alterAccounts(user, "account lock") }

// Unlock undoes Lock.
func (s *Server) Unlock(user string) { s.alterAccounts(user, "account unlock") }

func (s *Server) alterAccounts(user, change string) {
	s.t.Helper()
	var accounts sql.NullString
	row := s.root.QueryRow("select group_concat(quote(user), '@', quote(host)) from mysql.user where user = ?", user)
	if err := row.Scan(&accounts); err != nil || !accounts.Valid {
		s.t.Fatalf("alter the accounts of %s on server %d: there are none (error %v)", user, s.ID, err)
	}
	s.Exec("alter user " + accounts.String + " " + change)
}

// Stop shuts the server down in order.
func (s *Server) Stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	s.reap()
}

// Freeze makes the server hang: the kernel still accepts its connections.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Fatalf("send %v to mariadbd %d: %v", signal, s.ID, err)
	}
}

// Kill ends the server as kill -9 does. A server that does not run stays so.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	s.process.Process.Kill()
	s.reap()
}

func (s *Server) reap() {
	s.process.Wait()
	s.process = nil
}

func (s *Server) socket() string { return filepath.Join(s.dir, "socket") }

func (s *Server) options() []string {
	return []string{
		"--no-defaults", "--user=root",
		"--datadir=" + filepath.Join(s.dir, "data"),
		"--socket=" + s.socket(),
		"--pid-file=" + filepath.Join(s.dir, "pid"),
		"--bind-address=" + s.Listen.Addr().String(), fmt.Sprintf("--port=%d", s.Listen.Port()),
		fmt.Sprintf("--server-id=%d", s.ID),
		"--skip-name-resolve", "--userstat=1",
		"--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--key-buffer-size=1M",
		"--innodb-flush-log-at-trx-commit=0", "--performance-schema=off",
	}
}
