package timeline

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// textWidth is at least as wide as a text is drawn in pixels. The font is the
// viewer's, so that this is of a wide one, DejaVu Sans, in em.
func textWidth(text string, size float64) float64 {
	em := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("fijlrtI.,:;'|!()[]/ ", r):
			em += 0.41
		case strings.ContainsRune("mwMW%@+=<>~—…", r), !unicode.IsPrint(r), r >= 0x1100: // the wide scripts begin there
			em += 1.01
		case unicode.IsUpper(r):
			em += 0.8
		default:
			em += 0.645
		}
	}
	return em * size
}

// elide shortens a text to a width in pixels.
func elide(text string, size, limit float64) string {
	if textWidth(text, size) <= limit {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && textWidth(string(runes)+"…", size) > limit {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// amount is a time with three significant digits.
func amount(d time.Duration) string {
	switch seconds := d.Seconds(); {
	case d < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	case seconds < 10:
		return strconv.FormatFloat(seconds, 'f', 2, 64) + " s"
	default:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	}
}
