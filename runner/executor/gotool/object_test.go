package gotool

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// archive is one in the form that the compiler writes.
func archive(object string) string {
	member := func(name, content string) string {
		return fmt.Sprintf("%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", name, 0, 0, 0, 0o644, len(content), content) + strings.Repeat("\n", len(content)%2)
	}
	return "!<arch>\n" + member("__.PKGDEF", "go object\n\n!\nodd") + member("_go_.o", object)
}

func TestFindFingerprint(t *testing.T) {
	got, err := findFingerprint(strings.NewReader(archive("go object linux amd64 go1.26\nbuild id \"\"\n\n!\n" + objectMagic + "12345678rest")))
	if string(got) != "12345678" || err != nil {
		t.Errorf("findFingerprint = %q, %v; want 12345678", got, err)
	}
	for _, bad := range []string{"", "!<arch>\n", "ELF", archive("go object\n\n!\n\x00go999ld12345678"), archive("go object\n\n!\n" + objectMagic + "123")} {
		if got, err := findFingerprint(strings.NewReader(bad)); !errors.Is(err, errFormat) {
			t.Errorf("findFingerprint(%q) = %q, %v; want errFormat", bad, got, err)
		}
	}
}

func FuzzFindFingerprint(f *testing.F) {
	f.Add([]byte(archive("go object\n\n!\n" + objectMagic + "12345678")))
	f.Fuzz(func(t *testing.T, content []byte) {
		if got, err := findFingerprint(bytes.NewReader(content)); err == nil && len(got) != fingerprintSize {
			t.Errorf("a fingerprint of %d bytes", len(got))
		}
	})
}

func TestMainObjectFillsInOnePlaceOnly(t *testing.T) {
	for _, content := range []string{"no fingerprint", "12345678 and 12345678"} {
		if _, err := newMainObject([]byte(content), []byte("12345678")); err == nil {
			t.Errorf("newMainObject(%q): no error, though the fingerprint is not there once", content)
		}
	}
}

func TestImportable(t *testing.T) {
	for path, want := range map[string]bool{
		"fmt": true, "math/rand/v2": true, "testing/synctest": true,
		"C": false, "internal/abi": false, "net/internal/x": false, "std": false, "all": false, "cmd/go": false, "main": false,
		"-toolexec=x": false, "./x": false, "...": false, "a/../b": false, "github.com/x/y": false, "": false, "embed": false, "vendor/x": false,
	} {
		if got := importable(path); got != want {
			t.Errorf("importable(%q) = %t, want %t", path, got, want)
		}
	}
}

func TestConstrained(t *testing.T) {
	for name, want := range map[string]bool{
		"lru.go": false, "lru_linux.go": true, "lru_amd64_test.go": true, "linux.go": false, "lru_fast.go": false, "x_plan9_arm.go": true,
	} {
		if got := constrained(name, []byte("package a\n")); got != want {
			t.Errorf("constrained(%s) = %t, want %t", name, got, want)
		}
	}
	for text, want := range map[string]bool{
		"//go:build linux\n\npackage a\n": true, "package a\n\n//go:embed x\nvar x string\n": true, "package a\n\n//go:noinline\nfunc f() {}\n": false,
	} {
		if got := constrained("a.go", []byte(text)); got != want {
			t.Errorf("constrained(%q) = %t, want %t", text, got, want)
		}
	}
}

func TestBenchmarkFiles(t *testing.T) {
	var tests testFiles
	for name, src := range map[string]string{
		"a_test.go":         "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { shared() }\n",
		"a_bench_test.go":   "package a\n\nimport \"testing\"\n\nvar sink int\n\nfunc BenchmarkA(b *testing.B) {\n\tfor b.Loop() {\n\t\tsink++\n\t}\n}\n",
		"use_bench_test.go": "package a\n\nfunc shared() {}\n",
		"do_bench_test.go":  "package a\n\nfunc init() {}\n",
		"b_other_test.go":   "package a\n\nfunc unused() {}\n",
	} {
		if _, err := tests.instrument(name, []byte(src)); err != nil {
			t.Fatal(err)
		}
	}
	if got := tests.benchmarkFiles(); !slices.Equal(got, []string{"a_bench_test.go"}) {
		t.Errorf("files that only benchmarks need: %v; want a_bench_test.go alone", got)
	}
}
