// Command admin is the admin process without the rest of PID 1's program.
package main

import (
	"os"

	"twinlb/init/admin"
)

func main() { os.Exit(admin.Main()) }
