package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// A Hello is what the runner tells a test binary before anything of it runs.
type Hello struct {
	Key   [16]byte // of the records
	Seed  uint64
	Limit time.Duration // when to give up and print where every goroutine is; 0: never
	Bench bool          // take turns at benchmarks instead of running the tests
}

const helloSize = 16 + 8 + 8 + 1

// MarshalBinary writes h as Open reads it.
func (h Hello) MarshalBinary() ([]byte, error) {
	b := append(make([]byte, 0, helloSize), h.Key[:]...)
	b = appendUint64(b, h.Seed)
	b = appendUint64(b, uint64(h.Limit))
	if h.Bench {
		return append(b, 1), nil
	}
	return append(b, 0), nil
}

func readHello(r io.Reader) (h Hello, err error) {
	var b [helloSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, err
	}
	copy(h.Key[:], b[:16])
	h.Seed = toUint64(b[16:])
	h.Limit = time.Duration(toUint64(b[24:]))
	h.Bench = b[32] != 0
	return h, nil
}

// The kinds of a Record.
const (
	RunRecord   = "run"   // a top-level test has begun
	EndRecord   = "end"   // it has ended, with Status
	PointRecord = "point" // of a chart: Name is the series
	BenchRecord = "bench" // the answer to a turn
	ReadyRecord = "ready" // initialised, waiting for the first turn
	ExitRecord  = "exit"  // all tests ran, with Code; nothing follows

	ProfileRecord = "profile" // a part of a profile: Name is which, Data the part; the last one has Status Pass
)

// How a test or a benchmark ended.
const (
	Pass  = "pass"
	Fail  = "fail"
	Skip  = "skip"
	Panic = "panic" // or runtime.Goexit
)

// A Record is one thing a test binary tells the runner. Times are in seconds, sizes in bytes, both of the whole turn.
type Record struct {
	Kind    string
	Name    string
	Status  string
	Code    int
	Seconds float64
	CPU     float64 // of the benchmark's thread; 0 where it is not known
	Yard    float64 // CPU seconds of a loop that is always the same, beside the benchmark's; 0 if Turn.CPU was
	N       int
	Allocs  uint64
	Bytes   uint64
	Extra   map[string]float64 // what b.ReportMetric named
	Unit    string
	Axis    string
	X       float64
	Y       float64
	Data    string // of a profile, in base64
}

// A Turn asks a test binary for one run of a benchmark.
type Turn struct {
	Bench   string
	N       int
	Sample  bool   // read heap, goroutines and collections while it runs, and tell them as points
	Profile string // CPUProfile or HeapProfile: of what the loop does; the binary must have package profiling in it
	CPU     int    // the processor, from 1, of those that the process may use, to keep the loop's thread on; 0: any
}

// What a Turn asks for as Profile, and what comes of it as the Name of records.
const (
	CPUProfile  = "cpu"  // brings CPUProfile
	HeapProfile = "heap" // brings BaseProfile, AllocProfile, and KeptProfile if the benchmark reads its live heap

	BaseProfile  = "base"  // what had been allocated, and was in use, when the loop began
	AllocProfile = "alloc" // the same when it ended
	KeptProfile  = "kept"  // the same when the live heap was read last
)

// A Chain seals records, each with all that came before it: none can be forged, dropped, repeated or moved without the
// key. What it cannot show is that the last ones are missing; the exit record is there for that.
type Chain struct {
	key  [16]byte
	last uint64 // the seal of the last record
}

// NewChain begins a chain. Both sides must begin with the same key.
func NewChain(key [16]byte) *Chain { return &Chain{key: key} }

// ErrBroken is what Open returns for a line that is not the chain's next.
var ErrBroken = errors.New("the record is not the next one of this run")

// Seal is rec as the chain's next line.
func (c *Chain) Seal(rec *Record) []byte {
	text := rec.append(nil)
	c.last = c.mac(text)
	line := append(text, '\t')
	line = strconv.AppendUint(line, c.last, 16)
	return append(line, '\n')
}

// Open is the record in the chain's next line, or ErrBroken.
func (c *Chain) Open(line []byte) (*Record, error) {
	text, seal, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
	if !ok {
		return nil, ErrBroken
	}
	got, err := strconv.ParseUint(string(seal), 16, 64)
	want := c.mac(text)
	if err != nil || got != want {
		return nil, ErrBroken
	}
	c.last = want
	rec := new(Record)
	if err := rec.parse(string(text)); err != nil {
		return nil, fmt.Errorf("decoding a sealed record: %w", err)
	}
	return rec, nil
}

// mac is what only those can know of text who have the key. With package crypto, every test binary would be linked with
// thirty packages more.
func (c *Chain) mac(text []byte) uint64 {
	return sipHash(c.key, append(appendUint64(nil, c.last), text...))
}
