// Package strict reads YAML that somebody wrote by hand, and tells all that is wrong
// with it at once, each with its place and with what would be right.
//
// It goes by the text of a scalar, never by the type that YAML guesses: quoted or not
// means the same, and no port is taken for octal. What a file may cost is bounded.
// Decoders are put together out of Scalar, List, Mapping and the like; they also
// describe what they take as a JSON Schema.
//
// It knows neither the keys of a file nor what their values mean to each other.
package strict
