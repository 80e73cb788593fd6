package measure

import (
	"encoding/json"
	"math"
)

// unknown is the interval of a quantity of which nothing can be said.
func unknown() Interval { return Interval{Center: math.NaN(), Lo: math.Inf(-1), Hi: math.Inf(1)} }

// unbounded is an estimate without any confidence in it: too little was measured.
func unbounded(center float64) Interval {
	return Interval{Center: center, Lo: math.Inf(-1), Hi: math.Inf(1)}
}

// Known says whether both ends of the interval are: whether enough was measured to say anything.
func (iv Interval) Known() bool { return finite(iv.Center) && finite(iv.Lo) && finite(iv.Hi) }

// Spread is the larger half of the interval relative to its center: 0.02 for 100 [99, 102]. It is NaN when the interval
// is not known or the center is zero while an end is not.
func (iv Interval) Spread() float64 {
	if !iv.Known() {
		return math.NaN()
	}
	half := max(iv.Hi-iv.Center, iv.Center-iv.Lo)
	if half == 0 {
		return 0
	}
	if iv.Center == 0 {
		return math.NaN()
	}
	return math.Abs(half / iv.Center)
}

// Decide says whether what iv estimates is at least atLeast. It is Inconclusive while the interval holds values on both
// sides.
func Decide(iv Interval, atLeast float64) Decision {
	switch {
	case iv.Lo >= atLeast:
		return Yes
	case iv.Hi < atLeast:
		return No
	}
	return Inconclusive // also when anything is NaN
}

// DecideAtMost says whether what iv estimates is at most limit.
func DecideAtMost(iv Interval, limit float64) Decision {
	switch {
	case iv.Hi <= limit:
		return Yes
	case iv.Lo > limit:
		return No
	}
	return Inconclusive
}

// JSON has no infinities. An end that is not bounded, and a center that is not known, are null.
type jsonInterval struct {
	Center *float64 `json:"center"`
	Lo     *float64 `json:"lo"`
	Hi     *float64 `json:"hi"`
}

// MarshalJSON writes what is not finite as null.
func (iv Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonInterval{orNull(iv.Center), orNull(iv.Lo), orNull(iv.Hi)})
}

// UnmarshalJSON reads null ends as infinite and a null center as NaN.
func (iv *Interval) UnmarshalJSON(data []byte) error {
	var j jsonInterval
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*iv = unknown()
	for _, f := range []struct {
		to   *float64
		from *float64
	}{{&iv.Center, j.Center}, {&iv.Lo, j.Lo}, {&iv.Hi, j.Hi}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return nil
}

func orNull(f float64) *float64 {
	if !finite(f) {
		return nil
	}
	return &f
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func allFinite(values []float64) bool {
	for _, v := range values {
		if !finite(v) {
			return false
		}
	}
	return true
}
