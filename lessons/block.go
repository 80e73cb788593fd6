package lessons

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Run says where a block's code runs.
type Run string

const (
	RunWorker Run = "worker" // JavaScript in the page, in a Web Worker, after DOMLite
	RunNode   Run = "node"   // a Node.js process on the learner's machine; an ES module
	RunInterp Run = "interp" // Go, interpreted; must print the same when it is compiled
	RunGo     Run = "go"     // Go, compiled
	RunShell  Run = "shell"  // bash -eu in an empty folder
	RunLab    Run = "lab"    // JavaScript with a real document, in a frame of the page that can reach nothing else
	RunNone   Run = "none"   // shown only; Why says why
)

// A Block is a runnable piece of code on a page, and what is known of its run.
type Block struct {
	ID      string // the seed's id and a letter: "L7.2W"
	Lang    string // "js", "go", "sh"
	Run     Run
	Source  string
	Bad     bool          // shows a mistake; the recorded output is the failure
	Expect  string        // how Output is compared, see Match: "exact"
	Exit    int           // expected exit status
	Timeout time.Duration // the run is stopped after it
	Memory  string        // limit of the runtime's heap: "512M"
	Needs   []string      // tools besides the runtime: "nginx"
	Files   []File        // other blocks that are written beside this one
	Flags   []string      // of the runtime: "--expose-gc"
	Chart   string        // how the block's chart lines are drawn: "bars", "lines"; "": it prints none
	Measure string        // what the chart measures: "heap", "time", "latency", "count"
	Slow    bool          // left out of "run all"
	Twin    string        // id of the same thing in the other language, shown beside
	Proves  []string      // ids of the corrections that this block's output proves: "X34"
	Why     string        // with RunNone: why it is not run
	Output  string        // recorded output, may hold matchers (Match)
	Line    int           // in the lesson's file

	hasOutput bool
}

// A File is another block's source under a name.
type File struct{ Name, Block string }

