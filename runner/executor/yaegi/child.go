package yaegi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"

	"hotloop/runner/report"
)

// How a child ends by itself. A snippet may also call os.Exit, and a panic of a goroutine ends the process as it does in
// compiled Go, with status 2.
const (
	exitOK      = 0
	exitPanic   = 1
	exitCompile = 2
)

// maxStack is far below Go's own limit of 1 GB, so that an endless recursion is told as that, and not as too much memory.
const maxStack = 64 << 20

// A note is a line of a child's standard error that is meant for Decode.
type note struct {
	Diagnostic *report.Diagnostic `json:"diagnostic,omitempty"`
	Frame      *frame             `json:"frame,omitempty"`
}

// A frame is a function of the snippet that a panic left. The interpreter also names a line, but often a wrong one.
type frame struct {
	Func  string `json:"func"`
	Depth int    `json:"depth"` // of the interpreter's stack, which grows while one panic passes functions
}

// Child is the main function of an interpreter's process and never returns: it reads a snippet from standard input and
// runs it. What the snippet prints goes straight out.
func Child() {
	debug.SetMaxStack(maxStack)
	notes := json.NewEncoder(os.Stderr)
	in := newInterpreter(notes)
	source, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "reading the snippet:", err)
		os.Exit(exitCompile)
	}
	os.Exit(run(in, source, notes))
}

func run(in *interp.Interpreter, source []byte, notes *json.Encoder) int {
	seen := inspect(source)
	faults := seen.faults
	var program *interp.Program
	if len(faults) == 0 {
		program, faults = compileSnippet(in, string(source), seen.ranges)
	}
	for _, d := range append(faults, seen.warnings...) {
		notes.Encode(note{Diagnostic: &d})
	}
	if len(faults) > 0 {
		return exitCompile
	}
	// Without a stack trace of Go's own, which would show the interpreter's inside.
	if _, err := in.Execute(program); err != nil {
		fmt.Fprintln(os.Stderr, panicLine(err))
		return exitPanic
	}
	return exitOK
}

// compileSnippet turns what the interpreter complains of, or trips over, into remarks.
func compileSnippet(in *interp.Interpreter, source string, ranges []report.Diagnostic) (program *interp.Program, faults []report.Diagnostic) {
	log.SetOutput(io.Discard) // the interpreter logs what it then panics with
	defer log.SetOutput(os.Stderr)
	defer func() {
		r := recover()
		switch {
		case r != nil && len(ranges) > 0: // "nil type", without a place
			faults = ranges[:1]
		case r != nil:
			faults = []report.Diagnostic{{File: MainFile, Line: 1, Severity: "error",
				Message: fmt.Sprintf("the interpreter failed with %q: %s", fmt.Sprint(r), compile)}}
		}
	}()
	program, err := in.Compile(source)
	if err != nil {
		return nil, []report.Diagnostic{compileError(err)}
	}
	return program, nil
}

var (
	position = regexp.MustCompile(`^(?:[^:\s]*:)?(\d+):(\d+): ((?s:.*))$`)

	// beyond are complaints that the compiler would not make of correct code.
	beyond = regexp.MustCompile(`^undefined: (min|max|clear)$|undefined selector: |has no symbol |cannot use type func`)
)

func compileError(err error) report.Diagnostic {
	d := report.Diagnostic{File: MainFile, Line: 1, Message: err.Error(), Severity: "error"}
	if m := position.FindStringSubmatch(d.Message); m != nil {
		d.Line, _ = strconv.Atoi(m[1])
		d.Column, _ = strconv.Atoi(m[2])
		d.Message = m[3]
	}
	if beyond.MatchString(d.Message) {
		d.Message += "; " + compile
	}
	return d
}

