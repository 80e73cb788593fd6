package site

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"hotloop/exercises"
	"hotloop/lessons"
)

// testExercises is a catalog of two exercises. Their texts hold what must never become markup.
func testExercises(t *testing.T) *exercises.Catalog {
	t.Helper()
	fsys := fstest.MapFS{"kit/kit.go": {Data: []byte("package kit\n")}}
	for _, slug := range []string{"add", "append-bytes"} {
		pkg := strings.ReplaceAll(slug, "-", "")
		for name, content := range map[string]string{
			"README.md":     "# Title\n\nWrite `Add`, fast. <script>alert('statement')</script>\n\n## Rules\n\nNo *tricks*.\n",
			"exercise.yaml": exerciseYAML,
			pkg + ".go":     "package " + pkg + "\n\nfunc Add(a, b int) int { return a + b }\n",
			pkg + "_test.go": "package " + pkg + "\n\nimport \"testing\"\n\n" +
				"func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Error(\"</textarea><script>alert('test')</script>\")\n\t}\n}\n",
			pkg + "_bench_test.go":                 "package " + pkg + "\n\nimport \"testing\"\n\nfunc BenchmarkAdd(b *testing.B) {\n\tfor b.Loop() {\n\t\tAdd(1, 2)\n\t}\n}\n",
			"starter/" + pkg + ".go":               "package " + pkg + "\n\nfunc Add(a, b int) int { return 0 }\n",
			"naive/" + pkg + ".go":                 "package " + pkg + "\n\nfunc Add(a, b int) int { return b + a }\n",
			"alternatives/by-minus/" + pkg + ".go": "package " + pkg + "\n\nfunc Add(a, b int) int { return a - -b }\n",
			"mutants/other/" + pkg + ".go":         "package " + pkg + "\n\nfunc Add(a, b int) int { return 3 }\n",
		} {
			content = strings.ReplaceAll(content, "FILE", pkg+".go")
			fsys["arithmetic/"+slug+"/"+name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	c, err := exercises.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const exerciseYAML = `title: Add two <b>numbers</b>
summary: The smallest exercise there is.
difficulty: 2
minutes: 10
lesson: leaks/closures
seed: [L1.1]
concepts: [sum, overflow]
limits: {time: 5s, memory: 64MiB}
targets:
  - {benchmark: Add, unit: sec/op, speedup: 2, why: A sum is one instruction.}
hints: ["What **is** a sum?", "How many?", "So."]
follow_ups: ["And three? <script>alert('follow-up')</script>"]
pitfalls: [Overflow.]
libraries:
  - {path: math/big, why: It has no overflow.}
mutants:
  - {name: subtracts, why: w, killed_by: TestAdd, file: FILE, find: a + b, replace: a - b}
  - {name: ignores-b, why: w, killed_by: TestAdd, file: FILE, find: a + b, replace: a}
  - {name: ignores-a, why: w, killed_by: TestAdd, file: FILE, find: a + b, replace: b}
  - {name: doubles, why: w, killed_by: "target:Add/sec/op", file: FILE, find: a + b, replace: 2*a + b}
  - {name: other, why: w, killed_by: TestAdd}
`

// testLessons is a library of one page, and a lesson that is planned.
func testLessons(t *testing.T) *lessons.Library {
	t.Helper()
	var cards, ids strings.Builder
	for i := range 5 {
		fmt.Fprintf(&cards, "- {id: LEK-%d, topic: leaks, difficulty: 1, q: Why?, points: [one, two], must: [0], follow_ups: [And?], wrong: [No.], lesson: leaks/closures, seed: [L1.1], verified: [L1.1W]}\n", i)
		fmt.Fprintf(&ids, "LEK-%d\n", i)
	}
	page := `---
id: L08
topic: leaks
title: Closures keep things
summary: What a closure holds stays.
minutes: 6
seed: [L1.1]
exercises: [add]
cards: [LEK-0, LEK-1, LEK-2, LEK-3, LEK-4]
---
## Why {#why}

A closure keeps what it names, be it a zebra.

## Node {#node}

~~~js {#L1.1W run=worker}
console.log("<i>1</i>")
~~~

~~~output {of=L1.1W}
<i>1</i>
~~~

## Go {#go}

Text.

## See it {#see}

~~~go {#L1.1G run=go chart=lines measure=heap expect=none}
package main

func main() {}
~~~

## Practise {#practise}

~~~exercise {slug=add}
Write it.
~~~

## Interview {#interview}

~~~cards
` + ids.String() + `~~~

## Pitfalls {#pitfalls}

Text.

## Further {#further}

Text.
`
	l, err := lessons.Load(fstest.MapFS{
		"leaks/closures.md": {Data: []byte(page)},
		"leaks/cards.yaml":  {Data: []byte(cards.String())},
		"syllabus.yaml": {Data: []byte(`tracks:
  - id: leaks
    title: Memory leaks
    summary: What stays.
    lessons:
      - {page: leaks/closures}
      - {planned: leaks/later, id: L09, title: A later lesson, summary: It comes.}
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
