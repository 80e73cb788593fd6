package exercises

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

func (c *checker) checkStatement() {
	text, err := c.e.Statement()
	if err != nil {
		c.faultf("README.md", 0, "is missing; expected the statement of the exercise")
		return
	}
	if !utf8.Valid(text) {
		c.faultf("README.md", 0, "is not UTF-8 text")
	}
	first, rest, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if !bytes.HasPrefix(first, []byte("# ")) {
		c.faultf("README.md", 1, `begins with %.40q; expected a first heading "# Title"`, first)
	} else if len(bytes.TrimSpace(rest)) == 0 {
		c.faultf("README.md", 0, "has a heading only; expected the statement")
	}
}

// readSources parses all Go files.
func (c *checker) readSources() {
	c.variants = map[string][]*source{}
	c.variants["reference"] = c.parse(".", isSource, "the reference solution")
	c.variants["starter"] = c.parse("starter", isSource, "what the learner begins with")
	c.variants["naive"] = c.parse("naive", isSource, "the correct and slow solution")
	c.tests = c.parse(".", isTestFile, "tests")
	c.readEach("alternatives", "another correct solution")
	c.readEach("mutants", "the mutant")
}

// readEach parses the variants that have a folder each below parent, of which there may be none.
func (c *checker) readEach(parent, what string) {
	entries, err := fs.ReadDir(c.e.fsys, parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if name := path.Join(parent, entry.Name()); entry.IsDir() {
			c.variants[name] = c.parse(name, isSource, what)
		} else {
			c.faultf(name, 0, "a file among the %s; expected %s/<name>/ with Go files", parent, parent)
		}
	}
}

// parse parses the wanted files of one folder, of which there must be some.
func (c *checker) parse(folder string, want func(string) bool, what string) (sources []*source) {
	files, err := c.e.folder(folder, want)
	if err != nil || len(files) == 0 {
		pattern := "*.go"
		if want("x_test.go") {
			pattern = "*_test.go"
		}
		c.faultf(path.Join(folder, pattern), 0, "is missing; expected %s", what)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := path.Join(folder, name)
		if !utf8.Valid(files[name]) {
			c.faultf(file, 0, "is not UTF-8 text")
			continue
		}
		src, err := parseSource(file, files[name])
		if err != nil {
			c.faults = append(c.faults, syntaxFaults(path.Join(c.dir, file), err)...)
			continue
		}
		sources = append(sources, src)
	}
	return sources
}

// checkSources compares the variants with the reference, and checks what the tests consist of.
func (c *checker) checkSources() {
	c.testNames, c.benchmarks, c.literals = map[string]bool{}, map[string]bool{}, map[string]bool{}
	pkg := ""
	if ref := c.variants["reference"]; len(ref) > 0 {
		pkg = ref[0].file.Name.Name
	}
	for _, name := range slices.Sorted(maps.Keys(c.variants)) {
		c.checkPackage(c.variants[name], pkg)
		c.checkImports(c.variants[name])
		c.checkAPI(name)
	}
	c.checkPackage(c.tests, pkg)
	c.checkTestImports()
	for _, src := range c.tests {
		src.strings(c.literals)
		c.checkTestFile(src)
	}
	if len(c.tests) > 0 && len(c.testNames) == 0 {
		c.faultf("*_test.go", 0, "no function is named Test…; expected the tests of the exercise")
	}
	c.checkFileNames()
}

func (c *checker) checkPackage(sources []*source, pkg string) {
	for _, src := range sources {
		if got := src.file.Name.Name; pkg != "" && got != pkg {
			c.faultf(src.name, src.line(src.file.Name), "package %s; expected %s, the reference's", got, pkg)
		}
	}
}

// checkImports: what a variant imports, a learner's solution may need, too.
func (c *checker) checkImports(sources []*source) {
	for _, src := range sources {
		for p, line := range src.imports {
			switch reach := Restricted(p); {
			case p != "C" && slices.Contains(c.e.Allowed, p):
			case p == "C" || !standard(p):
				c.faultf(src.name, line, "imports %q; expected only the standard library and what allowed names", p)
			case reach != "":
				c.faultf(src.name, line, "imports %q, which %s; expected allowed in exercise.yaml to name it, if solutions need it", p, reach)
			}
		}
	}
}

func (c *checker) checkTestImports() {
	const kit = "hotloop/exercises/kit"
	for _, src := range c.tests {
		for p, line := range src.imports {
			ours := p == kit || strings.HasPrefix(p, kit+"/") || slices.Contains(c.e.Allowed, p)
			if p == "C" || !standard(p) && !ours {
				c.faultf(src.name, line, "imports %q; expected only the standard library, %s and what allowed names", p, kit)
			}
		}
	}
}

