// Package clamp keeps numbers between limits.
package clamp

// Clamp is x, but at least lo and at most hi.
func Clamp(x, lo, hi int) int { return max(lo, min(x, hi)) }
