package measure

import (
	"math"
	"math/rand/v2"
	"testing"
)

func line(n int, f func(x float64) float64) [][2]float64 {
	points := make([][2]float64, n)
	for i := range points {
		points[i] = [2]float64{float64(i * 1000), f(float64(i * 1000))}
	}
	return points
}

func TestSlope(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	noise := func() float64 { return 200 * rng.NormFloat64() }
	for _, tt := range []struct {
		name   string
		points [][2]float64
		limit  float64 // bytes per operation
		want   Decision
	}{
		{"exact leak", line(8, func(x float64) float64 { return 5e6 + 64*x }), 1, No},
		{"no leak", line(8, func(float64) float64 { return 5e6 }), 1, Yes},
		{"leak under noise", line(20, func(x float64) float64 { return 5e6 + 2*x + noise() }), 1, No},
		{"noise alone", line(20, func(float64) float64 { return 5e6 + noise() }), 1, Yes},
		{"one big allocation", line(20, func(x float64) float64 {
			if x < 5000 {
				return 1e6
			}
			return 9e6
		}), 1000, Yes},
		{"falling", line(20, func(x float64) float64 { return 5e6 - 3*x }), 0, Yes},
		{"seven readings are too few", line(7, func(x float64) float64 { return 64 * x }), 1, Inconclusive},
		{"all at one x", [][2]float64{{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7}, {1, 8}}, 1, Inconclusive},
		{"NaN", append(line(20, func(x float64) float64 { return x }), [2]float64{math.NaN(), 1}), 0.5, Inconclusive},
		{"nothing", nil, 1, Inconclusive},
	} {
		iv := Slope(tt.points)
		if got := DecideAtMost(iv, tt.limit); got != tt.want {
			t.Errorf("%s: slope %v at most %v: %q, want %q", tt.name, iv, tt.limit, got, tt.want)
		}
	}
}

func TestSlopeIntervalHoldsTheTruth(t *testing.T) {
	const trials, want = 1000, 0.93
	for _, n := range []int{minWindows, 20, 60} {
		rng := rand.New(rand.NewPCG(2, uint64(n)))
		held := 0
		for range trials {
			iv := Slope(line(n, func(x float64) float64 { return 16*x + 3000*rng.NormFloat64() }))
			if iv.Lo <= 16 && 16 <= iv.Hi {
				held++
			}
		}
		t.Logf("%d readings: %.1f %%", n, 100*float64(held)/trials)
		if held < want*trials {
			t.Errorf("%d readings: %d of %d intervals hold the true slope, want at least %.0f %%", n, held, trials, 100*want)
		}
	}
}

func TestSlopeOfALongSeries(t *testing.T) {
	iv := Slope(line(10*maxWindows, func(x float64) float64 { return 7 * x }))
	if iv.Lo > 7 || iv.Hi < 7 || iv.Spread() > 1e-9 {
		t.Errorf("slope of a long exact series = %v, want 7", iv)
	}
}
