package harness

import (
	"bytes"
	"errors"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestChain(t *testing.T) {
	key := [16]byte{1, 2, 3}
	seal := NewChain(key)
	var lines [][]byte
	for _, rec := range []*Record{{Kind: RunRecord, Name: "TestA"}, {Kind: EndRecord, Name: "TestA", Status: Pass}, {Kind: ExitRecord}} {
		lines = append(lines, seal.Seal(rec))
	}
	open := func(key [16]byte, lines ...[]byte) error {
		c := NewChain(key)
		for _, line := range lines {
			if _, err := c.Open(line); err != nil {
				return err
			}
		}
		return nil
	}
	changed := bytes.Replace(lines[1], []byte(Pass), []byte(Fail), 1)
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"whole", open(key, lines...), nil},
		{"another key", open([16]byte{9}, lines...), ErrBroken},
		{"one missing", open(key, lines[0], lines[2]), ErrBroken},
		{"one repeated", open(key, lines[0], lines[0]), ErrBroken},
		{"exchanged", open(key, lines[1], lines[0]), ErrBroken},
		{"changed", open(key, lines[0], changed), ErrBroken},
		{"not sealed", open(key, []byte("kind=\"exit\"\n")), ErrBroken},
		{"no line", open(key, nil), ErrBroken},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.err, tt.want)
		}
	}
}

