package strict

import (
	"fmt"
	"strconv"
	"strings"
)

// What the texts of many values have in common. The errors continue a sentence that
// begins with the text.

// Decimal parses a number from least to most. Unlike YAML it takes 010 for a slip,
// not for 8.
func Decimal(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || strconv.Itoa(n) != text {
		return 0, fmt.Errorf("a decimal number from %d to %d without leading zeros", least, most)
	}
	return n, nil
}

var ranges = strings.NewReplacer("a-z", "abcdefghijklmnopqrstuvwxyz", "A-Z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0-9", "0123456789")

// MadeOf reports whether text has 1 to most characters, all out of the set, in which
// a-z, A-Z and 0-9 stand for what is between.
func MadeOf(text string, most int, set string) bool {
	return text != "" && len(text) <= most && strings.Trim(text, ranges.Replace(set)) == ""
}
