package fakemysql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Capabilities of a connection.
const (
	clientLongPassword     = 1 << 0
	clientLongFlag         = 1 << 2
	clientConnectWithDB    = 1 << 3
	clientProtocol41       = 1 << 9
	clientTransactions     = 1 << 13
	clientSecureConnection = 1 << 15
	clientPluginAuth       = 1 << 19

	capabilities = clientLongPassword | clientLongFlag | clientConnectWithDB | clientProtocol41 |
		clientTransactions | clientSecureConnection | clientPluginAuth
)

const (
	plugin = "caching_sha2_password"
	// salt is random in a real server, which here would prove nothing.
	salt = "twinlb-fake-mysql-84"
)

var errAccessDenied = errors.New("access denied")

// login speaks the connection phase. Like MySQL 8.4 it turns away a client that
// cannot be told to use the account's plugin, as HAProxy's mysql-check cannot.
func (s *Server) login(c *conn, number uint32) error {
	if err := c.write(greeting(number)); err != nil {
		return err
	}
	p, err := c.read()
	if err != nil {
		return err
	}
	r := parseResponse(p)
	const needed = clientProtocol41 | clientSecureConnection | clientPluginAuth
	if r.capabilities&needed != needed {
		c.write(errorPacket(1251, "08004", "Client does not support authentication protocol requested by server; consider upgrading MySQL client"))
		return fmt.Errorf("capabilities %#x of the client lack some of %#x", r.capabilities, needed)
	}
	if r.plugin != plugin {
		if r.password, err = switchPlugin(c); err != nil {
			return err
		}
	}
	// No password is no byte or a zero byte.
	empty := len(r.password) == 0 || string(r.password) == "\x00"
	if !empty || !slices.Contains(s.Users, r.user) {
		using := map[bool]string{true: "NO", false: "YES"}[empty]
		c.write(errorPacket(1045, "28000", fmt.Sprintf("Access denied for user '%s' (using password: %s)", r.user, using)))
		return fmt.Errorf("user %q: %w", r.user, errAccessDenied)
	}
	return c.write(okPacket)
}

// greeting is a Protocol::HandshakeV10.
func greeting(number uint32) []byte {
	g := append([]byte{10}, "8.4.0-fake\x00"...)
	g = binary.LittleEndian.AppendUint32(g, number)
	g = append(g, salt[:8]+"\x00"...)
	g = append(g, capabilities&0xff, capabilities>>8&0xff)
	g = append(g, 255, statusAutocommit, 0) // utf8mb4_0900_ai_ci
	g = append(g, capabilities>>16&0xff, capabilities>>24)
	g = append(g, byte(len(salt)+1))
	g = append(g, make([]byte, 10)...)
	g = append(g, salt[8:]+"\x00"...)
	return append(g, plugin+"\x00"...)
}

// response is what the server looks at of a Protocol::HandshakeResponse41.
type response struct {
	capabilities uint32
	user, plugin string
	password     []byte
}

func parseResponse(p payload) response {
	r := response{capabilities: p.uint32()}
	p.take(4 + 1 + 23) // longest packet, character set, filler
	r.user = p.string()
	r.password = p.take(int(p.uint8()))
	if r.capabilities&clientConnectWithDB != 0 {
		p.string()
	}
	r.plugin = p.string()
	return r
}

// switchPlugin asks the client to log in by our plugin and returns what it then sends.
func switchPlugin(c *conn) (password []byte, err error) {
	if err := c.write([]byte("\xfe" + plugin + "\x00" + salt + "\x00")); err != nil {
		return nil, err
	}
	return c.read()
}
