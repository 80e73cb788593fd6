package memoize

import (
	"encoding/json"
	"errors"
)

// ErrUnkeyable is returned for an argument that holds a function, a channel, an unsafe pointer, or itself.
var ErrUnkeyable = errors.New("memoize: argument cannot be a key")

// Key makes a string of arguments, so that equal arguments have equal strings and others have others. Types count: 1,
// "1" and 1.0 are three keys. Maps are equal whatever the order in which they were filled, pointers if what they point to
// is equal; NaN is equal to itself, and -0 is 0. A key is good for the process that made it.
func Key(args ...any) (string, error) {
	// TODO: which different arguments look the same in JSON, and which equal ones do not?
	text, err := json.Marshal(args)
	return string(text), err
}
