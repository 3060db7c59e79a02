package seed

// meanings tell what each key is for, by its path. They are what editors show, and
// the reference in docs/seed.md.
var meanings = map[string]string{
	"ssh_authorized_keys": "Public keys that may log in as admin over SSH, one a line, in the format of OpenSSH's authorized_keys without options. Without one nobody can, and no node listens.",
	"twinlb":              "The pair. All that cloud-init does not know stands under this key.",

	"vips":  "Addresses that clients use, on one node at a time, all together. Each is in the subnet of the node addresses of its family.",
	"nodes": "The load balancers, in the order in which they take the VIPs, the master first.",

	"nodes[].name":       "Host name of the node.",
	"nodes[].role":       "master for the first node, which has the VIPs while all is well; backup for the others.",
	"nodes[].address":    "Node address with the prefix length of its subnet: one, or one IPv4 and one IPv6 address in a list. VRRP speaks over the first. All nodes have the same families in the same order.",
	"nodes[].interface":  "Network interface that carries the node address, by name; needed where a machine has several.",
	"nodes[].match":      "Network interface that carries the node address, by MAC address, instead of interface. It also tells which node a machine is.",
	"nodes[].management": "Network interface apart from the traffic. SSH and metrics then answer there and nowhere else.",

	"nodes[].match.macaddress": "MAC address of the network card.",

	"nodes[].management.address":          "Address on it with the prefix length of its subnet, which is not that of the node addresses. May be left out where a network-config has it.",
	"nodes[].management.interface":        "The interface by name.",
	"nodes[].management.match":            "The interface by MAC address, instead of interface.",
	"nodes[].management.match.macaddress": "MAC address of the network card.",

	"gateway": "Default gateway of the nodes, one or one of each family in a list.",

	"vrrp":                   "What the nodes agree on.",
	"vrrp.virtual_router_id": "VRRP's number of the pair, from 1 to 255; no other pair in the subnet may have it.",
	"vrrp.advert_interval":   "Time between two adverts of the master, from 50ms to 10s in steps of 10ms. It is given up after three without one.",
	"vrrp.preempt":           "How long a node that comes back must be healthy before it takes the VIPs from a node that is after it, from 0s to 24h; or never.",

	"pools": "Ports, and the MySQL servers behind each.",

	"pools[].name":           "Name of the pool in statistics and messages.",
	"pools[].port":           "TCP port on the VIPs and the node addresses. 22, 8404 and 8406 are taken.",
	"pools[].balance":        "How a backend is chosen for a connection: roundrobin, in turn; leastconn, the one with the fewest; first, the first that is up and below its maxconn; source, by the client's address.",
	"pools[].check":          "The account with which the nodes log in to see whether a backend serves. `twinlb sql` prints how to create it.",
	"pools[].check.user":     "Its name. It has no password and no privileges.",
	"pools[].check.auth":     "Its method: native for MariaDB and MySQL up to 8.0, sha2 for MySQL 8.4 and 9.",
	"pools[].allow":          "Networks and addresses of the clients that may connect to this port. Without the key all may.",
	"pools[].proxy_protocol": "v2 has each connection to a backend begin with a PROXY header, which tells the server the client's address. MariaDB and Percona Server take it where their proxy-protocol-networks allow the nodes and the VIPs; MySQL does not.",
	"pools[].backends":       "MySQL and MariaDB servers.",

	"pools[].backends[].name":      "Name of the server in statistics and messages.",
	"pools[].backends[].address":   "Address of the server; names are not looked up.",
	"pools[].backends[].port":      "TCP port of the server.",
	"pools[].backends[].backup":    "true keeps the server for when no other backend is up. The first backup that is up then takes all connections.",
	"pools[].backends[].weight":    "Share of the connections, relative to that of the others, from 1 to 256.",
	"pools[].backends[].maxconn":   "Connections at a time, from 1 to 100000; more wait for 3 s. Without the key there is no limit. Each VIP and each node address counts its own.",
	"pools[].backends[].slowstart": "Time in which a server that has come back gets to its full weight, from 1s to 1h. Without the key it is there at once.",
}