// plain is what Go says where the interpreter, which works by reflection, says something else.
var plain = map[string]string{
	"reflect: slice index out of range":                      "runtime error: index out of range",
	"reflect: array index out of range":                      "runtime error: index out of range",
	"reflect: string index out of range":                     "runtime error: index out of range",
	"reflect: call of reflect.Value.Field on zero Value":     "runtime error: invalid memory address or nil pointer dereference",
	"reflect: call of reflect.Value.SetInt on zero Value":    "runtime error: invalid memory address or nil pointer dereference",
	"reflect: call of reflect.Value.Elem on zero Value":      "runtime error: invalid memory address or nil pointer dereference",
	"reflect: call of reflect.Value.Type on zero Value":      "runtime error: invalid memory address or nil pointer dereference",
	"reflect: call of reflect.Value.Set on zero Value":       "runtime error: invalid memory address or nil pointer dereference",
	"reflect: call of reflect.Value.Interface on zero Value": "runtime error: invalid memory address or nil pointer dereference",
}

// panicLine is what Go would print of a panic in its first line.
func panicLine(err error) string {
	value := any(err)
	if p, ok := errors.AsType[interp.Panic](err); ok {
		value = p.Value
	}
	if v, ok := value.(reflect.Value); ok && v.CanInterface() {
		value = v.Interface()
	}
	text := fmt.Sprint(value)
	if said, ok := plain[text]; ok {
		text = said
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		if _, ok := value.(error); !ok {
			text = fmt.Sprintf("(%T) %v", value, value)
		}
	}
	return "panic: " + text
}

// newInterpreter loads what snippets may use.
func newInterpreter(notes *json.Encoder) *interp.Interpreter {
	in := interp.New(interp.Options{
		Stdin: strings.NewReader(""), Stdout: os.Stdout, Stderr: frames{notes},
		Args: []string{"main"}, Env: os.Environ(),
	})
	symbols := maps.Clone(stdlib.Symbols)
	for _, path := range forbidden {
		delete(symbols, path+"/"+path[strings.LastIndexByte(path, '/')+1:])
	}
	system := maps.Clone(symbols["os/os"])
	delete(system, "StartProcess")
	symbols["os/os"] = system
	for _, table := range []interp.Exports{symbols, processSymbols} {
		if err := in.Use(table); err != nil {
			panic(fmt.Sprintf("loading the standard library into the interpreter: %v", err))
		}
	}
	return in
}

// processSymbols are functions that the interpreter redirects to itself, so that it survives the program. Here the
// process is the program's own, and it may log and exit as it likes.
var processSymbols = interp.Exports{
	"os/os": {"Exit": reflect.ValueOf(os.Exit)},
	"log/log": {
		"Fatal": reflect.ValueOf(log.Fatal), "Fatalf": reflect.ValueOf(log.Fatalf), "Fatalln": reflect.ValueOf(log.Fatalln),
		"Panic": reflect.ValueOf(log.Panic), "Panicf": reflect.ValueOf(log.Panicf), "Panicln": reflect.ValueOf(log.Panicln),
		"Print": reflect.ValueOf(log.Print), "Printf": reflect.ValueOf(log.Printf), "Println": reflect.ValueOf(log.Println),
		"Flags": reflect.ValueOf(log.Flags), "SetFlags": reflect.ValueOf(log.SetFlags),
		"Prefix": reflect.ValueOf(log.Prefix), "SetPrefix": reflect.ValueOf(log.SetPrefix),
		"Writer": reflect.ValueOf(log.Writer), "SetOutput": reflect.ValueOf(log.SetOutput), "Output": reflect.ValueOf(log.Output),
	},
}

// frames is the interpreter's own standard error: it prints a line for each function that a panic leaves, whether or not
// the snippet recovers from it later.
type frames struct{ notes *json.Encoder }

// maxDepth is how far the stack is counted.
const maxDepth = 1 << 10

var frameLine = regexp.MustCompile(`^(?:[^:\s]*:)?\d+:\d+: panic: ([^(]*)\(`)

func (f frames) Write(p []byte) (int, error) {
	m := frameLine.FindSubmatch(p)
	if m == nil {
		return os.Stderr.Write(p)
	}
	left := frame{Func: string(m[1]), Depth: runtime.Callers(0, make([]uintptr, maxDepth))}
	return len(p), f.notes.Encode(note{Frame: &left})
}
