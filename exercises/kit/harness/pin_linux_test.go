package harness

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A thread that is kept on a processor and gets no time there is freed, with all others, before its turn ends.
func TestStarvedThreadIsFreed(t *testing.T) {
	if free.size() < 2 {
		t.Skip("needs two processors: with one there is nowhere else to go")
	}
	said := listen(t)
	out.take(Turn{Bench: "Starved", N: 1, CPU: 2}, func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		Begin(b)
		begun := mask(t)
		for deadline := time.Now().Add(20 * time.Second); mask(t).size() == 1 && time.Now().Before(deadline); {
			syscall.Nanosleep(&syscall.Timespec{Nsec: 10e6}, nil) // without CPU time, as if others had it
		}
		End(b)
		if begun.size() != 1 || mask(t) != free {
			b.Errorf("kept on %x at first, on %x in the end; want one processor, and then all of %x", begun, mask(t), free)
		}
	}, 0)
	if all := said(); all[len(all)-1].Status != Pass {
		t.Errorf("%+v, want a pass", all[len(all)-1])
	}
}

// One that computes stays where it is kept until its turn ends. (The test ends early where it does not get to compute.)
func TestBusyThreadIsKept(t *testing.T) {
	said := listen(t)
	out.take(Turn{Bench: "Busy", N: 1, CPU: 1}, func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		Begin(b)
		ran := time.Now()
		for begun := cpuNow(); cpuNow().time-begun.time < 3*starvedAfter && time.Since(ran) < starvedAfter/2; ran = time.Now() {
			if kept := mask(t); kept.size() != 1 {
				b.Fatalf("free to run on %x", kept)
			}
		}
		End(b)
	}, 0)
	if all := said(); all[len(all)-1].Status != Pass {
		t.Errorf("%+v, want a pass", all[len(all)-1])
	}
	if pinned.thread.Load() != 0 {
		t.Error("a thread counts as pinned when its turn is over")
	}
}

// mask are the processors that the calling thread may use.
func mask(t *testing.T) (set cpuSet) {
	if !affinity(syscall.SYS_SCHED_GETAFFINITY, 0, &set) {
		t.Fatal("the kernel does not tell the thread's processors")
	}
	return set
}

func TestNth(t *testing.T) {
	set := cpuSet{0b1011, 0, 1 << 63}
	for n, want := range map[int]cpuSet{1: {1}, 2: {2}, 3: {8}, 4: {0, 0, 1 << 63}, 5: {1}, 8: {0, 0, 1 << 63}} {
		if one := set.nth(n); one != want {
			t.Errorf("the %dth of %x is %x, want %x", n, set, one, want)
		}
	}
}
