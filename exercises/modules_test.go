package exercises

import (
	"os"
	"strings"
	"testing"

	_ "github.com/google/pprof/profile" // hotloop's go.mod must require what exercises allow
)

// Learners' copies must be built with what the reference was proved with.
func TestModulesAreThoseOfGoMod(t *testing.T) {
	goMod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	goSum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		if !strings.Contains(string(goMod), "\t"+m.Path+" "+m.Version+"\n") {
			t.Errorf("go.mod does not require %s directly; take its version over to exercises/modules.go", m)
		}
	}
	for line := range strings.Lines(string(GoSum(modules))) {
		if !strings.Contains(string(goSum), line) {
			t.Errorf("go.sum has no line %q; take its sums over to exercises/modules.go", line)
		}
	}
}

func TestModulesOfAnExercise(t *testing.T) {
	for _, tt := range []struct{ allowed, want string }{
		{"", ""},
		{"github.com/google/pprof/profile", "github.com/google/pprof"},
		{"github.com/google/pprofiles", ""},
	} {
		got := ""
		for _, m := range (&Exercise{Allowed: []string{tt.allowed}}).Modules() {
			got += m.Path
		}
		if got != tt.want {
			t.Errorf("an exercise that allows %q needs %q, want %q", tt.allowed, got, tt.want)
		}
	}
	if got := GoSum(nil); got != nil {
		t.Errorf("GoSum of no modules = %q, want no file", got)
	}
}
