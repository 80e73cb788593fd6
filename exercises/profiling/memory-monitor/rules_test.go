package memmon

import (
	"testing"
	"time"
)

func TestAlertNeedsDuration(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		start(t, t.Context(), Config{Every: time.Second, Keep: 10,
			Read:    readings(50, 101, 102, 100, 101, 102, 103, 104, 105, 70, 110, 111, 112, 113),
			Rules:   []Rule{{Name: "heap", Of: live, Over: 100, Clear: 80, For: 3 * time.Second}},
			OnAlert: d.alert,
		})
		time.Sleep(3500 * time.Millisecond)
		d.want(t, "Over 100 for 3s; 50, 101, 102, 100", "a spike that is shorter than For is none of anybody's business")
		time.Sleep(3 * time.Second)
		d.want(t, "Over 100 for 3s; 101 at 4s, 102, 103 at 6s", "each value that is not above Over begins the count anew, and so does one that is equal")
		time.Sleep(2 * time.Second)
		d.want(t, "Over 100 for 3s; above it at 4s, 5s, 6s and 7s", "3s after the first of them it fires, once", "7s heap firing 104")
		time.Sleep(4 * time.Second)
		d.want(t, "Over 100 for 3s; firing, then 70 at 9s, 110 at 10s, 111, 112 at 12s", "after the all clear the count begins anew, too", "7s heap firing 104", "9s heap clear 70")
		time.Sleep(time.Second)
		d.want(t, "Over 100 for 3s; firing, then 70 at 9s, above 100 from 10s to 13s", "and then it fires again", "7s heap firing 104", "9s heap clear 70", "13s heap firing 113")

		at := newDiary()
		start(t, t.Context(), Config{Every: time.Second, Keep: 10, Read: readings(101), Rules: []Rule{{Name: "now", Of: live, Over: 100}}, OnAlert: at.alert})
		at.want(t, "a rule without For, and a first sample above Over", "no duration is no waiting", "0s now firing 101")
	})
}

func TestAlertHysteresis(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		start(t, t.Context(), Config{Every: time.Second, Keep: 10,
			//             0s  1s   2s  3s   4s  5s   6s  7s  8s  9s   10s 11s
			Read:    readings(90, 110, 90, 110, 81, 120, 80, 99, 79, 105, 90, 10),
			Rules:   []Rule{{Name: "heap", Of: live, Over: 100, Clear: 80}},
			OnAlert: d.alert,
		})
		time.Sleep(5500 * time.Millisecond)
		d.want(t, "Over 100, Clear 80; 90, 110, 90, 110, 81, 120", "between Clear and Over nothing changes: whoever is woken at night wants to be woken once", "1s heap firing 110")
		time.Sleep(3 * time.Second)
		d.want(t, "Over 100, Clear 80; … 80, 99, 79", "at or below Clear it is all clear, once", "1s heap firing 110", "6s heap clear 80")
		time.Sleep(3 * time.Second)
		d.want(t, "Over 100, Clear 80; … 105, 90, 10", "and it can happen again", "1s heap firing 110", "6s heap clear 80", "9s heap firing 105", "11s heap clear 10")
	})
}

func TestRulesAreIndependent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiary()
		n := uint64(0)
		start(t, t.Context(), Config{Every: time.Second, Keep: 10,
			Read: func() Sample { n++; return Sample{Live: 10 * n, Goroutines: 100 - 10*n} },
			Rules: []Rule{
				{Name: "live", Of: live, Over: 35, Clear: 20},
				{Name: "goroutines", Of: func(s Sample) uint64 { return s.Goroutines }, Over: 75, Clear: 65},
				{Name: "live again", Of: live, Over: 35, Clear: 20},
			},
			OnSample: d.sample, OnAlert: d.alert,
		})
		time.Sleep(3500 * time.Millisecond)
		d.want(t, "three rules, two values that move in opposite directions", "each rule has a state of its own; the sample is told first, and then the rules in their order",
			"0s", "0s goroutines firing 90", "1s", "2s", "3s", "3s live firing 40", "3s goroutines clear 60", "3s live again firing 40")
	})
}
