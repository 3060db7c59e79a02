package change

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twinlb/seed"
)

// state is all that a node's next step depends on, besides the time.
type state struct {
	self   string
	own    Part
	seed   []byte    // of own, unpacked
	since  time.Time // own is in its phase
	until  time.Time // it is undone, from Applying on
	wants  Phase     // Confirmed or Reverted, when an admin has asked for that here
	why    string    // wants
	others map[string]heard
	past   []string // IDs of changes that are over, the latest last
}

// heard is what another node has told, and when.
type heard struct {
	part Part
	at   time.Time
}

// action is what the node is to do next.
type action int

const (
	wait action = iota
	check
	apply
	revert
	keep
	step // a phase that needs nothing done has ended: look again
)

func newState(self string) state { return state{self: self, others: map[string]heard{}} }

// offer begins a change that this node leads.
func (s *state) offer(o Offer, packed []byte, now time.Time) error {
	if err := s.busy(); err != nil {
		return err
	}
	s.adopt(Part{
		ID: o.ID, Leader: s.self, By: o.By, Seed: o.Digest, Nodes: o.Nodes,
		Within: o.Within, Phase: Offered, Packed: packed,
	}, now)
	s.seed = o.UserData
	return nil
}

// busy says which change is under way, here or, as far as is heard, on another node.
func (s *state) busy() error {
	if s.own.ID != "" && !s.own.Phase.Final() {
		return fmt.Errorf("a change is pending already: the seed %s of %s, asked of %s%s", s.own.Seed, s.own.By, s.own.Leader, s.deadline())
	}
	return nil
}

func (s *state) deadline() string {
	if s.until.IsZero() {
		return ""
	}
	return ", until " + s.until.UTC().Format(time.TimeOnly) + " UTC"
}

func (s *state) adopt(p Part, now time.Time) {
	s.own, s.since, s.until, s.seed, s.wants, s.why = p, now, time.Time{}, nil, "", ""
}

func (s *state) enter(p Phase, why string, now time.Time) {
	s.own.Phase, s.own.Why, s.since = p, why, now
	if p != Offered {
		s.own.Packed = nil
	}
	if p.Final() {
		s.seed, s.until, s.wants = nil, time.Time{}, ""
		s.past = append(s.past, s.own.ID)
		s.past = s.past[max(0, len(s.past)-16):]
	}
}

// next says what is to be done now, or until when there is nothing unless something
// is heard.
func (s *state) next(now time.Time) (do action, again time.Time) {
	switch s.own.Phase {
	case Offered:
		if s.own.Leader != s.self {
			return check, again
		}
		return s.lead(now)
	case Checked:
		return s.follow(now)
	case Applying:
		return s.begin(now)
	case Applied:
		return s.hold(now)
	}
	return s.join(now)
}

// join takes up what another node offers.
func (s *state) join(now time.Time) (action, time.Time) {
	for _, name := range s.names() {
		h := s.others[name]
		p := h.part
		if p.Phase != Offered || p.Leader != name || len(p.Packed) == 0 || now.Sub(h.at) > fresh ||
			!slices.Contains(p.Nodes, s.self) || slices.Contains(s.past, p.ID) {
			continue
		}
		packed := p.Packed
		p.Packed = nil
		s.adopt(p, now)
		userData, err := Unpack(packed)
		if err == nil && seed.Digest(userData) != p.Seed {
			err = errors.New("what arrived is another seed than was announced")
		}
		if err != nil {
			s.enter(Refused, err.Error(), now)
			return step, now
		}
		s.seed = userData
		return check, now
	}
	return wait, time.Time{}
}

// lead waits until all others can run the seed.
func (s *state) lead(now time.Time) (action, time.Time) {
	missing := s.without(Checked, Applying)
	rival := s.rival(now)
	until := s.since.Add(checkPatience)
	switch name, p := s.ended(); {
	case p != nil:
		s.enter(Refused, name+" refuses it: "+p.Why, now)
	case rival != "":
		s.enter(Refused, rival, now)
	case s.wants == Reverted:
		s.enter(Refused, s.why, now)
	case len(missing) == 0:
		s.enter(Applying, "", now)
		s.until = now.Add(s.own.Within)
	case !now.Before(until):
		s.enter(Refused, fmt.Sprintf("no answer from %s within %s", strings.Join(missing, ", "), checkPatience), now)
	default:
		return wait, until
	}
	return step, now
}

// rival says that another node leads a change too. Of two that were offered at the
// same time that of the lower ID goes on.
func (s *state) rival(now time.Time) string {
	for _, name := range s.names() {
		h := s.others[name]
		p := h.part
		if p.ID == s.own.ID || p.Phase.Final() || p.Leader != name || now.Sub(h.at) > fresh || slices.Contains(s.past, p.ID) {
			continue
		}
		if p.Phase != Offered || p.ID < s.own.ID {
			return fmt.Sprintf("a change is pending already: the seed %s of %s, asked of %s", p.Seed, p.By, name)
		}
	}
	return ""
}

