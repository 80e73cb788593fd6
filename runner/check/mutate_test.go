package check

import (
	"context"
	"slices"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner"
	"hotloop/runner/report"
)

func TestMutations(t *testing.T) {
	const source = `package p

func F(xs []int, ok bool) (n int, err error) {
	for _, x := range xs {
		if x < 3 && ok {
			n += x
			continue
		}
	}
	if ok {
		n++
	}
	defer g()
	return n, nil
}
`
	found, err := mutations("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.change+": "+m.text)
		mutant := string(m.apply(exercises.Files{"p.go": []byte(source)})["p.go"])
		if _, err := mutations("p.go", []byte(mutant)); err != nil || mutant == source {
			t.Errorf("%s of line %d gives a file that is the same or does not parse: %v", m.change, m.line, err)
		}
	}
	want := []string{
		"< becomes <=: if x < 3 && ok {", "< becomes >=: if x < 3 && ok {", "&& becomes ||: if x < 3 && ok {",
		"removed: n += x", "+= becomes -=: n += x", "removed: continue", "condition negated: if ok {",
		"removed: n++", "++ becomes --: n++", "removed: defer g()", "returns the zero value for n: return n, nil",
	}
	if !slices.Equal(got, want) {
		t.Errorf("mutations:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMutate(t *testing.T) {
	e := add(t) // func Add(a, b int) int { return a + b }: + becomes -, and the zero value
	answer := func(minus, zero report.Verdict) runner.Func {
		return func(_ context.Context, job runner.Job, h report.Handler) error {
			verdict := minus
			if strings.Contains(string(job.Files["add.go"]), "*new(int)") {
				verdict = zero
			}
			return h.Handle(report.Event{Report: &report.Report{Verdict: verdict}})
		}
	}
	line := "func Add(a, b int) int { return a + b }"
	for _, tt := range []struct {
		name       string
		run        runner.Func
		equivalent []exercises.Equivalent
		want       Score
	}{
		{"all killed", answer(report.WrongAnswer, report.TimeLimitExceeded), nil, Score{Mutants: 2, Killed: 2}},
		{"one does not compile", answer(report.CompileError, report.WrongAnswer), nil, Score{Mutants: 1, Killed: 1}},
		{"one survives", answer(report.Accepted, report.WrongAnswer), nil,
			Score{Mutants: 2, Killed: 1, Survivors: []string{"add.go:3: + becomes -: " + line}}},
		{"one is equivalent", answer(report.Accepted, report.WrongAnswer), []exercises.Equivalent{{File: "add.go", Line: line, Mutation: "+ becomes -", Reason: "r"}},
			Score{Mutants: 2, Killed: 1, Equivalent: 1}},
		{"what is called equivalent is killed", answer(report.WrongAnswer, report.WrongAnswer), []exercises.Equivalent{{File: "add.go", Line: line, Mutation: "+ becomes -", Reason: "r"}},
			Score{Mutants: 2, Killed: 2, Stale: []string{"add.go: + becomes -: " + line}}},
	} {
		e.Equivalent = tt.equivalent
		got, err := Mutate(t.Context(), tt.run, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Mutants != tt.want.Mutants || got.Killed != tt.want.Killed || got.Equivalent != tt.want.Equivalent ||
			!slices.Equal(got.Survivors, tt.want.Survivors) || !slices.Equal(got.Stale, tt.want.Stale) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
