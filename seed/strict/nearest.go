package strict

import "strings"

// nearest returns the word that was probably meant by text, or "".
func nearest(text string, words []string) string {
	const longest = 40 // what is longer is no misspelt key
	if len(text) > longest {
		return ""
	}
	text = strings.ReplaceAll(strings.ToLower(text), "-", "_")
	best, found := 3, ""
	for _, w := range words {
		if d := editDistance(text, w); d < best && 2*d < len(w) {
			best, found = d, w
		}
	}
	return found
}

// editDistance is how many bytes must be inserted, left out, replaced or swapped
// with their neighbour to get from a to b (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
