package gotool

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

func decode(t *testing.T, phase executor.Phase, stream, text string) (events []report.Event) {
	t.Helper()
	for e, err := range new(Executor).Decode(phase, stream, iotest.OneByteReader(strings.NewReader(text))) {
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		events = append(events, e)
	}
	return events
}

func TestDecodeCompiler(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []report.Diagnostic
	}{
		{
			"one error",
			"# solution\n./lru.go:3:7: undefined: x\n",
			[]report.Diagnostic{{File: "lru.go", Line: 3, Column: 7, Message: "undefined: x", Severity: "error"}},
		},
		{
			"a message of several lines",
			"# solution\n./lru.go:3:7: not enough arguments in call to f\n\thave ()\n\twant (int)\n./lru.go:9:1: other\n",
			[]report.Diagnostic{
				{File: "lru.go", Line: 3, Column: 7, Message: "not enough arguments in call to f\n\thave ()\n\twant (int)", Severity: "error"},
				{File: "lru.go", Line: 9, Column: 1, Message: "other", Severity: "error"},
			},
		},
		{
			"tests that miss a function, told once",
			"# solution [solution.test]\n./lru_test.go:3:7: undefined: New\n./lru_test.go:4:7: undefined: New\n",
			[]report.Diagnostic{{File: "lru_test.go", Line: 3, Column: 7, Message: "the tests use New, which your code does not have", Severity: "error"}},
		},
		{
			"tests that miss a method",
			"./lru_test.go:3:7: c.Peek undefined (type *Cache[int,int] has no field or method Peek)\n",
			[]report.Diagnostic{{File: "lru_test.go", Line: 3, Column: 7, Severity: "error",
				Message: "the tests use Peek, which your code does not have: c.Peek undefined (type *Cache[int,int] has no field or method Peek)"}},
		},
		{
			"a name that the tests have, too",
			"./lru_test.go:3:7: full redeclared in this block\n\t./lru.go:30:6: other declaration of full\n",
			[]report.Diagnostic{{File: "lru.go", Line: 30, Column: 6, Message: "full is already declared by the tests; give yours another name", Severity: "error"}},
		},
		{
			"too many errors",
			"./lru.go:3:7: a\n./lru.go:4:7: too many errors\n",
			[]report.Diagnostic{{File: "lru.go", Line: 3, Column: 7, Message: "a", Severity: "error"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []report.Diagnostic
			for _, e := range decode(t, executor.Build, executor.Stderr, tt.text) {
				if e.Diagnostic == nil {
					t.Fatalf("event %+v is no diagnostic", e)
				}
				got = append(got, *e.Diagnostic)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeVetKeepsToTheSolution(t *testing.T) {
	events := decode(t, executor.Vet, executor.Stderr, "# solution\n# [solution]\n./lru_test.go:3:1: in a test\nvet: ./lru.go:3:7: odd\n")
	want := []report.Event{{Diagnostic: &report.Diagnostic{File: "lru.go", Line: 3, Column: 7, Message: "odd", Severity: "warning"}}}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeTests(t *testing.T) {
	const text = "\x16=== RUN   TestA\nno newline    a_test.go:5: bad\n    a_test.go:6: multi\n        line\nprinted\n" +
		"\x16=== RUN   TestA/sub\n    a_test.go:7: worse\n\x16    --- FAIL: TestA/sub (0.25s)\n\x16=== NAME  TestA\n\x16--- FAIL: TestA (1.50s)\n" +
		"\x16=== NAME  \n\x16=== RUN   TestB\n\x16=== PAUSE TestB\n\x16=== CONT  TestB\ncut off\x16--- SKIP: TestB (0.00s)\nPASS\n"
	var got []report.Test
	var printed strings.Builder
	for _, e := range decode(t, executor.Test, executor.Stdout, text) {
		if e.Test != nil {
			got = append(got, *e.Test)
		}
		if e.Output != nil {
			printed.WriteString(e.Output.Text)
		}
	}
	want := []report.Test{
		{Name: "TestA", Status: "run"},
		{Name: "TestA/sub", Status: "run"},
		{Name: "TestA/sub", Status: "fail", Seconds: 0.25, Message: "a_test.go:7: worse", Output: "    a_test.go:7: worse\n"},
		{Name: "TestA", Status: "fail", Seconds: 1.5, Message: "a_test.go:5: bad\na_test.go:6: multi\nline\nsub: a_test.go:7: worse",
			Output: "no newline    a_test.go:5: bad\n    a_test.go:6: multi\n        line\nprinted\n"},
		{Name: "TestB", Status: "run"},
		{Name: "TestB", Status: "skip", Output: "cut off"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
	if strings.Contains(printed.String(), "---") || !strings.Contains(printed.String(), "printed\n") {
		t.Errorf("output %q; want what was printed, without package testing's lines", printed.String())
	}
}

func TestDecodeCrash(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"panic", "panic: boom [recovered, repanicked]\n\ngoroutine 7 [running]:\ntesting.tRunner.func1.2()\n\ttesting/testing.go:1974 +0x232\n" +
			"solution.(*Cache).Get(...)\n\tsolution/lru.go:12 +0x25\nsolution.TestC()\n\tsolution/lru_test.go:7\n", "lru.go:12: panic: boom"},
		{"only in a test", "panic: boom\n\ngoroutine 7 [running]:\nsolution.TestC()\n\tsolution/lru_test.go:7 +0x25\n", "lru_test.go:7: panic: boom"},
		{"deadlock", "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [x]:\n\tsolution/lru.go:3 +0x1\n",
			"lru.go:3: deadlock: every goroutine waits, and none is left to wake another"},
		{"race", "==================\nWARNING: DATA RACE\nWrite at 0x1 by goroutine 8:\n  solution.f()\n      solution/lru.go:3 +0x1\n",
			"lru.go:3: data race: two goroutines use this at the same time, and one of them writes"},
		{"snippet", "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\tsnippet/main.go:3 +0x1\n", "main.go:3: panic: no"},
		{"generated files", "SIGQUIT: quit\n\ngoroutine 1 [x]:\nsolution.TestMain(0x1)\n\tsolution/" + entryFile + ":10 +0x1\n" +
			"goroutine 7 [x]:\nsolution.hotloop_track(0x1)\n\tsolution/" + mainFile + ":20 +0x1\n", ""},
		{"just text", "solution/lru.go:3\n\tsolution/lru.go:3\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, printed := "", ""
			for _, e := range decode(t, executor.Test, executor.Stderr, tt.text) {
				if d := e.Diagnostic; d != nil {
					got += d.File + ":" + string(rune('0'+d.Line/10)) + string(rune('0'+d.Line%10)) + ": " + d.Message
					continue
				}
				printed += e.Output.Text
			}
			want := tt.want
			if file, rest, ok := strings.Cut(want, ":"); ok && rest[1] == ':' {
				want = file + ":0" + rest
			}
			if got != want || printed != tt.text {
				t.Errorf("told %q and printed %q; want %q and all of the text", got, printed, want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("\x16=== RUN   TestA\n\x16--- FAIL: TestA (1.50s)\n", "panic: x\n\tsolution/a.go:1\n")
	f.Add("./lru.go:3:7: a\n\tb", "\x16\x16--- PASS: \n")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, phase := range []executor.Phase{executor.Build, executor.Vet, executor.Test, executor.Bench, executor.Run} {
			for _, stream := range []string{executor.Stdout, executor.Stderr} {
				for e, err := range new(Executor).Decode(phase, stream, strings.NewReader(a+b)) {
					if err != nil {
						t.Fatalf("%s, %s: %v", phase, stream, err)
					}
					if e == (report.Event{}) {
						t.Fatalf("%s, %s: an event of nothing", phase, stream)
					}
				}
			}
		}
	})
}
