// Package memmon watches the memory of its own process: samples at intervals, a trend, and alerts that do not flap.
//
// It is the obvious one: the heap in use is what is left after a collection, so each reading begins with one. The numbers
// are right, and the monitor is the process's largest load.
package memmon

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

// A Monitor takes samples. It is safe for concurrent use.
type Monitor struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	samples []Sample
}

// Start watches on a goroutine of its own until ctx ends or Stop is called. The first sample is taken at once.
func Start(ctx context.Context, c Config) (*Monitor, error) {
	bad := c.Every <= 0 || c.Keep < 1
	for _, r := range c.Rules {
		bad = bad || r.Of == nil || r.Clear > r.Over
	}
	if bad {
		return nil, fmt.Errorf("%w: Every must be above zero, Keep at least 1, and Clear of a rule at most Over", ErrConfig)
	}
	if c.Read == nil {
		c.Read = ReadRuntime
	}
	ctx, cancel := context.WithCancel(ctx)
	m := &Monitor{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(m.done)
		defer cancel()
		ticker := time.NewTicker(c.Every)
		defer ticker.Stop()
		firing, since := make([]bool, len(c.Rules)), make([]time.Time, len(c.Rules))
		for ctx.Err() == nil {
			s := c.Read()
			s.At = time.Now()
			m.mu.Lock()
			m.samples = append(m.samples, s)
			if len(m.samples) > c.Keep {
				m.samples = slices.Delete(m.samples, 0, 1)
			}
			m.mu.Unlock()
			if c.OnSample != nil {
				c.OnSample(s)
			}
			for i, r := range c.Rules {
				v := r.Of(s)
				was := firing[i]
				switch {
				case firing[i] && v <= r.Clear:
					firing[i], since[i] = false, time.Time{}
				case firing[i]:
				case v <= r.Over:
					since[i] = time.Time{}
				case since[i].IsZero():
					since[i] = s.At
					firing[i] = r.For <= 0
				default:
					firing[i] = s.At.Sub(since[i]) >= r.For
				}
				if firing[i] != was && c.OnAlert != nil && ctx.Err() == nil {
					c.OnAlert(Alert{r.Name, firing[i], s.At, v})
				}
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}()
	return m, nil
}

// Stop ends the monitor and does not wait. No callback begins after it.
func (m *Monitor) Stop() { m.cancel() }

// Done is closed when the monitor's goroutine has ended.
func (m *Monitor) Done() <-chan struct{} { return m.done }

// Samples are the newest samples, at most Keep, the oldest first, in a slice of the caller's own.
func (m *Monitor) Samples() []Sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.samples)
}

// Slope is by how many bytes a second Live grows: the least-squares line through the samples that are at most window
// older than the newest. ok is false if these are fewer than three.
func (m *Monitor) Slope(window time.Duration) (bytesPerSec float64, ok bool) {
	var x, y []float64
	samples := m.Samples()
	for _, s := range samples {
		if age := samples[len(samples)-1].At.Sub(s.At); age <= window {
			x, y = append(x, -age.Seconds()), append(y, float64(s.Live))
		}
	}
	if len(x) < 3 {
		return 0, false
	}
	var mx, my, xx, xy float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(x))
	}
	for i := range x {
		xx, xy = xx+(x[i]-mx)*(x[i]-mx), xy+(x[i]-mx)*(y[i]-my)
	}
	return xy / xx, xx > 0
}

// ReadRuntime is the state of this process now.
func ReadRuntime() Sample {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Sample{At: time.Now(), Live: m.HeapAlloc, Total: m.Sys, Released: m.HeapReleased, Resident: m.Sys - m.HeapReleased,
		Goroutines: uint64(runtime.NumGoroutine()), GCs: uint64(m.NumGC)}
}
