package failover

import (
	"fmt"
	"testing"
	"time"
)

func TestFirstConnectionIsNoticed(t *testing.T) {
	passed := func(vip int) string {
		return head + fmt.Sprintf("mysql_vip,m,0,%d,UP,a,L7OK,\nmysql_node,m,0,99,UP,a,L7OK,\n", vip)
	}
	for _, tt := range []struct {
		name         string
		before       int
		first, later string
	}{
		{"it comes later", 7, passed(7), passed(8)},
		{"it is there already", 7, passed(8), passed(8)},
		{"HAProxy counts from the start again", 7, passed(0), passed(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socket := socketPath(t)
			w := startWorker(t, socket)
			w.statistics.Store(tt.first)
			began := time.Now()
			time.AfterFunc(100*time.Millisecond, func() { w.statistics.Store(tt.later) })
			at, ok := AwaitService(socket, tt.before, nil)
			if !ok || tt.first != tt.later && at.Sub(began) < 100*time.Millisecond {
				t.Errorf("AwaitService = %v after the start, %t", at.Sub(began), ok)
			}
		})
	}
	t.Run("it does not come", func(t *testing.T) {
		socket, done := socketPath(t), make(chan struct{})
		startWorker(t, socket)
		time.AfterFunc(100*time.Millisecond, func() { close(done) })
		if at, ok := AwaitService(socket, 0, done); ok {
			t.Errorf("AwaitService = %v, want none", at)
		}
	})
}
