package memmon

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlope(t *testing.T) {
	const mib = 1 << 20
	bubble(t, func(t *testing.T) {
		begun := time.Now()
		seconds := func() float64 { return time.Since(begun).Seconds() }
		slept := false
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 1000,
			// 100 MiB and 1 MiB a second more, with a ripple; after a minute it grows by 3 MiB a second.
			Read: func() Sample {
				s := seconds()
				grown := s + 2*max(0, s-60)
				ripple := math.Mod(math.Round(s), 2) * 0.01
				return Sample{Live: uint64((100 + grown + ripple) * mib)}
			},
			OnSample: func(s Sample) {
				if !slept && seconds() > 19.5 {
					slept = true
					time.Sleep(10 * time.Second)
				}
			},
		})
		want := func(window time.Duration, mibs float64, why string) {
			t.Helper()
			synctest.Wait()
			slope, ok := m.Slope(window)
			if got := slope / mib; !ok || !(math.Abs(got-mibs) <= 0.01*mibs) { // NaN is not
				t.Errorf("after %v: Slope(%v) = %.4f MiB/s, %v; want %.3f ± 1 %%, true: %s", time.Since(begun), window, got, ok, mibs, why)
			}
		}
		time.Sleep(19500 * time.Millisecond)
		want(time.Hour, 1, "Live grows by 1 MiB a second")
		time.Sleep(40 * time.Second)
		want(time.Hour, 1, "Live grows by 1 MiB a second, and one callback took ten: slopes are over the times at which samples were taken")
		time.Sleep(60 * time.Second)
		want(30500*time.Millisecond, 3, "in the window of the newest 30.5s Live grows by 3 MiB a second; what was before is not in it")
	})

	bubble(t, func(t *testing.T) {
		n := uint64(0)
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 10, Read: func() Sample { n++; return Sample{Live: 1000*mib - n*mib} }})
		time.Sleep(5500 * time.Millisecond)
		if slope, ok := m.Slope(time.Minute); !ok || !(math.Abs(slope/mib+1) <= 0.01) {
			t.Errorf("Live falls by 1 MiB a second: Slope = %.4f MiB/s, %v; want -1, true: sizes are unsigned, slopes are not", slope/mib, ok)
		}
	})
}

func TestSlopeNeedsThree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := uint64(0)
		m := start(t, t.Context(), Config{Every: time.Second, Keep: 10, Read: func() Sample { n += 5; return Sample{Live: n} }})
		time.Sleep(1500 * time.Millisecond)
		if slope, ok := m.Slope(time.Hour); ok || slope != 0 {
			t.Errorf("two samples: Slope = %g, %v; want 0, false: through two points goes any line", slope, ok)
		}
		time.Sleep(time.Second)
		if slope, ok := m.Slope(time.Hour); !ok || !(math.Abs(slope-5) <= 1e-6) {
			t.Errorf("Live 5, 10, 15: Slope = %g, %v; want 5, true", slope, ok)
		}
		if slope, ok := m.Slope(2 * time.Second); !ok || !(math.Abs(slope-5) <= 1e-6) {
			t.Errorf("Live 5, 10, 15 in 2s: Slope(2s) = %g, %v; want 5, true: a sample that is 2s older is at most 2s older", slope, ok)
		}
		if slope, ok := m.Slope(1500 * time.Millisecond); ok || slope != 0 {
			t.Errorf("three samples, two of them in the window: Slope = %g, %v; want 0, false", slope, ok)
		}
	})
}
