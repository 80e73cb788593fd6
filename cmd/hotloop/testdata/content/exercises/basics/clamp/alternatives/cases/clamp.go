// Package clamp keeps numbers between limits.
package clamp

// Clamp is x, but at least lo and at most hi.
func Clamp(x, lo, hi int) int {
	switch {
	case x <= lo:
		return lo
	case x >= hi:
		return hi
	}
	return x
}