func TestRecordsSurviveTheirLines(t *testing.T) {
	for _, want := range []Record{
		{},
		{Kind: RunRecord, Name: "TestA/with space=\"and\"\n\ttabs \xff", Status: Pass, Code: -1, Seconds: 1e-9, CPU: math.MaxFloat64, N: math.MaxInt,
			Allocs: math.MaxUint64, Bytes: 1, Extra: map[string]float64{"kept-B": -7.5, "zero": 0, "a=b c": 1}, Unit: "B", Axis: "s", X: 0.1, Y: -0.3, Data: "H4sI+/=="},
	} {
		var got Record
		line := want.append(nil)
		if err := got.parse(string(line)); err != nil || !reflect.DeepEqual(got, want) || bytes.ContainsAny(line, "\n\t") {
			t.Errorf("%+v became %q and then %+v, %v", want, line, got, err)
		}
	}
	for _, want := range []Turn{{}, {Bench: "Add", N: 7, Sample: true, Profile: HeapProfile}} {
		var got Turn
		if err := got.parse(string(want.Line())); err != nil || got != want {
			t.Errorf("%+v became %+v, %v", want, got, err)
		}
	}
	for _, bad := range []string{"kind", "kind=exit", "kind=\"exit", "n=1.5", "other=1", "n="} {
		if err := new(Record).parse(bad); !errors.Is(err, errLine) {
			t.Errorf("parse(%q) = %v, want errLine", bad, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add("kind=\"end\" name=\"TestA\" n=3 extra=\"B\" is=1.5")
	f.Add("is=1")
	f.Fuzz(func(t *testing.T, line string) {
		var rec, again Record
		if rec.parse(line) == nil && again.parse(string(rec.append(nil))) != nil {
			t.Errorf("%q was read as %+v, and that was not read again", line, rec)
		}
	})
}

// The first and two more of the test vectors in the reference implementation of SipHash-2-4.
func TestSipHash(t *testing.T) {
	var key [16]byte
	text := make([]byte, 64)
	for i := range text {
		text[i] = byte(i)
	}
	copy(key[:], text)
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := sipHash(key, text[:n]); got != want {
			t.Errorf("SipHash of %d bytes = %#x, want %#x", n, got, want)
		}
	}
}

func TestHello(t *testing.T) {
	want := Hello{Key: [16]byte{1, 15: 9}, Seed: math.MaxUint64, Limit: 1234567, Bench: true}
	text, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	got, err := readHello(bytes.NewReader(text))
	if err != nil || got != want {
		t.Errorf("readHello = %+v, %v; want %+v", got, err, want)
	}
	if _, err := readHello(bytes.NewReader(text[1:])); err == nil {
		t.Error("half a hello is read without an error")
	}
}

// listen makes this test binary speak as if hotloop had started it, and returns what was said so far.
func listen(t *testing.T) func() []Record {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "records")
	if err != nil {
		t.Fatal(err)
	}
	out = &channel{records: f, chain: NewChain([16]byte{})}
	t.Cleanup(func() {
		out = nil
		f.Close()
	})
	return func() (records []Record) {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		chain := NewChain([16]byte{})
		for line := range bytes.Lines(text) {
			rec, err := chain.Open(line)
			if err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			records = append(records, *rec)
		}
		return records
	}
}

func TestTrackTellsTheStatus(t *testing.T) {
	said := listen(t)
	t.Run("passes", func(t *testing.T) { Track(t) })
	t.Run("skips", func(t *testing.T) {
		Track(t)
		t.Skip("on purpose: this is what the test looks at")
	})
	t.Run("cleans up late", func(t *testing.T) {
		Track(t)
		t.Cleanup(func() {
			if n := len(said()); n != 5 {
				t.Errorf("%d records before the test's own cleanup, want 5: the end comes last", n)
			}
		})
	})
	var got []string
	for _, rec := range said() {
		got = append(got, rec.Kind+" "+rec.Name[strings.LastIndex(rec.Name, "/")+1:]+" "+rec.Status)
	}
	want := []string{"run passes ", "end passes pass", "run skips ", "end skips skip", "run cleans_up_late ", "end cleans_up_late pass"}
	if !slices.Equal(got, want) {
		t.Errorf("said %q,\nwant %q", got, want)
	}
}

// What Track looks at while a test is on its way out of a panic or a Goexit.
func TestUnwinding(t *testing.T) {
	var panicking, exiting, neither bool
	func() {
		defer func() { recover() }()
		defer func() { panicking = unwinding("runtime.gopanic") }()
		panic("on purpose")
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { exiting = unwinding("runtime.Goexit") }()
		runtime.Goexit()
	}()
	<-done
	neither = unwinding("runtime.gopanic") || unwinding("runtime.Goexit")
	if !panicking || !exiting || neither {
		t.Errorf("panicking %v, exiting %v, neither %v; want true, true, false", panicking, exiting, neither)
	}
}

func TestPointsAreNumbers(t *testing.T) {
	said := listen(t)
	Point("ratio", "1", "size", math.NaN(), math.Inf(1))
	if got := said(); len(got) != 1 || got[0].X != 0 || got[0].Y != math.MaxFloat64 {
		t.Errorf("said %+v, want one point at 0, MaxFloat64", got)
	}
}

func TestTakeTurns(t *testing.T) {
	said := listen(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out.turns = r
	for _, turn := range []Turn{{Bench: "Add", N: 1000}, {Bench: "Kept", N: 1, Sample: true}, {Bench: "Fails", N: 1}} {
		if _, err := w.Write(turn.Line()); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	var calls int
	code := out.takeTurns(map[string]func(*testing.B){
		"Add": func(b *testing.B) {
			calls = 0
			Begin(b)
			for b.Loop() {
				calls++
			}
			End(b)
		},
		"Kept": func(b *testing.B) {
			for b.Loop() {
			}
			b.ReportMetric(7, "kept-B")
		},
		"Fails": func(b *testing.B) { b.Fatal("on purpose") },
	})
	if code != 0 || calls != 1000 {
		t.Errorf("status %d after %d calls, want 0 after 1000", code, calls)
	}
	points := 0
	var bench []Record
	for _, rec := range said() {
		switch rec.Kind {
		case PointRecord:
			points++
		case BenchRecord:
			bench = append(bench, rec)
		}
	}
	if len(bench) != 3 || points < 2 {
		t.Fatalf("%d answers and %d points; want 3 and some: %+v", len(bench), points, bench)
	}
	if b := bench[0]; b.Name != "Add" || b.N != 1000 || b.Status != Pass || b.Seconds <= 0 {
		t.Errorf("answer %+v; want 1000 iterations of Add", b)
	}
	if b := bench[1]; b.Extra["kept-B"] != 7 {
		t.Errorf("answer %+v; want kept-B to be 7", b)
	}
	if b := bench[2]; b.Status != Fail {
		t.Errorf("answer %+v; want a failure", b)
	}
}

// A fakeProfiler makes profiles of what it is told.
type fakeProfiler struct{ said []string }

func (p *fakeProfiler) Begin(kind, benchmark string) {
	p.said = append(p.said, "begin "+kind+" of "+benchmark)
}
func (p *fakeProfiler) HeapWasRead() { p.said = append(p.said, "heap") }
func (p *fakeProfiler) End(tell func(name, data string)) {
	p.said = append(p.said, "end")
	tell(AllocProfile, strings.Repeat("x", maxProfileLine+1))
	tell(KeptProfile, "y")
}

// What is profiled is the loop and nothing else; what comes of it is told in parts that fit into records.
func TestProfileIsOfTheLoop(t *testing.T) {
	said := listen(t)
	fake := &fakeProfiler{}
	Profiling = fake
	defer func() { Profiling = nil }()
	bench := func(b *testing.B) {
		HeapWasRead() // before the loop
		fake.said = append(fake.said, "set-up")
		Begin(b)
		for b.Loop() {
			fake.said = append(fake.said, "work")
			HeapWasRead()
		}
		End(b)
		HeapWasRead()
	}
	out.take(Turn{Bench: "Add", N: 1, Profile: HeapProfile}, bench, 0)
	out.take(Turn{Bench: "Add", N: 1}, bench, 0)
	want := []string{"set-up", "begin heap of Add", "work", "heap", "end", "set-up", "work"}
	if !slices.Equal(fake.said, want) {
		t.Errorf("in order: %q,\nwant %q", fake.said, want)
	}
	var got []string
	for _, rec := range said() {
		if rec.Kind == ProfileRecord {
			got = append(got, rec.Name+" "+strconv.Itoa(len(rec.Data))+" "+rec.Status)
		}
	}
	if want := []string{"alloc " + strconv.Itoa(maxProfileLine) + " ", "alloc 1 pass", "kept 1 pass"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	Profiling = nil // a binary without a profiler answers, and brings none
	out.take(Turn{Bench: "Add", N: 1, Profile: CPUProfile}, bench, 0)
	if all := said(); all[len(all)-1].Status != Pass {
		t.Errorf("without a profiler: %+v, want a pass", all[len(all)-1])
	}
}

// Sampling sees collections: the heap falls to what is alive, and pauses have lengths.
func TestSampleSeesCollections(t *testing.T) {
	said := listen(t)
	s := newSampler()
	first := s.read()
	garbage := make([][]byte, 0, 100)
	for range 100 {
		garbage = append(garbage, make([]byte, 1<<20))
	}
	full := s.read()
	runtime.KeepAlive(garbage)
	garbage = nil
	runtime.GC()
	after, again := s.read(), s.read()
	switch {
	case full.heap-first.heap < 90<<20 || full.held < full.heap:
		t.Errorf("with 100 MiB more: heap %g after %g, held %g", full.heap, first.heap, full.held)
	case after.heap > full.heap-90<<20 || after.live > full.heap-90<<20 || after.live == 0:
		t.Errorf("after a collection: heap %g, alive %g; want 100 MiB less than %g", after.heap, after.live, full.heap)
	case after.pause <= 0 || after.pause > 10:
		t.Errorf("after a collection: a pause of %g s", after.pause)
	case again.pause != 0:
		t.Errorf("without a collection: a pause of %g s", again.pause)
	}
	tell([]reading{first, full, after, again})
	count := map[string]int{}
	for _, rec := range said() {
		if count[rec.Name]++; !Sampled(rec.Name) {
			t.Errorf("series %q is not among those that Sampled knows", rec.Name)
		}
	}
	if count[HeapSeries] != 4 || count[PauseSeries] < 1 || count[LiveSeries] < 2 || count[HeldSeries] < 2 {
		t.Errorf("points: %v", count)
	}
}
