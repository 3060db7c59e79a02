// Package qemutests boots the disks of a pair in virtual machines and does to
// them what happens to balancers: it cuts power, kills processes and servers,
// presses buttons. Real MariaDB servers stand behind them and a real client
// before them, on a network of namespaces.
//
// The tests have the build tag vm, run in a sandbox and need the programs of the
// file packages; `make vm` runs them. What they are made of lies in folders:
//
//	sandbox/    namespaces for a whole program
//	lab/        an Ethernet segment with hosts
//	vm/         machines under QEMU
//	mariadb/    servers, and fakemysql/ one that speaks the protocol only
//	client/     who connects, measures outages, logs in
//	images/     disks from the builder
//	site/       all of these as a seed says, and what can go wrong there
//	torture/    random faults, and what must hold whatever happens
//	conformance/ what keepalived says on the wire, without machines
//	doctest/    commands in documents
//
// Two programs are made of the same: run/ is `make run`, bench/ is `make bench`,
// which compares with the pair in debian/.
package qemutests
