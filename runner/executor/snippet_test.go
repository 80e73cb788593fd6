package executor

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"hotloop/runner/measure"
	"hotloop/runner/report"
)

func out(stream, text string) report.Event {
	return report.Event{Output: &report.Output{Stream: stream, Text: text}}
}

func point(series string, x, y float64) report.Event {
	return report.Event{Point: &measure.Point{Series: series, Unit: "B", Variant: "yours", Axis: "n", X: x, Y: y}}
}

func collect(t *testing.T, stream string, r io.Reader) []report.Event {
	t.Helper()
	var events []report.Event
	for e, err := range DecodeSnippet(stream, r) {
		if err != nil {
			t.Fatalf("DecodeSnippet: %v", err)
		}
		events = append(events, e)
	}
	return events
}

func TestDecodeSnippet(t *testing.T) {
	const line = `{"chart":{"series":"heap","unit":"B","axis":"n","x":1,"y":2.5}}` + "\n"
	long := strings.Repeat("x", 3*longestLine)
	tests := []struct {
		name, stream, text string
		want               []report.Event
	}{
		{"nothing", Stdout, "", nil},
		{"text", Stdout, "a\nb\n", []report.Event{out(Stdout, "a\nb\n")}},
		{"no last newline", Stdout, "a\nb", []report.Event{out(Stdout, "a\n"), out(Stdout, "b")}},
		{"a point", Stdout, line, []report.Event{point("heap", 1, 2.5)}},
		{"a point without newline", Stdout, strings.TrimSpace(line), []report.Event{point("heap", 1, 2.5)}},
		{"a point between text", Stdout, "a\n" + line + "b\n",
			[]report.Event{out(Stdout, "a\n"), point("heap", 1, 2.5), out(Stdout, "b\n")}},
		{"blanks", Stdout, `  {"chart" : {"x": 0, "y": 0, "series": "heap", "unit":"B","axis":"n", "more": 1}}` + "\r\n",
			[]report.Event{point("heap", 0, 0)}},
		{"stderr draws nothing", Stderr, line, []report.Event{out(Stderr, line)}},
		{"no y", Stdout, `{"chart":{"series":"heap","x":1}}`, []report.Event{out(Stdout, `{"chart":{"series":"heap","x":1}}`)}},
		{"no series", Stdout, `{"chart":{"x":1,"y":1}}`, []report.Event{out(Stdout, `{"chart":{"x":1,"y":1}}`)}},
		{"not JSON", Stdout, `{"chart":{`, []report.Event{out(Stdout, `{"chart":{`)}},
		{"infinite", Stdout, `{"chart":{"series":"s","x":1,"y":1e999}}`, []report.Event{out(Stdout, `{"chart":{"series":"s","x":1,"y":1e999}}`)}},
		{"within a line", Stdout, "see " + line, []report.Event{out(Stdout, "see "+line)}},
		{"long name", Stdout, strings.Replace(line, "heap", strings.Repeat("h", 201), 1),
			[]report.Event{out(Stdout, strings.Replace(line, "heap", strings.Repeat("h", 201), 1))}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, collect(t, tt.stream, strings.NewReader(tt.text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if got := collect(t, tt.stream, iotest.OneByteReader(strings.NewReader(tt.text))); text(got) != text(tt.want) {
			t.Errorf("%s, byte by byte: text %q, want %q", tt.name, text(got), text(tt.want))
		}
	}
	if got := text(collect(t, Stdout, strings.NewReader(long+line+line))); got != long+line {
		t.Errorf("a point at the end of a long line: got %d bytes of output, want %d: it is text, the next line is not", len(got), len(long+line))
	}
}

// text is all output, joined.
func text(events []report.Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Output != nil {
			b.WriteString(e.Output.Text)
		}
	}
	return b.String()
}

// A line is told when it is complete, not when the stream ends.
func TestDecodeSnippetIsPrompt(t *testing.T) {
	r, w := io.Pipe()
	events := make(chan report.Event)
	go func() {
		defer close(events)
		for e := range DecodeSnippet(Stdout, r) {
			events <- e
		}
	}()
	go io.WriteString(w, "first\nsec")
	if diff := cmp.Diff(out(Stdout, "first\n"), <-events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	go func() {
		io.WriteString(w, "ond\n")
		w.Close()
	}()
	if diff := cmp.Diff(out(Stdout, "second\n"), <-events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for e := range events {
		t.Errorf("an event too many: %+v", e)
	}
}

func TestDecodeSnippetFails(t *testing.T) {
	broken := errors.New("broken")
	var got report.Event
	var err error
	for e, e2 := range DecodeSnippet(Stdout, io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken))) {
		if e2 == nil {
			got = e
		}
		err = e2
	}
	if !errors.Is(err, broken) || got.Output == nil || got.Output.Text != "b" {
		t.Errorf("the last event is %+v, the error %v; want what was read before the error, then the error", got, err)
	}
	for range DecodeSnippet(Stdout, strings.NewReader(strings.Repeat("x\n", longestLine))) {
		break // must not go on by itself
	}
}
