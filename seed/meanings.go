package seed

// meanings tell what each key is for, by its path.
var meanings = map[string]string{}
