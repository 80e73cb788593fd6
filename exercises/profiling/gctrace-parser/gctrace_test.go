package gctrace

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"hotloop/exercises/kit"
)

// Lines as Go 1.26 and Node.js 20 write them.
const (
	sampleGo             = "gc 7 @0.054s 3%: 0.15+56+0.046 ms clock, 0.30+0.010/0.084/0.11+0.093 ms cpu, 55->130->80 MB, 56 MB goal, 0 MB stacks, 0 MB globals, 2 P"
	sampleGoForced       = "gc 8 @0.134s 0%: 0.23+0.17+0.004 ms clock, 0.46+0/0.096/0.12+0.009 ms cpu, 100->100->0 MB, 160 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)"
	sampleScavenge       = "[1623:0x41148c40]       27 ms: Scavenge 4.5 (5.7) -> 4.3 (8.0) MB, 2.62 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; "
	sampleV8Forced       = "[24684:0xed9feb0]      678 ms: Mark-Compact 219.2 (255.3) -> 2.6 (35.7) MB, 35.88 / 0.00 ms  (average mu = 0.536, current mu = 0.001) testing; GC in old space requested"
	sampleV8Steps        = "[1623:0x41148c40]      413 ms: Mark-Compact 42.5 (75.0) -> 17.0 (52.0) MB, 24.69 / 0.00 ms  (+ 22.1 ms in 16 steps since start of marking, biggest step 3.1 ms, walltime since start of marking 30 ms) (average mu = 0.912, current mu = 0.870) finalize incremental marking via stack guard; GC in old space requested"
	sampleV8Reduce       = "[1623:0x41148c40]      462 ms: Mark-Compact (reduce) 77.3 (110.0) -> 2.5 (36.2) MB, 9.89 / 0.00 ms  (average mu = 0.798, current mu = 0.798) external memory pressure; GC in old space requested"
	mib            int64 = 1 << 20
)

// mbs is so many of a log's MB in bytes.
func mbs(n float64) int64 { return int64(math.Round(n * float64(mib))) }

func wantEvent(t *testing.T, line, why string, want Event) {
	t.Helper()
	e, ok, err := ParseLine(line)
	if !ok || err != nil {
		t.Errorf("ParseLine(%q) = ok %v, error %v; want an event: %s", line, ok, err, why)
		return
	}
	if e != want {
		t.Errorf("ParseLine(%q)\n got %+v\nwant %+v\n%s", line, e, want, why)
	}
}

func TestGoLine(t *testing.T) {
	wantEvent(t, sampleGo, "the program stands still in the first and the last of the three phases, MB are mebibytes, and the last of the three sizes is what was left",
		Event{Runtime: "go", Kind: "gc", N: 7, At: 54 * time.Millisecond, CPU: 0.03, Pause: 196 * time.Microsecond, Concurrent: 56 * time.Millisecond,
			Before: 55 * mib, Peak: 130 * mib, After: 80 * mib, Goal: 56 * mib})
	old := "gc 1 @12.5s 12%: 0.5+1+0.25 ms clock, 0.10+0.3/0.5/0.2+0.02 ms cpu, 4->5->3 MB, 5 MB goal, 8 P"
	wantEvent(t, old, "before Go 1.18 the line had no stacks and no globals",
		Event{Runtime: "go", Kind: "gc", N: 1, At: 12500 * time.Millisecond, CPU: 0.12, Pause: 750 * time.Microsecond, Concurrent: time.Millisecond,
			Before: 4 * mib, Peak: 5 * mib, After: 3 * mib, Goal: 5 * mib})
	wantEvent(t, strings.Replace(old, "0.5+1+0.25", "0+1+0", 1), "a pause that is too short for three digits is none, and the line is a good one",
		Event{Runtime: "go", Kind: "gc", N: 1, At: 12500 * time.Millisecond, CPU: 0.12, Concurrent: time.Millisecond,
			Before: 4 * mib, Peak: 5 * mib, After: 3 * mib, Goal: 5 * mib})
}

func TestGoForced(t *testing.T) {
	wantEvent(t, sampleGoForced, "(forced) at the end says that the program called runtime.GC",
		Event{Runtime: "go", Kind: "gc", N: 8, At: 134 * time.Millisecond, Pause: 234 * time.Microsecond, Concurrent: 170 * time.Microsecond,
			Before: 100 * mib, Peak: 100 * mib, Goal: 160 * mib, Forced: true})
}

