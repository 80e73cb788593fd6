package memmon

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotloop/exercises/kit"
)

// garbage is what the collector does not know of yet.
var garbage []byte

func TestReadRuntimePlausible(t *testing.T) {
	const mib = 1 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // collections are the test's
	runtime.GC()
	before := ReadRuntime()
	if before.Live == 0 || before.Total < before.Live || before.Released > before.Total || before.Goroutines < 1 || before.At.IsZero() {
		t.Fatalf("ReadRuntime() = %+v; want Live above 0, Total at least Live, Released at most Total, Goroutines at least 1, and a time", before)
	}
	if want := before.Total - before.Released; before.Resident != want {
		t.Errorf("ReadRuntime(): Total %d, Released %d, Resident %d; want %d, the difference", before.Total, before.Released, before.Resident, want)
	}

	kept := make([]byte, 32*mib)
	var gate sync.WaitGroup
	gate.Add(1)
	for range 50 {
		go gate.Wait()
	}
	runtime.GC()
	full := ReadRuntime()
	if grown := int64(full.Live) - int64(before.Live); grown < 31*mib || grown > 40*mib {
		t.Errorf("32 MiB more are in use: Live grew by %s, want about that", kit.Bytes(grown))
	}
	if full.GCs <= before.GCs {
		t.Errorf("after a collection: GCs %d, before it %d; want more", full.GCs, before.GCs)
	}
	if n := int64(full.Goroutines) - int64(before.Goroutines); n < 50 || n > 60 {
		t.Errorf("50 goroutines more: Goroutines grew by %d", n)
	}
	gate.Done()

	for range 64 {
		garbage = make([]byte, mib)
	}
	dirty := ReadRuntime()
	if grown := int64(dirty.Live) - int64(full.Live); grown > 8*mib {
		t.Errorf("64 MiB were allocated and dropped, and not yet collected: Live grew by %s, want next to nothing: Live is what is in use; with the dead counted it is a saw-tooth, and every alert on it is false",
			kit.Bytes(grown))
	}
	runtime.KeepAlive(kept)
}

func TestNilReadIsReadRuntime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, err := Start(t.Context(), Config{Every: time.Hour, Keep: 1})
		if err != nil || m == nil {
			t.Fatalf("Start without Read = %v, %v; want a monitor", m, err)
		}
		synctest.Wait()
		m.Stop()
		if samples := m.Samples(); len(samples) != 1 || samples[0].Total == 0 || samples[0].Goroutines == 0 {
			t.Errorf("Start without Read: samples %+v; want one, of this process", samples)
		}
	})
}
