package fakemysql

import (
	"strconv"
	"strings"
)

// Commands, by the first byte of their packet.
const (
	comQuit  = 0x01
	comQuery = 0x03
	comPing  = 0x0e
)

// commands answers until the client says COM_QUIT, and then returns nil.
func (s *Server) commands(c *conn) error {
	for {
		c.sequence = 0
		p, err := c.read()
		if err != nil {
			return err
		}
		switch command := p.uint8(); command {
		case comQuit:
			return nil
		case comPing:
			err = c.write(okPacket)
		case comQuery:
			err = c.write(s.query(string(p))...)
		default:
			err = c.write(errorPacket(1047, "08S01", "Unknown command"))
		}
		if err != nil {
			return err
		}
	}
}

// query knows the statements by which a test tells servers apart.
func (s *Server) query(statement string) [][]byte {
	id := strconv.Itoa(s.ID)
	switch statement = strings.ToLower(strings.TrimRight(statement, "; ")); {
	case statement == "select @@server_id":
		return resultSet([]string{"@@server_id"}, []string{id})
	case statement == "show variables like 'server_id'":
		return resultSet([]string{"Variable_name", "Value"}, []string{"server_id", id})
	case strings.HasPrefix(statement, "set "):
		return [][]byte{okPacket}
	}
	return [][]byte{errorPacket(1064, "42000", "You have an error in your SQL syntax: the fake server knows server_id only")}
}

// resultSet is a Text Resultset of one row of strings.
func resultSet(columns, row []string) [][]byte {
	packets := [][]byte{{byte(len(columns))}}
	for _, name := range columns {
		packets = append(packets, columnDefinition(name))
	}
	var values []byte
	for _, v := range row {
		values = append(values, lengthEncoded(v)...)
	}
	return append(packets, eofPacket, values, eofPacket)
}

// columnDefinition is a Protocol::ColumnDefinition41 of a VARCHAR.
func columnDefinition(name string) []byte {
	var d []byte
	for _, s := range []string{"def", "", "", "", name, name} {
		d = append(d, lengthEncoded(s)...)
	}
	// Length of what follows, character set utf8mb4, width 1024, type, flags, decimals, filler.
	return append(d, 12, 255, 0, 0, 4, 0, 0, 0xfd, 0, 0, 0, 0, 0)
}
