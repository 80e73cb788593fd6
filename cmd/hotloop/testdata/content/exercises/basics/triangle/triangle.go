// Package triangle adds the numbers up to n.
package triangle

// Triangle is 1 + 2 + … + n, and 0 for an n below 1.
func Triangle(n int) int {
	if n < 1 {
		return 0
	}
	return n * (n + 1) / 2
}
