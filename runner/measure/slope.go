package measure

import (
	"math"
	"slices"
)

const (
	minWindows = 8   // readings that a slope needs before its interval has ends
	maxWindows = 400 // readings that are looked at; the pairs grow with the square
)

// Slope is by how much y grows for each unit of x, in a series of [x, y] such as a Report's: the median of the slopes
// between all pairs of points (Theil–Sen), which a few wild readings do not move, with Sen's interval. Of a longer
// series evenly spaced points are taken. It is unknown when fewer than two x differ or a number is not finite.
func Slope(points [][2]float64) Interval {
	points = thin(points, maxWindows)
	slopes := make([]float64, 0, len(points)*(len(points)-1)/2)
	for i, p := range points {
		if !finite(p[0]) || !finite(p[1]) {
			return unknown()
		}
		for _, q := range points[:i] {
			if p[0] != q[0] {
				slopes = append(slopes, (p[1]-q[1])/(p[0]-q[0]))
			}
		}
	}
	if len(slopes) == 0 || !allFinite(slopes) {
		return unknown()
	}
	slices.Sort(slopes)
	center := quantile(slopes, 0.5)
	if len(points) < minWindows {
		return unbounded(center)
	}

	// The number of rising less the number of falling pairs has this standard deviation if there is no trend.
	n, pairs := float64(len(points)), float64(len(slopes))
	c := 1.959963984540054 * math.Sqrt(n*(n-1)*(2*n+5)/18)
	lo := int(math.Floor((pairs-c)/2)) - 1
	hi := int(math.Ceil((pairs+c)/2)) + 1
	iv := unbounded(center)
	if lo >= 0 {
		iv.Lo = slopes[lo]
	}
	if hi < len(slopes) {
		iv.Hi = slopes[hi]
	}
	return iv
}

// thin takes limit points, evenly, with the first and the last.
func thin(points [][2]float64, limit int) [][2]float64 {
	if len(points) <= limit {
		return points
	}
	out := make([][2]float64, limit)
	for i := range out {
		out[i] = points[i*(len(points)-1)/(limit-1)]
	}
	return out
}
