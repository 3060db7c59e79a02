// Package doctest runs the commands in Markdown documents and compares what they
// print with what the documents say.
//
// It owns how a document says what is run, the comparison, and the correction of
// a document. Who runs a command, and what has to be there before, is the
// caller's. It reads fenced blocks only, which begin with what they are:
//
//   - console: commands, each after "$ ", continued after "> ", and below it what
//     it prints. Each has a shell of its own.
//   - sh: a script. It stops at the first command that fails; what it prints is
//     not compared.
//   - data, such as yaml or text: not looked at.
//
// Comments before a block, which a rendered page does not show, say what differs:
//
//	<!-- at: pair -->              run there instead of on the host
//	<!-- exits 1 -->               the status of its last command instead of 0
//	<!-- not run: needs Proxmox -->  only its syntax is checked
//
// In what a command prints, a line "…" or "..." stands for any lines, also none,
// and "…" in a line for any text. Blanks are compared without their number, and
// what differs from run to run only by its kind: see mask.
package doctest