func TestV8Scavenge(t *testing.T) {
	wantEvent(t, sampleScavenge, "sizes are those of the objects, not those in parentheses, which are of the memory set aside",
		Event{Runtime: "v8", Kind: "scavenge", At: 27 * time.Millisecond, Pause: 2620 * time.Microsecond, Before: mbs(4.5), After: mbs(4.3), Mu: 1})
}

func TestV8MarkCompact(t *testing.T) {
	wantEvent(t, sampleV8Steps, "what was marked in steps before the pause is concurrent, and not the biggest step",
		Event{Runtime: "v8", Kind: "mark-compact", At: 413 * time.Millisecond, Pause: 24690 * time.Microsecond, Concurrent: 22100 * time.Microsecond,
			Before: mbs(42.5), After: 17 * mib, Mu: 0.87})
	wantEvent(t, sampleV8Forced, "testing is what global.gc() gives as its reason, and mu is the current one",
		Event{Runtime: "v8", Kind: "mark-compact", At: 678 * time.Millisecond, Pause: 35880 * time.Microsecond, Before: mbs(219.2), After: mbs(2.6), Mu: 0.001, Forced: true})
	wantEvent(t, sampleV8Reduce, "a word in parentheses may follow the kind",
		Event{Runtime: "v8", Kind: "mark-compact", At: 462 * time.Millisecond, Pause: 9890 * time.Microsecond, Before: mbs(77.3), After: mbs(2.5), Mu: 0.798})
}

// others are lines that no collector wrote.
var others = []string{
	"",
	`{"level":"info","msg":"gc 8 @0.035s 2%"}`,
	`[{"kind":"Scavenge 4.5 (5.7)"}]`,
	"gc is not what it was",
	"gc 8 of 10 done",
	"GC forced",
	"scvg: 8 MB released",
	"[1623:0x41148c40]       27 ms: Heap statistics follow",
	"[info] 27 ms: Scavenger hunt begins",
	"say " + sampleGo,
	strings.Replace(sampleGo, "gc 7", "gc ", 1),
	sampleScavenge[1:],
}

func TestOtherLinesSkipped(t *testing.T) {
	for _, line := range others {
		if e, ok, err := ParseLine(line); ok || err != nil || e != (Event{}) {
			t.Errorf("ParseLine(%q) = %+v, %v, %v; want no event and no error: this is no collector's line", line, e, ok, err)
		}
	}
	s := summarize(t, strings.Join(others, "\n")+"\n"+sampleGo+"\n")
	if s.Events != 1 || s.Skipped != len(others) || s.Malformed != 0 {
		t.Errorf("a log of %d other lines and one collection: %+v; want Events 1, Skipped %[1]d, Malformed 0", len(others), s)
	}
}

// malformed are lines that look like a collector's, and are cut or damaged: old stands in the line that was written, and
// new in its place.
var malformed = []struct{ line, old, new string }{
	{"gc 7 @0.054s 3%: 0.15+56+0.046 ms clock,", "", ""},
	{sampleGo, "0.15+56+0.046", "0.15+56"},
	{sampleGo, "55->130->80", "55->130"},
	{sampleGo, "0.046", "-0.046"},
	{sampleGo, "->80", "->NaN"},
	{sampleGo, "@0.054s", "@.s"},
	{sampleGo, "@0.054s", "@.5s"},
	{sampleGo, "@0.054s", "@54.s"},
	{sampleGo, "ms clock", "s clock"},
	{sampleGo, "56 MB goal", "56 GB goal"},
	{sampleGo, "0.15+56+0.046", "9000000000000+56+9000000000000"}, // each fits, and the sum does not
	{sampleGo, "->80", "->8796093022208"},                         // 2⁶³ bytes
	{"[1623:0x41148c40]       27 ms: Scavenge 4.5 (5.7) -> 4.3 (8.", "", ""},
	{sampleScavenge, "4.5 (5.7)", "x (5.7)"},
	{sampleScavenge, "4.5 (5.7)", "4.5, 5.7)"},
	{sampleScavenge, "4.3 (8.0)", "4.3, 8.0)"},
	{sampleScavenge, "average mu = 1.000", "mean mu = 1.000"},
	{sampleScavenge, "2.62", "1e3"},
	{sampleV8Forced, "current mu = 0.001", "current mu = "},
	{sampleV8Steps, "+ 22.1 ms", "+ ms"},
	{sampleV8Steps, "+ 22.1 ms in", "+ 22.1 s in"},
}