var (
	infoPattern = regexp.MustCompile(`^(\S+)\s*(?:\{(.*)\})?\s*$`)
	attrPattern = regexp.MustCompile(`^\s*(?:#(\S+)|\.([\w-]+)|([a-z]+)=(?:"([^"]*)"|([^\s"]+))|([a-z]+)(?:\s|$))`)
	idPattern   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]*$`)
)

// attrs are the attributes of a fence: {#id .class key=value key="two words" flag}.
type attrs struct {
	id    string
	flags map[string]bool // classes with their dot, and bare words
	value map[string]string
}

// fenceInfo splits "js {#L7.2W run=worker}". Braced says that there were braces at all.
func fenceInfo(info string) (lang string, a attrs, braced bool, err error) {
	a = attrs{flags: map[string]bool{}, value: map[string]string{}}
	m := infoPattern.FindStringSubmatch(info)
	if m == nil {
		return "", a, false, fmt.Errorf("info string %q; expected a language, then {#id run=… key=value}", info)
	}
	lang, braced = m[1], strings.Contains(info, "{")
	rest := strings.TrimSpace(m[2])
	for rest != "" {
		part := attrPattern.FindStringSubmatch(rest)
		if part == nil {
			return lang, a, braced, fmt.Errorf("attribute %q; expected #id, .class, key=value, key=\"words\" or a flag", rest)
		}
		rest = strings.TrimSpace(rest[len(part[0]):])
		switch {
		case part[1] != "":
			a.id = part[1]
		case part[2] != "":
			a.flags["."+part[2]] = true
		case part[3] != "":
			if _, twice := a.value[part[3]]; twice {
				return lang, a, braced, fmt.Errorf("attribute %s is given twice", part[3])
			}
			a.value[part[3]] = part[4] + part[5]
		default:
			a.flags[part[6]] = true
		}
	}
	return lang, a, braced, nil
}

// languages says which run goes with which language, in the order in which a message names them.
var languages = map[string][]Run{
	"js": {RunWorker, RunNode, RunLab, RunNone},
	"go": {RunInterp, RunGo, RunNone},
	"sh": {RunShell, RunNone},
}

var defaultTimeout = map[Run]time.Duration{RunWorker: 5 * time.Second, RunLab: 30 * time.Second}

// parseBlock reads a block's attributes. Every error is one fault.
func parseBlock(lang string, a attrs) (*Block, []error) {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	b := &Block{ID: a.id, Lang: lang, Expect: ExpectExact}
	if !idPattern.MatchString(a.id) {
		fail("block id %q; expected {#ID …} of letters, digits, dots and hyphens", a.id)
	}
	for _, flag := range slices.Sorted(maps.Keys(a.flags)) {
		switch flag {
		case ".bad":
			b.Bad = true
		case "slow":
			b.Slow = true
		default:
			fail("flag %q; expected .bad or slow", flag)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(a.value)) {
		if err := b.set(key, a.value[key]); err != nil {
			fail("%s: %w", key, err)
		}
	}
	if !slices.Contains(languages[lang], b.Run) {
		fail("run=%s in a %s block; expected one of %v", b.Run, lang, languages[lang])
	}
	if b.Run == RunNone && b.Why == "" {
		fail(`run=none needs why="…": what keeps it from running`)
	}
	if b.Run != RunNone && b.Why != "" {
		fail("why is for run=none only")
	}
	if b.Timeout == 0 {
		b.Timeout = defaultTimeout[b.Run]
		if b.Timeout == 0 {
			b.Timeout = 10 * time.Second
		}
	}
	if b.Measure != "" && b.Chart == "" && b.Run != RunLab {
		fail("measure without chart; expected chart=bars or chart=lines, too")
	}
	if b.Run == RunLab && b.Measure != "count" && b.Measure != "latency" {
		fail("measure=%s in a lab; expected count (what is still reachable after visits) or latency (the gaps between frames)", b.Measure)
	}
	return b, errs
}

func (b *Block) set(key, value string) error {
	var err error
	switch key {
	case "run":
		b.Run = Run(value)
	case "expect":
		b.Expect, err = oneOf(value, ExpectExact, ExpectContains, ExpectUnordered, ExpectRegex, ExpectJSON, ExpectNone)
	case "exit":
		b.Exit, err = strconv.Atoi(value)
		if err == nil && (b.Exit < 0 || b.Exit > 255) {
			err = fmt.Errorf("%d; expected 0 to 255", b.Exit)
		}
	case "timeout":
		b.Timeout, err = time.ParseDuration(value)
		if err == nil && (b.Timeout <= 0 || b.Timeout > time.Minute) {
			err = fmt.Errorf("%s; expected more than 0 and at most 1m", value)
		}
	case "mem":
		if !regexp.MustCompile(`^[1-9]\d*M$`).MatchString(value) {
			return fmt.Errorf("%q; expected whole MiB such as 512M", value)
		}
		b.Memory = value
	case "needs":
		b.Needs = strings.Split(value, ",")
	case "flags":
		b.Flags = strings.Fields(value)
	case "files":
		b.Files, err = parseFiles(value)
	case "chart":
		b.Chart, err = oneOf(value, "bars", "lines", "none")
		if b.Chart == "none" {
			b.Chart = ""
		}
	case "measure":
		b.Measure, err = oneOf(value, "heap", "time", "latency", "count")
	case "twin":
		b.Twin = value
	case "proves":
		b.Proves = strings.Split(value, ",")
	case "why":
		b.Why = value
	default:
		return fmt.Errorf("no such attribute; expected run, expect, exit, timeout, mem, needs, flags, files, chart, measure, twin, proves or why")
	}
	return err
}

func parseFiles(value string) ([]File, error) {
	var files []File
	for part := range strings.SplitSeq(value, ",") {
		name, block, ok := strings.Cut(part, "@")
		if !ok || name == "" || block == "" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
			return nil, fmt.Errorf("%q; expected name@block-id", part)
		}
		files = append(files, File{Name: name, Block: block})
	}
	return files, nil
}

func oneOf(value string, allowed ...string) (string, error) {
	if !slices.Contains(allowed, value) {
		return value, fmt.Errorf("%q; expected one of %s", value, strings.Join(allowed, ", "))
	}
	return value, nil
}
