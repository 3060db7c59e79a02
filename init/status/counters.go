package status

// Counters are how often something has happened on a node. Those of packets begin
// anew when the packet filter is set up anew.
type Counters struct {
	StateChanges   uint64                  `json:"state_changes"` // of keepalived
	AdvertsSent    uint64                  `json:"adverts_sent"`
	AdvertsHeard   uint64                  `json:"adverts_heard"`   // of the peers
	AdvertsRefused uint64                  `json:"adverts_refused"` // of anybody else, or through a router
	AdvertsForeign uint64                  `json:"adverts_foreign"` // of those refused: with the pair's VRID
	Dropped        uint64                  `json:"dropped"`         // packets other than VRRP that got no answer
	Conflicts      map[ConflictKind]uint64 `json:"conflicts,omitempty"`
}
