// Package triangle adds the numbers up to n.
package triangle

// Triangle is 1 + 2 + … + n, and 0 for an n below 1.
func Triangle(n int) int {
	return n // TODO: add the numbers before n, too
}
