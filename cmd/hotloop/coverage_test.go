package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCoverage(t *testing.T) {
	c, err := (&app{contentDir: "../.."}).coverage()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Problems() {
		t.Error(p)
	}
	kept, err := os.ReadFile("../../lessons/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(c.Markdown())); diff != "" {
		t.Errorf("lessons/COVERAGE.md is not current; run: hotloop coverage --content . >lessons/COVERAGE.md (-kept +now)\n%s", diff)
	}
}
