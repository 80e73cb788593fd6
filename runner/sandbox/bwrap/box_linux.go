//go:build amd64 || arm64

package bwrap

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"hotloop/runner/sandbox/cell"
)

// New makes the driver. The helper is the command line of a process that imports this package and calls cell.Enter:
// []string{exe, "__enter"}.
func New(helper []string) *cell.Driver {
	return cell.New(name, helper, func() (cell.Box, error) {
		path, err := findBwrap()
		if err != nil {
			return nil, err
		}
		return &box{path, seccompFilter()}, nil
	})
}

// A box is bubblewrap on this machine.
type box struct {
	path    string
	seccomp []byte
}

// ownTasks are bwrap itself and its first process in the namespace, which are in the group, too.
const ownTasks = 2

func (b *box) Needs(int) cell.Needs { return cell.Needs{Tasks: ownTasks, Spare: 128} }

func (b *box) Crowded(pids []int, _, most int) bool { return len(pids)-ownTasks > most }

func (b *box) Probe() []string { return []string{cell.ProbeFilter + "=1"} }

// What bwrap reads, beside its flags.
const (
	argsFD = cell.ContentFD + iota
	seccompFD
	etcFD // and following
)

func (b *box) Enter(in *cell.Inside) *cell.Entry {
	e := &cell.Entry{
		Rlimits:  in.Rlimits(),
		Contents: [][]byte{[]byte(strings.Join(flags(in), "\x00") + "\x00"), b.seccomp},
		Program:  b.path,
		Args:     append([]string{"bwrap", "--args", strconv.Itoa(argsFD), "--"}, in.Args...),
	}
	for _, file := range cell.Etc {
		e.Contents = append(e.Contents, []byte(file.Content))
	}
	return e
}

// flags are bwrap's.
func flags(in *cell.Inside) []string {
	f := []string{
		"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
		"--disable-userns", "--assert-userns-disabled", "--uid", strconv.Itoa(cell.InsideID), "--gid", strconv.Itoa(cell.InsideID),
		"--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
		"--json-status-fd", strconv.Itoa(cell.StatusFD), "--seccomp", strconv.Itoa(seccompFD), "--clearenv",
	}
	for _, kv := range in.Command.Env {
		if key, value, ok := strings.Cut(kv, "="); ok && key != "" {
			f = append(f, "--setenv", key, value)
		}
	}
	f = append(f, "--proc", "/proc", "--dev", "/dev", "--size", strconv.Itoa(cell.SharedBytes), "--perms", "1777", "--tmpfs", "/dev/shm",
		"--remount-ro", "/dev", "--size", strconv.Itoa(in.TmpBytes()), "--perms", "1777", "--tmpfs", "/tmp")
	for i, file := range cell.Etc {
		f = append(f, "--perms", "0444", "--file", strconv.Itoa(etcFD+i), "/etc/"+file.Name)
	}
	for _, b := range in.Binds {
		switch {
		case b.Memory:
			f = append(f, "--size", strconv.Itoa(cell.Scratch), "--perms", "0700", "--tmpfs", b.Path)
		case b.Writable:
			f = append(f, "--bind", b.Source, b.Path)
		default:
			f = append(f, "--ro-bind", b.Source, b.Path)
		}
	}
	return append(f, "--remount-ro", "/", "--chdir", cmp.Or(in.Command.Dir, "/tmp"))
}

// Ended finds the command's exit status in what bwrap says; there is none if the command was not started.
func (b *box) Ended(e cell.Ending) (code int, err error) {
	started := false
	for dec := json.NewDecoder(bytes.NewReader(e.Status)); ; {
		var s struct {
			ExitCode *int `json:"exit-code"`
		}
		if dec.Decode(&s) != nil {
			break
		}
		if s.ExitCode != nil {
			code, started = *s.ExitCode, true
		}
	}
	switch {
	case started:
		return code, nil
	case e.Stderr != "":
		return 0, explain(e.Stderr)
	}
	return 0, errors.New("bwrap ended without a word")
}
