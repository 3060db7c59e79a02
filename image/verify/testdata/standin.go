// Command standin stands for a program that checks its configuration. Each line of
// its file /script says what must be so, or what it does:
//
//	args WORDS        its arguments
//	dir PATH          a directory that is there
//	file PATH WORDS   a file that is there with WORDS in it
//	absent PATH       a path where nothing is
//	link NAME         a network interface that is there
//	nolink NAME       one that is not
//	say WORDS         it prints them
//	exit STATUS       it ends
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

func main() {
	script, err := os.ReadFile("/script")
	if err != nil {
		fail(err.Error())
	}
	for _, line := range strings.Split(string(script), "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		if !holds(verb, rest) {
			fail("not so: " + line)
		}
	}
}

func holds(verb, rest string) bool {
	switch verb {
	case "args":
		return strings.Join(os.Args[1:], " ") == rest
	case "dir":
		info, err := os.Stat(rest)
		return err == nil && info.IsDir()
	case "file":
		path, words, _ := strings.Cut(rest, " ")
		text, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(text), words)
	case "absent":
		_, err := os.Lstat(rest)
		return os.IsNotExist(err)
	case "link", "nolink":
		_, err := net.InterfaceByName(rest)
		return (err == nil) == (verb == "link")
	case "say":
		fmt.Println(rest)
		return true
	case "exit":
		status, err := strconv.Atoi(rest)
		if err == nil {
			os.Exit(status)
		}
	}
	return false
}

func fail(why string) {
	fmt.Println(why)
	os.Exit(3)
}
