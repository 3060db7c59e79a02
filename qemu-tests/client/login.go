package client

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"twinlb/qemu-tests/lab"
)

// newConnector logs in to a server from the host.
func newConnector(from *lab.Host, server netip.AddrPort) (driver.Connector, error) {
	account := mysql.NewConfig()
	account.User, account.Net, account.Addr = User, "tcp", server.String()
	account.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := from.Dial(ctx, network, address)
		if err == nil {
			observe(ctx, conn)
			hand(ctx, conn)
		}
		return conn, err
	}
	account.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(account)
	if err != nil {
		return nil, fmt.Errorf("connect to %v: %w", server, err)
	}
	return connector, nil
}

// query connects, and asks which server answers.
func query(ctx context.Context, connector driver.Connector) (server int, err error) {
	conn, err := connector.Connect(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return serverID(ctx, conn)
}

// serverID uses the driver without database/sql, which would try again by itself.
func serverID(ctx context.Context, conn driver.Conn) (server int, err error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "show variables like 'server_id'", nil)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	row := make([]driver.Value, 2)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	return strconv.Atoi(fmt.Sprintf("%s", row[1]))
}
