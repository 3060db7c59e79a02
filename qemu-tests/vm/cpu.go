package vm

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPUTime is what QEMU has used so far, user and system time together: of the
// guest's CPU and of the machine around it. It counts in steps of 10 ms.
func (m *VM) CPUTime() (time.Duration, error) {
	// Fields 14 and 15 of proc(5)'s stat, in USER_HZ, which is 100 on amd64. The
	// name before them, in brackets, may hold blanks.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.qemu.Process.Pid))
	if err != nil {
		return 0, m.errorf("read the CPU time of QEMU", err)
	}
	field := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int
	for _, f := range field[14-3 : 16-3] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, m.errorf("read the CPU time of QEMU", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
