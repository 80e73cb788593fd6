package triangle

import "testing"

var sink int

func BenchmarkTriangle(b *testing.B) {
	for b.Loop() {
		sink = Triangle(100_000)
	}
}
