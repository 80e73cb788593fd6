package site

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotloop/runner/report"
	"hotloop/site/history"
)

var update = flag.Bool("update", false, "write testdata/*.html anew")

// TestGoldenResults replays stored runs into the sections of the page.
func TestGoldenResults(t *testing.T) {
	ts := newSite(t)
	streams, err := filepath.Glob("../runner/report/testdata/*.jsonl")
	if err != nil || len(streams) < 10 {
		t.Fatalf("%d stored runs, %v; want those of package report", len(streams), err)
	}
	for _, path := range streams {
		name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		t.Run(name, func(t *testing.T) {
			stream, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			res := newResults(nil, "test")
			if err := report.Replay(bytes.NewReader(stream), res); err != nil {
				t.Fatal(err)
			}
			html, err := res.sections(ts.site.templates)
			if err != nil {
				t.Fatal(err)
			}
			checkPolicy(t, name, parse(t, string(html["charts"])))
			html["charts"] = "" // package chart has golden files of its own
			b, err := ts.site.templates.execute("", "results", html)
			if err != nil {
				t.Fatal(err)
			}
			checkIDs(t, name, parse(t, `<div id="code"></div>`+string(b))) // the page around has it
			checkPolicy(t, name, parse(t, string(b)))
			golden(t, filepath.Join("testdata", name+".html"), b)
		})
	}
}

// golden compares with a file; what differs is left beside it as .got.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./site -run Golden -update writes it", err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		if err := os.WriteFile(path+".got", got, 0o644); err != nil {
			t.Error(err)
		}
		t.Errorf("%s differs (-want +got); see %s.got:\n%s", path, path, d)
	}
}

const evil = `</script></textarea><script>alert(1)</script><img src=x onerror=alert(1)>"'`

// TestLearnersTextIsText puts markup into everything that a learner's program decides on.
func TestLearnersTextIsText(t *testing.T) {
	ts := newSite(t)
	rep := &report.Report{Exercise: "add", Goal: "bench", Verdict: report.WrongAnswer, Reason: evil,
		Steps:       []report.Step{{Phase: evil, Status: evil, Note: evil}},
		Tests:       []report.Test{{Name: "Test" + evil, Status: report.TestFail, Message: evil, Output: evil}, {Name: "Test" + evil + "/" + evil, Status: report.TestFail, Message: evil}},
		Diagnostics: []report.Diagnostic{{File: evil, Line: 1, Column: 1, Message: evil}},
		Benchmarks:  []report.Benchmark{{Name: evil, Unit: evil, Note: evil, Target: &report.Target{Speedup: 2}, Met: evil}},
		Series:      []report.Series{{Name: evil, Unit: evil, Variant: evil, Axis: evil, Points: [][2]float64{{0, 1}, {1, 2}}}},
		Profiles: []report.Profile{{Variant: "yours", Kind: evil, Unit: evil, Total: 2, Benchmarks: []string{evil}, Note: evil,
			Functions: []report.ProfileFunction{{Name: evil, File: evil, Own: true, Flat: 1, Cum: 2}},
			Lines:     []report.ProfileLine{{File: evil, Line: 1, Text: evil, Cum: 2}}}},
		Environment: report.Environment{Go: evil, OS: evil, Arch: evil, CPU: evil}}
	var stream bytes.Buffer
	h := report.JSON(&stream)
	if err := tell(h, report.Event{Output: &report.Output{Stream: "stdout", Text: evil}}, report.Event{Progress: &report.Progress{Phase: evil, Text: evil}},
		report.Event{Report: rep}); err != nil {
		t.Fatal(err)
	}
	id, err := ts.store.Record(t.Context(), history.Attempt{Exercise: "add", Goal: evil, Verdict: evil, Reason: evil, Origin: evil,
		Report: []byte("{}"), Events: stream.Bytes(), Files: map[string][]byte{evil + ".go": []byte(evil)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ts.store.SaveDraft(t.Context(), history.Draft{Exercise: "add", Why: evil, Files: map[string][]byte{evil: []byte(evil)}}); err != nil {
		t.Fatal(err)
	}
	ts.put(evil, starter).want(t, 200)
	query := "?q=%3Cscript%3Ealert(1)%3C/script%3E&topic=%3Cscript%3E&%22onload=%22"
	paths := append([]string{attemptURL("add", id), "/search" + query, "/exercises" + query, "/exercises/%3Cscript%3Ealert(1)", "/%3Cscript%3E"}, pages...)
	for _, path := range paths {
		doc := ts.get(path).html(t)
		checkPolicy(t, path, doc)
		for _, n := range all(doc, tag("script")) {
			if strings.Contains(textOf(n), "alert(1)") && attr(n, "type") != "application/json" {
				t.Errorf("GET %s: a script of the learner's", path)
			}
		}
		if list := all(doc, tag("img")); len(list) > 0 {
			t.Errorf("GET %s: %d images of the learner's", path, len(list))
		}
	}
	if got := textOf(one(t, ts.get(attemptURL("add", id)).html(t), "run-output")); !strings.Contains(got, "<script>alert(1)</script>") {
		t.Errorf("the output is not shown as it was printed: %s", got)
	}
	area := all(ts.get("/exercises/add").html(t), withAttr("data-file", "add.go"))[0]
	if got := area.FirstChild.Data; got != evil {
		t.Errorf("the editor holds %q, want %q", got, evil)
	}
}

func TestShownOutputIsBounded(t *testing.T) {
	res := newResults(nil, "test")
	chunk := strings.Repeat("é", 1000)
	for range 100 {
		if err := res.Handle(report.Event{Output: &report.Output{Stream: "stdout", Text: chunk}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(res.Output[0].Text); n > maxShownOutput || !res.Cut {
		t.Errorf("%d bytes are shown, cut %v; want at most %d", n, res.Cut, maxShownOutput)
	}
}

func TestTestRows(t *testing.T) {
	res := newResults(nil, "test")
	for _, test := range []report.Test{
		{Name: "TestB", Status: report.TestRun}, {Name: "TestB/one", Status: report.TestFail}, {Name: "TestA", Status: report.TestPass}, {Name: "TestB", Status: report.TestFail},
	} {
		if err := res.Handle(report.Event{Test: &test}); err != nil {
			t.Fatal(err)
		}
	}
	rows := res.TestRows()
	if len(rows) != 2 || rows[0].Name != "TestB" || rows[0].Status != report.TestFail || len(rows[0].Subs) != 1 || rows[1].Name != "TestA" {
		t.Errorf("rows are %+v; want TestB with one sub-test, then TestA", rows)
	}
	if c := res.TestCount(); c.Passed != 1 || c.All != 2 {
		t.Errorf("%d of %d, want 1 of 2", c.Passed, c.All)
	}
}
