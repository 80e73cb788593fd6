package harness

// maxProfileLine bounds the part of a profile that one record carries: a record must fit into the runner's buffer.
const maxProfileLine = 256 << 10

// A Profiler makes profiles. Package profiling has the only one, and only binaries that are built to be profiled have
// package profiling in them: it would take the linker a good while at each save.
type Profiler interface {
	// Begin begins a profile of the kind CPUProfile or HeapProfile, of the benchmark.
	Begin(kind, benchmark string)
	// HeapWasRead notes what is in use now, while a HeapProfile is made.
	HeapWasRead()
	// End ends it and hands over what came of it, by name, in base64.
	End(tell func(name, data string))
}

// Profiling is the Profiler of this binary, nil if it has none.
var Profiling Profiler

// profiled is what happens around the loop of the turn that is to be profiled.
var profiled profiling

type profiling struct{ begin, read, end func() }

// beginProfile has the next loop profiled, and nothing but the loop.
func (c *channel) beginProfile(turn Turn) {
	if Profiling == nil {
		return // and the runner finds that no profile came
	}
	profiled.begin = func() {
		Profiling.Begin(turn.Profile, turn.Bench)
		profiled.read = Profiling.HeapWasRead
	}
	profiled.end = func() {
		profiled.read = nil
		Profiling.End(c.writeProfile)
	}
}

// writeProfile tells a profile in as many records as it takes.
func (c *channel) writeProfile(name, data string) {
	for {
		part := data[:min(len(data), maxProfileLine)]
		data = data[len(part):]
		rec := &Record{Kind: ProfileRecord, Name: name, Data: part}
		if data == "" {
			rec.Status = Pass
		}
		c.write(rec)
		if data == "" {
			return
		}
	}
}

// HeapWasRead tells that a benchmark has just read its live heap, so that a profile can show what that consists of. Only
// kit calls it; outside of a HeapProfile it does nothing.
func HeapWasRead() {
	if profiled.read != nil {
		profiled.read()
	}
}
