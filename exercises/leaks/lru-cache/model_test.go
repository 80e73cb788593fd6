package lru

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hotloop/exercises/kit"
)

// A model is an LRU cache written for certainty, not for speed.
type model struct {
	max                     int
	keys                    []int // the most recent first
	values                  map[int]int
	hits, misses, evictions uint64
	told                    []string
}

func (m *model) remove(k int, why Reason) {
	m.told = append(m.told, event(k, m.values[k], why))
	delete(m.values, k)
	m.keys = slices.DeleteFunc(m.keys, func(x int) bool { return x == k })
}

func (m *model) front(k int) {
	m.keys = slices.DeleteFunc(m.keys, func(x int) bool { return x == k })
	m.keys = slices.Insert(m.keys, 0, k)
}

func (m *model) shrink(n int) (evicted int) {
	for len(m.keys) > n {
		m.remove(m.keys[len(m.keys)-1], Evicted)
		m.evictions++
		evicted++
	}
	return evicted
}

func (m *model) get(k int) (int, bool) {
	v, ok := m.values[k]
	if !ok {
		m.misses++
		return 0, false
	}
	m.hits++
	m.front(k)
	return v, true
}

func (m *model) set(k, v int) bool {
	evicted := 0
	if old, ok := m.values[k]; ok {
		m.told = append(m.told, event(k, old, Replaced))
	} else {
		evicted = m.shrink(m.max - 1)
	}
	m.values[k] = v
	m.front(k)
	return evicted > 0
}

func (m *model) delete(k int) bool {
	_, ok := m.values[k]
	if ok {
		m.remove(k, Deleted)
	}
	return ok
}

func (m *model) resize(n int) int {
	m.max = n
	return m.shrink(n)
}

func (m *model) purge() {
	for len(m.keys) > 0 {
		m.remove(m.keys[len(m.keys)-1], Purged)
	}
}

// step makes one random call on both and returns what it was, and what each answered.
func step(r *rand.Rand, c *Cache[int, int], m *model) (call, got, want string) {
	k, v := r.IntN(24), r.IntN(3)
	switch p := r.IntN(1000); {
	case p < 450:
		call = fmt.Sprintf("Get(%d)", k)
		a, ok := c.Get(k)
		b, found := m.get(k)
		return call, fmt.Sprint(a, ok), fmt.Sprint(b, found)
	case p < 850:
		call = fmt.Sprintf("Set(%d, %d)", k, v)
		return call, fmt.Sprint(c.Set(k, v)), fmt.Sprint(m.set(k, v))
	case p < 940:
		call = fmt.Sprintf("Delete(%d)", k)
		return call, fmt.Sprint(c.Delete(k)), fmt.Sprint(m.delete(k))
	case p < 985:
		call = fmt.Sprintf("Peek(%d)", k)
		a, ok := c.Peek(k)
		b, found := m.values[k]
		return call, fmt.Sprint(a, ok), fmt.Sprint(b, found)
	case p < 997:
		n := 1 + r.IntN(16)
		call = fmt.Sprintf("Resize(%d)", n)
		evicted, _ := c.Resize(n)
		return call, fmt.Sprint(evicted), fmt.Sprint(m.resize(n))
	default:
		c.Purge()
		m.purge()
		return "Purge()", "", ""
	}
}

func TestAgreesWithModel(t *testing.T) {
	r := kit.Rand(t)
	m := &model{max: 8, values: map[int]int{}}
	var told []string
	c := newCache(t, m.max, func(k, v int, why Reason) { told = append(told, event(k, v, why)) })
	var calls []string
	for i := range 5_000 {
		told, m.told = told[:0], m.told[:0]
		call, got, want := step(r, c, m)
		calls = append(calls, call)
		recent := calls[max(0, len(calls)-8):]
		if got != want {
			t.Fatalf("call %d, the last of %v: got %s, want %s", i, recent, got, want)
		}
		if keys := c.Keys(); !slices.Equal(keys, m.keys) || c.Len() != len(m.keys) {
			t.Fatalf("after call %d, the last of %v: Len() = %d, Keys() = %v, want %v", i, recent, c.Len(), keys, m.keys)
		}
		if !slices.Equal(told, m.told) {
			t.Fatalf("call %d, the last of %v: onEvict was told %q, want %q", i, recent, told, m.told)
		}
	}
	hits, misses, evictions := c.Stats()
	if hits != m.hits || misses != m.misses || evictions != m.evictions {
		t.Errorf("after %d calls: Stats() = %d, %d, %d; want %d, %d, %d", len(calls), hits, misses, evictions, m.hits, m.misses, m.evictions)
	}
}
