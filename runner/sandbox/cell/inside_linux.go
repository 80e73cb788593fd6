//go:build amd64 || arm64

package cell

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

// What a command is and has inside, beside what it was given.
const (
	InsideID    = 1000
	SharedBytes = 16 << 20  // in /dev/shm
	Scratch     = 64 << 20  // bytes in /tmp and in a Dir in memory
	Workspace   = 256 << 20 // bytes in /tmp of a command whose Dir is kept: a compiler's
)

// An Inside is one command and what it finds in its sandbox.
type Inside struct {
	Command *sandbox.Command
	Args    []string // the command's, with the absolute path of its program
	Binds   []Bind
	Limits  sandbox.Limits
	UID     int // who the command is, outside
	GID     int
	Name    string // that nobody else on this machine has now

	staging bool
	staged  []string
}

// Stage makes a file or folder reachable for the box, and returns where the box finds it.
func (in *Inside) Stage(path string) string {
	if !in.staging {
		return path
	}
	in.staged = append(in.staged, path)
	return stagedAt(len(in.staged) - 1)
}

// TmpBytes is how much fits into the command's /tmp.
func (in *Inside) TmpBytes() int {
	if in.Command.Scratch {
		return Scratch
	}
	return Workspace
}

// Etc makes "localhost", users and groups have names. Nothing of the machine's own is in it.
var Etc = []struct{ Name, Content string }{
	{"hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
	{"passwd", "learner:x:1000:1000::/tmp:/nonexistent\nnobody:x:65534:65534::/nonexistent:/nonexistent\n"},
	{"group", "learner:x:1000:\nnogroup:x:65534:\n"},
	{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
	{"resolv.conf", ""},
}

// An Rlimit is a limit that a kernel holds for each process by itself.
type Rlimit struct {
	Resource int
	Most     uint64
}

// Rlimits are those of the command's processes.
func (in *Inside) Rlimits() []Rlimit {
	const (
		fileSize  = 128 << 20
		openFiles = 4096
	)
	return []Rlimit{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, fileSize},
		{unix.RLIMIT_NOFILE, openFiles},
		{unix.RLIMIT_CPU, uint64(in.Limits.CPU.Seconds()) + 5}, // the group's counter is stricter
	}
}

// A Bind is a path of the machine that the command sees under the same name.
type Bind struct {
	Path     string
	Writable bool
	Memory   bool   // not the machine's, but an empty folder in memory
	Source   string // where the box finds it
}

// binds are what the command sees: its Dir, unless that is in memory; what it may read; itself; its libraries. Those that
// lie in others come after them.
func binds(cmd *sandbox.Command, program string) ([]Bind, error) {
	libraries, err := child.Libraries(program)
	if err != nil {
		return nil, err
	}
	var all []Bind
	if cmd.Dir != "" {
		all = append(all, Bind{Path: cmd.Dir, Writable: true, Memory: cmd.Scratch})
	}
	for _, path := range slices.Concat(cmd.ReadOnly, libraries, []string{program}) {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("%s is no absolute path", path)
		}
		path = filepath.Clean(path)
		if !slices.ContainsFunc(all, func(b Bind) bool { return b.Path == path }) && exists(path) {
			all = append(all, Bind{Path: path})
		}
	}
	slices.SortStableFunc(all, func(a, b Bind) int {
		return cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/"))
	})
	return all, nil
}

// findProgram is the absolute path of the command's program.
func findProgram(cmd *sandbox.Command) (string, error) {
	if len(cmd.Args) == 0 {
		return "", errors.New("it has no arguments")
	}
	path := cmd.Args[0]
	switch {
	case !strings.Contains(path, "/"):
		found, err := exec.LookPath(path)
		if err != nil {
			return "", err
		}
		return filepath.Abs(found)
	case !filepath.IsAbs(path):
		path = filepath.Join(cmd.Dir, path)
	}
	_, err := os.Stat(path)
	return path, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
