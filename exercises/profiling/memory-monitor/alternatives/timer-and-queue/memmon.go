// Package memmon watches the memory of its own process: samples at intervals, a trend, and alerts that do not flap.
//
// Here a timer is set for each sample, to the next due time that is still to come; the samples are a linked queue; and a
// rule is a function that remembers how it stands. Who stops closes a channel.
package memmon

import (
	"container/list"
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

// A Monitor takes samples. It is safe for concurrent use.
type Monitor struct {
	lock    sync.RWMutex
	history *list.List // of Sample
	quit    chan struct{}
	once    sync.Once
	ended   chan struct{}
}

// Start watches on a goroutine of its own until ctx ends or Stop is called. The first sample is taken at once.
func Start(ctx context.Context, c Config) (*Monitor, error) {
	var states []func(Sample) (Alert, bool)
	for _, rule := range c.Rules {
		if rule.Of == nil || rule.Over < rule.Clear {
			return nil, fmt.Errorf("rule %s: %w", rule.Name, ErrConfig)
		}
		states = append(states, stateOf(rule))
	}
	if c.Keep <= 0 || c.Every <= 0 {
		return nil, fmt.Errorf("keeping %d samples, one every %v: %w", c.Keep, c.Every, ErrConfig)
	}
	m := &Monitor{history: list.New(), quit: make(chan struct{}), ended: make(chan struct{})}
	go m.loop(ctx, c, states)
	return m, nil
}

// Stop ends the monitor and does not wait. No callback begins after it.
func (m *Monitor) Stop() { m.once.Do(func() { close(m.quit) }) }

// Done is closed when the monitor's goroutine has ended.
func (m *Monitor) Done() <-chan struct{} { return m.ended }

func (m *Monitor) over(ctx context.Context) bool {
	select {
	case <-m.quit:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func (m *Monitor) loop(ctx context.Context, c Config, states []func(Sample) (Alert, bool)) {
	defer close(m.ended)
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-m.quit:
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if m.over(ctx) {
			return
		}
		var s Sample
		if c.Read == nil {
			s = ReadRuntime()
		} else {
			s = c.Read()
		}
		s.At = time.Now()
		m.lock.Lock()
		m.history.PushBack(s)
		for m.history.Len() > c.Keep {
			m.history.Remove(m.history.Front())
		}
		m.lock.Unlock()
		if c.OnSample != nil {
			c.OnSample(s)
		}
		for _, state := range states {
			if alert, changed := state(s); changed && c.OnAlert != nil && !m.over(ctx) {
				c.OnAlert(alert)
			}
		}
		late := time.Since(due)
		due = due.Add((late/c.Every + 1) * c.Every)
		timer.Reset(time.Until(due))
	}
}

// stateOf makes the memory of one rule.
func stateOf(rule Rule) func(Sample) (Alert, bool) {
	var since *time.Time
	firing := false
	return func(s Sample) (Alert, bool) {
		value, before := rule.Of(s), firing
		if value <= rule.Over {
			since = nil
		} else if since == nil {
			since = &s.At
		}
		if firing && value <= rule.Clear {
			firing = false
		} else if !firing && since != nil && s.At.Sub(*since) >= rule.For {
			firing = true
		}
		return Alert{Rule: rule.Name, Firing: firing, At: s.At, Value: value}, firing != before
	}
}

// Samples are the newest samples, at most Keep, the oldest first, in a slice of the caller's own.
func (m *Monitor) Samples() []Sample {
	m.lock.RLock()
	defer m.lock.RUnlock()
	all := []Sample{}
	for e := m.history.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(Sample))
	}
	return all
}

// Slope is by how many bytes a second Live grows: the least-squares line through the samples that are at most window
// older than the newest. ok is false if these are fewer than three.
func (m *Monitor) Slope(window time.Duration) (bytesPerSec float64, ok bool) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	var n, meanT, meanB, tt, tb float64
	back := m.history.Back()
	for e := back; e != nil; e = e.Prev() {
		newest, s := back.Value.(Sample), e.Value.(Sample)
		age := newest.At.Sub(s.At)
		if age > window {
			break
		}
		n++
		dt, db := -age.Seconds()-meanT, float64(s.Live)-meanB
		meanT += dt / n
		meanB += db / n
		tt += dt * (-age.Seconds() - meanT)
		tb += dt * (float64(s.Live) - meanB)
	}
	if n < 3 || tt == 0 {
		return 0, false
	}
	return tb / tt, true
}

var names = [...]string{
	"/sched/goroutines:goroutines", "/gc/cycles/total:gc-cycles", "/gc/heap/live:bytes",
	"/memory/classes/heap/released:bytes", "/memory/classes/total:bytes",
}

var pool = sync.Pool{New: func() any {
	s := new([len(names)]metrics.Sample)
	for i, name := range names {
		s[i].Name = name
	}
	return s
}}

// ReadRuntime is the state of this process now. It does not stop the world.
func ReadRuntime() Sample {
	read := pool.Get().(*[len(names)]metrics.Sample)
	defer pool.Put(read)
	metrics.Read(read[:])
	value := func(i int) uint64 { return read[i].Value.Uint64() }
	return Sample{time.Now(), value(2), value(4), value(3), value(4) - value(3), value(0), value(1)}
}
