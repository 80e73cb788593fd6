package report

import (
	"errors"
	"os"
	"strings"
	"testing"
)

const last = `{"report":{"verdict":"accepted"}}` + "\n"

func TestReplay(t *testing.T) {
	for _, tt := range []struct {
		name, stream string
		events       int
		err          string // part of the error; "" if there is none
	}{
		{"one report", last, 1, ""},
		{"no newline at the end", strings.TrimSpace(last), 1, ""},
		{"blank lines and spaces", "\n  " + last + "\r\n\n", 1, ""},
		{"fields of the future", `{"test":{"name":"T","status":"pass","mood":"good"},"of":1}` + "\n" + last, 2, ""},
		{"events of the future", `{"heartbeat":{"beats":9}}` + "\n" + last, 1, ""},
		{"empty", "", 0, ErrNoReport.Error()},
		{"cut off between lines", `{"step":{"phase":"build"}}` + "\n", 1, ErrNoReport.Error()},
		{"cut off in a line", last[:12], 0, "line 1: not an event"},
		{"not JSON", `{"step":{}}` + "\nhello\n" + last, 1, "line 2: not an event"},
		{"wrong type", `{"step":{"seconds":"many"}}` + "\n" + last, 0, "line 1: not an event"},
		{"two at once", `{"step":{},"test":{}}` + "\n", 0, "line 1: not an event: more than one"},
		{"more after the report", last + last, 1, "line 2: there is more after the report"},
		{"too long", strings.Repeat(" ", maxLine+5), 0, "line 1: longer than"},
	} {
		var events []Event
		err := Replay(strings.NewReader(tt.stream), Collect(&events))
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: Replay: %v, want %q", tt.name, err, tt.err)
		}
		if len(events) != tt.events {
			t.Errorf("%s: %d events, want %d", tt.name, len(events), tt.events)
		}
	}
}

func TestReplayStopsAtTheHandlersError(t *testing.T) {
	full := errors.New("disk full")
	err := Replay(strings.NewReader(`{"step":{}}`+"\n"+last), HandlerFunc(func(Event) error { return full }))
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("Replay with a failing handler: %v, want line 1 and the handler's error", err)
	}
}

func TestTeeTellsAll(t *testing.T) {
	first, third := errors.New("first"), errors.New("third")
	told := 0
	fail := func(err error) Handler { return HandlerFunc(func(Event) error { told++; return err }) }
	err := Tee(fail(first), fail(nil), fail(third)).Handle(Event{Step: &Step{}})
	if told != 3 || !errors.Is(err, first) || !errors.Is(err, third) {
		t.Errorf("Tee told %d of 3 handlers and returned %v, want both errors", told, err)
	}
}

// A terminal that goes away must stop the run and not be written to again.
func TestHandlersReturnErrorsOfTheWriter(t *testing.T) {
	for name, h := range map[string]Handler{
		"text":     Text(&brokenPipe{left: 10}, TextOptions{Verbose: true}),
		"json":     JSON(&brokenPipe{left: 10}),
		"junit":    JUnit(&brokenPipe{left: 10}),
		"exercism": Exercism(&brokenPipe{left: 10}),
	} {
		f, err := os.Open("testdata/wrong-answer.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if err := Replay(f, h); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: writing to a broken pipe: %v, want its error", name, err)
		}
		f.Close()
	}
}

type brokenPipe struct{ left int }

func (p *brokenPipe) Write(b []byte) (int, error) {
	if p.left -= len(b); p.left < 0 {
		return 0, os.ErrClosed
	}
	return len(b), nil
}

func FuzzReplay(f *testing.F) {
	for _, name := range []string{"accepted", "hostile", "inconclusive", "compile-error"} {
		data, err := os.ReadFile("testdata/" + name + ".jsonl")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`{"report":{"benchmarks":[{"yours":{},"target":{}}],"series":[{"points":[[1,2]]},{"points":[]}]}}`)
	f.Add(`{"report":{"series":[{"points":[[0,-1.7e308],[1,1.7e308]]}]}}`)
	f.Add(`{"report":{"started":"bad"}}`)
	f.Fuzz(func(t *testing.T, stream string) {
		var text, junit, exercism strings.Builder
		Replay(strings.NewReader(stream), Tee(Text(&text, TextOptions{Color: true, Live: true, Verbose: true}),
			JUnit(&junit), Exercism(&exercism)))
		for _, out := range []string{junit.String(), exercism.String()} {
			if strings.ContainsAny(out, "\x00\x1b") {
				t.Errorf("a control character came through: %q", out)
			}
		}
	})
}
