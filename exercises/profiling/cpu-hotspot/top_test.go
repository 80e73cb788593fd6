package hotspot

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"hotloop/exercises/kit"
)

// A testStack is a sample: functions from the outermost on, inlined calls joined by " > " to their caller, and its values.
type testStack struct {
	stack  []string
	values []int64
}

// profileOf makes a profile. Equal words are one location, as in real profiles; "0x…" is a location without a function.
func profileOf(t *testing.T, types []string, samples ...testStack) *profile.Profile {
	t.Helper()
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000}
	for _, name := range types {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: name, Unit: "count"})
	}
	functions, locations := map[string]*profile.Function{}, map[string]*profile.Location{}
	for _, s := range samples {
		sample := &profile.Sample{Value: s.values}
		for _, words := range slices.Backward(s.stack) {
			loc := locations[words]
			if loc == nil {
				loc = &profile.Location{ID: uint64(len(p.Location) + 1), Address: uint64(0x1000 + 16*len(p.Location))}
				if _, err := fmt.Sscanf(words, "0x%x", &loc.Address); err != nil {
					for _, name := range slices.Backward(strings.Split(words, " > ")) {
						if functions[name] == nil {
							functions[name] = &profile.Function{ID: uint64(len(functions) + 1), Name: name}
							p.Function = append(p.Function, functions[name])
						}
						loc.Line = append(loc.Line, profile.Line{Function: functions[name], Line: int64(len(words))})
					}
				}
				locations[words] = loc
				p.Location = append(p.Location, loc)
			}
			sample.Location = append(sample.Location, loc)
		}
		p.Sample = append(p.Sample, sample)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	return p
}

const allRows = 1000

// topRows is Top's answer as lines "function flat cum flat% cum%".
func topRows(t *testing.T, p *profile.Profile, sampleType string, n int) []string {
	t.Helper()
	frames, err := Top(p, sampleType, n)
	if err != nil {
		t.Fatalf("Top(a profile with %q, %d): %v", sampleType, n, err)
	}
	lines := []string{}
	for _, f := range frames {
		lines = append(lines, fmt.Sprintf("%s %d %d %.4g%% %.4g%%", f.Func, f.Flat, f.Cum, f.FlatPct, f.CumPct))
	}
	return lines
}

func wantRows(t *testing.T, got []string, why string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("Top:\n got %s\nwant %s\n%s", strings.Join(got, "\n     "), strings.Join(want, "\n     "), why)
	}
}

var cpuTypes = []string{"samples", "cpu"}

func TestTopFlatIsTheLeaf(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "Build", "sort"}, []int64{6, 60}},
		testStack{[]string{"main", "Build", "regexp"}, []int64{3, 30}},
		testStack{[]string{"main", "Build"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "flat is of the innermost function only, which stands first in Location; cum is of all on the stack",
		"sort 60 60 60% 60%", "regexp 30 30 30% 30%", "Build 10 100 10% 100%", "main 0 100 0% 100%")
	wantRows(t, topRows(t, p, "samples", allRows), "the same profile counts samples, too",
		"sort 6 6 60% 60%", "regexp 3 3 30% 30%", "Build 1 10 10% 100%", "main 0 10 0% 100%")
}

func TestTopRecursionIsCountedOnce(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "walk", "visit", "walk", "visit", "walk"}, []int64{4, 40}},
		testStack{[]string{"main", "walk > walk", "walk > visit"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "a function that stands on one stack five times was running once; more than 100 % of the time there is none",
		"walk 40 50 80% 100%", "visit 10 50 20% 100%", "main 0 50 0% 100%")
}

func TestTopInlinedCalls(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main > run", "Build > normalise > isLetter"}, []int64{2, 20}},
		testStack{[]string{"main > run", "Build"}, []int64{1, 10}},
		testStack{[]string{"main > run", "Build > normalise", "memmove"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "a location is one address; its lines are the calls that were inlined there, the innermost first, and each of them is on the stack",
		"isLetter 20 20 50% 50%", "Build 10 40 25% 100%", "memmove 10 10 25% 25%", "main 0 40 0% 100%", "normalise 0 30 0% 75%", "run 0 40 0% 100%")
}

func TestTopAddressForAName(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "0x4b1dcafe", "0xface"}, []int64{3, 30}},
		testStack{[]string{"main", "0xface"}, []int64{1, 10}})
	wantRows(t, topRows(t, p, "cpu", allRows), "code without symbols has an address, and takes time as any other",
		"0xface 40 40 100% 100%", "0x4b1dcafe 0 30 0% 75%", "main 0 40 0% 100%")
}

