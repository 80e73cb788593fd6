package report

import (
	"strings"
	"testing"

	"hotloop/runner/measure"
)

func TestBenchfmt(t *testing.T) {
	var out strings.Builder
	h := Benchfmt(&out)
	for _, e := range []Event{
		{Sample: &measure.Sample{Benchmark: "GetHit", Variant: "naive", Unit: "sec/op", Value: 2e-6, N: 1000}},
		{Sample: &measure.Sample{Benchmark: "GetHit", Variant: "yours", Unit: "sec/op", Value: 1e-6, N: 2000}},
		{Sample: &measure.Sample{Benchmark: "GetHit", Variant: "yours", Unit: "allocs/op", Value: 3, N: 2000}},
		{Report: &Report{Exercise: "lru-cache", Verdict: Accepted, Seed: 7, Environment: Environment{OS: "linux", Arch: "amd64"}}},
	} {
		if err := h.Handle(e); err != nil {
			t.Fatal(err)
		}
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"exercise: lru-cache", "goos: linux", "seed: 7", "BenchmarkGetHit/variant=naive 1000 2e-06 sec/op",
		"BenchmarkGetHit/variant=yours 2000 1e-06 sec/op 3 allocs/op"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
