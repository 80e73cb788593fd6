// Package memmon watches the memory of its own process: samples at intervals, a trend, and alerts that do not flap.
package memmon

import (
	"context"
	"errors"
	"runtime"
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
	samples []Sample
	done    chan struct{}
}

// Start watches on a goroutine of its own until ctx ends or Stop is called. The first sample is taken at once.
func Start(ctx context.Context, c Config) (*Monitor, error) {
	if c.Every <= 0 {
		return nil, ErrConfig // TODO: what else can be wrong?
	}
	if c.Read == nil {
		c.Read = ReadRuntime
	}
	m := &Monitor{done: make(chan struct{})}
	go func() {
		for now := range time.Tick(c.Every) { // TODO: when does this loop end? When is the first sample?
			s := c.Read()
			s.At = now
			m.samples = append(m.samples, s) // TODO: for how long? And who else reads them?
			if c.OnSample != nil {
				c.OnSample(s)
			}
			for _, r := range c.Rules {
				if v := r.Of(s); v > r.Over && c.OnAlert != nil {
					c.OnAlert(Alert{r.Name, true, s.At, v}) // TODO: For, Clear, and once
				}
			}
		}
	}()
	return m, nil
}

// Stop ends the monitor and does not wait. No callback begins after it.
func (m *Monitor) Stop() {} // TODO

// Done is closed when the monitor's goroutine has ended.
func (m *Monitor) Done() <-chan struct{} { return m.done }

// Samples are the newest samples, at most Keep, the oldest first, in a slice of the caller's own.
func (m *Monitor) Samples() []Sample { return m.samples } // TODO

// Slope is by how many bytes a second Live grows: the least-squares line through the samples that are at most window
// older than the newest. ok is false if these are fewer than three.
func (m *Monitor) Slope(window time.Duration) (bytesPerSec float64, ok bool) { return 0, false } // TODO

// ReadRuntime is the state of this process now. It does not stop the world.
func ReadRuntime() Sample {
	// TODO: this one stops the world, and HeapAlloc counts the dead as well.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Sample{At: time.Now(), Live: m.HeapAlloc}
}
