package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/report"
)

const latencyBench = `package add

import (
	"testing"
	"time"

	"hotloop/exercises/kit"
)

func BenchmarkServe(b *testing.B) {
	var r kit.Report
	for b.Loop() {
		r = kit.OpenLoop(b, 500, 100*time.Millisecond, func() error { Sum([]int{1, 2}); return nil })
		if r.Failed > 0 {
			b.Fatal(r.FirstErr)
		}
		r.Lat.Chart("latency")
	}
	r.Lat.ReportMetrics(b)
}
`

// A latency is what an exercise can set a target on, and its distribution a series of percentiles.
func TestLatencyTarget(t *testing.T) {
	content := adder()
	const dir = "arithmetic/add/"
	yaml := adderYAML[:strings.Index(adderYAML, "targets:")] + `targets:
  - {benchmark: Serve, unit: p99-sec, at_most: 5, why: Nobody waits that long.}
charts:
  - {kind: latency, of: latency, unit: sec, title: Latency}
` + adderYAML[strings.Index(adderYAML, "hints:"):]
	content[dir+"exercise.yaml"] = &fstest.MapFile{Data: []byte(yaml)}
	content[dir+"add_bench_test.go"] = &fstest.MapFile{Data: []byte(latencyBench)}
	catalog, err := exercises.Load(content)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t)
	r.Exercises = catalog
	var events []report.Event
	if err := r.Run(t.Context(), benchJob(adderReference), report.Collect(&events)); err != nil {
		t.Fatal(err)
	}
	rep := events[len(events)-1].Report
	if rep.Verdict != report.Accepted {
		t.Fatalf("verdict %q, %q; want accepted", rep.Verdict, rep.Reason)
	}
	p50, p99, most := find(t, rep, "Serve", "p50-sec"), find(t, rep, "Serve", "p99-sec"), find(t, rep, "Serve", "max-sec")
	if p99.Met != measure.Yes || p50.Yours.Center <= 0 || p50.Yours.Center > p99.Yours.Center || p99.Yours.Center > most.Yours.Center {
		t.Errorf("p50 %+v, p99 %+v (%s), max %+v; want them in this order, and the target met", p50.Yours, p99.Yours, p99.Met, most.Yours)
	}
	i := slices.IndexFunc(rep.Series, func(s report.Series) bool { return s.Name == "latency" && s.Variant == "yours" })
	if i < 0 || rep.Series[i].Axis != measure.PercentileAxis || len(rep.Series[i].Points) != 7 {
		t.Fatalf("series %+v; want one of seven percentiles", rep.Series)
	}
	var text strings.Builder
	if err := report.Text(&text, report.TextOptions{}).Handle(events[len(events)-1]); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "latency      p50") || !strings.Contains(text.String(), "p99.9") {
		t.Errorf("the terminal shows no table of percentiles:\n%s", text.String())
	}
}
