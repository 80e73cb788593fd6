package exercises

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Every package of the standard library is either ordinary, or it is said what it reaches; and there is no other.
func TestRestricted(t *testing.T) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Skipf("asking the go command for the packages of the standard library: %v", err)
	}
	all := strings.Fields(string(out))
	for _, path := range ordinary {
		if !slices.Contains(all, path) {
			t.Errorf("%s is ordinary, but not in the standard library", path)
		}
	}
	for _, tt := range []struct{ path, want string }{
		{"fmt", ""}, {"weak", ""}, {"net/url", ""}, {"sync/atomic", ""}, {"example.com/x", ""}, {"hotloop/exercises/kit", ""},
		{"C", "memory"}, {"unsafe", "memory"}, {"reflect", "memory"}, {"syscall", "memory"}, {"plugin", "memory"},
		{"os", "files"}, {"os/exec", "processes"}, {"io/ioutil", "files"}, {"embed", "files"}, {"debug/elf", "files"}, {"go/parser", "files"},
		{"net", "sockets"}, {"net/http", "sockets"}, {"net/http/pprof", "sockets"},
		{"runtime", "runtime"}, {"runtime/debug", "runtime"}, {"testing", "tests"}, {"testing/synctest", "tests"}, {"flag", "tests"},
		{"nosuch", "not known"}, {"osx", "not known"}, {"", "not known"},
	} {
		if got := Restricted(tt.path); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("Restricted(%q) = %q, want one with %q", tt.path, got, tt.want)
		}
	}
}
