package nplusone

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const wait = 10 * time.Millisecond

// A source is what a Loader fetches from: the value of k is 10·k, and there is none for keys below zero.
type source struct {
	takes time.Duration

	mu      sync.Mutex
	err     error
	batches [][]int
	at      []time.Duration // since the source was made
	begun   time.Time
}

func newSource() *source { return &source{begun: time.Now()} }

func (s *source) fetch(ctx context.Context, keys []int) (map[int]int, error) {
	s.mu.Lock()
	sorted := slices.Sorted(slices.Values(keys))
	s.batches = append(s.batches, sorted)
	s.at = append(s.at, time.Since(s.begun))
	err := s.err
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	values := map[int]int{}
	for _, k := range keys {
		if k >= 0 {
			values[k] = 10 * k
		}
	}
	return values, nil
}

// load loads k in the background and notes what comes.
func load(t *testing.T, wg *sync.WaitGroup, l *Loader[int, int], k int) {
	wg.Go(func() {
		if v, err := l.Load(t.Context(), k); v != 10*k || err != nil {
			t.Errorf("Load(%d) = %d, error %v; want %d", k, v, err, 10*k)
		}
	})
}

func TestLoaderBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 100)
		var wg sync.WaitGroup
		for i := range 50 { // within a millisecond, 10 different keys
			load(t, &wg, l, i%10)
			time.Sleep(20 * time.Microsecond)
		}
		wg.Wait()
		if len(src.batches) != 1 {
			t.Fatalf("50 Loads within 1 ms, wait %v: %d fetches of %v, want one of all keys", wait, len(src.batches), src.batches)
		}
		if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(src.batches[0], want) {
			t.Errorf("50 Loads of 10 different keys fetch %v, want each key once", src.batches[0])
		}
		if src.at[0] != wait {
			t.Errorf("the batch left after %v, want %v after its first key", src.at[0], wait)
		}
	})
}

func TestLoaderDoesNotStarve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 100)
		var wg sync.WaitGroup
		for k := range 4 { // at 0, 6, 12 and 18 ms
			load(t, &wg, l, k)
			time.Sleep(wait * 6 / 10)
		}
		wg.Wait()
		if len(src.batches) != 2 || !slices.Equal(src.batches[0], []int{0, 1}) || src.at[0] != wait || src.at[1] != wait*22/10 {
			t.Errorf("a key at 0, 6, 12 and 18 ms, wait %v: fetched %v at %v; want [0 1] at 10 ms and [2 3] at 22 ms. "+
				"A clock that starts anew with each key never rings under load", wait, src.batches, src.at)
		}
	})
}

func TestLoaderMaxBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		for k := range 25 {
			load(t, &wg, l, k)
		}
		wg.Wait()
		var sizes []int
		for _, b := range src.batches {
			sizes = append(sizes, len(b))
		}
		slices.Sort(sizes)
		if !slices.Equal(sizes, []int{5, 10, 10}) {
			t.Fatalf("25 keys at once, at most 10 in a batch: batches of %v keys, want 10, 10 and 5", sizes)
		}
		if src.at[0] != 0 || src.at[1] != 0 || src.at[2] != wait {
			t.Errorf("25 keys at once, at most 10 in a batch: batches left at %v; want the full ones at once and the rest after %v", src.at, wait)
		}
	})
}

func TestLoaderRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		load(t, &wg, l, 1)
		wg.Wait()
		load(t, &wg, l, 1)
		wg.Wait()
		if len(src.batches) != 1 {
			t.Errorf("Load(1) twice, one after the other: %d fetches, want 1", len(src.batches))
		}
		l.Clear(1)
		l.Clear(99)
		load(t, &wg, l, 1)
		wg.Wait()
		if len(src.batches) != 2 {
			t.Errorf("Load(1), Clear(1), Load(1): %d fetches, want 2", len(src.batches))
		}
	})
}

func TestLoaderSharesWhatIsBeingFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.takes = time.Second
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		load(t, &wg, l, 1)
		time.Sleep(5 * wait) // it is being fetched
		load(t, &wg, l, 1)
		load(t, &wg, l, 2)
		wg.Wait()
		if len(src.batches) != 2 || !slices.Equal(src.batches[1], []int{2}) {
			t.Errorf("Load(1), and while it is fetched Load(1) and Load(2): fetched %v, want [1] and [2]: the second asks for what is on its way already", src.batches)
		}
		if src.at[1] > 10*wait {
			t.Errorf("a batch left at %v because the one before was still being fetched; want it %v after its first key", src.at[1], wait)
		}
	})
}