func TestMalformed(t *testing.T) {
	log := sampleGo + "\n"
	for _, m := range malformed {
		line := strings.Replace(m.line, m.old, m.new, 1)
		log += line + "\n"
		if e, ok, err := ParseLine(line); ok || err == nil || e != (Event{}) {
			t.Errorf("ParseLine(%q) = %+v, %v, %v; want no event and an error: it looks like a collection, and cannot be read", line, e, ok, err)
		}
	}
	s := summarize(t, log+sampleScavenge)
	if s.Events != 2 || s.Malformed != len(malformed) || s.Skipped != 0 {
		t.Errorf("a log with %d damaged lines between two good ones: %+v; want Events 2, Malformed %[1]d, Skipped 0: one torn line must not hide the rest of the log", len(malformed), s)
	}
}

func summarize(t *testing.T, log string) Summary {
	t.Helper()
	s, err := Summarize(strings.NewReader(log))
	if err != nil {
		t.Fatalf("Summarize of a log that can be read: %v", err)
	}
	return s
}

// goLog is a log of Go with a collection each second, which leaves so many MB and takes so many percent of CPU time.
func goLog(cpu int, after ...int) string {
	var b strings.Builder
	for i, mb := range after {
		fmt.Fprintf(&b, "gc %d @%d.000s %d%%: 0.1+20+0.1 ms clock, 0.2+1/2/3+0.2 ms cpu, %d->%d->%d MB, %d MB goal, 0 MB stacks, 0 MB globals, 2 P\n", i+1, i+1, cpu, 2*mb, 2*mb+1, mb, 2*mb)
		fmt.Fprintf(&b, `{"level":"info","path":"/cart","seconds":0.0%d}`+"\n", i)
	}
	return b.String()
}

// v8Log is a log of V8 with a mark-compact each second, which leaves so many MB at a mutator utilisation of mu, average
// and current, and with scavenges in between.
func v8Log(average, mu float64, scavenged func(i int) int, after ...int) string {
	var b strings.Builder
	for i, mb := range after {
		fmt.Fprintf(&b, "[77:0x1234]    %d ms: Mark-Compact %d.0 (90.0) -> %d.0 (80.0) MB, 20.00 / 0.00 ms  (average mu = %.3f, current mu = %.3f) allocation failure; GC in old space requested\n", 1000*(i+1), mb+8, mb, average, mu)
		if scavenged != nil {
			for n := range 4 {
				fmt.Fprintf(&b, "[77:0x1234]    %d ms: Scavenge 9.0 (9.0) -> %d.0 (9.0) MB, 1.00 / 0.00 ms  (average mu = %.3f, current mu = %.3f) allocation failure; \n", 1000*(i+1)+100*(n+1), scavenged(4*i+n), average, mu)
			}
		}
	}
	return b.String()
}

func wantVerdict(t *testing.T, log, what, why, verdict string) {
	t.Helper()
	s := summarize(t, log)
	if s.Verdict != verdict {
		t.Errorf("%s: Verdict %q, want %q: %s (%d events, slope %.0f bytes/s)", what, s.Verdict, verdict, why, s.Events, s.SlopeBytesPerSec)
	}
}

