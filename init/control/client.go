package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
)

// Ask sends a request to PID 1 and calls each for every reply, until PID 1 has
// said that it is done, ctx is done, or each returns an error. A reply with an
// Error is returned as one, word for word.
func Ask(ctx context.Context, socket string, request Request, each func(Reply) error) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("ask PID 1 to do %q: %w", request.Verb, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	// Where this fails, PID 1 may have said why before it closed the connection.
	unsent := json.NewEncoder(conn).Encode(request)
	replies := bufio.NewScanner(conn)
	replies.Buffer(nil, maxReply)
	for replies.Scan() {
		var reply Reply
		if err := json.Unmarshal(replies.Bytes(), &reply); err != nil {
			return fmt.Errorf("read PID 1's reply to %q: %w", request.Verb, err)
		}
		switch {
		case reply.Error != "":
			return errors.New(reply.Error)
		case reply.Done:
			return nil
		}
		if err := each(reply); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case unsent != nil:
		return fmt.Errorf("ask PID 1 to do %q: %w", request.Verb, unsent)
	case replies.Err() != nil:
		return fmt.Errorf("read PID 1's reply to %q: %w", request.Verb, replies.Err())
	}
	return fmt.Errorf("PID 1 ended the conversation before it had answered %q; `logs` may say why", request.Verb)
}
