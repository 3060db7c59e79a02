// Package report is what a measurement of the pair says in the end: a model that
// keeps every single value, and the same table for a terminal, for GitHub and for
// programs.
//
// It measures nothing, and writes only to the io.Writer that it is given. The
// picture of a boot is in package timeline.
package report

import (
	"math"
	"time"

	"twinlb/qemu-tests/bench/report/timeline"
)

// Report is one run of the measurements. Columns, sections and rows are shown in
// the order in which they were first named. It has no locks.
type Report struct {
	Begin    time.Time       `json:"begin"`
	End      time.Time       `json:"end"`
	Commit   string          `json:"commit"`
	Machine  Machine         `json:"machine"`
	Load     Load            `json:"load_average"`
	Columns  []*Column       `json:"columns"`
	Sections []*Section      `json:"sections"`
	Boots    []timeline.Boot `json:"boots,omitempty"`
}

// Machine is where it was measured.
type Machine struct {
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"`
	MemoryMiB   int    `json:"memory_mib"`
	Kernel      string `json:"kernel"`
	OS          string `json:"os"`
	QEMU        string `json:"qemu"`
	Accelerator string `json:"accelerator"`
}

// Load is the load average over one minute (proc_loadavg(5)).
type Load struct {
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
}

// Column is a pair that is measured, and how it is set up.
type Column struct {
	Name               string `json:"name"`
	MemoryMiB          int    `json:"memory_mib,omitempty"` // of a node
	AdvertMilliseconds int    `json:"advert_interval_ms,omitempty"`
	About              string `json:"about,omitempty"` // what else a reader has to know
}

// Section is rows that belong together.
type Section struct {
	Name string `json:"name"`
	Rows []*Row `json:"rows"`

	report *Report
}

// Row is one measurement of every column.
type Row struct {
	Name  string           `json:"name"`
	Unit  Unit             `json:"unit"`
	Note  string           `json:"note,omitempty"` // becomes a footnote
	Cells map[string]*Cell `json:"cells"`          // by the column's name

	report *Report
}

// Cell is what was measured of one column.
type Cell struct {
	Values      []float64 `json:"values"`           // in the row's unit, in the order of the runs
	Failed      []int     `json:"failed,omitempty"` // connections that failed, of each run
	Note        string    `json:"note,omitempty"`   // becomes a footnote
	NotMeasured string    `json:"not_measured,omitempty"`

	unit Unit
}

// New returns an empty report of these columns.
func New(columns ...*Column) *Report { return &Report{Columns: columns} }

// Section returns the section of that name, a new one at the end if there is none.
func (r *Report) Section(name string) *Section {
	for _, s := range r.Sections {
		if s.Name == name {
			s.report = r
			return s
		}
	}
	s := &Section{Name: name, report: r}
	r.Sections = append(r.Sections, s)
	return s
}

// Row returns the row of that name, a new one at the end if there is none. The
// unit is that of the values and decides how they are shown.
func (s *Section) Row(name string, unit Unit) *Row {
	for _, row := range s.Rows {
		if row.Name == name {
			row.report = s.report
			return row
		}
	}
	row := &Row{Name: name, Unit: unit, Cells: map[string]*Cell{}, report: s.report}
	s.Rows = append(s.Rows, row)
	return row
}

// WithNote gives the row a footnote.
func (r *Row) WithNote(note string) *Row {
	r.Note = note
	return r
}

// Column returns the row's cell in the column of that name. A name that is no
// column yet becomes one.
func (r *Row) Column(name string) *Cell {
	r.report.column(name)
	c := r.Cells[name]
	if c == nil {
		c = &Cell{}
		r.Cells[name] = c
	}
	c.unit = r.Unit
	return c
}

func (r *Report) column(name string) {
	for _, c := range r.Columns {
		if c.Name == name {
			return
		}
	}
	r.Columns = append(r.Columns, &Column{Name: name})
}

// Add adds what one run measured, in the row's unit, and how many connections
// failed meanwhile, if that was counted.
func (c *Cell) Add(value float64, failed ...int) *Cell {
	if math.IsNaN(value) || math.IsInf(value, 0) { // JSON has neither
		return c.Fail("the measurement gave no number")
	}
	c.Values = append(c.Values, value)
	c.Failed = append(c.Failed, failed...)
	return c
}

// AddDuration is Add for a row of Seconds or Milliseconds.
func (c *Cell) AddDuration(d time.Duration, failed ...int) *Cell {
	if c.unit == Milliseconds {
		return c.Add(float64(d)/float64(time.Millisecond), failed...)
	}
	return c.Add(d.Seconds(), failed...)
}

// Fail says why the cell has no values, or less than it should have. The first
// reason stays.
func (c *Cell) Fail(reason string) *Cell {
	if c.NotMeasured == "" {
		c.NotMeasured = reason
	}
	return c
}

// WithNote gives the cell a footnote.
func (c *Cell) WithNote(note string) *Cell {
	c.Note = note
	return c
}
