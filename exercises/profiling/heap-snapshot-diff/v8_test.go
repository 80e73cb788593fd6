package heapdiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"hotloop/exercises/kit"
)

// A v8Node is one node of a snapshot. Its fields of other names are random.
type v8Node struct {
	kind, name string
	size       int
}

// Fields and types: as Node.js 20 writes them, and with what other versions write.
var (
	v8MoreFields = []string{"type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness", "flags", "age"}
	v8Fields     = v8MoreFields[:7]
	v8MoreTypes  = []string{"hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string", "symbol", "bigint", "object shape", "wasm object"}
	v8Types      = v8MoreTypes[:15]
)

// v8File is a snapshot with those nodes, laid out like V8's: the description, nodes, edges, other sections, strings.
func v8File(r *rand.Rand, fields, types []string, nodes []v8Node) string {
	fieldTypes := make([]any, len(fields))
	for i, f := range fields {
		switch f {
		case "type":
			fieldTypes[i] = types
		case "name":
			fieldTypes[i] = "string"
		case "flags":
			fieldTypes[i] = []string{"closure", "object"}
		default:
			fieldTypes[i] = "number"
		}
	}
	list := []string{"<dummy>"}
	number := map[string]int{}
	var numbers, edges []byte
	for _, n := range nodes {
		if number[n.name] == 0 {
			number[n.name] = len(list)
			list = append(list, n.name)
		}
		for _, f := range fields {
			v := r.IntN(100_000)
			switch f {
			case "type":
				v = slices.Index(types, n.kind)
			case "name":
				v = number[n.name]
			case "self_size":
				v = n.size
			case "flags":
				v %= 2
			}
			numbers = v8Append(numbers, v)
		}
		numbers = append(numbers, '\n')
		for range 3 {
			edges = v8Append(edges, r.IntN(50_000))
		}
	}
	return fmt.Sprintf(`{"snapshot":{"meta":{"node_fields":%s,"node_types":%s,"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element"],"string_or_number","node"]},"node_count":%d,"edge_count":%d,"trace_function_count":0},
"nodes":[%s],
"edges":[%s],
"trace_function_infos":[],
"trace_tree":[],
"samples":[],
"locations":[],
"strings":%s}`, v8JSON(fields), v8JSON(fieldTypes), len(nodes), len(nodes), bytes.TrimPrefix(numbers, []byte(",")), bytes.TrimPrefix(edges, []byte(",")), v8JSON(list))
}

func v8Append(b []byte, n int) []byte { return strconv.AppendInt(append(b, ','), int64(n), 10) }

func v8JSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func wantClasses(t *testing.T, what, file, why string, want ...Class) {
	t.Helper()
	wantRead(t, what, strings.NewReader(file), why, want...)
}

func wantRead(t *testing.T, what string, file io.Reader, why string, want ...Class) {
	t.Helper()
	got, err := ParseV8(file)
	same := err == nil && len(got) == len(want)
	for _, c := range want {
		same = same && got[c.Name] == c
	}
	if !same {
		t.Errorf("ParseV8(%s)\n got %v, %v\nwant %v\n%s", what, got, err, want, why)
	}
}

// v8Heap is a class that leaks, and what else is in a heap. Other types have nodes of the same name.
var v8Heap = []struct {
	count int
	node  v8Node
}{
	{100, v8Node{"object", "Leaky", 40}}, {30, v8Node{"closure", "onData", 64}}, {30, v8Node{"closure", "", 32}},
	{1, v8Node{"object", "Cart", 24}}, {1, v8Node{"closure", "Cart", 56}}, {1, v8Node{"object", "Empty", 0}},
}

// someNodes are the nodes of v8Heap in any order.
func someNodes(r *rand.Rand) (nodes []v8Node) {
	var list []v8Node
	for _, some := range v8Heap {
		for range some.count {
			list = append(list, some.node)
		}
	}
	for _, kind := range v8Types {
		if kind != "object" && kind != "closure" {
			list = append(list, v8Node{kind, "Leaky", 1 << 20}, v8Node{kind, "(" + kind + ")", 8})
		}
	}
	for _, i := range r.Perm(len(list)) {
		nodes = append(nodes, list[i])
	}
	return nodes
}