func TestGrowing(t *testing.T) {
	growth := []int{100, 104, 111, 114, 121, 124}
	s := summarize(t, goLog(5, growth...))
	if s.Verdict != "growing" {
		t.Errorf("a heap of %v MB after one collection a second: Verdict %q, want growing", growth, s.Verdict)
	}
	// By hand: Σ(x−x̄)(y−ȳ) = 87, Σ(x−x̄)² = 17.5.
	if want := 87 / 17.5 * float64(mib); math.Abs(s.SlopeBytesPerSec-want) > 1e-6*want {
		t.Errorf("a heap of %v MB after one collection a second: SlopeBytesPerSec %.0f, want %.0f, the least-squares line through After", growth, s.SlopeBytesPerSec, want)
	}
	wantVerdict(t, v8Log(1, 1, nil, growth...), "the same of V8's mark-compacts", "the rule is the same for both", "growing")
	wantVerdict(t, goLog(5, growth[:5]...), "the first five of these", "five points are a trend, and 20.8 % are enough", "growing")
	wantVerdict(t, goLog(5, growth[:4]...), "the first four of these", "four points are no trend", "healthy")
	wantVerdict(t, goLog(5, 100, 101, 102, 103, 104, 105), "a straight line that gains 5 % of its first value", "below 20 % it is warming up", "healthy")
	wantVerdict(t, goLog(5, 100, 103, 107, 110, 114, 117), "a straight line that gains 17 %", "the gain is from the first collection to the last, and not from the begin of the process", "healthy")
	wantVerdict(t, goLog(5, 125, 120, 115, 110, 105, 100), "a heap that shrinks", "a fall is no growth", "healthy")
	wantVerdict(t, goLog(5, 100, 100, 100, 100, 100, 100), "a heap that stays as it is", "a flat line is no growth", "healthy")
	var log string
	for _, mb := range growth {
		log += strings.Replace(goLog(5, mb), "@1.", "@0.", 1)
	}
	if s := summarize(t, log); s.SlopeBytesPerSec != 0 || s.Verdict != "healthy" {
		t.Errorf("six collections at the same time, 0s: SlopeBytesPerSec %v, Verdict %q; want 0 and healthy: no line goes through them", s.SlopeBytesPerSec, s.Verdict)
	}
	wantVerdict(t, goLog(5, 10, 90, 20, 80, 70, 60), "a heap that jumps about and ends higher", "a line that fits badly (R² below 0.8) is no trend", "healthy")
}

func TestSawtoothHealthy(t *testing.T) {
	wantVerdict(t, goLog(5, 40, 60, 80, 100, 40, 60, 80, 100, 40, 60, 80, 100), "a cache that fills and is emptied, three times", "the last value is above the first, and no line fits", "healthy")
}

func TestThrashing(t *testing.T) {
	wantVerdict(t, goLog(25, 50, 50, 50), "three collections of Go at 25 % of CPU time", "a quarter of the machine collects", "thrashing")
	wantVerdict(t, goLog(24, 50, 50, 50), "three collections of Go at 24 %", "25 % is the limit", "healthy")
	wantVerdict(t, goLog(40, 50, 50), "two collections of Go at 40 %", "two are not three", "healthy")
	wantVerdict(t, goLog(40, 50, 50)+goLog(5, 50)+goLog(40, 50, 50), "two at 40 %, one at 5 %, two at 40 %", "three in a row, and not three in all", "healthy")
	wantVerdict(t, v8Log(0.9, 0.29, nil, 50, 50, 50), "three mark-compacts of V8 at a current mu of 0.29 and an average of 0.9", "mu is the program's share, and the current one tells of now", "thrashing")
	wantVerdict(t, v8Log(0.1, 0.3, nil, 50, 50, 50), "three mark-compacts of V8 at a current mu of 0.3 and an average of 0.1", "0.3 is not below 0.3, and the average tells of the past", "healthy")
	wantVerdict(t, goLog(40, 100, 105, 110, 115, 120, 125, 130), "a heap that grows, at 40 % of CPU time", "thrashing comes before growing: it is what hurts now", "thrashing")
}

func TestScavengesDoNotDecide(t *testing.T) {
	up := func(i int) int { return 10 + 2*i }
	wantVerdict(t, v8Log(1, 1, up, 50, 50, 50, 50, 50, 50), "mark-compacts that leave 50 MB each time, with scavenges between them that leave more and more", "a scavenge looks at the young ones only; what it leaves is not the live heap", "healthy")
	flat := func(int) int { return 200 }
	wantVerdict(t, v8Log(1, 1, flat, 100, 105, 110, 115, 120, 125), "mark-compacts that leave more and more, with scavenges between them that do not", "the full collections decide", "growing")
	busy := func(int) int { return 9 }
	wantVerdict(t, v8Log(0.2, 0.2, busy, 50, 50), "two mark-compacts and eight scavenges at mu 0.2", "three full collections are needed", "healthy")
}

