// Package triangle adds the numbers up to n.
package triangle

// Triangle is 1 + 2 + … + n, and 0 for an n below 1. It halves before it multiplies, whichever factor is even.
func Triangle(n int) int {
	pairs, sum := n, n+1
	switch {
	case n < 1:
		return 0
	case n%2 == 0:
		pairs /= 2
	default:
		sum /= 2
	}
	return pairs * sum
}