func TestLoaderPrime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 10)
		l.Prime(1, 111)
		if v, err := l.Load(t.Context(), 1); v != 111 || err != nil {
			t.Errorf("Prime(1, 111), Load(1) = %d, error %v; want 111", v, err)
		}
		l.Prime(1, 222)
		if v, err := l.Load(t.Context(), 1); v != 222 || err != nil {
			t.Errorf("Prime(1, 222), Load(1) = %d, error %v; want 222", v, err)
		}
		if len(src.batches) != 0 {
			t.Errorf("Load of primed keys fetched %v, want nothing", src.batches)
		}
		l.Clear(1)
		if v, err := l.Load(t.Context(), 1); v != 10 || err != nil {
			t.Errorf("Clear(1), Load(1) = %d, error %v; want 10, as fetched", v, err)
		}
	})
}

// After Clear, a value that was asked for before it is an old one.
func TestLoaderClearWhileFetching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.takes = time.Second
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		load(t, &wg, l, 1)
		time.Sleep(5 * wait)
		l.Clear(1)
		wg.Wait()
		load(t, &wg, l, 1)
		wg.Wait()
		if len(src.batches) != 2 {
			t.Errorf("Clear(1) while 1 was being fetched, then Load(1): %d fetches, want 2: what was on its way is older than the Clear, and must not be kept", len(src.batches))
		}
	})
}

func TestLoaderError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.err = errors.New("the database is down")
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		for k := range 3 {
			wg.Go(func() {
				if v, err := l.Load(t.Context(), k); !errors.Is(err, src.err) {
					t.Errorf("Load(%d), whose fetch failed = %d, error %v; want the error of fetch, for each key of the batch", k, v, err)
				}
			})
		}
		wg.Wait()
		src.err = nil
		for k := range 3 {
			load(t, &wg, l, k)
		}
		wg.Wait()
		if len(src.batches) != 2 {
			t.Errorf("after a failure: %d fetches, want 2: a failure that is remembered outlives its cause", len(src.batches))
		}
	})
}

func TestLoaderMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		l := NewLoader(src.fetch, wait, 10)
		var wg sync.WaitGroup
		load(t, &wg, l, 1)
		for range 2 {
			wg.Go(func() {
				if v, err := l.Load(t.Context(), -1); !errors.Is(err, ErrNotFound) || v != 0 {
					t.Errorf("Load(-1), which fetch does not know = %d, error %v; want 0, ErrNotFound", v, err)
				}
			})
		}
		wg.Wait()
		if _, err := l.Load(t.Context(), -1); !errors.Is(err, ErrNotFound) {
			t.Errorf("Load(-1) again: error %v, want ErrNotFound", err)
		}
		if len(src.batches) != 2 {
			t.Errorf("Load(-1) twice, one after the other: %d fetches, want 2: who is missing now may be there next", len(src.batches))
		}
	})
}

func TestLoaderCallerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.takes = time.Second
		l := NewLoader(src.fetch, wait, 3)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		goes := func(k int) {
			wg.Go(func() {
				begun := time.Now()
				if _, err := l.Load(ctx, k); !errors.Is(err, context.Canceled) {
					t.Errorf("Load(%d), whose context was canceled: error %v, want context.Canceled", k, err)
				}
				if took := time.Since(begun); took > src.takes/2 {
					t.Errorf("Load(%d), whose context was canceled, returned after %v; want it to leave at once", k, took)
				}
			})
			synctest.Wait()
		}
		goes(1) // the first of a batch that leaves by the clock
		load(t, &wg, l, 2)
		time.Sleep(2 * wait)
		load(t, &wg, l, 3)
		load(t, &wg, l, 5)
		synctest.Wait()
		goes(4)               // the last of a batch that is full
		time.Sleep(10 * wait) // both are being fetched
		cancel()
		wg.Wait()
		load(t, &wg, l, 1)
		load(t, &wg, l, 4)
		wg.Wait()
		if len(src.batches) != 2 {
			t.Errorf("one caller of each of two batches went: %d fetches, want 2: the others, and the cache, get what was fetched", len(src.batches))
		}
	})
}

func TestLoaderRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.takes = time.Millisecond
		l := NewLoader(src.fetch, wait, 7)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 1000 {
					k := (g*131 + i*17) % 100
					switch i % 50 {
					case 7:
						l.Clear(k)
					case 23:
						l.Prime(k, 10*k)
					default:
						if v, err := l.Load(t.Context(), k); v != 10*k || err != nil {
							t.Errorf("Load(%d) beside others = %d, error %v; want %d", k, v, err, 10*k)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		for _, b := range src.batches {
			if len(b) == 0 || len(b) > 7 || len(slices.Compact(slices.Clone(b))) != len(b) {
				t.Fatalf("a batch of keys %v; want 1 to 7 keys, each once", b)
			}
		}
	})
}
