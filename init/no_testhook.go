//go:build !testhook

package main

// serveTestHook does nothing: an image that is shipped has no test hook.
func (n *node) serveTestHook() {}