var someClasses = []Class{{"Leaky", 100, 4000}, {"onData", 30, 30 * 64}, {"", 30, 30 * 32}, {"Cart", 2, 80}, {"Empty", 1, 0}}

func TestV8Counts(t *testing.T) {
	r := kit.Rand(t)
	wantClasses(t, "a snapshot with 100 objects of the class Leaky", v8File(r, v8Fields, v8Types, someNodes(r)),
		"counted are nodes of the types object and closure; strings, arrays and hidden nodes may have the same names", someClasses...)
	wantClasses(t, "a snapshot with an object of 2⁵³−1 bytes", v8File(r, v8Fields, v8Types, []v8Node{{"object", "Huge", 1<<53 - 1}}),
		"numbers go up to 2⁵³−1", Class{"Huge", 1, 1<<53 - 1})
	many := make([]v8Node, 2000)
	for i := range many {
		many[i] = v8Node{"object", "Leaky", 40}
	}
	wantClasses(t, "a snapshot with 2,000 objects", v8File(r, v8Fields, v8Types, many), "a file is larger than what is read of it at once", Class{"Leaky", 2000, 80_000})
}

func v8Shuffled(r *rand.Rand, words []string) (list []string) {
	for _, i := range r.Perm(len(words)) {
		list = append(list, words[i])
	}
	return list
}

func TestV8FieldOrder(t *testing.T) {
	r := kit.Rand(t)
	for i := range 20 {
		fields := v8Shuffled(r, v8MoreFields)
		if first := i / 2 % 4; i%2 == 0 { // early versions had no more; each of them is the first at times
			fields = append(v8Fields[first:4:4], v8Fields[:first]...)
		}
		types := v8Shuffled(r, v8MoreTypes)
		wantClasses(t, fmt.Sprintf("a snapshot with the fields %q and the types %q", fields, types), v8File(r, fields, types, someNodes(r)),
			"node_fields and node_types say where what stands, and more than one entry of node_types may be a list; V8 has changed both several times", someClasses...)
	}
}

func TestV8Names(t *testing.T) {
	r := kit.Rand(t)
	var nodes []v8Node
	var want []Class
	for i, name := range []string{`a "quoted" one`, `back\slash`, `ends in \`, "line\nbreak", "Łódź", "日本", "😀", "]}", "{[", `","nodes":[`, "<html>", "\x01"} {
		nodes = append(nodes, v8Node{"object", name, 10 + i})
		want = append(want, Class{name, 1, int64(10 + i)})
	}
	why := "names are JSON strings: anything may stand in them"
	file := v8File(r, v8Fields, v8Types, nodes)
	wantClasses(t, "a snapshot with odd names", file, why, want...)
	wantClasses(t, "the same with escapes", strings.NewReplacer("😀", `\ud83d\ude00`, "日", `\u65e5`, "</", `<\/`).Replace(file), why, want...)
}

// v8Layouts are edits of a file, pairs of old and new, that leave its meaning as it is.
var v8Layouts = []struct {
	what, why string
	edits     []string
}{
	{"a section in front", "sections that are of no interest are skipped, whatever is in them",
		[]string{`{"snapshot"`, `{"version":{"v8":[11,{"minor":"3]}"},null,true,-1.5e3]},"snapshot"`}},
	{"a section before the strings", "a section's name stands at the top only",
		[]string{`"strings"`, `"odd":["strings",{"strings":[]},"\"strings\":["],"more":"}",` + "\n\"strings\""}},
	{"space in it", "JSON may have space between any two tokens",
		[]string{",", " ,\r\n\t", ":", " : ", "[", "[ ", "]", " ]", "{", " {\n", "}", "\n}\n"}},
	{"a name that is there twice", "equal names are one class, whatever their numbers",
		[]string{`"x"]`, `"Leaky"]`, `"nodes":[3,1,`, `"nodes":[3,2,`}},
}

