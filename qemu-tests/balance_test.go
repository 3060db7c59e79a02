//go:build vm

package qemutests

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"twinlb/qemu-tests/client"
	"twinlb/qemu-tests/fakemysql"
	"twinlb/qemu-tests/images"
	"twinlb/qemu-tests/lab"
	"twinlb/qemu-tests/site"
	"twinlb/qemu-tests/vm"
)

const checkUser = "haproxy_check"

func TestBalance(t *testing.T) {
	p := startPair(t, images.Image{Seed: calmSeed(t)})

	t.Run("queries alternate between the servers", func(t *testing.T) {
		awaitServers(t, p.Site, vipService, 1, 2)
		awaitServers(t, p.Site, backupService, 1, 2)
	})

	t.Run("servers see the address that the client used", func(t *testing.T) {
		for _, service := range []netip.AddrPort{vipService, masterService, backupService} {
			got, err := client.Query(p.Client, service, "select user()")
			if want := client.User + "@" + service.Addr().String(); err != nil || strings.TrimSpace(got) != want {
				t.Errorf("through %v the server sees %q (%v), want %s", service, got, err, want)
			}
		}
	})

	t.Run("the check leaves no aborted connections", func(t *testing.T) {
		counters := []string{"Aborted_connects", "Aborted_connects_preauth", "Aborted_clients", "Access_denied_errors"}
		before := make(map[string]int)
		for _, c := range counters {
			before[c] = p.Servers[0].Status(c)
		}
		enough := p.Servers[0].Logins(checkUser) + 20
		lab.Await(t, time.Minute, "20 checks", func() error {
			if n := p.Servers[0].Logins(checkUser); n < enough {
				return fmt.Errorf("%s has logged in %d times, want %d", checkUser, n, enough)
			}
			return nil
		})
		for _, c := range counters {
			if more := p.Servers[0].Status(c) - before[c]; more != 0 {
				t.Errorf("%s grew by %d during 20 checks, want 0", c, more)
			}
		}
	})

	t.Run("metrics and the statistics page are on the node's address alone", func(t *testing.T) {
		if got := get(t, p.Site, "http://192.168.100.53:8404/metrics"); !strings.Contains(got, `haproxy_server_status{proxy="mysql_node",server="mysql1",state="UP"} 1`) {
			t.Errorf("the metrics do not say that mysql1 is up:\n%s", got)
		}
		if got := get(t, p.Site, "http://192.168.100.53:8404/"); !strings.Contains(got, "Statistics Report") {
			t.Errorf("got %.200q, want the statistics page", got)
		}
		if conn, err := p.Client.Dial(t.Context(), "tcp", "192.168.100.60:8404"); err == nil {
			conn.Close()
			t.Error("the VIP answers on the port of the metrics")
		}
	})

	t.Run("a server that refuses the login is down", func(t *testing.T) {
		p.Servers[1].Lock(checkUser)
		awaitServers(t, p.Site, vipService, 1)
		p.Servers[1].Unlock(checkUser)
		awaitServers(t, p.Site, vipService, 1, 2)
	})

	t.Run("a server that dies is left out", func(t *testing.T) {
		r := p.measure(t, "server killed", func() {
			p.Servers[1].Kill()
			awaitServers(t, p.Site, vipService, 1)
		})
		expectOutage(t, r, 10*time.Second)
		p.Servers[1].Restart()
		awaitServers(t, p.Site, vipService, 1, 2)
	})
}

func TestSHA2Login(t *testing.T) {
	text := exampleSeed(t, "auth: native", "auth: sha2")
	l := lab.New(t)
	s := &site.Site{Lab: l, Seed: exampleSite(t), Client: l.Host("client", clientAddress)}
	knows := &fakemysql.Server{ID: 1, Users: []string{checkUser, client.User}}
	refuses := &fakemysql.Server{ID: 2, Users: []string{client.User}}
	serve(t, l, knows, "mysql1", mysql1Address)
	serve(t, l, refuses, "mysql2", mysql2Address)
	vm.Start(t, l, vm.Config{Name: "lb-a", MAC: masterMAC, Disk: baker.Disk(t, images.Image{Seed: text, Node: "lb-a"})})

	s.AwaitAnswer(t, masterService)
	awaitServers(t, s, masterService, 1)
	lab.Await(t, time.Minute, "checks on both servers", func() error {
		if n, m := knows.Counts().Logins, refuses.Counts().AccessDenied; n < 20 || m < 5 {
			return fmt.Errorf("%d logins on one and %d refused ones on the other, want 20 and 5", n, m)
		}
		return nil
	})
	if got := knows.Counts(); got.AbortedConnects != 0 || got.AbortedClients != 0 {
		t.Errorf("the check left aborted connections: %+v", got)
	}
}

// get returns what an HTTP server of the site answers.
func get(t *testing.T, s *site.Site, url string) string {
	t.Helper()
	fetch := http.Client{Transport: &http.Transport{DialContext: s.Client.Dial}, Timeout: 10 * time.Second}
	response, err := fetch.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// serve runs a fake server on a host of its own.
func serve(t *testing.T, l *lab.Lab, server *fakemysql.Server, name string, address netip.Prefix) {
	t.Helper()
	listener, err := l.Host(name, address).Listen("tcp", netip.AddrPortFrom(address.Addr(), 3306).String())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Errorf("fake server %s: %v", name, err)
		}
	})
}

// awaitServers waits until eight queries in a row are answered by the servers in
// turn, by no others.
func awaitServers(t *testing.T, s *site.Site, service netip.AddrPort, ids ...int) {
	t.Helper()
	lab.Await(t, time.Minute, fmt.Sprintf("servers %v to answer in turn through %v", ids, service), func() error {
		var got []int
		for range 8 {
			id, err := client.ServerID(s.Client, service)
			if err != nil {
				return err
			}
			got = append(got, id)
		}
		for i := range ids {
			if turn := append(slices.Clone(ids[i:]), ids[:i]...); slices.Equal(got, slices.Repeat(turn, 8/len(ids))) {
				return nil
			}
		}
		return fmt.Errorf("servers %v answered", got)
	})
}
