package runner

import (
	"context"
	"strings"
	"sync"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// A solution that leaves servers behind, listening and serving, is as good as its answers: the process ends with its tests.
func TestServersThatAreNeverStopped(t *testing.T) {
	source := strings.Replace(adderReference, "package add\n", `package add

import "net"

func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			if conn, err := l.Accept(); err == nil {
				go conn.Write([]byte("hello"))
			}
		}
	}()
}
`, 1)
	rep, _ := run(t, solution(strings.Replace(source, "return a + b", "serve(); return a + b", 1)))
	if rep.Verdict != report.Accepted {
		t.Errorf("verdict %q, %q; want accepted", rep.Verdict, rep.Reason)
	}
}

func TestTenRunsAtOnce(t *testing.T) {
	r := newRunner(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			job, want := solution(adderReference), report.Accepted
			if i%2 == 1 {
				job, want = solution(strings.Replace(adderReference, "a + b", "a - b", 1)), report.WrongAnswer
			}
			var rep *report.Report
			err := r.Run(t.Context(), job, report.HandlerFunc(func(e report.Event) error { rep = e.Report; return nil }))
			if err != nil || rep.Verdict != want {
				t.Errorf("run %d: %v, %+v; want %q", i, err, rep, want)
			}
		})
	}
	wg.Wait()
}

// A run ends when it is canceled, in whatever phase, and leaves nothing.
func TestCancelInEachPhase(t *testing.T) {
	for _, phase := range []executor.Phase{executor.Build, executor.Test, executor.Bench} {
		t.Run(string(phase), func(t *testing.T) {
			r := newRunner(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			job := solution(adderReference)
			job.Goal = executor.Bench
			var rep *report.Report
			err := r.Run(ctx, job, report.HandlerFunc(func(e report.Event) error {
				if e.Step != nil && e.Step.Phase == string(phase) || e.Progress != nil && e.Progress.Phase == string(phase) {
					cancel()
				}
				rep = e.Report
				return nil
			}))
			if err != nil || rep.Verdict != report.Canceled {
				t.Errorf("Run = %v, %+v; want canceled", err, rep)
			}
			if ctx.Err() == nil {
				t.Errorf("no event told of phase %s", phase)
			}
		})
	}
	t.Run("waiting", func(t *testing.T) {
		r := newRunner(t)
		if _, err := r.newAttempt(solution(adderReference)); err != nil { // makes the places
			t.Fatal(err)
		}
		for range cap(r.places) {
			r.places <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var rep *report.Report
		err := r.Run(ctx, solution(adderReference), report.HandlerFunc(func(e report.Event) error {
			if e.Progress != nil {
				cancel()
			}
			rep = e.Report
			return nil
		}))
		if err != nil || rep.Verdict != report.Canceled {
			t.Errorf("Run = %v, %+v; want canceled", err, rep)
		}
	})
}

// Tests run in the order of files and lines, whatever a solution keeps between them.
func TestOrderIsTheSameInEachRun(t *testing.T) {
	source := strings.Replace(adderReference, "return a + b", "added = true; return a + b", 1)
	source = strings.Replace(source, "(sum int) {\n", "(sum int) {\n\tif !added {\n\t\treturn -1\n\t}\n", 1) + "\nvar added bool\n"
	for range 3 {
		if rep, _ := run(t, Job{Exercise: "add", Goal: executor.Test, Files: exercises.Files{"add.go": []byte(source)}}); rep.Verdict != report.Accepted {
			t.Errorf("verdict %q, %q; want accepted: TestSum runs after TestAdd", rep.Verdict, rep.Reason)
		}
	}
}