func TestV8Layout(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, v8Fields, v8Types, []v8Node{{"object", "Leaky", 40}, {"closure", "Leaky", 2}, {"string", "x", 1}})
	if !json.Valid([]byte(file)) {
		t.Fatalf("the test's snapshot is no JSON: %s", file)
	}
	want := Class{"Leaky", 2, 42}
	for _, tt := range v8Layouts {
		wantClasses(t, "a snapshot with "+tt.what, strings.NewReplacer(tt.edits...).Replace(file), tt.why, want)
	}
	wantClasses(t, "a snapshot without nodes", v8File(r, v8Fields, v8Types, nil), "an empty heap has no classes")
}

func TestV8Reader(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, v8Fields, v8Types, someNodes(r))
	wantRead(t, "a reader that gives a byte at a time", iotest.OneByteReader(strings.NewReader(file)), "a number may be cut anywhere", someClasses...)
	wantRead(t, "a reader that says io.EOF with the last bytes", iotest.DataErrReader(strings.NewReader(file)), "the last bytes count", someClasses...)
	broken := errors.New("the disk is gone")
	for _, n := range []int{0, 1, 300, len(file) / 2, len(file) - 1} {
		got, err := ParseV8(io.MultiReader(strings.NewReader(file[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, ErrFormat) || got != nil {
			t.Errorf("ParseV8 of a reader that fails after %d bytes: %v, %v; want that error, and not ErrFormat: the file may be good", n, got, err)
		}
	}
}

func wantFormatError(t *testing.T, what, file string) {
	t.Helper()
	got, err := ParseV8(strings.NewReader(file))
	if !errors.Is(err, ErrFormat) || got != nil {
		t.Errorf("ParseV8(%s) = %d classes, %v; want nil and ErrFormat: a sum over half a file looks like a leak that has been repaired", what, len(got), err)
	}
}

func TestV8CutOff(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, []string{"type", "name", "self_size"}, []string{"object", "closure", "string"}, []v8Node{{"object", "Leaky", 40}, {"closure", "a\"b", 2}, {"string", "x", 1}, {"object", "日本", 8}})
	for n := range len(file) {
		if wantFormatError(t, fmt.Sprintf("the first %d of a file's %d bytes", n, len(file)), file[:n]); t.Failed() {
			return
		}
	}
	wantFormatError(t, "a brace and 200,000 spaces", "{"+strings.Repeat(" ", 200_000))
}

// v8Broken are files with old replaced by new, or new alone.
var v8Broken = []struct{ what, old, new string }{
	{"no JSON", "", "hello"},
	{"a list", "", "[]"},
	{"null", "", "null"},
	{"an object without sections", "", "{}"},
	{"a .cpuprofile", "", `{"nodes":[{"id":1,"callFrame":{"functionName":"(root)"}}],"startTime":1,"samples":[],"timeDeltas":[]}`},
	{"no node_fields", `"node_fields"`, `"fields"`},
	{"no node_types", `"node_types"`, `"types"`},
	{"no field type", `"type"`, `"kind"`},
	{"no field name", `"name"`, `"label"`},
	{"no field self_size", `"self_size"`, `"size"`},
	{"no names of types", `["hidden",`, `"enum",["hidden",`},
	{"no section nodes", `"nodes"`, `"knots"`},
	{"no section strings", `"strings"`, `"words"`},
	{"a node of a type without a name", `"nodes":[3,`, `"nodes":[15,`},
	{"a node of a name without a text", `"nodes":[3,1,`, `"nodes":[3,4,`},
	{"an incomplete node", "\n],\n\"edges\"", ",3\n],\n\"edges\""},
	{"a negative number", `"nodes":[3,1,`, `"nodes":[3,-1,`},
	{"a fraction", `"nodes":[3,1,`, `"nodes":[3,1.5,`},
	{"a word for a number", `"nodes":[3,1,`, `"nodes":[3,"1",`},
	{"a list for a number", `"nodes":[3,1,`, `"nodes":[3,[1],`},
	{"a number for a name", `"Leaky"`, `7`},
	{"a comma too much", "\n],\n\"edges\"", ",\n],\n\"edges\""},
	{"a comma too little", `"nodes":[3,1,`, `"nodes":[3 1,`},
	{"a number left out", `"nodes":[3,1,`, `"nodes":[3,,`},
	{"a semicolon for a comma", `"nodes":[3,1,`, `"nodes":[3;1,`},
	{"a size of 2⁵³", ",40,", ",9007199254740992,"},
	{"a number of twenty digits", `"nodes":[3,1,`, `"nodes":[3,1,99999999999999999999`},
	{"nodes that begin with a brace", `"nodes":[`, `"nodes":{`},
	{"nodes that end with a brace", "\n],\n\"edges\"", "\n},\n\"edges\""},
	{"no colon after a key", `"nodes":`, `"nodes" `},
	{"an unknown escape", "Leaky", `Le\qky`},
	{"a line break in a name", "Leaky", "Le\nky"},
}

func TestV8Broken(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, v8Fields, v8Types, []v8Node{{"object", "Leaky", 40}, {"closure", "onData", 64}})
	for _, tt := range v8Broken {
		broken := tt.new
		if tt.old != "" {
			broken = strings.Replace(file, tt.old, tt.new, 1)
		}
		if broken == file {
			t.Fatalf("the snapshot has no %q", tt.old)
		}
		wantFormatError(t, tt.what, broken)
	}
	typeLast := v8File(r, []string{"name", "self_size", "type"}, v8Types, []v8Node{{"object", "Leaky", 40}})
	wantFormatError(t, "a type of 2⁶⁴−1", strings.Replace(typeLast, ",3\n]", ",18446744073709551615\n]", 1))
}

