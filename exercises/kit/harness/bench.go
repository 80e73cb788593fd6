package harness

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// loop is the loop of the benchmark whose turn it is. Turns do not overlap.
var loop struct {
	b     *testing.B
	begun cpuReading
	cpu   time.Duration
	moved bool // to another thread within a loop: its CPU time is not known

	on   int           // the processor to keep it on, as in Turn
	kept bool          // it is kept there
	yard time.Duration // what yardstick says then; the larger of before and after
}

// A cpuReading is the CPU time used so far by a thread, or by the process where thread is 0.
type cpuReading struct {
	thread int
	time   time.Duration
}

// Begin stands before the loop of a benchmark, End behind it: between them, CPU time counts.
func Begin(b *testing.B) {
	if loop.kept = loop.on > 0 && pin(loop.on); loop.kept {
		loop.yard = max(loop.yard, yardstick())
	}
	if profiled.begin != nil {
		profiled.begin()
	}
	loop.b, loop.begun = b, cpuNow()
}

// End is the other half of Begin.
func End(b *testing.B) {
	now := cpuNow()
	if profiled.end != nil {
		profiled.end()
	}
	loop.cpu += now.time - loop.begun.time
	loop.moved = loop.moved || now.thread != loop.begun.thread
	if loop.kept {
		loop.yard = max(loop.yard, yardstick())
	}
}

// takeTurns runs benchmarks as asked until nobody asks any more. Between turns it waits in a read and uses no CPU.
func (c *channel) takeTurns(benchmarks map[string]func(*testing.B)) int {
	flag.CommandLine.Parse(nil)
	overhead := loopOverhead()
	if pin(1) {
		unpin() // what the first time allocates is in no benchmark
	}
	c.write(&Record{Kind: ReadyRecord})
	for turns := bufio.NewReader(c.turns); ; {
		line, err := turns.ReadString('\n')
		if err != nil {
			return 0 // the runner has hung up
		}
		var turn Turn
		if err := turn.parse(line); err != nil {
			fmt.Fprintln(os.Stderr, "hotloop: a turn that is none:", err)
			return 2
		}
		f, ok := benchmarks[turn.Bench]
		if !ok {
			fmt.Fprintln(os.Stderr, "hotloop: no benchmark", turn.Bench)
			return 2
		}
		c.take(turn, f, overhead)
	}
}

func (c *channel) take(turn Turn, f func(*testing.B), overhead time.Duration) {
	var stop func() []reading
	if turn.Sample {
		stop = sample()
	}
	if turn.Profile != "" {
		c.beginProfile(turn)
	}
	loop.on = turn.CPU
	rec := run(f, turn.N)
	unpin()
	loop.kept = false
	if stop != nil {
		tell(stop())
	}
	profiled = profiling{}
	rec.Name = turn.Bench
	rec.CPU = max(0, rec.CPU-overhead.Seconds())
	c.write(rec)
}

// run runs f once with n iterations.
func run(f func(*testing.B), n int) *Record {
	loop.b, loop.cpu, loop.moved, loop.yard = nil, 0, false, 0
	if err := flag.Set("test.benchtime", fmt.Sprint(n, "x")); err != nil {
		panic(err) // testing has had this flag for ten years
	}
	res := testing.Benchmark(f)
	rec := &Record{Kind: BenchRecord, Status: Pass, N: res.N, Seconds: res.T.Seconds(), CPU: loop.cpu.Seconds(), Yard: loop.yard.Seconds(),
		Allocs: res.MemAllocs, Bytes: res.MemBytes, Extra: res.Extra}
	if loop.moved {
		rec.CPU = 0
	}
	switch {
	case loop.b != nil && loop.b.Failed():
		rec.Status = Fail
	case loop.b != nil && loop.b.Skipped():
		rec.Status = Skip
	case res.N == 0:
		rec.Status = Fail // before its loop began
	}
	return rec
}

// loopOverhead is the CPU time that an empty loop uses between Begin and End: testing reads its memory statistics there.
func loopOverhead() time.Duration {
	var took []time.Duration
	for range 5 {
		run(func(b *testing.B) {
			Begin(b)
			for b.Loop() {
			}
			End(b)
		}, 1)
		took = append(took, loop.cpu)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// yardstick is the CPU time of a loop that is the same in every process and keeps all of a core's arithmetic units busy.
// It takes longer while the core's other hardware thread works for somebody else (on a rented machine perhaps for
// another tenant, whom no counter of this one shows), or at a lower clock rate. Of three times the shortest counts.
func yardstick() time.Duration {
	shortest := time.Hour
	for range 3 {
		begun := cpuNow()
		a, b, c, d := 1, 2, 3, 4
		for i := range 6000 {
			a += b ^ i
			b += c ^ i
			c += d ^ i
			d += a ^ i
		}
		shortest = min(shortest, cpuNow().time-begun.time)
		yardSink = a + b + c + d
	}
	return shortest
}

var yardSink int // so that the compiler keeps the loop
