package haproxy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"twinlb/seed"
	"twinlb/services"
)

// Change is what takes a HAProxy that runs from one configuration to another: first
// Commands, and when the servers that they add are up, Retire; or a reload.
type Change struct {
	Reload   string // why it has to be reloaded; "" when commands do
	Commands []Command
	Added    []string // section/name of servers that must be up before others are retired
	Retire   []Command
	Retired  Retired  // servers that wait to be deleted when all is done
	Did      []string // in sentences, for people
}

// Command is one of HAProxy's runtime API, management guide §9.3.
type Command struct {
	Text  string
	Wants string // what a good answer begins with; "" when there is none
}

// Retired are servers in maintenance that live on until their last connection has
// ended, by section/name.
type Retired map[string]Entry

// Delete is the command that succeeds when the last connection has ended.
func Delete(server string) Command { return Command{"del server " + server, "Server deleted."} }

// Diff compares what runs, with the servers that are retired in it, with what is to run.
func Diff(old, new *seed.Spec, host services.Host, retired Retired) (Change, error) {
	frame, err := frames(old, host)
	if err != nil {
		return Change{}, err
	}
	next, err := frames(new, host)
	if err != nil {
		return Change{}, err
	}
	if why := unlike(frame, next); why != "" {
		return reload(why), nil
	}
	before, err := Sections(old)
	if err != nil {
		return Change{}, err
	}
	after, err := Sections(new)
	if err != nil {
		return Change{}, err
	}
	c := Change{Retired: Retired{}}
	for key, e := range retired {
		c.Retired[key] = e
	}
	// The frames are alike, and so are the sections but for their servers.
	for i := range after {
		if why := c.section(&before[i], &after[i]); why != "" {
			return reload(why), nil
		}
	}
	return c, nil
}

func reload(why string) Change {
	return Change{Reload: why, Retired: Retired{}, Did: []string{"haproxy: hitless reload, because " + why}}
}

// Nothing tells whether there is nothing to do.
func (c Change) Nothing() bool { return c.Reload == "" && len(c.Commands)+len(c.Retire) == 0 }

func (c *Change) section(old, new *Section) (reload string) {
	var order []string
	for _, e := range old.Servers {
		if i := find(new.Servers, e.Name); i < 0 {
			c.retire(new, e)
		} else if why := c.adjust(new, e, new.Servers[i], nil); why != "" {
			return why
		} else {
			order = append(order, e.Name)
		}
	}
	for _, e := range new.Servers {
		if find(old.Servers, e.Name) >= 0 {
			continue
		}
		order = append(order, e.Name)
		key := new.Name + "/" + e.Name
		back, ok := c.Retired[key]
		if !ok {
			c.add(new, e)
			continue
		}
		ready := []string{"set server " + key + " state ready"}
		if why := c.adjust(new, back, e, ready); why != "" || new.Pool.Balance == seed.First {
			return fmt.Sprintf("the backend %s/%s is taken back before its last connection has ended", new.Pool.Name, e.Name)
		}
		delete(c.Retired, key)
	}
	if new.Pool.Balance == seed.First && !slices.EqualFunc(order, new.Servers, func(name string, e Entry) bool { return name == e.Name }) {
		return fmt.Sprintf("the order of the backends of %s counts with balance %s", new.Pool.Name, seed.First)
	}
	return ""
}

// add has a server checked before it gets connections: otherwise it would count as
// up until the first check has failed. That it is down must be said once it is
// enabled; in one line nothing comes between.
func (c *Change) add(s *Section, e Entry) {
	key := s.Name + "/" + e.Name
	c.Commands = append(c.Commands, Command{
		s.Add(e) + "; enable health " + key + "; enable server " + key + "; set server " + key + " health down",
		"New server registered.",
	})
	c.Added = append(c.Added, key)
	c.did(s, e, "added without a reload")
}

func (c *Change) retire(s *Section, e Entry) {
	key := s.Name + "/" + e.Name
	c.Retire = append(c.Retire, Command{Text: "set server " + key + " state maint"})
	c.Retired[key] = e
	c.did(s, e, "takes no more connections, without a reload; removed when its last one has ended")
}

func (c *Change) adjust(s *Section, old, new Entry, what []string) (reload string) {
	key := s.Name + "/" + new.Name
	if old.Options != new.Options {
		return fmt.Sprintf("the backend %s/%s becomes%s instead of%s", s.Pool.Name, new.Name, or(new.Options), or(old.Options))
	}
	if old.Address != new.Address {
		// Its answer begins with "IP changed" or "port changed".
		c.Commands = append(c.Commands, Command{fmt.Sprintf("set server %s addr %s port %d", key, new.Address.Addr(), new.Address.Port()), anything})
		c.did(s, new, fmt.Sprintf("new connections go to %s, without a reload", new.Address))
	}
	if old.Weight != new.Weight {
		c.Commands = append(c.Commands, Command{Text: fmt.Sprintf("set server %s weight %d", key, new.Weight)})
		c.did(s, new, "weight changed without a reload")
	}
	if old.MaxConn != new.MaxConn {
		c.Commands = append(c.Commands, Command{Text: fmt.Sprintf("set maxconn server %s %d", key, new.MaxConn)})
		c.did(s, new, "maxconn changed without a reload")
	}
	for _, command := range what {
		c.Commands = append(c.Commands, Command{Text: command})
		c.did(s, new, "takes connections again, without a reload")
	}
	return ""
}

// anything is the Wants of a command that says what it has done in many ways.
const anything = "*"

// Good tells whether an answer is that of a command that was done.
func (c Command) Good(answer string) bool {
	switch answer = strings.TrimSpace(answer); c.Wants {
	case anything:
		return strings.Contains(answer, "changed") // or "nothing changed"
	case "":
		return answer == ""
	}
	return strings.HasPrefix(answer, c.Wants) && !strings.Contains(strings.TrimPrefix(answer, c.Wants), "\n")
}

// did notes a sentence once, whatever sections it happens in.
func (c *Change) did(s *Section, e Entry, what string) {
	text := fmt.Sprintf("backend %s/%s: %s", s.Pool.Name, e.Name, what)
	if !slices.Contains(c.Did, text) {
		c.Did = append(c.Did, text)
	}
}

func find(servers []Entry, name string) int {
	return slices.IndexFunc(servers, func(e Entry) bool { return e.Name == name })
}

func or(options string) string {
	if options == "" {
		return " one without options"
	}
	return options
}

// frames is the configuration without its servers.
func frames(spec *seed.Spec, host services.Host) ([]string, error) {
	config, err := Config(spec, host)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range bytes.Lines(config) {
		if text := strings.TrimRight(string(line), "\n"); !strings.HasPrefix(text, "    server ") {
			lines = append(lines, text)
		}
	}
	return lines, nil
}

// unlike says what is the first difference between two configurations; "" when
// there is none.
func unlike(old, new []string) string {
	if slices.Equal(old, new) {
		return ""
	}
	for _, look := range []struct {
		at, in []string
		is     string
	}{{new, old, "is new"}, {old, new, "goes"}} {
		section := ""
		for _, line := range look.at {
			if line != "" && line[0] != ' ' {
				section = line
			}
			switch {
			case slices.Contains(look.in, line):
			case line == section:
				return fmt.Sprintf("%q %s", line, look.is)
			default:
				return fmt.Sprintf("%q %s in %s", strings.TrimSpace(line), look.is, section)
			}
		}
	}
	return "its sections stand in another order"
}
