package firewall

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
)

// patience is for an answer of the kernel, which comes at once. PID 1 must not
// wait for ever if it does not.
const patience = 5 * time.Second

// connect returns a connection that opens a socket for each request.
func connect() (*nftables.Conn, error) {
	return nftables.New(nftables.WithSockOptions(func(c *netlink.Conn) error {
		return c.SetDeadline(time.Now().Add(patience))
	}))
}

var twinlb = &nftables.Table{Name: "twinlb", Family: nftables.TableFamilyINet}

// table collects the table's contents, to be committed at once.
type table struct {
	conn *nftables.Conn
	errs []error
}

// newTable begins with an empty table. It is added before it is deleted, since
// deleting what is not there is an error.
func newTable(conn *nftables.Conn) *table {
	conn.AddTable(twinlb)
	conn.DelTable(twinlb)
	conn.AddTable(twinlb)
	return &table{conn: conn}
}

func (t *table) commit() error {
	if err := errors.Join(t.errs...); err != nil {
		return err
	}
	return t.conn.Flush()
}

func (t *table) counter(c Counter) {
	t.conn.AddObj(&nftables.CounterObj{Table: twinlb, Name: string(c)})
}

func (t *table) set(name string, of nftables.SetDatatype, keys ...[]byte) *nftables.Set {
	return t.add(&nftables.Set{Table: twinlb, Name: name, KeyType: of}, single(keys))
}

// anyOf is a set for one rule, without a name.
func (t *table) anyOf(of nftables.SetDatatype, keys ...[]byte) *nftables.Set {
	return t.add(&nftables.Set{Table: twinlb, Anonymous: true, Constant: true, KeyType: of}, single(keys))
}

func single(keys [][]byte) []nftables.SetElement {
	elements := make([]nftables.SetElement, len(keys))
	for i, key := range keys {
		elements[i].Key = key
	}
	return elements
}

func (t *table) add(set *nftables.Set, elements []nftables.SetElement) *nftables.Set {
	if err := t.conn.AddSet(set, elements); err != nil {
		t.errs = append(t.errs, fmt.Errorf("add the set %q of %d elements: %w", set.Name, len(elements), err))
	}
	return set
}

// chain is a base chain of the table.
type chain struct {
	table *table
	chain *nftables.Chain
}

func (t *table) chain(name string, hook *nftables.ChainHook, policy nftables.ChainPolicy) chain {
	return chain{t, t.conn.AddChain(&nftables.Chain{
		Name: name, Table: twinlb, Type: nftables.ChainTypeFilter,
		Hooknum: hook, Priority: nftables.ChainPriorityFilter, Policy: &policy,
	})}
}

func (c chain) rule(steps ...step) {
	c.table.conn.AddRule(&nftables.Rule{Table: twinlb, Chain: c.chain, Exprs: []expr.Any(slices.Concat(steps...))})
}