// checkAPI compares exported names: tests must compile with every variant.
func (c *checker) checkAPI(variant string) {
	if len(c.variants["reference"]) == 0 || len(c.variants[variant]) == 0 || variant == "reference" {
		return
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, src := range c.variants["reference"] {
		src.exported(want)
	}
	for _, src := range c.variants[variant] {
		src.exported(got)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !got[name] {
			c.faultf(variant, 0, "%s is not declared; expected the exported names of the reference", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if !want[name] {
			c.faultf(variant, 0, "%s is declared, but the reference has none; expected the same exported names", name)
		}
	}
}

// checkFileNames: the learner's files are the starter's, and must be able to take the reference's place.
func (c *checker) checkFileNames() {
	starter, _ := c.e.folder("starter", isSource)
	reference, _ := c.e.folder(".", isSource)
	if len(starter) == 0 || len(reference) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(reference)) {
		if starter[name] == nil {
			c.faultf(path.Join("starter", name), 0, "is missing; expected the reference's file names")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(starter)) {
		if reference[name] == nil {
			c.faultf(path.Join("starter", name), 0, "has no counterpart in the reference; expected the same file names")
		}
	}
}

func (c *checker) checkTestFile(src *source) {
	for _, fn := range src.testFuncs() {
		name, line := fn.decl.Name.Name, src.line(fn.decl)
		switch fn.prefix {
		case "Test":
			c.testNames[name] = true
		case "Benchmark":
			c.benchmarks[strings.TrimPrefix(name, "Benchmark")] = true
			if !strings.HasSuffix(src.name, "_bench_test.go") {
				c.faultf(src.name, line, "%s stands among the tests; expected a file *_bench_test.go", name)
			}
			for _, f := range src.benchmarkFaults(fn.decl) {
				c.faultf(src.name, f.Line, "%s", f.Message)
			}
		default:
			c.faultf(src.name, line, "%s is not run by hotloop; expected Test and Benchmark functions", name)
		}
	}
	if obj := slices.IndexFunc(src.file.Decls, isTestMain); obj >= 0 {
		c.faultf(src.name, src.line(src.file.Decls[obj]), "declares TestMain; expected none: hotloop writes it")
	}
}

var builtinUnits = []string{"sec/op", "B/op", "allocs/op"}

func (c *checker) checkTargets() {
	seen := map[string]bool{}
	for i, t := range c.e.Targets {
		if c.required(t.Benchmark, "the name of a benchmark", "targets", i, "benchmark") {
			c.isBenchmark(t.Benchmark, "targets", i, "benchmark")
		}
		if c.required(t.Unit, "a unit", "targets", i, "unit") {
			c.isUnit(t.Unit, "targets", i, "unit")
		}
		c.required(t.Why, "what the number protects", "targets", i, "why")
		if (t.Speedup != 0) == (t.AtMost != nil) {
			c.yamlf(at("targets", i), "target %s has both or neither of speedup and at_most; expected one", t.Benchmark)
		}
		if t.Speedup < 0 || t.AtMost != nil && !(*t.AtMost >= 0) {
			c.yamlf(at("targets", i), "target %s is below zero", t.Benchmark)
		}
		if key := t.Benchmark + "/" + t.Unit; seen[key] {
			c.yamlf(at("targets", i), "target %s stands twice", key)
		} else {
			seen[key] = true
		}
	}
}

func (c *checker) isBenchmark(name string, path ...any) {
	if !c.benchmarks[name] {
		c.yamlf(path, "no benchmark %q; expected one of %s", name, list(c.benchmarks))
	}
}

// isUnit: a unit of one's own stands in the tests as the text that b.ReportMetric is called with.
func (c *checker) isUnit(unit string, path ...any) {
	if !slices.Contains(builtinUnits, unit) && !c.literals[unit] {
		c.yamlf(path, "unit %q is reported by no benchmark; expected %s or one given to b.ReportMetric", unit, strings.Join(builtinUnits, ", "))
	}
}

// The series that the harness records of every counted benchmark.
var harnessSeries = []string{"heap", "heap after collection", "heap held", "goroutines", "GC pauses"}

func (c *checker) checkCharts() {
	for i, chart := range c.e.Charts {
		c.required(chart.Title, "a title", "charts", i, "title")
		c.required(chart.Unit, "a unit", "charts", i, "unit")
		if !c.required(chart.Of, "a benchmark or a series", "charts", i, "of") {
			continue
		}
		switch chart.Kind {
		case "bars":
			c.isBenchmark(chart.Of, "charts", i, "of")
			c.isUnit(chart.Unit, "charts", i, "unit")
		case "lines", "latency":
			for _, name := range append([]string{chart.Of}, chart.With...) {
				if !slices.Contains(harnessSeries, name) && !c.literals[name] {
					c.yamlf(at("charts", i, "of"), "no test draws the series %q; expected a name given to kit.Point, kit.HeapSeries or Latencies.Chart", name)
				}
			}
		default:
			c.yamlf(at("charts", i, "kind"), "kind is %q; expected bars, lines or latency", chart.Kind)
		}
	}
}

// checkAlternatives: there is one at least, and their names can be told from those of other variants.
func (c *checker) checkAlternatives() {
	names, _ := c.e.Alternatives()
	for _, name := range names {
		if !variantName(name) {
			c.faultf(path.Join("alternatives", name), 0, "folder name %q; expected what it does differently, as lower-case words joined by hyphens", name)
		}
	}
	if len(names) == 0 {
		c.faultf("alternatives", 0, "is missing; expected at least one alternatives/<name>/ with a correct solution in another style")
	}
}

func variantName(name string) bool {
	return slugPattern.MatchString(name) && !slices.Contains([]Role{Starter, Reference, Naive}, Role(name))
}

func (c *checker) checkMutants() {
	if n := len(c.e.Mutants); n < 5 {
		if node, ok := c.doc.find("mutants"); !ok || !c.complained(node.Line) {
			c.yamlf(at("mutants"), "mutants has %d entries; expected at least 5", n)
		}
	}
	named := map[string]bool{}
	for i, m := range c.e.Mutants {
		if c.required(m.Name, "the mistake in a word", "mutants", i, "name") {
			if !variantName(m.Name) {
				c.yamlf(at("mutants", i, "name"), "name is %q; expected the mistake as lower-case words joined by hyphens", m.Name)
			}
			if named[m.Name] {
				c.yamlf(at("mutants", i, "name"), "mutant %s stands twice", m.Name)
			}
			named[m.Name] = true
			if c.variants[path.Join("alternatives", m.Name)] != nil {
				c.yamlf(at("mutants", i, "name"), "an alternative is named %s, too; expected a name of its own", m.Name)
			}
		}
		c.required(m.Why, "the wrong idea behind it", "mutants", i, "why")
		if c.required(m.KilledBy, "a test or target:Benchmark/unit", "mutants", i, "killed_by") {
			c.checkKilledBy(i, m.KilledBy)
		}
		c.checkEdit(i, m)
	}
	for name := range c.variants {
		if m, ok := strings.CutPrefix(name, "mutants/"); ok && !named[m] {
			c.faultf(name, 0, "no mutant of exercise.yaml is named %s", m)
		}
	}
}

func (c *checker) checkKilledBy(i int, killer string) {
	target, isTarget := strings.CutPrefix(killer, "target:")
	if !isTarget {
		if !c.testNames[killer] {
			c.yamlf(at("mutants", i, "killed_by"), "no test %q; expected one of %s", killer, list(c.testNames))
		}
		return
	}
	targets := map[string]bool{}
	for _, t := range c.e.Targets {
		targets[t.Benchmark+"/"+t.Unit] = true
	}
	if !targets[target] {
		c.yamlf(at("mutants", i, "killed_by"), "no target %q; expected one of %s", target, list(targets))
	}
}

func (c *checker) checkEquivalent() {
	reference, _ := c.e.folder(".", isSource)
	for i, q := range c.e.Equivalent {
		c.required(q.Mutation, "the change as hotloop check --mutate tells it", "equivalent", i, "mutation")
		c.required(q.Reason, "why it makes no difference", "equivalent", i, "reason")
		there := false
		for line := range strings.Lines(string(reference[q.File])) {
			there = there || strings.TrimSpace(line) == q.Line
		}
		if !there {
			c.yamlf(at("equivalent", i, "line"), "the reference's file %q has no line %q; expected one, without indentation", q.File, q.Line)
		}
	}
}

// checkEdit: a mutant is an edit that can be applied and parses, or a folder, not both.
func (c *checker) checkEdit(i int, m Mutant) {
	if m.File == "" && m.Find == "" && m.Replace == "" {
		if _, ok := c.variants["mutants/"+m.Name]; !ok && m.Name != "" {
			c.yamlf(at("mutants", i), "mutant %s has no edit and no folder mutants/%s; expected one", m.Name, m.Name)
		}
		return
	}
	if _, both := c.variants["mutants/"+m.Name]; both {
		c.yamlf(at("mutants", i), "mutant %s has an edit and a folder; expected one", m.Name)
	}
	if !c.required(m.File, "a file of the reference", "mutants", i, "file") || !c.required(m.Find, "text of that file", "mutants", i, "find") {
		return
	}
	reference, _ := c.e.folder(".", isSource)
	content, ok := reference[m.File]
	if !ok {
		c.yamlf(at("mutants", i, "file"), "the reference has no file %q; expected one of %s", m.File, list(reference))
		return
	}
	if n := bytes.Count(content, []byte(m.Find)); n != 1 {
		c.yamlf(at("mutants", i, "find"), "the text occurs %d times in %s; expected once", n, m.File)
		return
	}
	if m.Find == m.Replace {
		c.yamlf(at("mutants", i, "replace"), "replaces the text by itself; expected a mistake")
		return
	}
	mutated := bytes.Replace(content, []byte(m.Find), []byte(m.Replace), 1)
	if _, err := parseSource(m.File, mutated); err != nil {
		c.yamlf(at("mutants", i, "replace"), "mutant %s does not parse: %v", m.Name, err)
	}
}

// list writes the keys for people.
func list[V any](names map[string]V) string {
	if len(names) == 0 {
		return "none (there are none)"
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}
