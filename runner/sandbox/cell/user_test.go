//go:build linux && (amd64 || arm64)

package cell_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/sandboxtest"
)

// version2 is where version 2 of control groups is mounted. It may have no controllers, and then limits are not tested.
func version2(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("makes control groups, or becomes another user, which takes root")
	}
	mount := cell.Version2()
	if mount == "" {
		t.Skip(`no control groups of version 2 are mounted: "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"`)
	}
	return mount
}

// The way of version 2, in whichever hierarchy of it there is.
func TestVersion2(t *testing.T) {
	parent := version2(t)
	each(t, func(t *testing.T, d *cell.Driver) {
		v2 := driver(t, d.Name())
		v2.Parent = parent
		if got := stdout(t, v2, &sandbox.Command{Args: []string{sandboxtest.Build(t), "descriptors"}}); got != "[0 1 2]\n" {
			t.Errorf("descriptors %q", got)
		}
		w := newWitness(t)
		result, err := v2.Run(t.Context(), &sandbox.Command{
			Args: []string{sandboxtest.Build(t), "hydra"}, Files: w.files(), Limits: sandbox.Limits{Wall: 600 * time.Millisecond},
		})
		if err != nil || result.Status != sandbox.TimeLimit {
			t.Errorf("Run = %+v, %v, want status %q", result, err, sandbox.TimeLimit)
		}
		w.gone(t)
		if result.CPU <= 0 {
			t.Errorf("CPU time %v", result.CPU)
		}
		result, err = v2.Run(t.Context(), &sandbox.Command{Args: []string{sandboxtest.Build(t), "fork-bomb"}, Limits: sandbox.Limits{Procs: 12}})
		if err != nil || result.Status != sandbox.ProcessLimit {
			t.Errorf("Run = %+v, %v, want status %q", result, err, sandbox.ProcessLimit)
		}
	})
}

// An ordinary user, whom a control group of version 2 was delegated to, needs no root: the same is made for the command,
// but as the same user outside.
func TestOrdinaryUser(t *testing.T) {
	const uid = cell.NobodysUID
	mount := version2(t)
	programs := map[string]map[string]string{
		"bwrap":  {"lists-root": "[dev etc proc tmp]\n", "unshares": "clone: operation not permitted\n"},
		"gvisor": {"lists-root": "[dev etc proc sys tmp]\n", "becomes-root": "user 1000\n"},
	}
	each(t, func(t *testing.T, d *cell.Driver) {
		parent := filepath.Join(mount, "hotloop-test-"+strconv.Itoa(os.Getpid()))
		leaf := filepath.Join(parent, "leaf")
		for _, dir := range []string{parent, leaf} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{dir, dir + "/cgroup.procs"} {
				if err := os.Chown(path, uid, uid); err != nil {
					t.Fatal(err)
				}
			}
		}
		defer func() {
			if err := errors.Join(cell.RemoveGroup(leaf), cell.RemoveGroup(parent)); err != nil {
				t.Error(err)
			}
		}()
		into, err := os.Open(leaf)
		if err != nil {
			t.Fatal(err)
		}
		defer into.Close()
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		dir := programsFor(t)
		wants := programs[d.Name()]
		wants["dials-outside"], wants["exit-3"] = "tcp: network is unreachable\n", "{exited 3 "
		for program, want := range wants {
			cmd := exec.Command(filepath.Join(dir, "test"), filepath.Join(dir, "hostile"), program)
			cmd.Dir = "/"
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), hostKey + "=" + d.Name(), parentKey + "=" + parent, "TMPDIR=" + dir, "XDG_RUNTIME_DIR=/tmp"}
			cmd.ExtraFiles = []*os.File{null}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, UseCgroupFD: true, CgroupFD: int(into.Fd())}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s printed %q, %v; want %q in it", program, out, err, want)
			}
		}
		os.RemoveAll("/tmp/hotloop-" + strconv.Itoa(uid))
	})
}

// programsFor has this test binary and the hostile program where another user can reach them.
func programsFor(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hotloop-ordinary-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"hostile": sandboxtest.Build(t), "test": exe} {
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
