package firewall

import (
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A step is a part of a rule: a match, which ends the rule for packets that do
// not fit, or a statement, which does something with those that do.
type step []expr.Any

// A field is what a match looks at. It is loaded into register 1.
type field []expr.Any

func meta(key expr.MetaKey) field {
	return field{&expr.Meta{Key: key, Register: unix.NFT_REG_1}}
}

func payload(base expr.PayloadBase, offset, length uint32) field {
	return field{&expr.Payload{DestRegister: unix.NFT_REG_1, Base: base, Offset: offset, Len: length}}
}

// masked has a byte for each of the field.
func (f field) masked(mask ...byte) field {
	return slices.Concat(f, field{&expr.Bitwise{
		SourceRegister: unix.NFT_REG_1, DestRegister: unix.NFT_REG_1,
		Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask)),
	}})
}

func (f field) is(value ...byte) step    { return f.compare(expr.CmpOpEq, value) }
func (f field) isNot(value ...byte) step { return f.compare(expr.CmpOpNeq, value) }

func (f field) compare(op expr.CmpOp, value []byte) step {
	return slices.Concat(step(f), step{&expr.Cmp{Op: op, Register: unix.NFT_REG_1, Data: value}})
}

func (f field) in(set *nftables.Set) step {
	return slices.Concat(step(f), step{&expr.Lookup{SourceRegister: unix.NFT_REG_1, SetName: set.Name, SetID: set.ID}})
}

var (
	accept = step{&expr.Verdict{Kind: expr.VerdictAccept}}
	drop   = step{&expr.Verdict{Kind: expr.VerdictDrop}}

	rejectWithReset           = step{&expr.Reject{Type: unix.NFT_REJECT_TCP_RST}}
	rejectWithPortUnreachable = step{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_PORT_UNREACH}}

	// limit keeps the answers to a flood cheap.
	limit = step{&expr.Limit{Type: expr.LimitTypePkts, Rate: 100, Unit: expr.LimitTimeSecond, Burst: 50}}
)

func count(c Counter) step {
	return step{&expr.Objref{Type: int(nftables.ObjTypeCounter), Name: string(c)}}
}
