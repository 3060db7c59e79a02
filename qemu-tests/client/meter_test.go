package client

import (
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/mariadb"
	"twinlb/qemu-tests/sandbox"
)

// late is how much longer an outage may seem on a machine that is busy.
const late = time.Second

func TestMain(m *testing.M) { sandbox.Main(m) }

func TestMeter(t *testing.T) {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		t.Skip("needs the Debian package mariadb-server-core: ", err)
	}
	l := lab.New(t)
	host := l.Host("client", netip.MustParsePrefix("192.168.100.1/24"))
	server := mariadb.Start(t, l, l.Host("mysql1", netip.MustParsePrefix("192.168.100.51/24")), "mysql1", netip.MustParseAddrPort("192.168.100.51:3306"), 7)
	server.Exec("create user " + User + "@'%'")
	address := netip.MustParseAddrPort("192.168.100.51:3306")

	if id, err := ServerID(host, address); err != nil || id != 7 {
		t.Errorf("mariadb says server_id %d, error %v, want 7", id, err)
	}

	measure := func(t *testing.T, disturb func()) (r *Result, begin time.Time) {
		t.Helper()
		m, err := StartMeter(host, address)
		if err != nil {
			t.Fatal(err)
		}
		m.AwaitSteady(t, 10*time.Second, "before")
		begin = time.Now()
		disturb()
		m.AwaitSteady(t, 10*time.Second, "after")
		r = m.Stop()
		t.Log(r)
		return r, begin
	}
	// expect finds the outage that the disturbance made: a busy machine may have others.
	expect := func(t *testing.T, r *Result, begin time.Time, atLeast time.Duration) {
		t.Helper()
		for _, o := range r.Outages() {
			meanwhile := o.Begin.After(begin.Add(-limit)) && o.Begin.Before(begin.Add(late))
			if meanwhile && !o.Open && o.Duration >= atLeast && o.Duration < atLeast+late {
				return
			}
		}
		t.Errorf("got outages %v, want one from %v on of %v and a little", r.Outages(), begin, atLeast)
	}

	t.Run("load", func(t *testing.T) {
		for name, load := range map[string]func(*lab.Host, netip.AddrPort, int, time.Duration) (Load, error){
			"connections": Connections, "queries": Queries,
		} {
			before := server.Logins(User)
			got, err := load(host, address, 3, 300*time.Millisecond)
			if err != nil || got.Failed > 0 || got.PerSecond < 10 {
				t.Errorf("%s: %+v, error %v, want some a second and none that fails", name, got, err)
			}
			if logins := server.Logins(User) - before; name == "queries" && logins != 3 || name == "connections" && logins <= 3 {
				t.Errorf("%s: %d logins by 3 workers", name, logins)
			}
		}
		server.Lock(User)
		defer server.Unlock(User)
		if got, err := Connections(host, address, 1, 100*time.Millisecond); err != nil || got.Failed == 0 || got.PerSecond > 0 {
			t.Errorf("connections that are refused: %+v, error %v, want none that is counted as well", got, err)
		}
		if _, err := Queries(host, address, 1, time.Millisecond); err == nil {
			t.Error("queries whose login is refused: no error")
		}
	})
	t.Run("nothing happens", func(t *testing.T) {
		r, _ := measure(t, func() {})
		if len(r.Attempts) < 25 {
			t.Errorf("got %d attempts, want the 25 of half a second", len(r.Attempts))
		}
		for _, a := range r.Attempts {
			if a.Err != nil || a.Server != 7 || !a.Connected || a.SYNRetried {
				t.Errorf("got attempt %+v, want it answered by server 7", a)
			}
		}
	})
	t.Run("server killed", func(t *testing.T) {
		r, begin := measure(t, func() {
			server.Kill()
			server.Restart()
		})
		expect(t, r, begin, interval)
		refused := 0
		for _, a := range r.Failed() {
			if errors.Is(a.Err, syscall.ECONNREFUSED) && !a.Connected && !a.Saved() {
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("no attempt was refused while the server was dead: %+v", r.Failed())
		}
	})
	t.Run("frames dropped", func(t *testing.T) {
		const silence = 400 * time.Millisecond
		r, begin := measure(t, func() {
			if err := server.Host.Port.Mute(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(silence)
			if err := server.Host.Port.Unmute(); err != nil {
				t.Fatal(err)
			}
		})
		expect(t, r, begin, silence-interval)
		if !slices.ContainsFunc(r.Attempts, Attempt.Saved) {
			t.Errorf("no attempt was saved by the SYN retry, want nearly all of those in the silence: %v", r)
		}
	})
}
