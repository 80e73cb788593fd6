package runner

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"hotloop/exercises"
	"hotloop/runner/report"
)

// BenchmarkFlood is a solution that prints 20 GiB, in blocks of lines and all within one line, in an exercise whose limit
// lets that through: grown-MiB is by how much the memory of this process, which runs it and hands its events on, was
// larger meanwhile than before. It should stay below 32.
func BenchmarkFlood(b *testing.B) {
	const size = 20 << 30
	files := adder()
	yaml := files["arithmetic/add/exercise.yaml"]
	yaml.Data = []byte(strings.Replace(string(yaml.Data), "time: 3s", fmt.Sprintf("output: %d, time: 60s", 2*size), 1))
	c, err := exercises.Load(files)
	if err != nil {
		b.Fatal(err)
	}
	for _, text := range []struct{ name, line string }{{"lines", strings.Repeat("all work and no play ", 10) + "\\n"}, {"one-line", "all work and no play "}} {
		source := wrong(`"bytes"; "os"`, fmt.Sprintf(`func before(n int) int {
	block := bytes.Repeat([]byte("%s"), 1<<13)
	for n := 0; n < %d; n += len(block) {
		os.Stdout.Write(block)
	}
	return 0
}`, text.line, size))
		for _, driver := range []string{"none", "bwrap"} {
			b.Run(text.name+"/"+driver, func(b *testing.B) {
				r := newRunner(b)
				if driver != "none" {
					isolate(b, r)
				}
				r.Exercises = c
				runOn(b, r, solution(adderReference)) // what is done once
				for b.Loop() {
					runtime.GC()
					before := resident(b)
					stop := make(chan struct{})
					peak := make(chan int64)
					go func() {
						highest := before
						for tick := time.Tick(5 * time.Millisecond); ; {
							select {
							case <-tick:
								highest = max(highest, resident(b))
							case <-stop:
								peak <- highest
								return
							}
						}
					}()
					rep := runOn(b, r, solution(source))
					close(stop)
					grown := <-peak - before
					if rep.Verdict != report.WrongAnswer { // whose test came to its end, and printed all
						b.Fatalf("verdict %q, %s; want a wrong answer after all was printed; diagnostics %v", rep.Verdict, rep.Reason, rep.Diagnostics)
					}
					b.ReportMetric(rep.Tests[0].Seconds, "test-s")
					b.ReportMetric(float64(grown)/(1<<20), "grown-MiB")
				}
			})
		}
	}
}

// resident is the resident memory of this process, in bytes.
func resident(tb testing.TB) (bytes int64) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Error(err)
	}
	var size int64
	fmt.Sscan(string(text), &size, &bytes)
	return bytes * int64(os.Getpagesize())
}
