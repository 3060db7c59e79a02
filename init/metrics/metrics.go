package metrics

import (
	"twinlb/init/status"
)

var (
	states   = []string{"MASTER", "BACKUP", "FAULT", "STOP"}
	verdicts = []string{string(status.Well), string(status.Degraded), string(status.NotServing)}
)

// expose writes what a node knows as metrics. docs/metrics.md lists them.
func expose(p *status.Pair) string {
	e := &exposition{}
	exposeNode(e, p)
	exposeVRRP(e, &p.Node)
	exposeConflicts(e, &p.Node)
	exposePeers(e, p.Peers)
	exposeBackends(e, p.Node.Backends)
	exposeServices(e, p.Node.Services)
	return e.String()
}

func exposeNode(e *exposition, p *status.Pair) {
	n := &p.Node
	e.metric("twinlb_info", gauge, "The node and what runs on it; always 1.")
	labels := []label{{"node", n.Name}, {"role", n.Role}, {"seed", n.Seed}}
	for _, part := range []string{"init", "linux", "haproxy", "keepalived"} {
		version := ""
		for _, v := range n.Versions {
			if v.Part == part {
				version = v.Version
			}
		}
		labels = append(labels, label{part, version})
	}
	e.value("twinlb_info", 1, labels...)

	e.metric("twinlb_verdict", gauge, "1 for the verdict of status.")
	e.oneOf("twinlb_verdict", "verdict", string(p.Verdict), verdicts)
	e.single("twinlb_problems", gauge, "Problems that status lists.", float64(len(p.Problems)))
	e.single("twinlb_uptime_seconds", gauge, "Since the kernel was started.", float64(n.Uptime))
	e.single("twinlb_memory_total_bytes", gauge, "Memory that the kernel has.", float64(n.Memory.Total))
	e.single("twinlb_memory_available_bytes", gauge, "Memory that is left to what needs more.", float64(n.Memory.Available))
}

func exposeVRRP(e *exposition, n *status.Node) {
	v := n.VRRP
	e.metric("twinlb_vrrp_state", gauge, "1 for the state of keepalived; MASTER holds the VIP.")
	e.oneOf("twinlb_vrrp_state", "state", v.State, states)
	e.single("twinlb_vrrp_state_seconds", gauge, "How long keepalived has been in its state.", float64(v.For))
	e.single("twinlb_vrrp_able", gauge, "Whether the node may hold the VIP.", truth(v.Able))
	e.single("twinlb_vrrp_priority", gauge, "The priority of the seed.", float64(v.Priority))
	e.single("twinlb_vrrp_preference", gauge, "What is added to the priority: 0, or less when the node rather has a peer hold the VIP.", float64(v.Preference))

	e.metric("twinlb_last_takeover_age_seconds", gauge, "Since the node last took the VIP over; not there before it has.")
	if n.Takeover != nil {
		e.value("twinlb_last_takeover_age_seconds", float64(n.Takeover.Ago))
	}
	e.metric("twinlb_last_takeover_silence_seconds", gauge, "From the last advert heard before that to the VIP on the node's interface; not there when it is not known.")
	if n.Takeover != nil && n.Takeover.Silence != status.Never {
		e.value("twinlb_last_takeover_silence_seconds", float64(n.Takeover.Silence))
	}

	c := counters(n)
	e.single("twinlb_vrrp_state_changes_total", counter, "Changes of the state of keepalived.", float64(c.StateChanges))
	e.single("twinlb_vrrp_adverts_sent_total", counter, "Adverts of this node.", float64(c.AdvertsSent))
	e.single("twinlb_vrrp_adverts_heard_total", counter, "Adverts of the other nodes.", float64(c.AdvertsHeard))
	e.single("twinlb_vrrp_adverts_refused_total", counter, "VRRP packets of anybody else, or through a router.", float64(c.AdvertsRefused))
	e.single("twinlb_vrrp_adverts_foreign_total", counter, "Those refused that have the pair's virtual_router_id.", float64(c.AdvertsForeign))
	e.single("twinlb_firewall_dropped_total", counter, "Packets other than VRRP that got no answer.", float64(c.Dropped))
}

func counters(n *status.Node) status.Counters {
	if n.Counters == nil {
		return status.Counters{}
	}
	return *n.Counters
}

func exposeConflicts(e *exposition, n *status.Node) {
	split := false
	for _, c := range n.Conflicts {
		split = split || c.Kind == status.SplitBrain && c.Misleads()
	}
	e.single("twinlb_split_brain", gauge, "Whether another node holds the VIP beside this one.", truth(split))
	e.metric("twinlb_conflicts_total", counter, "How often somebody was seen who acts as if it had what is the pair's.")
	for _, kind := range status.ConflictKinds {
		e.value("twinlb_conflicts_total", float64(counters(n).Conflicts[kind]), label{"kind", string(kind)})
	}
}

func exposePeers(e *exposition, peers []status.Peer) {
	e.metric("twinlb_peer_heard", gauge, "Whether the other node has told how it is within 3 s.")
	for _, p := range peers {
		e.value("twinlb_peer_heard", truth(p.Heard), label{"peer", p.Name})
	}
	e.metric("twinlb_peer_heard_age_seconds", gauge, "Since the other node was last heard; not there before it was.")
	for _, p := range peers {
		if p.Node != nil {
			e.value("twinlb_peer_heard_age_seconds", float64(p.Ago), label{"peer", p.Name})
		}
	}
	e.metric("twinlb_peer_vrrp_state", gauge, "1 for the state of the other node's keepalived, as it said last.")
	for _, p := range peers {
		state := ""
		if p.Node != nil {
			state = p.Node.VRRP.State
		}
		e.oneOf("twinlb_peer_vrrp_state", "state", state, states, label{"peer", p.Name})
	}
}

func exposeBackends(e *exposition, backends []status.Backend) {
	labels := func(b status.Backend) []label { return []label{{"pool", b.Pool}, {"backend", b.Name}} }
	e.metric("twinlb_backend_up", gauge, "Whether this node's checks of the server succeed.")
	for _, b := range backends {
		e.value("twinlb_backend_up", truth(b.Up), labels(b)...)
	}
	e.metric("twinlb_backend_sessions", gauge, "Connections to the server through this node.")
	for _, b := range backends {
		e.value("twinlb_backend_sessions", float64(b.Sessions), labels(b)...)
	}
}

func exposeServices(e *exposition, services []status.Service) {
	e.metric("twinlb_service_up", gauge, "Whether the process runs.")
	for _, s := range services {
		e.value("twinlb_service_up", truth(s.Phase == "running"), label{"service", s.Name})
	}
	e.metric("twinlb_service_restarts_total", counter, "How often the process was started again.")
	for _, s := range services {
		e.value("twinlb_service_restarts_total", float64(s.Restarts), label{"service", s.Name})
	}
}
