package admin

import (
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// client is a connection that is logged in.
type client struct {
	server *server
	conn   net.Conn
	by     string // who it is, for the journal

	mu       sync.Mutex
	idle     *time.Timer // ends the connection
	commands int         // running
	sessions int         // open
}

// serve returns when the connection has ended.
func (c *client) serve(opened <-chan ssh.NewChannel) {
	c.mu.Lock()
	c.idle = time.AfterFunc(c.server.times.idle, func() { c.conn.Close() })
	c.mu.Unlock()
	defer c.idle.Stop()
	for channel := range opened {
		switch {
		case channel.ChannelType() != "session":
			c.reject(channel, ssh.Prohibited, "this node forwards nothing")
		case !c.open():
			c.reject(channel, ssh.ResourceShortage, "too many sessions on this connection")
		default:
			go func() {
				defer c.close()
				c.session(channel)
			}()
		}
	}
}

func (c *client) reject(channel ssh.NewChannel, reason ssh.RejectionReason, why string) {
	c.server.refuse("%s: channel %s refused: %s", c.by, quote(channel.ChannelType(), 32), why)
	_ = channel.Reject(reason, why)
}

func (c *client) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions == channels {
		return false
	}
	c.sessions++
	return true
}

func (c *client) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions--
}

// begin and end enclose a command: a connection is idle between them.
func (c *client) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands++
	c.idle.Stop()
}

func (c *client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.commands--; c.commands == 0 {
		c.idle.Reset(c.server.times.idle)
	}
}
