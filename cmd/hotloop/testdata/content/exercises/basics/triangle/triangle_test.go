package triangle

import (
	"testing"

	"hotloop/exercises/kit"
)

func TestSmall(t *testing.T) {
	for n, want := range []int{0, 1, 3, 6, 10} {
		if got := Triangle(n); got != want {
			t.Errorf("Triangle(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestNegative(t *testing.T) {
	n := -1 - kit.Rand(t).IntN(1000)
	if got := Triangle(n); got != 0 {
		t.Errorf("Triangle(%d) = %d, want 0: there is nothing to add", n, got)
	}
}

func TestLarge(t *testing.T) {
	if got, want := Triangle(1_000_000), 500_000_500_000; got != want {
		t.Errorf("Triangle(1000000) = %d, want %d", got, want)
	}
}
