package seed

import (
	"bytes"
	"net"
	"net/netip"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"
)

func TestGrants(t *testing.T) {
	for _, file := range append(seedFiles(t, "../examples"), seedFiles(t, "testdata/grants")...) {
		pair, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		golden.Assert(t, pair.Grants(), beside(filepath.Join("grants", filepath.Base(file))))
	}
}

func TestGrantsQuote(t *testing.T) {
	p := &Pair{
		Nodes: []Node{{Address: netip.MustParsePrefix("192.0.2.1/24")}},
		Pools: []Pool{{Check: Check{User: "a'b", Auth: SHA2}, Backends: []Backend{{Address: netip.MustParseAddr("192.0.2.2")}}}},
	}
	want := "CREATE USER IF NOT EXISTS 'a''b'@'192.0.2.1' IDENTIFIED WITH caching_sha2_password;\n"
	if got := p.Grants(); !strings.HasSuffix(got, want) {
		t.Errorf("Grants =\n%swant at the end\n%s", got, want)
	}
}

// TestGrantsOnMariaDB has a real server run the SQL, twice, and logs in over TCP
// as the check does: with no password.
func TestGrantsOnMariaDB(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, program := range []string{"mariadbd", "mariadb-install-db", "mariadb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	server := startMariaDB(t)
	p := &Pair{
		Nodes: []Node{{Address: netip.MustParsePrefix("127.0.0.1/8")}},
		Pools: []Pool{{Check: Check{User: "haproxy_check", Auth: Native}, Backends: []Backend{{Address: netip.MustParseAddr("127.0.0.1")}}}},
	}
	for range 2 {
		server.client(t, p.Grants(), "--socket", server.socket)
	}
	got := server.client(t, "SHOW GRANTS;", "--host=127.0.0.1", "--port", server.port, "--user=haproxy_check")
	if want := "GRANT USAGE ON *.* TO `haproxy_check`@`127.0.0.1`\n"; got != want {
		t.Errorf("SHOW GRANTS = %q, want nothing but %q", got, want)
	}
}

type mariaDB struct{ socket, port string }

func startMariaDB(t *testing.T) mariaDB {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	runAs := "--user=" + me.Username // without it mariadbd does not run as root
	install := exec.Command("mariadb-install-db", "--no-defaults", runAs, "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}

	m := mariaDB{socket: filepath.Join(dir, "socket"), port: freePort(t)}
	var log bytes.Buffer
	server := exec.Command("mariadbd", "--no-defaults", runAs, "--datadir="+data, "--socket="+m.socket,
		"--bind-address=127.0.0.1", "--port="+m.port, "--skip-name-resolve", "--innodb-buffer-pool-size=16M")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }()
	t.Cleanup(func() {
		server.Process.Kill()
		<-exited
	})

	deadline := time.After(30 * time.Second)
	for {
		if conn, err := net.Dial("unix", m.socket); err == nil {
			conn.Close()
			return m
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("mariadbd ended: %v\n%s", err, log.String())
		case <-deadline:
			t.Fatalf("mariadbd does not listen on %s after 30 s", m.socket)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (m mariaDB) client(t *testing.T, sql string, args ...string) string {
	t.Helper()
	cmd := exec.Command("mariadb", append([]string{"--no-defaults", "--batch", "--skip-column-names"}, args...)...)
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("mariadb %q: %v\n%s", sql, err, out)
	}
	return string(out)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
