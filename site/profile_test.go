package site

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hotloop/runner/measure"
	"hotloop/runner/profile"
	"hotloop/runner/report"
	"hotloop/site/history"
)

// recordProfile keeps the stored run of package report as an attempt at add, with one sample in it.
func recordProfile(t *testing.T, ts *testSite) (id int64, rep *report.Report) {
	t.Helper()
	stream, err := os.ReadFile("../runner/report/testdata/profile.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var events bytes.Buffer
	out := report.JSON(&events)
	if err := out.Handle(report.Event{Sample: &measure.Sample{Benchmark: "Sum", Variant: "yours", Unit: "sec/op", Value: 1e-6, N: 100}}); err != nil {
		t.Fatal(err)
	}
	last := report.HandlerFunc(func(e report.Event) error {
		if e.Report != nil {
			rep = e.Report
		}
		return out.Handle(e)
	})
	if err := report.Replay(bytes.NewReader(stream), last); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	id, err = ts.store.Record(t.Context(), history.Attempt{Exercise: "add", Goal: "profile", Verdict: "accepted", Origin: history.CLI, Report: raw, Events: events.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	return id, rep
}

func TestProfilePage(t *testing.T) {
	ts := newSite(t)
	id, rep := recordProfile(t, ts)
	base := attemptURL("add", id)

	for _, path := range []string{base, "/exercises/add"} {
		doc := ts.get(path).html(t)
		checkPolicy(t, path, doc)
		section := one(t, doc, "run-profile")
		if n := len(all(section, withAttr("class", "flame"))); n != 2 {
			t.Errorf("GET %s: %d flame graphs, want those of CPU time and memory of yours", path, n)
		}
		links := 0
		for _, a := range all(section, tag("a")) {
			if strings.HasPrefix(attr(a, "href"), base+"/profile?") {
				links++
			}
		}
		if links < 4 {
			t.Errorf("GET %s: %d links to the profile, want one for each box", path, links)
		}
	}

	// Following a box's link leads to the same graph with that box on top of what it called.
	doc := ts.get(base + "/profile").html(t)
	checkPolicy(t, "profile", doc)
	var sum string
	for _, a := range all(one(t, doc, "flame"), tag("a")) {
		if strings.HasPrefix(attr(a, "aria-label"), "sum: ") {
			sum = attr(a, "href")
		}
	}
	if !strings.Contains(sum, "focus=") {
		t.Fatalf("the box of sum leads to %q, want a focus", sum)
	}
	focused := one(t, ts.get(strings.TrimSuffix(sum, "#flame")).html(t), "flame")
	crumbs := all(focused, withAttr("aria-label", "Callers"))
	if len(crumbs) != 1 || !strings.HasSuffix(strings.TrimSpace(textOf(crumbs[0])), "Triangle›sum") {
		t.Errorf("focused on sum, its callers are %q", textOf(crumbs[0]))
	}
	naive := ts.get(base + "/profile?of=naive&kind=cpu").html(t)
	if len(all(naive, withAttr("class", "heat"))) > 0 {
		t.Error("beside naive's profile stand lines of the learner's")
	}
	for _, query := range []string{"?kind=none", "?of=reference", "?focus=9", "?focus=x", "?focus=0.0.0.0.0.0.0.0.0.0", "?focus=-1"} {
		ts.get(base+"/profile"+query).want(t, 404)
	}

	for _, p := range rep.Profiles {
		name := (&report.Pprof{Variant: p.Variant, Kind: p.Kind}).Name()
		res := ts.get(base+"/"+name).want(t, 200)
		read, err := profile.Read(p.Kind, []byte(res.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := read.Report(p.Variant, nil, nil, false); got.Samples != p.Samples || got.Objects != p.Objects {
			t.Errorf("%s has %d samples, %d objects; want %d, %d", name, got.Samples, got.Objects, p.Samples, p.Objects)
		}
		if got := res.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
			t.Errorf("%s: Content-Disposition is %q", name, got)
		}
	}
	if got := ts.get(base+"/"+benchfmtFile).want(t, 200).body; !strings.Contains(string(got), "BenchmarkSum/variant=yours 100 1e-06 sec/op") {
		t.Errorf("%s holds %q", benchfmtFile, got)
	}
	ts.get(base+"/reference-cpu.pb.gz").want(t, 404)
}

// A box is drawn where it belongs: children side by side below their caller, what is too narrow left out.
func TestFlameDrawsShares(t *testing.T) {
	root := &profile.Node{Name: "all", Value: 1000, Children: []*profile.Node{
		{Name: "a<b>", Class: "own", Value: 600, Children: []*profile.Node{{Name: "path/to/pkg.F[path/x.T]", Class: "other", Value: 300}}},
		{Name: "c", Class: "tests", Value: 397},
		{Name: "tiny", Class: "other", Value: 3}}}
	href := func(path string) string { return "?focus=" + path + "&x" }
	whole := string((&flame{unit: "sec", label: "l", href: href}).draw(root, ""))
	for _, want := range []string{`<a href="?focus=0&amp;x" aria-label="a&lt;b&gt;: 600 s, 60.0 %">`, `x="0.000%" y="22" width="60.000%"`, `x="60.000%" y="22" width="39.700%"`,
		`<a href="?focus=0.0&amp;x"`, `x="0.000%" y="44" width="30.000%"`, `<text x="6" y="15">pkg.F[path/x.T]</text>`} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %s in\n%s", want, whole)
		}
	}
	if strings.Contains(whole, "tiny") {
		t.Error("a box of three thousandths is drawn")
	}
	focused := string((&flame{unit: "sec", label: "l", href: href}).draw(root, "0"))
	if !strings.Contains(focused, `x="0.000%" y="44" width="50.000%"`) || strings.Contains(focused, ">c<") {
		t.Errorf("focused on the first box, its half is not half as wide as the whole, or others are there:\n%s", focused)
	}
	if plain := string((&flame{unit: "sec", label: "l"}).draw(root, "")); strings.Contains(plain, "<a ") || !strings.Contains(plain, `role="img"`) {
		t.Error("without addresses there are links")
	}
}
