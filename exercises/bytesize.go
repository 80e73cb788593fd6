package exercises

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v4"
)

var (
	byteSizePattern = regexp.MustCompile(`^([0-9]+) ?(B|KiB|MiB|GiB)?$`)
	byteSizeUnits   = map[string]ByteSize{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
)

// UnmarshalYAML reads "64KiB", "1 MiB" or a plain number of bytes.
func (b *ByteSize) UnmarshalYAML(node *yaml.Node) error {
	m := byteSizePattern.FindStringSubmatch(node.Value)
	if m == nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("size is %q; expected a number of bytes such as 4096, 64KiB, 1MiB or 2GiB", node.Value)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := byteSizeUnits[m[2]]
	if err != nil || ByteSize(n) > math.MaxInt64/unit {
		return fmt.Errorf("size is %s, more than this program can count", node.Value)
	}
	*b = ByteSize(n) * unit
	return nil
}

// String writes the size with the largest unit that divides it: "64KiB", "1000B".
func (b ByteSize) String() string {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if n := byteSizeUnits[unit]; b != 0 && b%n == 0 {
			return strconv.FormatInt(int64(b/n), 10) + unit
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}
