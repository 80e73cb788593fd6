package heapdiff

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
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

// Fields and types as Node.js 20 writes them.
var (
	v8Fields = []string{"type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"}
	v8Types  = []string{"hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string", "symbol", "bigint", "object shape"}
)

// v8File is a snapshot with those nodes, laid out like V8's: the description, nodes, edges, other sections, strings.
func v8File(r *rand.Rand, fields, types []string, nodes []v8Node) string {
	var b strings.Builder
	list := []string{"<dummy>"}
	number := map[string]int{}
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
	quoted := func(v any) string { text, _ := json.Marshal(v); return string(text) }
	fmt.Fprintf(&b, `{"snapshot":{"meta":{"node_fields":%s,"node_types":%s,"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element"],"string_or_number","node"]},"node_count":%d,"edge_count":%d,"trace_function_count":0},`+"\n"+`"nodes":[`,
		quoted(fields), quoted(fieldTypes), len(nodes), len(nodes))
	for i, n := range nodes {
		if _, known := number[n.name]; !known {
			number[n.name] = len(list)
			list = append(list, n.name)
		}
		for j, f := range fields {
			if i+j > 0 {
				b.WriteByte(',')
			}
			switch f {
			case "type":
				fmt.Fprint(&b, slices.Index(types, n.kind))
			case "name":
				fmt.Fprint(&b, number[n.name])
			case "self_size":
				fmt.Fprint(&b, n.size)
			case "flags":
				fmt.Fprint(&b, r.IntN(2))
			default:
				fmt.Fprint(&b, r.IntN(100_000))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("],\n\"edges\":[")
	for i := range 3 * len(nodes) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, r.IntN(50_000))
	}
	fmt.Fprintf(&b, "],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[],\n\"strings\":%s}", quoted(list))
	return b.String()
}

func wantClasses(t *testing.T, what, file, why string, want ...Class) {
	t.Helper()
	got, err := ParseV8(strings.NewReader(file))
	if err != nil {
		t.Errorf("ParseV8(%s): %v; want %v", what, err, want)
		return
	}
	all := map[string]Class{}
	for _, c := range want {
		all[c.Name] = c
	}
	if !maps.Equal(got, all) {
		t.Errorf("ParseV8(%s)\n got %v\nwant %v\n%s", what, got, all, why)
	}
}

// someNodes are 1,000 objects of a class that leaks, and what else has that name or is in a heap.
func someNodes(r *rand.Rand) (nodes []v8Node) {
	for range 1000 {
		nodes = append(nodes, v8Node{"object", "Leaky", 40})
	}
	for range 30 {
		nodes = append(nodes, v8Node{"closure", "onData", 64}, v8Node{"closure", "", 32})
	}
	for _, kind := range v8Types {
		if kind != "object" && kind != "closure" {
			nodes = append(nodes, v8Node{kind, "Leaky", 1 << 20}, v8Node{kind, "(" + kind + ")", 8})
		}
	}
	nodes = append(nodes, v8Node{"object", "Cart", 24}, v8Node{"closure", "Cart", 56}, v8Node{"object", "Empty", 0})
	r.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	return nodes
}

var someClasses = []Class{{"Leaky", 1000, 40_000}, {"onData", 30, 30 * 64}, {"", 30, 30 * 32}, {"Cart", 2, 80}, {"Empty", 1, 0}}

func TestV8Counts(t *testing.T) {
	r := kit.Rand(t)
	wantClasses(t, "a snapshot with 1,000 objects of the class Leaky", v8File(r, v8Fields, v8Types, someNodes(r)),
		"counted are nodes of the types object and closure; strings, arrays and hidden nodes may have the same names", someClasses...)
	wantClasses(t, "a snapshot with an object of 2⁵³−1 bytes", v8File(r, v8Fields, v8Types, []v8Node{{"object", "Huge", 1<<53 - 1}}),
		"numbers go up to 2⁵³−1", Class{"Huge", 1, 1<<53 - 1})
}

func TestV8FieldOrder(t *testing.T) {
	r := kit.Rand(t)
	for range 20 {
		fields, types := slices.Concat(v8Fields, []string{"flags", "age"}), slices.Concat(v8Types, []string{"wasm object"})
		r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		r.Shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
		if r.IntN(2) == 0 { // early versions had no more
			fields = slices.DeleteFunc(fields, func(f string) bool { return f != "type" && f != "name" && f != "self_size" && f != "id" })
		}
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

func TestV8Layout(t *testing.T) {
	r := kit.Rand(t)
	nodes := []v8Node{{"object", "Leaky", 40}, {"closure", "Leaky", 2}, {"string", "x", 1}}
	file := v8File(r, v8Fields, v8Types, nodes)
	want := Class{"Leaky", 2, 42}
	wantClasses(t, "a snapshot with a section in front", strings.Replace(file, "{", `{"version":{"v8":[11,{"minor":"3]}"},null,true,-1.5e3]},`, 1), "sections that are of no interest are skipped, whatever is in them", want)
	wantClasses(t, "a snapshot with a section before the strings", strings.Replace(file, `"strings"`, `"odd":["strings",{"strings":[]},"\"strings\":["],"more":"}",`+"\n\"strings\"", 1), "a section's name stands at the top only", want)
	var plain any
	if err := json.Unmarshal([]byte(file), &plain); err != nil {
		t.Fatal(err)
	}
	spaced := strings.NewReplacer(",", " ,\r\n\t", ":", " : ", "[", "[ ", "]", " ]", "{", "{\n", "}", "\n}").Replace(file) + "\n"
	wantClasses(t, "a snapshot with space in it", " "+spaced, "JSON may have space between any two tokens", want)
	wantClasses(t, "a snapshot without nodes", v8File(r, v8Fields, v8Types, nil), "an empty heap has no classes")
	twice := strings.NewReplacer(`"Leaky"`, `"Leaky"`, `"x"]`, `"Leaky"]`).Replace(file)
	twice = strings.Replace(twice, `"nodes":[3,1,`, `"nodes":[3,2,`, 1)
	wantClasses(t, "a snapshot with a name that is there twice", twice, "equal names are one class, whatever their numbers", want)
}

func TestV8Reader(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, v8Fields, v8Types, someNodes(r))
	got, err := ParseV8(iotest.OneByteReader(strings.NewReader(file)))
	if err != nil || got["Leaky"] != (Class{"Leaky", 1000, 40_000}) {
		t.Errorf("ParseV8 of a reader that gives a byte at a time: Leaky %v, %v; want 1000 objects: a number may be cut anywhere", got["Leaky"], err)
	}
	if got, err = ParseV8(iotest.DataErrReader(strings.NewReader(file))); err != nil || len(got) != len(someClasses) {
		t.Errorf("ParseV8 of a reader that says io.EOF with the last bytes: %d classes, %v; want %d", len(got), err, len(someClasses))
	}
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
	file := v8File(r, v8Fields, v8Types, []v8Node{{"object", "Leaky", 40}, {"closure", "a\"b", 2}, {"string", "x", 1}, {"object", "日本", 8}})
	for n := range len(file) {
		if wantFormatError(t, fmt.Sprintf("the first %d of a file's %d bytes", n, len(file)), file[:n]); t.Failed() {
			return
		}
	}
	wantFormatError(t, "a brace and 200,000 spaces", "{"+strings.Repeat(" ", 200_000))
}

func TestV8Broken(t *testing.T) {
	r := kit.Rand(t)
	file := v8File(r, v8Fields, v8Types, []v8Node{{"object", "Leaky", 40}, {"closure", "onData", 64}})
	typeLast := v8File(r, []string{"name", "self_size", "type"}, v8Types, []v8Node{{"object", "Leaky", 40}})
	replaced := func(old, new string) string {
		if !strings.Contains(file, old) {
			t.Fatalf("the snapshot has no %q", old)
		}
		return strings.Replace(file, old, new, 1)
	}
	for what, broken := range map[string]string{
		"no JSON":                         "hello",
		"a list":                          "[]",
		"null":                            "null",
		"an object without sections":      "{}",
		"a .cpuprofile":                   `{"nodes":[{"id":1,"callFrame":{"functionName":"(root)"}}],"startTime":1,"samples":[],"timeDeltas":[]}`,
		"no node_fields":                  replaced(`"node_fields"`, `"fields"`),
		"no node_types":                   replaced(`"node_types"`, `"types"`),
		"no field type":                   replaced(`"type"`, `"kind"`),
		"no field name":                   replaced(`"name"`, `"label"`),
		"no field self_size":              replaced(`"self_size"`, `"size"`),
		"no names of types":               replaced(`["hidden",`, `"enum",["hidden",`),
		"no section nodes":                replaced(`"nodes"`, `"knots"`),
		"no section strings":              replaced(`"strings"`, `"words"`),
		"a node of a type without a name": replaced(`"nodes":[3,`, `"nodes":[15,`),
		"a node of a name without a text": replaced(`"nodes":[3,1,`, `"nodes":[3,4,`),
		"an incomplete node":              replaced("\n],\n\"edges\"", ",3\n],\n\"edges\""),
		"a negative number":               replaced(`"nodes":[3,1,`, `"nodes":[3,-1,`),
		"a fraction":                      replaced(`"nodes":[3,1,`, `"nodes":[3,1.5,`),
		"a word for a number":             replaced(`"nodes":[3,1,`, `"nodes":[3,"1",`),
		"a list for a number":             replaced(`"nodes":[3,1,`, `"nodes":[3,[1],`),
		"a number for a name":             replaced(`"Leaky"`, `7`),
		"a comma too much":                replaced("\n],\n\"edges\"", ",\n],\n\"edges\""),
		"a comma too little":              replaced(`"nodes":[3,1,`, `"nodes":[3 1,`),
		"a number left out":               replaced(`"nodes":[3,1,`, `"nodes":[3,,`),
		"a semicolon for a comma":         replaced(`"nodes":[3,1,`, `"nodes":[3;1,`),
		"a size of 2⁵³":                   replaced(",40,", ",9007199254740992,"),
		"a type of 2⁶⁴−1":                 strings.Replace(typeLast, ",3\n]", ",18446744073709551615\n]", 1),
		"a number of twenty digits":       replaced(`"nodes":[3,1,`, `"nodes":[3,1,99999999999999999999`),
		"nodes that begin with a brace":   replaced(`"nodes":[`, `"nodes":{`),
		"nodes that end with a brace":     replaced("\n],\n\"edges\"", "\n},\n\"edges\""),
		"no colon after a key":            replaced(`"nodes":`, `"nodes" `),
		"an unknown escape":               replaced("Leaky", `Le\qky`),
		"a line break in a name":          replaced("Leaky", "Le\nky"),
	} {
		wantFormatError(t, what, broken)
	}
}

func TestDiffV8(t *testing.T) {
	before := map[string]Class{"Same": {"Same", 3, 30}, "Leaky": {"Leaky", 10, 400}, "Gone": {"Gone", 5, 50}, "Few": {"Few", 9, 900}, "Lighter": {"Lighter", 2, 40}, "Repacked": {"Repacked", 8, 64}}
	after := map[string]Class{"Same": {"Same", 3, 30}, "Leaky": {"Leaky", 1000, 40_000}, "New": {"New", 1, 24}, "Few": {"Few", 1, 100}, "Lighter": {"Lighter", 2, 10}, "Repacked": {"Repacked", 4, 64}, "Anew": {"Anew", 2, 24}}
	a, b := maps.Clone(before), maps.Clone(after)
	got := DiffV8(before, after)
	want := []Class{{"Leaky", 990, 39_600}, {"Anew", 2, 24}, {"New", 1, 24}, {"Repacked", -4, 0}, {"Lighter", 0, -30}, {"Gone", -5, -50}, {"Few", -8, -800}}
	if !slices.Equal(got, want) {
		t.Errorf("DiffV8\n got %v\nwant %v\nafter minus before, the largest size first, then by name; new classes, classes that are gone, and none that did not change", got, want)
	}
	if !maps.Equal(a, before) || !maps.Equal(b, after) {
		t.Errorf("DiffV8 changed the maps that it was given: %v, %v; they are the caller's", before, after)
	}
	if got := DiffV8(nil, before); len(got) != len(before) || got[0] != before["Few"] {
		t.Errorf("DiffV8(nil, %v) = %v; want all that is there", before, got)
	}
	if got := DiffV8(before, nil); len(got) != len(before) || got[0] != (Class{"Same", -3, -30}) || got[5] != (Class{"Few", -9, -900}) {
		t.Errorf("DiffV8(%v, nil) = %v; want all of it to be gone, what was least first", before, got)
	}
	if got := DiffV8(nil, nil); len(got) > 0 {
		t.Errorf("DiffV8(nil, nil) = %v; want none", got)
	}
}