func TestTopUnknownType(t *testing.T) {
	p := profileOf(t, cpuTypes, testStack{[]string{"main"}, []int64{1, 10}})
	for _, name := range []string{"inuse_space", "", "CPU", "nanoseconds"} {
		frames, err := Top(p, name, allRows)
		if !errors.Is(err, ErrSampleType) || len(frames) > 0 {
			t.Errorf("Top(a profile of CPU time, %q) = %v, %v; want ErrSampleType: another type's numbers would look just as plausible", name, frames, err)
		}
	}
	heap := profileOf(t, []string{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, testStack{[]string{"main"}, []int64{1, 2, 3, 4}})
	wantRows(t, topRows(t, heap, "inuse_space", allRows), "the value of a sample stands where its type stands in SampleType", "main 4 4 100% 100%")
	wantRows(t, topRows(t, heap, "alloc_objects", allRows), "the first type is a type, too", "main 1 1 100% 100%")
}

func TestTopPercentOfTheTotal(t *testing.T) {
	p := profileOf(t, cpuTypes,
		testStack{[]string{"main", "a"}, []int64{1, 10}},
		testStack{[]string{"main", "b"}, []int64{2, 20}},
		testStack{nil, []int64{1, 10}})
	why := "percentages are of all samples, of those that are not shown and of those without a stack, too"
	wantRows(t, topRows(t, p, "cpu", 1), why, "b 20 20 50% 50%")
	wantRows(t, topRows(t, p, "cpu", 2), why, "b 20 20 50% 50%", "a 10 10 25% 25%")
	wantRows(t, topRows(t, p, "cpu", 0), "none were asked for")
	wantRows(t, topRows(t, p, "cpu", -1), "none were asked for")
	empty := profileOf(t, cpuTypes)
	wantRows(t, topRows(t, empty, "cpu", allRows), "a profile may have no samples")
	diff := profileOf(t, cpuTypes, testStack{[]string{"before"}, []int64{-1, -10}}, testStack{[]string{"after"}, []int64{1, 10}})
	wantRows(t, topRows(t, diff, "cpu", allRows), "the difference of two profiles may have a total of zero, and there are no shares of nothing",
		"after 10 10 0% 0%", "before -10 -10 0% 0%")
}

func TestTopTies(t *testing.T) {
	var samples []testStack
	var want []string
	for i := range 20 {
		name := fmt.Sprintf("f%02d", i)
		samples = append(samples, testStack{[]string{"main", name}, []int64{1, 10}})
		want = append(want, name+" 10 10 5% 5%")
	}
	kit.Rand(t).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	wantRows(t, topRows(t, profileOf(t, cpuTypes, samples...), "cpu", 10), "where flat is equal the names decide, or two looks at one profile differ", want[:10]...)
}

// expectedTop asks each function for its samples.
func expectedTop(p *profile.Profile, value int) []Frame {
	var names []string
	for _, f := range p.Function {
		names = append(names, f.Name)
	}
	var total int64
	for _, s := range p.Sample {
		total += s.Value[value]
	}
	var list []Frame
	for _, name := range names {
		f, seen := Frame{Func: name}, false
		for _, s := range p.Sample {
			var stack []string
			for _, loc := range s.Location {
				for _, line := range loc.Line {
					stack = append(stack, line.Function.Name)
				}
			}
			if slices.Contains(stack, name) {
				f.Cum += s.Value[value]
				seen = true
			}
			if len(stack) > 0 && stack[0] == name {
				f.Flat += s.Value[value]
			}
		}
		f.FlatPct, f.CumPct = 100*float64(f.Flat)/float64(total), 100*float64(f.Cum)/float64(total)
		if seen {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Frame) int {
		return cmp.Or(cmp.Compare(b.Flat, a.Flat), strings.Compare(a.Func, b.Func))
	})
	return list
}

func TestTopRandomProfiles(t *testing.T) {
	r := kit.Rand(t)
	for range 100 {
		var samples []testStack
		for range 1 + r.IntN(30) {
			var s testStack
			for range 1 + r.IntN(6) {
				words := fmt.Sprint("f", r.IntN(9))
				for range r.IntN(3) {
					words += fmt.Sprint(" > f", r.IntN(9))
				}
				s.stack = append(s.stack, words)
			}
			n := int64(1 + r.IntN(50))
			s.values = []int64{n, n * 10_000_000}
			samples = append(samples, s)
		}
		p := profileOf(t, cpuTypes, samples...)
		before, want := p.String(), expectedTop(p, 1)
		got, err := Top(p, "cpu", len(want))
		if err != nil || !slices.EqualFunc(got, want, closeFrames) {
			t.Fatalf("Top of\n%s\n got %v, %v\nwant %v", p, got, err, want)
		}
		if after := p.String(); after != before {
			t.Fatalf("Top changed the profile that it was given\n was %s\n  is %s\nwho looks at a profile twice wants to see the same", before, after)
		}
	}
}

func closeFrames(a, b Frame) bool {
	return a.Func == b.Func && a.Flat == b.Flat && a.Cum == b.Cum && math.Abs(a.FlatPct-b.FlatPct) < 1e-9 && math.Abs(a.CumPct-b.CumPct) < 1e-9
}

// realProfile is what runtime/pprof wrote of a program that renders a tree, with a function that calls itself and another
// that was inlined: 14 samples.
const realProfile = "" +
	"H4sIAAAAAAAE/2xTTWwT1xZ+49/rGdtzMv47cf6GG35uvLBhCFHYvccC8RYg9Hh6i4cQbzIejIVn7OeZkLJzJSSQqm6oqlK1RW6bqlL5KaCWghBVK7US" +
	"oFJ1QasuukCoi6zYoICq0Ka61x4nqchicu/5vvPdc75zvO/d+48e3lv6YxnlCJEgJEdIGCIHPzv33c3If8X5f53LjyM0TyS8feVsiHLWARolIViWQCrJ" +
	"RIIoRvUY219SSAjiGNdj7IFEgYTwwltnQzRKwnBDAqmkkDAQJHqCdSUKJIzvLZ7hcASexAUcARllXWG/ximQCJ6+eobDUViWBRyFJCZ1hX0vUyBRvHj1" +
	"Aodj8JwIOAYpTOkKu0hogcTwTudtDsfhW/6PwB1erULikMa0rrJvQiWFEAAEXWU3JaqSOC4un+f9JWBGNJaAIRzSVTZKVULw9+cClGGPAGXQUNNV9g+q" +
	"kgS+cfMaz1RgmwAVyGBGz7LNVCUyvvhiDaQqUfDGbRFIwrRgJyGHOT3LKhRIEh9+fY4XnIIPQqKtFOQxrxfYm5KGIAEfhqxKoXAkGouThCzLspKkQFK4" +
	"9LGwKw2PEyIxDYioK+x6ggJJ42Jg1zIBScsHUqlUOtDhQipR8cPLXd6MCkyUp8IwDutFNklVAnj9mbAhAbMgaZlARVZhUItKhvCXQOLvIGkQsOJDnKUk" +
	"aYFo+NMVUS7A/TiNkig87Q0ZYARHdIXdi2u5IC+pbew1g0+CZi4lNpSR6fciLMnis8+73EsVTodB0tRAL5YFkhCUHK5c61N+kzaUmuuXqpI8/hgMcAtI" +
	"mhaoJPLc/L5rBezeFq4NAXdfJkMwiqP6GCN0hCC+f0tMXINhGiEZGKMRosCUsFeDcRzXs2y4JJMMTOCEnmUjWip4JVJAJbnu0ULvVVH9MF74+TXeYBZe" +
	"l4RYFnTU9U3s/7RAivjOU2FxDr6UaJTk4UxELEYOKFJ9E7sllRSSh0mc1DezF2EKZARPXz3LBQvwam/7CrAFt+gxtsJ/saP49JKAES723kPYilv1GPsX" +
	"BTKG988LNAwPJOD8cVz8RFSQhlU+p9GgqcxwcWR0LDy+fvW0ZICGUXQ3gT982p/NZT6bbIArE3w2/E9JFjUiQafTCWHnq2shtm07m5WKWRKCzqPF7t2l" +
	"Cex0P+reXZpgU8UiCUOn01lZXV1dXZWw0+2srPKzxErG34y4Zzqthu0ZUas57/pG2GrNG4pruk3Ptppu1TPG2vOuX3fsMis5lu36bbMxVT4232gcWrBb" +
	"vpFpzwu4EoDlWtOYeFnOvGuZ1nH7UMt0DVxP4NGpcts+Vm80jKE+UnFEnKsV+6Eyr6BHdu1X/L1t215HNxuNpsXpIwG9F6pZh/jhQNOzTNeAv4IDhXLb" +
	"XPD8dt2tDUKV3p2LZoO8Act3WkYuiFpN1zL9Ht17edgwFMesu+W27VbttpH0jjdbFRGpNY2EOPCPkQw0xU3t3yqtdq+7QSG8qaZVs/5dd08NaGXHdpzm" +
	"SdsoBHn9wFHTqc5Ml721/MDCvabnr0VN75RrHWzbttPy10RavcBAJMlrK9e9/zQX7IYhi5sl9of23y2zktcy3X+6jbpr7zfbJ/bUfW+qXHfr/mCjKk7N" +
	"csz2iaO1tm27vm3WxPwm1yQcrtHL2qg00OA7sUbaZ5st/pCh9TUqzlzdd8wW93jDzgWLXGs3FzaIDRCxaWJZ0xXfaVXEvPjHYHM7ds1ZVWOuOj07vXNu" +
	"dm737l2muWNudsacmd41Pbtz9/Zq1dxu7TBih09WveYRQz580jvlWWajceTPAAAA//8kxNYCeQgAAA=="

// What is wanted is what go tool pprof -top prints, with all rows.
func TestTopOfARealProfile(t *testing.T) {
	p, err := profile.Parse(base64.NewDecoder(base64.StdEncoding, strings.NewReader(realProfile)))
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, topRows(t, p, "cpu", allRows), "the profile of a program that renders a tree for 1.2 s beside busy others; go tool pprof says the same",
		"runtime.memmove 50000000 50000000 35.71% 35.71%",
		"runtime.asyncPreempt 20000000 20000000 14.29% 14.29%",
		"main.isVowel 10000000 20000000 7.143% 14.29%",
		"main.render 10000000 140000000 7.143% 100%",
		"runtime.(*mcentral).fullSwept 10000000 10000000 7.143% 7.143%",
		"runtime.(*spanInlineMarkBits).init 10000000 10000000 7.143% 7.143%",
		"runtime.mallocgc 10000000 50000000 7.143% 35.71%",
		"runtime.mallocgcTiny 10000000 20000000 7.143% 14.29%",
		"runtime.nextFreeFast 10000000 10000000 7.143% 7.143%",
		"main.count 0 20000000 0% 14.29%",
		"main.main 0 140000000 0% 100%",
		"runtime.(*mcache).nextFree 0 20000000 0% 14.29%",
		"runtime.(*mcache).refill 0 20000000 0% 14.29%",
		"runtime.(*mcentral).cacheSpan 0 10000000 0% 7.143%",
		"runtime.(*mcentral).grow 0 10000000 0% 7.143%",
		"runtime.(*mcentral).uncacheSpan 0 10000000 0% 7.143%",
		"runtime.(*mspan).initHeapBits 0 10000000 0% 7.143%",
		"runtime.(*mspan).initInlineMarkBits 0 10000000 0% 7.143%",
		"runtime.concatstring2 0 100000000 0% 71.43%",
		"runtime.concatstrings 0 100000000 0% 71.43%",
		"runtime.main 0 140000000 0% 100%",
		"runtime.mallocgcSmallNoscan 0 20000000 0% 14.29%",
		"runtime.rawstring 0 50000000 0% 35.71%",
		"runtime.rawstringtmp 0 50000000 0% 35.71%")
}
