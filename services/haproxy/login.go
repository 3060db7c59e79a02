package haproxy

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"twinlb/seed"
)

// Capability flags of the MySQL client/server protocol ("Capabilities Flags").
const (
	clientLongPassword     = 1 << 0
	clientProtocol41       = 1 << 9
	clientSecureConnection = 1 << 15
	clientPluginAuth       = 1 << 19
)

const (
	maxPacket     = 1 << 24 // bytes, what the client claims to accept
	charsetUTF8   = 45      // utf8mb4_general_ci, known to every server since MySQL 5.5
	sequenceLogin = 1       // the greeting was 0
)

// Login is the packet with which a check logs in, for who measures as a client does.
func Login(check seed.Check) []byte { return login(check) }

// Quit is the packet with which it leaves.
func Quit() []byte { return quit() }

// login returns the packet "Protocol::HandshakeResponse41" that logs check's
// user in with an empty password. An empty password needs no answer to the
// server's challenge, so the bytes are the same for every login. Naming the
// plugin is what HAProxy's own mysql-check never does: a server whose account
// uses another one than it assumes would ask to switch, and the login would end
// as an aborted connection.
func login(check seed.Check) []byte {
	var body []byte
	body = binary.LittleEndian.AppendUint32(body,
		clientLongPassword|clientProtocol41|clientSecureConnection|clientPluginAuth)
	body = binary.LittleEndian.AppendUint32(body, maxPacket)
	body = append(body, charsetUTF8)
	body = append(body, make([]byte, 23)...)
	body = append(body, check.User...)
	body = append(body, 0)
	body = append(body, 0) // length of the authentication response
	body = append(body, check.Auth.Plugin()...)
	body = append(body, 0)
	return packet(sequenceLogin, body)
}

// quit returns the packet COM_QUIT: without it the server counts an aborted client.
func quit() []byte { return packet(0, []byte{1}) }

// packet puts the four bytes before body that begin every MySQL packet: its
// length, 24 bits, and its sequence number.
func packet(sequence byte, body []byte) []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body))|uint32(sequence)<<24)
	return append(head, body...)
}

func hexString(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
