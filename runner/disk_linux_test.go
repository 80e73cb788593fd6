package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/report"
)

// What a run on a small disk came to.
type onSmallDisk struct {
	Verdict, Reason, Error, Hint, Dir string
}

const smallDisk = "HOTLOOP_TEST_SMALL_DISK"

// A disk that is full when the run's folder is written, when the compiler writes and when the linker does, or when what is
// compiled once is kept, is an error with a next step, and never a learner's "compile error" or an exercise that is
// broken. A solution that fills the disk itself fails its own test.
func TestDiskFull(t *testing.T) {
	for _, tt := range []struct {
		name   string
		folder string // on the small disk: "runs", "cache" or "go-cache"
		size   int    // of that disk, in bytes
		source string
		want   onSmallDisk
	}{
		{"folder", "runs", 4 << 10, adderReference, onSmallDisk{Error: "planning the run: writing "}},
		{"compiler", "runs", 64 << 10, adderReference, onSmallDisk{Error: "no space left on device"}},
		{"linker", "runs", 1 << 20, adderReference, onSmallDisk{Error: "no space left on device"}},
		{"enough", "runs", 64 << 20, adderReference, onSmallDisk{Verdict: string(report.Accepted)}},
		{"solution", "runs", 8 << 20, filler, onSmallDisk{Verdict: string(report.WrongAnswer), Reason: "TestAdd"}},
		{"kit", "cache", 4 << 10, adderReference, onSmallDisk{Error: "keeping compiled packages in "}},
		{"go's packages", "go-cache", 1 << 20, adderReference, onSmallDisk{Error: "no space left on device"}},
		{"packages", "cache", 512 << 10, adderReference, onSmallDisk{Verdict: string(report.Accepted)}},
		{"solution that does not compile", "runs", 64 << 20, "package add\nfunc", onSmallDisk{Verdict: string(report.CompileError), Reason: "add.go:2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.folder == "go-cache" && testing.Short() {
				t.Skip("compiles much of the standard library")
			}
			got := runOnSmallDisk(t, tt.folder, tt.size, tt.source)
			if got.Verdict != tt.want.Verdict || !strings.Contains(got.Reason, tt.want.Reason) || !strings.Contains(got.Error, tt.want.Error) {
				t.Errorf("on a disk of %d KiB: %+v, want %+v", tt.size>>10, got, tt.want)
			}
			variable := map[string]string{"runs": "TMPDIR", "cache": "XDG_CACHE_HOME", "go-cache": "GOCACHE"}[tt.folder]
			if got.Error != "" && (!strings.Contains(got.Hint, "free some space") || !strings.Contains(got.Hint, variable)) {
				t.Errorf("hint %q to %q; want it to say what to do, and of %s", got.Hint, got.Error, variable)
			}
			if got.Error != "" && !strings.HasPrefix(got.Dir, tt.folder) {
				t.Errorf("%q says that the disk of %q is full, want that of %q", got.Error, got.Dir, tt.folder)
			}
		})
	}
}

// filler writes until there is no room, and gives the wrong answer then.
var filler = strings.NewReplacer("package add\n", "package add\n\nimport \"os\"\n", "return a + b", `
	f, err := os.Create("big")
	for ; err == nil; _, err = f.Write(make([]byte, 1<<20)) {
	}
	return -1
`).Replace(adderReference)

// runOnSmallDisk runs the source in another process, whose folder of runs, or of the cache, is on a disk of size bytes.
func runOnSmallDisk(t *testing.T, folder string, size int, source string) (got onSmallDisk) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cacheDir() // made here, not on the small disk
	dir := t.TempDir()
	args := []string{"--dev-bind", "/", "/", "--size", strconv.Itoa(size), "--tmpfs", dir, "--die-with-parent"}
	if out, err := exec.Command("bwrap", append(args, "true")...).CombinedOutput(); err != nil {
		t.Skipf("making a small disk with bwrap: %v\n%s\ninstall bubblewrap; \"hotloop doctor\" says what else it needs", err, out)
	}
	cmd := exec.Command("bwrap", append(args, exe, "-test.run=^TestOnSmallDisk$")...)
	runs, cache := t.TempDir(), cacheDir()
	switch folder {
	case "runs":
		runs = dir
	case "cache":
		cache = filepath.Join(dir, folder)
	}
	goCache := os.Getenv("GOCACHE")
	if folder == "go-cache" {
		goCache = filepath.Join(dir, folder)
		cache = t.TempDir()
	}
	cmd.Env = append(os.Environ(), smallDisk+"="+dir, "HOTLOOP_TEST_RUNS="+filepath.Join(runs, "runs"), "HOTLOOP_TEST_CACHE="+cache, "GOCACHE="+goCache,
		"HOTLOOP_SANDBOX=", "HOTLOOP_TEST_SOURCE="+source)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("running on a small disk: %v\n%s%s", err, out, &stderr)
	}
	if err := json.Unmarshal(stderr.Bytes(), &got); err != nil {
		t.Fatalf("running on a small disk printed %q: %v", &stderr, err)
	}
	return got
}

// TestOnSmallDisk is the other process.
func TestOnSmallDisk(t *testing.T) {
	dir := os.Getenv(smallDisk)
	if dir == "" {
		return // TestDiskFull is what tests
	}
	r := newRunner(t)
	r.Dir = os.Getenv("HOTLOOP_TEST_RUNS")
	r.Executors = []executor.Executor{&gotool.Executor{CacheDir: os.Getenv("HOTLOOP_TEST_CACHE")}}
	var told onSmallDisk
	err := r.Run(t.Context(), solution(os.Getenv("HOTLOOP_TEST_SOURCE")), report.HandlerFunc(func(e report.Event) error {
		if e.Report != nil {
			told.Verdict, told.Reason = string(e.Report.Verdict), e.Report.Reason
		}
		return nil
	}))
	if err != nil {
		told.Error = err.Error()
	}
	if full, ok := errors.AsType[*DiskFullError](err); ok {
		told.Hint = full.Hint()
		if told.Dir, err = filepath.Rel(dir, full.Dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewEncoder(os.Stderr).Encode(told); err != nil {
		t.Fatal(err)
	}
}

func TestFolderIn(t *testing.T) {
	for line, want := range map[string]string{
		"add: write /home/u/.cache/go-build/0a/0a-d: no space left on device":      "/home/u/.cache/go-build/0a",
		"/usr/lib/go/link: flushing /run/a folder/x.test: no space left on device": "/run/a folder",
		"compile: writing output: write $WORK/b1/_pkg_.a: no space left on device": "",
		"no space left on device": "",
	} {
		if got := folderIn(line); got != want {
			t.Errorf("folderIn(%q) = %q, want %q", line, got, want)
		}
	}
}