func TestLongLine(t *testing.T) {
	log := []io.Reader{strings.NewReader(sampleGo + "\n")}
	piece := strings.Repeat("x", 64<<10)
	for range 16 {
		log = append(log, strings.NewReader(piece))
	}
	log = append(log, strings.NewReader("\r\n"+sampleGoForced+"\r\n"+sampleV8Forced+"\r\n"))
	s, err := Summarize(io.MultiReader(log...))
	if s.Events != 3 || s.Skipped != 1 || s.Forced != 2 || err != nil {
		t.Errorf("a collection, a line of 1 MiB and two forced collections, lines ending in CR LF: %+v, %v; want Events 3, Skipped 1, Forced 2: somebody always logs a whole body", s, err)
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := Summarize(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(sampleGo)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("the reader times out in the middle of a line: error %v, want one that wraps it", err)
	}
	if _, err := Summarize(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("the reader fails: error %v, want one that wraps %v", err, broken)
	}
	s := summarize(t, "")
	if s != (Summary{Verdict: "healthy"}) {
		t.Errorf("an empty log: %+v; want zeros, and healthy: nothing speaks against it", s)
	}
}

func TestPauses(t *testing.T) {
	// Pauses of 1 to 200 ms, in an order of no meaning.
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "[77:0x1234]    %d ms: Scavenge 9.0 (9.0) -> 8.0 (9.0) MB, %d.00 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; \n", 10*i, i*77%200+1)
	}
	s := summarize(t, b.String())
	if want := 20100 * time.Millisecond; s.PauseTotal != want {
		t.Errorf("pauses of 1 to 200ms: PauseTotal %v, want %v", s.PauseTotal, want)
	}
	if want := 200 * time.Millisecond; s.PauseMax != want {
		t.Errorf("pauses of 1 to 200ms: PauseMax %v, want %v", s.PauseMax, want)
	}
	if want := 198 * time.Millisecond; s.PauseP99 != want {
		t.Errorf("pauses of 1 to 200ms: PauseP99 %v, want %v: the nearest rank is number 198 of 200", s.PauseP99, want)
	}
	s = summarize(t, sampleGo)
	if want := 196 * time.Microsecond; s.PauseP99 != want || s.PauseMax != want || s.PauseTotal != want {
		t.Errorf("one collection with a pause of %v: PauseP99 %v, PauseMax %v, PauseTotal %v", want, s.PauseP99, s.PauseMax, s.PauseTotal)
	}
}

// damageLine cuts the line at i, or changes, takes away or adds something there.
func damageLine(r *rand.Rand, line string, i, way int) string {
	const written = "0123456789.+->()% ms@\xff"
	before, after := line[:i], line[min(i+1, len(line)):]
	switch way {
	case 0:
		return before
	case 1:
		c := r.IntN(len(written))
		return before + written[c:c+1] + after
	case 2:
		return before + after[min(r.IntN(5), len(after)):]
	default:
		return before + "99999999999999999999" + line[i:]
	}
}

// Lines damaged in each place and each way, some of them once more: whatever comes, the answer is an event, an error or
// neither, and no number is absurd.
func TestDamagedLines(t *testing.T) {
	r := kit.Rand(t)
	for _, line := range []string{sampleGo, sampleGoForced, sampleScavenge, sampleV8Forced, sampleV8Steps, sampleV8Reduce} {
		for n := range 4 * len(line) {
			damaged := damageLine(r, line, n/4, n%4)
			for again := true; again; again = r.IntN(4) == 0 {
				e, ok, err := ParseLine(damaged)
				switch {
				case !ok && e != (Event{}):
					t.Fatalf("ParseLine(%q) = %+v, false, %v; want the zero event if there is none", damaged, e, err)
				case ok && err != nil:
					t.Fatalf("ParseLine(%q) = ok and error %v; want one of them", damaged, err)
				case e.At < 0 || e.Pause < 0 || e.Concurrent < 0 || e.Before < 0 || e.Peak < 0 || e.After < 0 || e.Goal < 0 || !(e.CPU >= 0) || !(e.Mu >= 0):
					t.Fatalf("ParseLine(%q) = %+v; want no number below zero: one that does not fit makes the line malformed", damaged, e)
				}
				damaged = damageLine(r, damaged, r.IntN(len(damaged)+1), r.IntN(4))
			}
		}
	}
}
