package measure

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

const variantKey = "/variant="

// WriteBenchfmt writes samples in the Go benchmark format, one line for each round of each variant:
//
//	BenchmarkGetHit/variant=naive 120000 1.536e-06 sec/op
//
// so that "benchstat -col /variant" compares them. config become the "key: value" lines at the top, by key. Lines come
// in the order in which samples first name them.
func WriteBenchfmt(w io.Writer, samples []Sample, config map[string]string) error {
	var head []benchfmt.Config
	for _, key := range slices.Sorted(maps.Keys(config)) {
		value := strings.Join(strings.Fields(config[key]), " ")
		if value != "" {
			head = append(head, benchfmt.Config{Key: key, Value: []byte(value), File: true})
		}
	}
	out := benchfmt.NewWriter(w)
	for _, line := range lines(samples) {
		line.Config = head
		if err := writable(line); err != nil {
			return fmt.Errorf("writing benchmark %q: %w", line.Name, err)
		}
		if err := out.Write(line); err != nil {
			return fmt.Errorf("writing benchmark %s: %w", line.Name, err)
		}
	}
	return nil
}

// lines puts the units of one benchmark, variant and round on one line.
func lines(samples []Sample) []*benchfmt.Result {
	type key struct {
		benchmark, variant string
		round              int
	}
	var order []*benchfmt.Result
	byKey := map[key]*benchfmt.Result{}
	for _, s := range samples {
		k := key{s.Benchmark, s.Variant, s.Round}
		line := byKey[k]
		if line == nil {
			line = &benchfmt.Result{Name: benchfmt.Name(s.Benchmark + variantKey + s.Variant), Iters: 1}
			byKey[k], order = line, append(order, line)
		}
		line.Iters = max(line.Iters, s.N)
		line.Values = append(line.Values, benchfmt.Value{Value: s.Value, Unit: s.Unit})
	}
	return order
}

func writable(line *benchfmt.Result) error {
	words := []string{string(line.Name)}
	for _, v := range line.Values {
		words = append(words, v.Unit)
	}
	for _, word := range words {
		if word == "" || strings.ContainsFunc(word, isSpaceOrControl) {
			return fmt.Errorf("%q is not one word", word)
		}
	}
	return nil
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x85 || r == 0xa0 }

// ReadBenchfmt reads what WriteBenchfmt wrote, and any other file in the Go benchmark format as samples of the variant
// "yours". Values are in base units ("ns/op" becomes "sec/op"); the rounds of a variant are numbered from 0 as they
// come. A line that is not in the format is an error that names it.
func ReadBenchfmt(r io.Reader, name string) ([]Sample, error) {
	var samples []Sample
	rounds := map[string]int{}
	in := benchfmt.NewReader(r, name)
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			full := string(rec.Name)
			benchmark, variant, ok := strings.Cut(full, variantKey)
			if !ok {
				variant = "yours"
			}
			for _, v := range rec.Values {
				samples = append(samples, Sample{Benchmark: benchmark, Variant: variant, Unit: v.Unit,
					Value: v.Value, Round: rounds[full], N: rec.Iters})
			}
			rounds[full]++
		}
	}
	return samples, in.Err()
}