// testClasses reads "name count size, …".
func testClasses(text string) map[string]Class {
	if text == "" {
		return nil
	}
	classes := map[string]Class{}
	for _, row := range strings.Split(text, ", ") {
		var c Class
		fmt.Sscan(row, &c.Name, &c.Count, &c.Shallow)
		classes[c.Name] = c
	}
	return classes
}

func TestDiffV8(t *testing.T) {
	const before = "Same 3 30, Leaky 10 400, Gone 5 50, Few 9 900, Lighter 2 40, Repacked 8 64"
	for _, tt := range []struct{ before, after, want, why string }{
		{before, "Same 3 30, Leaky 1000 40000, New 1 24, Few 1 100, Lighter 2 10, Repacked 4 64, Anew 2 24",
			"Leaky 990 39600, Anew 2 24, New 1 24, Repacked -4 0, Lighter 0 -30, Gone -5 -50, Few -8 -800",
			"after minus before, the largest size first, then by name; new classes, classes that are gone, and none that did not change"},
		{"", before, "Few 9 900, Leaky 10 400, Repacked 8 64, Gone 5 50, Lighter 2 40, Same 3 30", "all that is there is new"},
		{before, "", "Same -3 -30, Lighter -2 -40, Gone -5 -50, Repacked -8 -64, Leaky -10 -400, Few -9 -900", "all of it is gone, what was least first"},
		{"", "", "", "there is nothing"},
	} {
		before, after := testClasses(tt.before), testClasses(tt.after)
		got := ""
		for i, c := range DiffV8(before, after) {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprint(c.Name, " ", c.Count, " ", c.Shallow)
		}
		if got != tt.want {
			t.Errorf("DiffV8 of %q and %q\n got %s\nwant %s\n%s", tt.before, tt.after, got, tt.want, tt.why)
		}
		if fmt.Sprint(before, after) != fmt.Sprint(testClasses(tt.before), testClasses(tt.after)) {
			t.Errorf("DiffV8 changed the maps that it was given: %v, %v; they are the caller's", before, after)
		}
	}
}