// follow waits for the leader to go on.
func (s *state) follow(now time.Time) (action, time.Time) {
	until := s.since.Add(followPatience)
	leader := s.of(s.own.Leader)
	switch name, p := s.ended(); {
	case p != nil:
		s.enter(Refused, name+" has given it up: "+p.Why, now)
	case s.wants == Reverted:
		s.enter(Refused, s.why, now)
	case s.left(s.own.Leader):
		s.enter(Refused, s.own.Leader+" has given it up for another", now)
	case leader != nil && slices.Contains([]Phase{Applying, Applied, Confirmed}, leader.Phase):
		s.enter(Applying, "", now)
		left := s.own.Within
		if leader.Left > 0 {
			left = min(left, leader.Left)
		}
		s.until = now.Add(left)
	case !now.Before(until):
		s.enter(Refused, fmt.Sprintf("%s did not go on within %s", s.own.Leader, followPatience), now)
	default:
		return wait, until
	}
	return step, now
}

// begin lets the word get out: the leader waits for the others, they for a moment.
func (s *state) begin(now time.Time) (action, time.Time) {
	at := s.since.Add(settle)
	if s.own.Leader == s.self && len(s.without(Applying, Applied)) > 0 {
		at = s.since.Add(orderPatience)
	}
	switch name, p := s.ended(); {
	case p != nil:
		s.enter(Refused, name+" has given it up: "+p.Why, now)
	case s.wants == Reverted:
		s.enter(Refused, s.why, now)
	case now.Before(at):
		return wait, at
	default:
		return apply, now
	}
	return step, now
}

// hold runs the new seed until somebody says what becomes of it.
func (s *state) hold(now time.Time) (action, time.Time) {
	if s.wants == Confirmed || s.any(Confirmed) != "" {
		return keep, now
	}
	if s.why = s.undo(now); s.why != "" {
		return revert, now
	}
	return wait, s.until
}

func (s *state) undo(now time.Time) string {
	if s.wants == Reverted {
		return s.why
	}
	if name, p := s.ended(); p != nil {
		return strings.TrimSuffix(name+" has undone it: "+p.Why, ": ")
	}
	if !now.Before(s.until) {
		return "nobody has confirmed it in time"
	}
	return ""
}

// done notes what came of an action.
func (s *state) done(do action, did []string, err error, now time.Time) {
	why := ""
	if err != nil {
		why = trim(err.Error())
	}
	switch do {
	case check:
		if err != nil {
			s.enter(Refused, why, now)
		} else {
			s.enter(Checked, "", now)
		}
	case apply:
		if err != nil {
			s.enter(Reverted, why, now)
		} else {
			s.enter(Applied, "", now)
			s.own.Did = did
		}
	case revert:
		if err != nil {
			why = s.why + "; but that failed: " + why
		} else {
			why = s.why
		}
		s.enter(Reverted, trim(why), now)
	case keep:
		if err != nil {
			why = "it runs, but a restart brings the old one back: " + why
		}
		s.enter(Confirmed, trim(why), now)
	}
}

// mayConfirm says why this node cannot have the change kept.
func (s *state) mayConfirm(heard func(string) bool) error {
	switch s.own.Phase {
	case Applied:
	case Applying, Offered, Checked:
		return fmt.Errorf("there is nothing to confirm yet: %s", s.own.summary())
	default:
		return fmt.Errorf("there is nothing to confirm: %s", s.own.summary())
	}
	for _, name := range s.partners() {
		if p := s.of(name); heard(name) && (p == nil || p.Phase != Applied && p.Phase != Applying && p.Phase != Confirmed) {
			return fmt.Errorf("%s does not run it; `rollback` undoes it here", name)
		}
	}
	return nil
}

// partners are the others that take part.
func (s *state) partners() []string {
	all := slices.Concat([]string{s.own.Leader}, s.own.Nodes)
	return slices.DeleteFunc(all, func(name string) bool { return name == s.self })
}

// of is what a node has said of this change; nil when it has not.
func (s *state) of(name string) *Part {
	if h, ok := s.others[name]; ok && h.part.ID == s.own.ID {
		return &h.part
	}
	return nil
}

// left tells whether a node takes part in another change by now.
func (s *state) left(name string) bool {
	h, ok := s.others[name]
	return ok && h.part.ID != s.own.ID && !h.part.Phase.Final() && h.at.After(s.since)
}

// without are those that take part and are in none of the phases.
func (s *state) without(phases ...Phase) []string {
	return slices.DeleteFunc(s.partners(), func(name string) bool {
		p := s.of(name)
		return p != nil && slices.Contains(phases, p.Phase)
	})
}

// any is one that is in the phase; "" when none is.
func (s *state) any(phase Phase) string {
	for _, name := range s.partners() {
		if p := s.of(name); p != nil && p.Phase == phase {
			return name
		}
	}
	return ""
}

// ended is one that has given the change up.
func (s *state) ended() (name string, p *Part) {
	for _, phase := range []Phase{Refused, Reverted} {
		if name := s.any(phase); name != "" {
			return name, s.of(name)
		}
	}
	return "", nil
}

// names are those of whom anything is known, always in the same order.
func (s *state) names() []string {
	var all []string
	for name := range s.others {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func (s *state) view() View {
	v := View{Own: s.own, Until: s.until, Others: map[string]Part{}}
	for _, name := range s.partners() {
		if p := s.of(name); p != nil {
			v.Others[name] = *p
		}
	}
	return v
}

// trim makes of a reason what Part.Check lets through.
func trim(why string) string {
	why = strings.ReplaceAll(why, "\t", "    ")
	var lines []string
	for line := range strings.Lines(why) {
		line = strings.Map(printable, strings.TrimRight(line, "\r\n"))
		lines = append(lines, cut(line, longest))
	}
	return cut(strings.Join(lines, "\n"), longestWhy)
}
