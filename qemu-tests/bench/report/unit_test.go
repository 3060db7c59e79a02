package report

import "testing"

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		unit          Unit
		values        []float64
		value, spread string
	}{
		{Seconds, []float64{1.6}, "1.60 s", ""},
		{Seconds, []float64{0.94, 12.3}, "6.6 s", "0.9–12.3"},
		{Seconds, []float64{104.4, 99.6, 100}, "100 s", "100–104"},
		{Milliseconds, []float64{499.6, 540.2, 560}, "540 ms", "500–560"},
		{Milliseconds, []float64{0, 21}, "10 ms", "0–21"},
		{Milliseconds, []float64{1, 2, 4}, "2 ms", "1–4"},
		{Milliseconds, []float64{0.4, 1, 2}, "1 ms", "0.4–2"},
		{Milliseconds, []float64{9999, 10_000}, "10.0 s", "10.0–10.0"},
		{Bytes, []float64{912}, "912 B", ""},
		{Bytes, []float64{2048}, "2.00 KiB", ""},
		{Bytes, []float64{8357150}, "7.97 MiB", ""},
		{Bytes, []float64{1 << 40}, "1024 GiB", ""},
		{MiB, []float64{31.4, 31.2}, "31.3 MiB", "31.2–31.4"},
		{CorePercent, []float64{5.32, 4.3}, "4.8 %", "4.3–5.3"},
		{PerSecond, []float64{4210}, "4210/s", ""},
		{Count, []float64{1, 2}, "1.5", "1–2"},
		{"queries", []float64{3}, "3.00 queries", ""},
	} {
		var v view
		got := v.cell(&Cell{Values: tt.values}, tt.unit, len(tt.values))
		if tt.spread == "10.0–10.0" {
			tt.spread = "" // looks alike
		}
		if got.median != tt.value || got.spread != tt.spread {
			t.Errorf("%v %s: %q and %q, want %q and %q", tt.values, tt.unit, got.median, got.spread, tt.value, tt.spread)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, tt := range []struct {
		a, b float64
		want string
	}{
		{0, 5, ""},
		{5, 0, ""},
		{-1, 5, ""},
		{100, 104, "same"},
		{104, 100, "same"},
		{100, 140, "1.4× less"},
		{140, 100, "1.4× more"},
		{1, 9.94, "9.9× less"},
		{1, 9.96, "10× less"},
		{540, 16740, "31× less"},
	} {
		if got := ratio(tt.a, tt.b); got != tt.want {
			t.Errorf("%v to %v: %q, want %q", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	var none *Cell
	for _, c := range []*Cell{none, {}} {
		if v, ok := c.Median(); ok {
			t.Errorf("median %v of nothing", v)
		}
		if least, most, ok := c.Range(); ok {
			t.Errorf("range %v–%v of nothing", least, most)
		}
	}
	c := &Cell{Values: []float64{3, 1, 2, 10}, Failed: []int{9, 1, 5}}
	if v, _ := c.Median(); v != 2.5 {
		t.Errorf("median %v, want 2.5", v)
	}
	if least, most, _ := c.Range(); least != 1 || most != 10 {
		t.Errorf("range %v–%v, want 1–10", least, most)
	}
	if v, _ := c.FailedMedian(); v != 5 {
		t.Errorf("median of the failed %v, want 5", v)
	}
	if c.Values[0] != 3 {
		t.Errorf("the values are %v now, want them in the order of the runs", c.Values)
	}
}

func TestRuns(t *testing.T) {
	cells := func(n ...int) *Section {
		s := &Section{}
		for _, n := range n {
			s.Rows = append(s.Rows, &Row{Cells: map[string]*Cell{"": {Values: make([]float64, n)}}})
		}
		return s
	}
	for _, tt := range []struct {
		section *Section
		want    int
	}{
		{cells(), 0}, {cells(0, 0, 3), 3}, {cells(5, 3, 5, 1), 5}, {cells(3, 5), 5}, {cells(5, 3), 5},
	} {
		if got := tt.section.runs(); got != tt.want {
			t.Errorf("usual number of runs %d, want %d", got, tt.want)
		}
	}
}
