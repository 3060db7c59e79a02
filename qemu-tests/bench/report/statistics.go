package report

import (
	"cmp"
	"slices"
)

// Median is the middle value, in the row's unit, or the mean of the two in the
// middle; ok is false when there is none.
func (c *Cell) Median() (median float64, ok bool) {
	if c == nil {
		return 0, false
	}
	return middle(c.Values)
}

// Range is the smallest and the largest value, in the row's unit.
func (c *Cell) Range() (least, most float64, ok bool) {
	if c == nil || len(c.Values) == 0 {
		return 0, 0, false
	}
	return slices.Min(c.Values), slices.Max(c.Values), true
}

// FailedMedian is the median of the connections that failed in a run.
func (c *Cell) FailedMedian() (median float64, ok bool) {
	if c == nil {
		return 0, false
	}
	return middle(c.Failed)
}

func middle[T int | float64](values []T) (median float64, ok bool) {
	if len(values) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[half]), true
	}
	return float64(sorted[half-1])/2 + float64(sorted[half])/2, true
}

// runs is how often most cells of the section were measured; of two numbers that
// are as frequent, the larger.
func (s *Section) runs() int {
	frequency := map[int]int{}
	for _, row := range s.Rows {
		for _, c := range row.Cells {
			if c != nil && len(c.Values) > 0 {
				frequency[len(c.Values)]++
			}
		}
	}
	usual := 0
	for n, times := range frequency {
		if cmp.Or(cmp.Compare(times, frequency[usual]), cmp.Compare(n, usual)) > 0 {
			usual = n
		}
	}
	return usual
}

// exact tells whether nothing in the section would come out differently in
// another run.
func (s *Section) exact() bool {
	return !slices.ContainsFunc(s.Rows, func(row *Row) bool { return row.Unit != Bytes })
}
