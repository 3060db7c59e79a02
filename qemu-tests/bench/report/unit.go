package report

import (
	"fmt"
	"math"
	"strconv"
)

// Unit is what the values of a row are counted in.
type Unit string

// A unit chooses how it is shown: Seconds and CorePercent as they are,
// Milliseconds as seconds from 10 s on, Bytes in the largest of B, KiB, MiB and GiB.
const (
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
	Bytes        Unit = "bytes"
	MiB          Unit = "MiB"
	CorePercent  Unit = "percent of a core"
	PerSecond    Unit = "per second"
	Count        Unit = "count"
)

// scale is how the values of one cell are written, all of them alike.
type scale struct {
	divisor  float64
	symbol   string
	decimals int
}

// scaleOf returns the scale for values of which the largest is most.
func (u Unit) scaleOf(most float64) scale {
	switch u {
	case Milliseconds:
		if most >= 10_000 {
			return scale{1000, " s", digits(most / 1000)}
		}
		if most >= 10 {
			return scale{1, " ms", 0}
		}
		return scale{1, " ms", 1}
	case Bytes:
		divisor, symbols := 1.0, []string{" B", " KiB", " MiB", " GiB"}
		for len(symbols) > 1 && most/divisor >= 1024 {
			divisor, symbols = divisor*1024, symbols[1:]
		}
		if divisor == 1 {
			return scale{1, symbols[0], 0}
		}
		return scale{divisor, symbols[0], digits(most / divisor)}
	case CorePercent:
		return scale{1, " %", 1}
	case PerSecond:
		return scale{1, "/s", digits(most)}
	case Count:
		return scale{1, "", 1}
	}
	return scale{1, " " + string(u), digits(most)}
}

// digits is the number of decimals that makes three significant digits.
func digits(v float64) int {
	switch v = math.Abs(v); {
	case v >= 100:
		return 0
	case v >= 10:
		return 1
	}
	return 2
}

// number writes a value without its unit.
func (s scale) number(v float64) string {
	text := strconv.FormatFloat(v/s.divisor, 'f', s.decimals, 64)
	if s.symbol == "" || s.symbol == " ms" { // counts, and clocks of whole milliseconds
		if whole := strconv.FormatFloat(v, 'f', 0, 64); text == whole+".0" {
			return whole
		}
	}
	return text
}

// ratio says how a compares to b: "31× less", "1.4× more", "same"; "" when either
// is not above zero.
func ratio(a, b float64) string {
	if !(a > 0 && b > 0) {
		return ""
	}
	times, word := b/a, "less"
	if a > b {
		times, word = a/b, "more"
	}
	switch {
	case times < 1.05:
		return "same"
	case times < 9.95:
		return fmt.Sprintf("%.1f× %s", times, word)
	}
	return fmt.Sprintf("%.0f× %s", times, word)
}
