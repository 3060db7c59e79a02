package fakemysql

import (
	"database/sql"
	"errors"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

func start(t *testing.T) (*Server, *net.TCPAddr) {
	t.Helper()
	s := &Server{ID: 42, Users: []string{"haproxy_check", "app"}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve returned %v after its listener was closed, want nil", err)
		}
	})
	return s, listener.Addr().(*net.TCPAddr)
}

// awaitCounts waits because a server sees the end of a connection after its client.
func awaitCounts(t *testing.T, s *Server, want Counts) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for s.Counts() != want {
		if time.Now().After(deadline) {
			t.Errorf("counts (-want +got):\n%s", cmp.Diff(want, s.Counts()))
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestDriver(t *testing.T) {
	tests := []struct {
		name, user, password string
		wantErr              uint16
		want                 Counts
	}{
		{"no password", "haproxy_check", "", 0, Counts{Logins: 1, Quits: 1}},
		{"a password where there is none", "haproxy_check", "secret", 1045, Counts{AbortedConnects: 1, AccessDenied: 1}},
		{"unknown user", "nobody", "", 1045, Counts{AbortedConnects: 1, AccessDenied: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, address := start(t)
			account := mysql.NewConfig()
			account.User, account.Passwd, account.Net, account.Addr = tt.user, tt.password, "tcp", address.String()
			connector, err := mysql.NewConnector(account)
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(connector)
			var name string
			var id int
			err = db.QueryRow("show variables like 'server_id'").Scan(&name, &id)
			db.Close()
			var refused *mysql.MySQLError
			switch {
			case tt.wantErr == 0 && (err != nil || id != 42):
				t.Errorf("got server_id %d, error %v, want 42", id, err)
			case tt.wantErr != 0 && (!errors.As(err, &refused) || refused.Number != tt.wantErr):
				t.Errorf("got error %v, want %d", err, tt.wantErr)
			}
			awaitCounts(t, s, tt.want)
		})
	}
}

func TestMariaDBClient(t *testing.T) {
	mariadb, err := exec.LookPath("mariadb")
	if err != nil {
		t.Skip("needs the Debian package mariadb-client-core: ", err)
	}
	s, address := start(t)
	out, err := exec.Command(mariadb, "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-P", strconv.Itoa(address.Port),
		"-u", "app", "--skip-column-names", "--batch", "-e", "select @@server_id").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "42" {
		t.Errorf("got %q, error %v, want 42", out, err)
	}
	awaitCounts(t, s, Counts{Logins: 1, Quits: 1})
}

// login41 is a Protocol::HandshakeResponse41 with the capabilities, packet
// number 1, for haproxy_check without a password.
func login41(capabilities uint32, plugin string) []byte {
	body := []byte{byte(capabilities), byte(capabilities >> 8), byte(capabilities >> 16), 0, 0, 0, 0, 1, 33}
	body = append(body, make([]byte, 23)...)
	body = append(body, "haproxy_check\x00\x00"...)
	if plugin != "" {
		body = append(body, plugin+"\x00"...)
	}
	return append([]byte{byte(len(body)), 0, 0, 1}, body...)
}

func TestCheckByBytes(t *testing.T) {
	const plain = clientProtocol41 | clientSecureConnection
	quit := []byte{1, 0, 0, 0, comQuit}
	tests := []struct {
		name    string
		packets [][]byte // each is sent when the server has answered the one before
		answer  byte     // first byte of the answer to the last but one
		want    Counts
	}{
		{"login and quit", [][]byte{login41(plain|clientPluginAuth, plugin), quit}, 0x00, Counts{Logins: 1, Quits: 1}},
		{"told to switch", [][]byte{login41(plain|clientPluginAuth, "mysql_native_password"), {0, 0, 0, 3}, quit}, 0x00, Counts{Logins: 1, Quits: 1}},
		{"cannot be told to switch", [][]byte{login41(plain, ""), nil}, 0xff, Counts{AbortedConnects: 1}},
		{"no quit", [][]byte{login41(plain|clientPluginAuth, plugin), nil}, 0x00, Counts{Logins: 1, AbortedClients: 1}},
		{"wrong packet number", [][]byte{login41(plain|clientPluginAuth, plugin), {1, 0, 0, 7, comQuit}}, 0x00, Counts{Logins: 1, AbortedClients: 1}},
		{"connect only", [][]byte{nil}, 10, Counts{AbortedConnects: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, address := start(t)
			conn, err := net.Dial("tcp", address.String())
			if err != nil {
				t.Fatal(err)
			}
			var answer byte
			for _, p := range tt.packets {
				answer = readPacket(t, conn)
				conn.Write(p)
			}
			conn.Close()
			if answer != tt.answer {
				t.Errorf("the server answered %#x, want %#x", answer, tt.answer)
			}
			awaitCounts(t, s, tt.want)
		})
	}
}

// readPacket returns the first byte of the next packet.
func readPacket(t *testing.T, r io.Reader) byte {
	t.Helper()
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(header[0])|int(header[1])<<8)
	if _, err := io.ReadFull(r, body); err != nil {
		t.Fatal(err)
	}
	return body[0]
}
