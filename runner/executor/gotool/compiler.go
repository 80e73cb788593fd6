package gotool

import (
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

var diagnosticPattern = regexp.MustCompile(`^(?:vet: )?(?:\./)?(\w+\.go):(\d+)(?::(\d+))?: (.*)`)

// decodeCompiler reads what compiler or vet print: "./lru.go:3:7: message", followed by lines that begin with a tab when
// the message has more than one.
func decodeCompiler(r io.Reader, severity string) iter.Seq2[report.Event, error] {
	return func(yield func(report.Event, error) bool) {
		var last *report.Diagnostic
		typeError := false // last is vet's way to say that it could not even begin
		told := map[string]bool{}
		out := teller{stream: executor.Stderr, yield: yield}
		flush := func() bool {
			d := last
			last = nil
			if d == nil {
				return true
			}
			explain(d)
			if told[d.File+d.Message] || !typeError && severity == "warning" && isTestFile(d.File) {
				return true
			}
			told[d.File+d.Message] = true
			return yield(report.Event{Diagnostic: d}, nil)
		}
		for line, err := range lines(r) {
			if err != nil {
				yield(report.Event{}, err)
				return
			}
			text := strings.TrimRight(line, "\r\n")
			m := diagnosticPattern.FindStringSubmatch(text)
			switch {
			case strings.HasSuffix(text, "too many errors") || strings.HasPrefix(text, "# ") || text == "":
			case m != nil:
				if !flush() {
					return
				}
				last = &report.Diagnostic{File: m[1], Message: m[4], Severity: severity}
				typeError = strings.HasPrefix(text, "vet: ")
				last.Line, _ = strconv.Atoi(m[2])
				last.Column, _ = strconv.Atoi(m[3])
			case last != nil && strings.HasPrefix(text, "\t"):
				last.Message += "\n" + text
			default:
				if !flush() || !out.text(line) {
					return
				}
			}
		}
		flush()
	}
}

func isTestFile(name string) bool { return strings.HasSuffix(name, "_test.go") }

var (
	undefinedPattern  = regexp.MustCompile(`^undefined: (\w+)$`)
	noMemberPattern   = regexp.MustCompile(`^(\S+) undefined \(type .* has no field or method (\w+)`)
	redeclaredPattern = regexp.MustCompile(`^(\w+) redeclared in this block\n\t(?:\./)?(\w+\.go):(\d+):(\d+): other declaration`)
)

// explain rewrites what the compiler says of a test file. The learner has not written it and cannot mend it there; the
// cause is in the solution.
func explain(d *report.Diagnostic) {
	if !isTestFile(d.File) {
		return
	}
	if m := redeclaredPattern.FindStringSubmatch(d.Message); m != nil && !isTestFile(m[2]) {
		d.File, d.Message = m[2], m[1]+" is already declared by the tests; give yours another name"
		d.Line, _ = strconv.Atoi(m[3])
		d.Column, _ = strconv.Atoi(m[4])
		return
	}
	if m := undefinedPattern.FindStringSubmatch(d.Message); m != nil {
		d.Message = "the tests use " + m[1] + ", which your code does not have"
		return
	}
	if m := noMemberPattern.FindStringSubmatch(d.Message); m != nil {
		d.Message = "the tests use " + m[2] + ", which your code does not have: " + d.Message
		return
	}
	d.Message = "the tests use your code in a way that it no longer allows: " + d.Message
}
