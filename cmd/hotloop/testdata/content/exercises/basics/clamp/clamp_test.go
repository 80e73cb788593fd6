package clamp

import "testing"

func check(t *testing.T, x, lo, hi, want int) {
	t.Helper()
	if got := Clamp(x, lo, hi); got != want {
		t.Errorf("Clamp(%d, %d, %d) = %d, want %d", x, lo, hi, got, want)
	}
}

func TestInside(t *testing.T) { check(t, 5, 1, 9, 5) }

func TestBelow(t *testing.T) { check(t, -5, 1, 9, 1) }

func TestAbove(t *testing.T) { check(t, 50, 1, 9, 9) }
