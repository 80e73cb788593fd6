package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain also is cacheprog itself, for the go command to start.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && filepath.IsAbs(os.Args[1]) {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func id(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestServe(t *testing.T) {
	base, own := t.TempDir(), filepath.Join(t.TempDir(), "own")
	action, output := id(0xa1), id(0xd1)
	write := func(id []byte, suffix, content string) {
		name := hex.EncodeToString(id)
		if err := os.MkdirAll(filepath.Join(base, name[:2]), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, name[:2], name+suffix), []byte(content), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	write(action, "-a", fmt.Sprintf("v1 %x %x %20d %20d\n", action, output, 5, 1_700_000_000_000_000_000))
	write(output, "-d", "hello")
	write(id(0xa2), "-a", fmt.Sprintf("v1 %x %x %20d %20d\n", id(0xa2), id(0xd2), 5, 1)) // its output is gone
	write(id(0xa3), "-a", "nonsense")

	var in bytes.Buffer
	ask := func(req request) { json.NewEncoder(&in).Encode(req) }
	ask(request{ID: 1, Command: "get", ActionID: action})
	ask(request{ID: 2, Command: "get", ActionID: id(0xa2)})
	ask(request{ID: 3, Command: "get", ActionID: id(0xa3)})
	ask(request{ID: 4, Command: "put", ActionID: id(0xa4), OutputID: id(0xd4), BodySize: 3})
	fmt.Fprintf(&in, "%q\n", base64.StdEncoding.EncodeToString([]byte("new")))
	ask(request{ID: 5, Command: "put", ActionID: id(0xa5), OutputID: id(0xd5)})
	ask(request{ID: 6, Command: "get", ActionID: id(0xa4)})
	ask(request{ID: 7, Command: "fly"})
	ask(request{ID: 8, Command: "close"})

	var out bytes.Buffer
	c := &cache{base: base, own: own, added: map[string]*response{}}
	if err := c.serve(&in, &out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for dec := json.NewDecoder(&out); ; {
		var r response
		if dec.Decode(&r) != nil {
			break
		}
		content, _ := os.ReadFile(r.DiskPath)
		got = append(got, fmt.Sprintf("%d miss=%t size=%d %q %s", r.ID, r.Miss, r.Size, content, r.Err))
	}
	want := []string{
		`0 miss=false size=0 "" `, // what it can do
		`1 miss=false size=5 "hello" `,
		`2 miss=true size=0 "" `,
		`3 miss=true size=0 "" `,
		`4 miss=false size=0 "new" `,
		`5 miss=false size=0 "" `,
		`6 miss=false size=3 "new" `,
		`7 miss=false size=0 "" no command "fly"`,
		`8 miss=false size=0 "" `,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("answers:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The go command itself builds with it, and what it adds is not in the base.
func TestGoBuild(t *testing.T) {
	base, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Skipf("no go command: %v; install Go", err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	for name, content := range map[string]string{"go.mod": "module tiny\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { println(\"built\") }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", "tiny", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOCACHE="+filepath.Join(dir, "unused"), "GOFLAGS=", "GOWORK=off",
		"GOCACHEPROG="+exe+" "+strings.TrimSpace(string(base))+" "+own)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(dir, "tiny")).CombinedOutput()
	if err != nil || string(out) != "built\n" {
		t.Errorf("what was built printed %q, %v", out, err)
	}
	if added, err := os.ReadDir(own); err != nil || len(added) == 0 {
		t.Errorf("its own folder holds %v, %v; want the package that was built", added, err)
	}
}
