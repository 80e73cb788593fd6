// Package memmon watches the memory of its own process: samples at intervals, a trend, and alerts that do not flap.
package memmon

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"
)

// ErrConfig is wrapped by the error with which Start refuses a Config.
var ErrConfig = errors.New("memmon: bad config")

// A Sample is the state of the process at a moment.
type Sample struct {
	At         time.Time
	Live       uint64 // bytes of heap that the last collection found in use
	Total      uint64 // bytes that the Go runtime has from the system
	Released   uint64 // bytes of Total that it has given back and may take again
	Resident   uint64 // Total without Released: what counts against GOMEMLIMIT
	Goroutines uint64
	GCs        uint64 // collections so far
}

// A Rule says when to alert.
type Rule struct {
	Name  string
	Of    func(Sample) uint64 // the value that is watched
	Over  uint64              // too much is what is above
	Clear uint64              // all clear is at this or below; at most Over
	For   time.Duration       // how long it must be too much
}

// An Alert says that a rule began or ceased to be broken.
type Alert struct {
	Rule   string
	Firing bool      // false: all clear
	At     time.Time // of the sample
	Value  uint64    // of the sample
}

// A Config says what to watch. Nil functions are left out, and a nil Read is ReadRuntime.
type Config struct {
	Every    time.Duration // between samples
	Keep     int           // samples
	Read     func() Sample // the monitor sets At
	Rules    []Rule
	OnSample func(Sample)
	OnAlert  func(Alert)
}

func (c *Config) check() error {
	if c.Every <= 0 {
		return fmt.Errorf("%w: Every is %v, not above zero", ErrConfig, c.Every)
	}
	if c.Keep < 1 {
		return fmt.Errorf("%w: Keep is %d, below 1", ErrConfig, c.Keep)
	}
	for _, r := range c.Rules {
		if r.Of == nil {
			return fmt.Errorf("%w: rule %q has no Of", ErrConfig, r.Name)
		}
		if r.Clear > r.Over {
			return fmt.Errorf("%w: rule %q clears at %d, above Over, %d", ErrConfig, r.Name, r.Clear, r.Over)
		}
	}
	return nil
}

// A Monitor takes samples. It is safe for concurrent use.
type Monitor struct {
	c    Config
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	ring   []Sample
	oldest int // its index, once the ring is full
}

// Start watches on a goroutine of its own until ctx ends or Stop is called. The first sample is taken at once.
func Start(ctx context.Context, c Config) (*Monitor, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Read == nil {
		c.Read = ReadRuntime
	}
	ctx, stop := context.WithCancel(ctx)
	m := &Monitor{c: c, stop: stop, done: make(chan struct{})}
	go m.watch(ctx)
	return m, nil
}

// Stop ends the monitor and does not wait. No callback begins after it.
func (m *Monitor) Stop() { m.stop() }

// Done is closed when the monitor's goroutine has ended.
func (m *Monitor) Done() <-chan struct{} { return m.done }

func (m *Monitor) watch(ctx context.Context) {
	defer close(m.done)
	watches := make([]watch, len(m.c.Rules))
	tick := time.NewTicker(m.c.Every) // drops what comes while nobody receives
	defer tick.Stop()
	for ctx.Err() == nil {
		m.sample(ctx, watches)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// sample holds no lock while it calls: callbacks may use the monitor.
func (m *Monitor) sample(ctx context.Context, watches []watch) {
	s := m.c.Read()
	s.At = time.Now()
	m.keep(s)
	if m.c.OnSample != nil {
		m.c.OnSample(s)
	}
	for i := range watches {
		rule := &m.c.Rules[i]
		value := rule.Of(s)
		if watches[i].changes(rule, s.At, value) && m.c.OnAlert != nil && ctx.Err() == nil {
			m.c.OnAlert(Alert{Rule: rule.Name, Firing: watches[i].firing, At: s.At, Value: value})
		}
	}
}

func (m *Monitor) keep(s Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ring) < m.c.Keep {
		m.ring = append(m.ring, s)
		return
	}
	m.ring[m.oldest] = s
	m.oldest = (m.oldest + 1) % m.c.Keep
}

// A watch is the state of a rule.
type watch struct {
	firing    bool
	over      bool // in the last sample, and since when
	overSince time.Time
}

// changes takes the next value, and reports whether the rule began or ceased to fire.
func (w *watch) changes(r *Rule, at time.Time, value uint64) bool {
	if w.firing {
		w.firing = value > r.Clear
		w.over = w.firing && w.over
		return !w.firing
	}
	if value <= r.Over {
		w.over = false
		return false
	}
	if !w.over {
		w.over, w.overSince = true, at
	}
	w.firing = at.Sub(w.overSince) >= r.For
	return w.firing
}

// Samples are the newest samples, at most Keep, the oldest first, in a slice of the caller's own.
func (m *Monitor) Samples() []Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(append(make([]Sample, 0, len(m.ring)), m.ring[m.oldest:]...), m.ring[:m.oldest]...)
}

// Slope is by how many bytes a second Live grows: the least-squares line through the samples that are at most window
// older than the newest. ok is false if these are fewer than three.
func (m *Monitor) Slope(window time.Duration) (bytesPerSec float64, ok bool) {
	samples := m.Samples()
	if len(samples) == 0 {
		return 0, false
	}
	newest := samples[len(samples)-1]
	for newest.At.Sub(samples[0].At) > window {
		samples = samples[1:]
	}
	if len(samples) < 3 {
		return 0, false
	}
	// Seconds and bytes are counted from the newest sample: the sums of large numbers that differ little lose digits.
	var n, x, y, xx, xy float64
	for _, s := range samples {
		dx, dy := s.At.Sub(newest.At).Seconds(), float64(s.Live)-float64(newest.Live)
		n, x, y, xx, xy = n+1, x+dx, y+dy, xx+dx*dx, xy+dx*dy
	}
	d := n*xx - x*x
	if d <= 0 {
		return 0, false
	}
	return (n*xy - x*y) / d, true
}

// runtimeMetrics is filled again and again, so that reading it allocates nothing.
var runtimeMetrics = struct {
	sync.Mutex
	samples []metrics.Sample
}{samples: []metrics.Sample{
	{Name: "/gc/heap/live:bytes"},
	{Name: "/memory/classes/total:bytes"},
	{Name: "/memory/classes/heap/released:bytes"},
	{Name: "/sched/goroutines:goroutines"},
	{Name: "/gc/cycles/total:gc-cycles"},
}}

// ReadRuntime is the state of this process now. It does not stop the world.
func ReadRuntime() Sample {
	runtimeMetrics.Lock()
	defer runtimeMetrics.Unlock()
	v := runtimeMetrics.samples
	metrics.Read(v)
	s := Sample{
		At:         time.Now(),
		Live:       v[0].Value.Uint64(),
		Total:      v[1].Value.Uint64(),
		Released:   v[2].Value.Uint64(),
		Goroutines: v[3].Value.Uint64(),
		GCs:        v[4].Value.Uint64(),
	}
	s.Resident = s.Total - s.Released
	return s
}
