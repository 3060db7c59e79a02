package haproxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The answers in testdata are those of HAProxy 3.0.11 to "show stat", with a
// rendered configuration and six servers: one serves, one refuses connections,
// one stops answering after a while, one denies the login with quotes and a comma
// in its message, one is a backup server, one accepts and is silent.
func TestServersInRealStatistics(t *testing.T) {
	initial := Server{Pool: "mysql", Up: true, Check: "INI"}
	for _, tt := range []struct {
		file string
		want []Server
	}{
		{"starting.csv", []Server{
			with(initial, "serves", "192.168.100.1:3306"), // its check is under way: "* INI"
			with(initial, "refuses", "192.168.100.2:3306"),
			with(initial, "hangs", "192.168.100.3:3306"),
			with(initial, "denies", "192.168.100.4:3306"),
			with(initial, "spare", "192.168.100.5:3306"),
			with(initial, "silent", "192.168.100.6:3306"),
		}},
		// One client came through the node's address and two through the VIP.
		{"running.csv", []Server{
			{Pool: "mysql", Name: "serves", Address: "192.168.100.1:3306", Up: true, Checked: true,
				Check: "L7OK", Detail: "(tcp-check)", Sessions: 2, OnVIP: 1, Passed: 1},
			{Pool: "mysql", Name: "refuses", Address: "192.168.100.2:3306", Checked: true,
				Check: "L4CON", Detail: "Connection refused at step 1 of tcp-check (connect)"},
			{Pool: "mysql", Name: "hangs", Address: "192.168.100.3:3306", Up: true, Checked: true,
				Check: "L7OK", Sessions: 1, OnVIP: 1, Passed: 1}, // a further check is under way: "* L7OK"
			{Pool: "mysql", Name: "denies", Address: "192.168.100.4:3306", Checked: true,
				Check: "L7STS", Detail: `Host 'lb-a, "old"' is not allowed to connect`},
			{Pool: "mysql", Name: "spare", Address: "192.168.100.5:3306", Up: true, Checked: true,
				Check: "L7OK", Detail: "(tcp-check)"},
			{Pool: "mysql", Name: "silent", Address: "192.168.100.6:3306", Checked: true,
				Check: "L7TOUT", Detail: "at step 2 of tcp-check (expect binary regex)"},
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			answer, err := os.ReadFile(filepath.Join("testdata", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseServers(answer)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("servers (-want +got):\n%s", diff)
			}
		})
	}
}

func with(s Server, name, address string) Server {
	s.Name, s.Address = name, address
	return s
}

func TestWhatIsNoStatisticsIsAnError(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"nothing", "", "empty"},
		{"an open quote", "# pxname,svname\n\"a,b\n", "read haproxy's statistics"},
		{"an unknown command", "Unknown command: 'show stat'", `no column "pxname"`},
		{"a column less", "# pxname,svname,scur,stot,status,addr,check_status\n", `no column "last_chk"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseServers([]byte(tt.answer))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseServers = %v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestRowsThatAreShortLackOnlyTheirEnd(t *testing.T) {
	got, err := ParseServers([]byte("# pxname,svname,scur,stot,status,addr,check_status,last_chk\nmysql_node,a,3,9,UP\n"))
	want := []Server{{Pool: "mysql", Name: "a", Up: true, Sessions: 3}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseServers, %v (-want +got):\n%s", err, diff)
	}
}

func TestFirstRowTellsTheState(t *testing.T) {
	got, err := ParseServers([]byte("# pxname,svname,scur,stot,status,addr,check_status,last_chk\n" +
		"mysql_vip,a,1,16,UP,192.0.2.1:3306,L7OK,\nmysql_vip2,a,2,32,DOWN,192.0.2.1:3306,L4CON,\n" +
		"mysql_node,a,4,64,DOWN,192.0.2.1:3306,,\nread_vip,a,8,128,DOWN,192.0.2.1:3306,L4TOUT,\n"))
	want := []Server{
		{Pool: "mysql", Name: "a", Address: "192.0.2.1:3306", Up: true, Checked: true, Check: "L7OK", Sessions: 7, OnVIP: 3, Passed: 48},
		{Pool: "read", Name: "a", Address: "192.0.2.1:3306", Checked: true, Check: "L4TOUT", Sessions: 8, OnVIP: 8, Passed: 128},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseServers, %v (-want +got):\n%s", err, diff)
	}
}

func TestServersInMaintenanceAreNoBackends(t *testing.T) {
	got, err := ParseServers([]byte("# pxname,svname,scur,stot,status,addr,check_status,last_chk\n" +
		"mysql_vip,old,1,1,MAINT,192.0.2.1:3306,,\nmysql_vip,v6,2,2,UP,[2001:db8::51]:3306,L7OK,\n" +
		"mysql_node,old,1,1,MAINT (via x/y),192.0.2.1:3306,,\nmysql_node2,v6,1,1,UP,[2001:db8::51]:3306,L7OK,\n"))
	want := []Server{{Pool: "mysql", Name: "v6", Address: "[2001:db8::51]:3306", Up: true, Checked: true, Check: "L7OK", Sessions: 3, OnVIP: 2, Passed: 2}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseServers, %v (-want +got):\n%s", err, diff)
	}
}

func TestSectionsTellTheirPool(t *testing.T) {
	type result struct {
		pool string
		ok   bool
	}
	for section, want := range map[string]result{
		"mysql_node":   {"mysql", true},
		"mysql_vip":    {"mysql", true},
		"mysql_vip2":   {"mysql", true},
		"mysql_node2":  {"mysql", true},
		"my_vip_node":  {"my_vip", true},
		"my_node_vip3": {"my_node", true},
		"metrics":      {"", false},
		"mysql_other":  {"mysql", false},
	} {
		var got result
		got.pool, got.ok = poolOf(section)
		if got != want {
			t.Errorf("poolOf(%q) = %v, want %v", section, got, want)
		}
	}
}

func FuzzParseServers(f *testing.F) {
	for _, file := range []string{"starting.csv", "running.csv"} {
		answer, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(answer)
	}
	const head = "# pxname,svname,scur,stot,status,addr,check_status,last_chk\n"
	f.Add([]byte(head + "mysql_node,a\n"))
	f.Add([]byte(head + "mysql_vip,a,1,1,UP\nmysql_node,a,1,1,UP\nmysql_vip2,a,1,1,UP\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		servers, err := ParseServers(answer)
		if err != nil && servers != nil {
			t.Errorf("ParseServers = %v with the error %v", servers, err)
		}
		for _, s := range servers {
			if s.Name == "FRONTEND" || s.Name == "BACKEND" {
				t.Errorf("%s is taken for a server", s.Name)
			}
			if s.Checked && (s.Check == "INI" || s.Check == "") {
				t.Errorf("%s counts as checked with %q", s.Name, s.Check)
			}
		}
	})
}
