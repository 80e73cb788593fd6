package gctrace

import (
	"fmt"
	"strings"
	"testing"

	"hotloop/exercises/kit"
)

const logLines = 2000

// newLog is a log of a service: of ten lines, one is a collection of Go and one of V8, and the rest are JSON.
func newLog(b *testing.B) string {
	r := kit.Rand(b)
	var log strings.Builder
	for i := range logLines {
		heap := 100 + r.IntN(50)
		switch i % 10 {
		case 3:
			fmt.Fprintf(&log, "gc %d @%d.%03ds 2%%: 0.0%d+%d.5+0.00%d ms clock, 0.05+0/0.050/0.49+0.005 ms cpu, %d->%d->%d MB, %d MB goal, 0 MB stacks, 0 MB globals, 2 P\n",
				i, i, r.IntN(1000), 1+r.IntN(9), r.IntN(90), 1+r.IntN(9), heap, heap+5, heap/2, heap+9)
		case 7:
			fmt.Fprintf(&log, "[77:0x1234]    %d ms: Mark-Compact %d.2 (255.3) -> %d.6 (200.0) MB, %d.88 / 0.00 ms  (average mu = 0.936, current mu = 0.901) allocation failure; GC in old space requested\n",
				1000*i, heap, heap/2, r.IntN(40))
		default:
			fmt.Fprintf(&log, `{"level":"info","msg":"request","path":"/cart/%d","status":200,"seconds":0.0%d}`+"\n", r.IntN(1000), r.IntN(1000))
		}
	}
	return log.String()
}

// A log of 2,000 lines.
func BenchmarkSummarize(b *testing.B) {
	log := newLog(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Summarize(strings.NewReader(log))
		if err != nil || s.Events != logLines/5 || s.Malformed != 0 {
			b.Fatalf("Summarize = %+v, %v; want %d events", s, err, logLines/5)
		}
	}
}

// The four formats, one line each.
func BenchmarkParseLine(b *testing.B) {
	lines := []string{sampleGo, sampleScavenge, sampleV8Steps, sampleGoForced}
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range lines {
			if _, ok, err := ParseLine(line); !ok {
				b.Fatal(line, err)
			}
		}
	}
}

// What a log of a growing process says, as a picture. It has no target.
func BenchmarkPicture(b *testing.B) {
	var after []int
	for i := range 40 {
		after = append(after, 60+2*i+i*i%7)
	}
	log := goLog(5, after...)
	events := 0
	for b.Loop() {
		events = 0
		for line := range strings.Lines(log) {
			e, ok, _ := ParseLine(strings.TrimSpace(line))
			if !ok {
				continue
			}
			events++
			kit.Point("heap after", "B", "seconds", e.At.Seconds(), float64(e.After))
			kit.Point("heap goal", "B", "seconds", e.At.Seconds(), float64(e.Goal))
		}
	}
	b.ReportMetric(float64(events), "events")
}
