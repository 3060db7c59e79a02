package main

// recurring is the last error of something that is done again and again, which is
// worth saying once and not each time. Its zero value has had none.
type recurring struct{ text string }

// news tells whether the error is another than the last one; nil is none.
func (r *recurring) news(err error) bool {
	before := r.text
	r.text = ""
	if err != nil {
		r.text = err.Error()
	}
	return r.text != "" && r.text != before
}
