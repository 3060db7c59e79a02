package haproxy

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// Server is one backend as a node's own checks see it.
type Server struct {
	Pool     string
	Name     string
	Address  string // address:port
	Up       bool
	Checked  bool   // its first check has ended
	Check    string // "L7OK", "L4CON", "L7STS", … as in HAProxy's management guide §9.1
	Detail   string // what the last check said beyond that
	Sessions int    // open now, through every address of the pool
}

// Commands for Runtime.Ask.
const (
	Ping = "show version" // next to nothing: whether the worker answers
	// ShowServers leaves out frontends and backends: any proxy, type 4 (servers),
	// any server (management guide §9.3, show stat).
	ShowServers = "show stat -1 4 -1"
)

// ParseServers reads the answer to ShowServers, in CSV: the state of all backends,
// in the order of the seed. A server's first row, that of a VIP, tells its state;
// its others count only by their sessions. One in maintenance is no backend any
// more: it waits for its last connection to end.
func ParseServers(answer []byte) ([]Server, error) {
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(answer, []byte("# "))))
	rows.FieldsPerRecord = -1
	records, err := rows.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read haproxy's statistics: %w", err)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("read haproxy's statistics: the answer is empty")
	}
	column := make(map[string]int)
	for i, name := range records[0] {
		column[name] = i
	}
	for _, name := range []string{"pxname", "svname", "scur", "status", "addr", "check_status", "last_chk"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("read haproxy's statistics: there is no column %q", name)
		}
	}

	var servers []Server
	index := make(map[string]int)
	for _, record := range records[1:] {
		field := func(name string) string {
			if i := column[name]; i < len(record) {
				return record[i]
			}
			return ""
		}
		pool, ok := poolOf(field("pxname"))
		if !ok || field("svname") == "FRONTEND" || field("svname") == "BACKEND" {
			continue
		}
		if strings.HasPrefix(field("status"), "MAINT") {
			continue
		}
		sessions, _ := strconv.Atoi(field("scur"))
		key := pool + "/" + field("svname")
		if i, known := index[key]; known {
			servers[i].Sessions += sessions
			continue
		}
		index[key] = len(servers)
		// "* L7OK" is the last result while a further check is under way.
		check := strings.TrimPrefix(field("check_status"), "* ")
		servers = append(servers, Server{
			Pool:     pool,
			Name:     field("svname"),
			Address:  field("addr"),
			Up:       strings.HasPrefix(field("status"), "UP"),
			Checked:  check != "INI" && check != "",
			Check:    check,
			Detail:   strings.TrimSpace(field("last_chk")),
			Sessions: sessions,
		})
	}
	return servers, nil
}
