package report

import (
	"fmt"
	"slices"
	"strings"

	"hotloop/runner/measure"
)

func (t *text) verdict(r *Report) {
	t.line()
	mark, style := "✗", red
	switch r.Verdict {
	case Accepted:
		mark, style = "✓", green
	case Inconclusive, Canceled:
		mark, style = "?", yellow
	}
	said := cleanLine(r.Reason)
	if said == "" {
		said = summary(r)
	}
	verdict := t.paint(style, mark+" "+cleanLine(string(r.Verdict)))
	if said == "" {
		t.line(verdict)
	} else {
		t.line(verdict, ": ", said)
	}
	if next := nextStep(r); next != "" {
		t.line(t.paint(dim, "  next: "+next))
	}
}

// summary counts what an accepted run showed.
func summary(r *Report) string {
	var parts []string
	passed := 0
	for _, test := range r.Tests {
		if test.Status == TestPass && !strings.Contains(test.Name, "/") {
			passed++
		}
	}
	if passed > 0 {
		parts = append(parts, plural(passed, "test")+" passed")
	}
	met := 0
	for _, b := range r.Benchmarks {
		if b.Met == measure.Yes {
			met++
		}
	}
	if met > 0 {
		parts = append(parts, plural(met, "target")+" met")
	}
	if n := len(r.ProfilesOf("yours")); n > 0 {
		parts = append(parts, plural(n, "profile")+" made")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " in " + seconds(r.Seconds)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// nextStep is what a learner may do now. A snippet has none.
func nextStep(r *Report) string {
	if r.Exercise == "" {
		return ""
	}
	slug := cleanLine(r.Exercise)
	switch r.Verdict {
	case Accepted:
		if r.Goal != "bench" && r.Goal != "profile" {
			return "hotloop bench " + slug + " measures it against the naive version"
		}
		return "hotloop next"
	case WrongAnswer, TargetMissed:
		return "hotloop hint " + slug + " asks a question that helps"
	case Inconclusive:
		return "close what else keeps this machine busy, then hotloop bench " + slug
	case CompileError:
		if i := slices.IndexFunc(r.Diagnostics, isError); i >= 0 {
			return "begin with " + place(r.Diagnostics[i]) + "; later errors often follow from the first"
		}
	case RuntimeError:
		return "read the first lines of the output above: they name the place in your code"
	case TimeLimitExceeded:
		return "look for a loop, lock or channel that nothing ends, in what the last test calls"
	case MemoryLimitExceeded:
		return "look for what grows with each call and is never given back"
	case OutputLimitExceeded:
		return "remove prints from code that runs often"
	case ProcessLimitExceeded:
		return "start fewer processes, and wait for each"
	case Invalid:
		return "hotloop test " + slug + " again; hotloop reset " + slug + " begins anew and keeps a copy"
	}
	return ""
}

func isError(d Diagnostic) bool { return d.Severity != "warning" }
