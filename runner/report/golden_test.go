package report

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each stream in testdata is told by each handler, and what comes out is compared with the file beside it; of those in
// testdata/recorded, which are real runs of exercises, the text alone. What differs is written to the file's name with
// .got added; to accept it, rename it.
func TestGolden(t *testing.T) {
	handlers := map[string]func(io.Writer) Handler{
		".txt":           func(w io.Writer) Handler { return Text(w, TextOptions{}) },
		".terminal.txt":  func(w io.Writer) Handler { return Text(w, TextOptions{Color: true, Live: true, Verbose: true}) },
		".junit.xml":     JUnit,
		".exercism.json": Exercism,
	}
	for _, stream := range streams(t) {
		for ext, handler := range handlers {
			if ext != ".txt" && filepath.Base(filepath.Dir(stream)) == "recorded" {
				continue
			}
			t.Run(strings.TrimPrefix(stream, "testdata/")+ext, func(t *testing.T) {
				var b strings.Builder
				replayFile(t, stream, handler(&b))
				golden(t, strings.TrimSuffix(stream, ".jsonl")+ext, b.String())
			})
		}
	}
}

func streams(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"testdata/*.jsonl", "testdata/recorded/*.jsonl"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no stored streams in %s: %v", pattern, err)
		}
		all = append(all, names...)
	}
	return all
}

func replayFile(t *testing.T, name string, h Handler) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Replay(f, h); err != nil {
		t.Fatalf("replaying %s: %v", name, err)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err == nil && string(want) == got {
		return
	}
	if err := os.WriteFile(file+".got", []byte(got), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s differs (-want +got); to accept it: mv %[1]s.got %[1]s\n%s", file, cmp.Diff(string(want), got))
}

func TestStreamsCoverEveryVerdict(t *testing.T) {
	seen := map[Verdict]bool{}
	for _, stream := range streams(t) {
		replayFile(t, stream, HandlerFunc(func(e Event) error {
			if e.Report != nil {
				seen[e.Report.Verdict] = true
			}
			return nil
		}))
	}
	for _, v := range []Verdict{Accepted, WrongAnswer, TargetMissed, Inconclusive, CompileError, RuntimeError, TimeLimitExceeded,
		MemoryLimitExceeded, OutputLimitExceeded, ProcessLimitExceeded, Invalid, Canceled} {
		if !seen[v] {
			t.Errorf("no stream in testdata ends with %q", v)
		}
	}
}

// A stored stream, replayed into JSON, is the same stream.
func TestJSONIsReplayable(t *testing.T) {
	for _, stream := range streams(t) {
		var first, second strings.Builder
		replayFile(t, stream, JSON(&first))
		if err := Replay(strings.NewReader(first.String()), JSON(&second)); err != nil {
			t.Errorf("replaying what JSON wrote of %s: %v", stream, err)
		}
		if diff := cmp.Diff(first.String(), second.String()); diff != "" {
			t.Errorf("%s changes when it is replayed (-first +second):\n%s", stream, diff)
		}
	}
}

func TestListsOfAReportAreNeverNull(t *testing.T) {
	data, err := json.Marshal(Event{Report: &Report{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"steps", "tests", "benchmarks", "series", "diagnostics"} {
		if !strings.Contains(string(data), `"`+list+`":[]`) {
			t.Errorf("an empty report has no %q:[] in %s", list, data)
		}
	}
}

// Only the report: everything that people need is in it.
func TestTextOfAReportAlone(t *testing.T) {
	for _, name := range []string{"wrong-answer", "compile-error", "time-limit"} {
		var events []Event
		replayFile(t, "testdata/"+name+".jsonl", Collect(&events))
		last := events[len(events)-1]
		var whole, alone strings.Builder
		replayFile(t, "testdata/"+name+".jsonl", Text(&whole, TextOptions{}))
		if err := Text(&alone, TextOptions{}).Handle(last); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(alone.String(), "\n") {
			if !strings.Contains(whole.String(), line) {
				t.Errorf("%s: told by the report alone, but not by the stream: %q", name, line)
			}
		}
		for _, part := range []string{string(last.Report.Verdict), last.Report.Reason} {
			if !strings.Contains(alone.String(), part) {
				t.Errorf("%s: the report alone does not tell %q:\n%s", name, part, alone.String())
			}
		}
	}
}

func TestJUnitIsXML(t *testing.T) {
	for _, stream := range streams(t) {
		var b strings.Builder
		replayFile(t, stream, JUnit(&b))
		var suites junitSuites
		if err := xml.Unmarshal([]byte(b.String()), &suites); err != nil {
			t.Errorf("%s: %v\n%s", stream, err, b.String())
			continue
		}
		s := suites.Suites[0]
		if s.Tests != len(s.Cases) {
			t.Errorf("%s: the suite says %d tests and holds %d", stream, s.Tests, len(s.Cases))
		}
		accepted := strings.Contains(b.String(), `value="accepted"`)
		if green := s.Failures+s.Errors == 0; green != accepted {
			t.Errorf("%s: accepted is %v, but the suite shows %d failures and %d errors", stream, accepted, s.Failures, s.Errors)
		}
	}
}

func TestExercismStatus(t *testing.T) {
	for name, want := range map[string]string{"accepted": "pass", "wrong-answer": "fail", "compile-error": "error",
		"target-missed": "fail", "invalid": "error", "time-limit": "fail"} {
		var b strings.Builder
		replayFile(t, "testdata/"+name+".jsonl", Exercism(&b))
		var got exercismResults
		if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Status != want {
			t.Errorf("%s: status %q, want %q", name, got.Status, want)
		}
		if (got.Status == "error") != (got.Message != nil) {
			t.Errorf("%s: status %q with message %v: a message belongs to error and to nothing else", name, got.Status, got.Message)
		}
	}
}
