package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// WriteJSON writes the report with every single value. Read reads it back.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

// Read reads what WriteJSON wrote.
func Read(in io.Reader) (*Report, error) {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	var r Report
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	if slices.Contains(r.Columns, nil) || slices.Contains(r.Sections, nil) {
		return nil, fmt.Errorf("read a report: a column or a section is null; each is an object")
	}
	for _, s := range r.Sections {
		s.report = &r
		if slices.Contains(s.Rows, nil) {
			return nil, fmt.Errorf("read a report: section %q has a row that is null; each is an object", s.Name)
		}
		for _, row := range s.Rows {
			row.report = &r
			if row.Cells == nil {
				row.Cells = map[string]*Cell{}
			}
		}
	}
	return &r, nil
}
