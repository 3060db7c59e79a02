// Package conformance tests the keepalived that is shipped, with the configuration
// that package services/keepalived renders, against RFC 9568 (VRRP version 3): two
// nodes in network namespaces on one segment, judged by the packets on the wire, with
// a decoder of its own. PID 1 is played by the tests; there is no virtual machine.
//
// Each advert, ARP announcement and unsolicited neighbour advertisement that a node
// sends in any of the tests must pass the decoder, which takes nothing that the RFC
// forbids. What a node does otherwise than the RFC says is meant so:
//
//   - Adverts go to the peers by unicast (§5.1.1.2 has a group).
//   - Nodes and VIPs have the MAC address of the interface (§7.3 has one of the VRID),
//     so a neighbour advertisement has the router flag unset: a node is none (§6.4.1).
//   - The checksum of IPv4 covers a pseudo-header, as in RFC 5798 §5.2.8 (RFC 9568
//     §5.2.8 leaves it out): keepalived drops an advert that follows the newer RFC.
//   - A master that hears a higher priority answers once more before it steps back
//     (vrrp_higher_prio_send_advert; §6.4.3 has it step back in silence): so the other,
//     whom nobody could hear for a while, knows to announce its address again.
package conformance
