package seed

import (
	"cmp"
	"errors"
	"slices"

	"twinlb/seed/strict"
)

// Checked is what CheckAll has to say of one seed.
type Checked struct {
	Path     string
	Pair     *Pair           // nil when there are errors
	Problems strict.Problems // errors and warnings, in the order of its files
}

// CheckAll reads seeds, files or folders as Load does, and checks each alone and then
// all of them together: pairs that get in each other's way, and machines of one
// pair that do not fit each other.
func CheckAll(paths ...string) []Checked {
	checked := make([]Checked, len(paths))
	var seeds []*placed
	for i, path := range paths {
		c := &checked[i]
		c.Path = path
		s, err := loadPlaced(path)
		if err != nil {
			c.Problems = problemsOf(path, err)
			continue
		}
		c.Pair = s.Pair
		s.checked = c
		seeds = append(seeds, s)
	}
	lintPairs(seeds)
	for _, s := range seeds {
		s.checked.Problems = slices.Concat(s.Pair.Warnings, s.Problems, s.Document.Warnings)
		sortWithin(s.checked.Problems)
		if len(s.Problems) > 0 {
			s.checked.Pair = nil
		}
	}
	return checked
}

// sortWithin sorts the problems of each file and leaves the files in their order.
func sortWithin(problems strict.Problems) {
	var files []string
	for _, p := range problems {
		if !slices.Contains(files, p.File) {
			files = append(files, p.File)
		}
	}
	problems.Sort()
	slices.SortStableFunc(problems, func(a, b strict.Problem) int {
		return cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File))
	})
}

// problemsOf returns the problems of a seed; one of the whole file where it could
// not be read.
func problemsOf(path string, err error) strict.Problems {
	var problems strict.Problems
	if errors.As(err, &problems) {
		return problems
	}
	return strict.Problems{{File: path, Message: err.Error()}}
}

// placed is a pair and where its values stand.
type placed struct {
	*Pair
	*strict.Document
	name    string // of its user-data
	digest  string
	checked *Checked
}

// loadPlaced decodes the user-data of a good seed once more for the places of its values.
func loadPlaced(path string) (*placed, error) {
	files, err := Read(path)
	if err != nil {
		return nil, err
	}
	pair, err := files.Parse()
	if err != nil {
		return nil, err
	}
	text, problems := strict.Unpack(files.Name, files.UserData)
	if problems != nil {
		return nil, problems
	}
	s, problems := strict.NewSource(files.Name, text)
	if problems != nil {
		return nil, problems
	}
	root, problems := s.Root()
	if problems != nil {
		return nil, problems
	}
	userData(root)
	return &placed{Pair: pair, Document: root.Document, name: files.Name, digest: Digest(files.UserData)}, nil
}
