// Package qemutests boots the disks of a pair in virtual machines and does to
// them what happens to balancers: it cuts power, kills processes and servers,
// presses buttons. Real MariaDB servers stand behind them and a real client
// before them, on a network of namespaces.
//
// The tests have the build tag vm, need root and the programs of the file
// packages; `make test` runs them. The harness in the folders below needs no
// images and has tests of its own. Only images_test.go knows the builder.
package qemutests
