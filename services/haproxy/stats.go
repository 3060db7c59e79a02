package haproxy

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twinlb/seed"
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
	OnVIP    int    // of these, through a VIP
	Passed   int    // connections that were passed to it since HAProxy's start, through a VIP
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
	for _, name := range []string{"pxname", "svname", "scur", "stot", "status", "addr", "check_status", "last_chk"} {
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
		onVIP, passed := 0, 0
		if strings.HasPrefix(field("pxname"), pool+"_vip") {
			onVIP = sessions
			passed, _ = strconv.Atoi(field("stot"))
		}
		key := pool + "/" + field("svname")
		if i, known := index[key]; known {
			servers[i].Sessions += sessions
			servers[i].OnVIP += onVIP
			servers[i].Passed += passed
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
			OnVIP:    onVIP,
			Passed:   passed,
		})
	}
	return servers, nil
}

// Of picks those that are backends of the seed, in its order: one that was retired
// stays until its last connection has ended, and one that was added stands last.
func Of(spec *seed.Spec, servers []Server) []Server {
	var all []Server
	for _, pool := range spec.Pools {
		for _, b := range pool.Backends {
			i := slices.IndexFunc(servers, func(s Server) bool { return s.Pool == pool.Name && s.Name == b.Name })
			if i >= 0 {
				all = append(all, servers[i])
			}
		}
	}
	return all
}
