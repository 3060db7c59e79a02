package mariadb

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/sandbox"
)

func TestMain(m *testing.M) { sandbox.Main(m) }

func TestServer(t *testing.T) {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		t.Skip("needs the Debian package mariadb-server-core: ", err)
	}
	l := lab.New(t)
	client := l.Host("client", netip.MustParsePrefix("192.168.100.1/24"))
	s := Start(t, l, l.Host("mysql1", netip.MustParsePrefix("192.168.100.51/24")), "mysql1", netip.MustParseAddrPort("192.168.100.51:3306"), 1)
	s.Exec("create user app@'%'; create database kept")

	connects := func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn, err := client.Dial(ctx, "tcp", "192.168.100.51:3306")
		if err != nil {
			return false
		}
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
		return err == nil
	}
	aborted := s.Status("Aborted_connects")
	if !connects() {
		t.Fatal("connect from another host: no greeting")
	}
	lab.Await(t, 5*time.Second, "a connection without login to count as aborted", func() error {
		if s.Status("Aborted_connects") == aborted {
			return errors.New("Aborted_connects has not moved")
		}
		return nil
	})

	logins := s.Logins("root")
	s.Exec("do 1")
	if got := s.Logins("root"); got <= logins {
		t.Errorf("root logged in %d times, and after one more %d times", logins, got)
	}
	locked := func() bool {
		err := client.Command("mariadb", "--no-defaults", "-h", "192.168.100.51", "-u", "app", "-e", "do 1").Run()
		return err != nil
	}
	s.Lock("app")
	if !locked() {
		t.Error("app can log in although it is locked")
	}
	s.Unlock("app")
	if locked() {
		t.Error("app cannot log in although it is unlocked")
	}

	for name, end := range map[string]func(){"stop": s.Stop, "kill": s.Kill} {
		end()
		if connects() {
			t.Errorf("connect after %s: got a greeting, want none", name)
		}
		s.Restart()
		if !connects() {
			t.Errorf("connect after %s and start: no greeting", name)
		}
		s.Exec("use kept")
	}
}
