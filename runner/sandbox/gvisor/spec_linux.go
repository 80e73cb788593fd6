//go:build amd64 || arm64

package gvisor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"hotloop/runner/sandbox/cell"
)

// The folder of one run, in /tmp of the helper's own mounts, which end with the run.
const (
	bundle = "runsc/"
	rootFS = bundle + "rootfs/"
	state  = bundle + "state/"
)

// Enter makes the helper runsc, with a bundle as the Open Container Initiative has them. By then the helper is no longer
// root, so that neither is runsc: the only user that it can be for the machine is the run's. Without direct access to
// files, gVisor's kernel may not even open those of that user, for a tenth of a compilation's time.
func (b *box) Enter(in *cell.Inside) *cell.Entry {
	args := []string{"runsc",
		"--root=/tmp/" + state, "--log-fd=" + strconv.Itoa(cell.StatusFD), "--host-settings=ignore",
		"--platform=systrap", "--network=none", "--ignore-cgroups", "--overlay2=none", "--host-uds=none", "--directfs=false",
		"run", "--bundle=/tmp/" + bundle,
	}
	for i := range in.Command.Files {
		args = append(args, fmt.Sprintf("--pass-fd=%d:%d", 3+i, 3+i))
	}
	config, err := json.Marshal(newSpec(in))
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	e := &cell.Entry{
		Rlimits: []cell.Rlimit{{Resource: unix.RLIMIT_CORE}}, // the others are for the processes inside
		Program: in.Stage(b.runsc),
		Args:    append(args, in.Name),
		Files:   []cell.File{{Path: bundle}, {Path: rootFS}, {Path: state}, {Path: bundle + "config.json", Content: string(config)}, {Path: rootFS + "etc/"}},
	}
	for _, file := range cell.Etc {
		e.Files = append(e.Files, cell.File{Path: rootFS + "etc/" + file.Name, Content: file.Content})
	}
	return e
}

// A spec is what we say of a container, in the words of the Open Container Initiative's runtime specification 1.2.
type spec struct {
	Version  string  `json:"ociVersion"`
	Hostname string  `json:"hostname"`
	Root     root    `json:"root"`
	Process  process `json:"process"`
	Mounts   []mount `json:"mounts"`
	Linux    linux   `json:"linux"`
}

type root struct {
	Path     string `json:"path"`
	ReadOnly bool   `json:"readonly"`
}

type process struct {
	User         user     `json:"user"`
	Args         []string `json:"args"`
	Env          []string `json:"env"`
	Cwd          string   `json:"cwd"`
	Capabilities struct{} `json:"capabilities"` // none
	NoNewPrivs   bool     `json:"noNewPrivileges"`
	Rlimits      []rlimit `json:"rlimits"`
}

type user struct {
	UID int `json:"uid"`
	GID int `json:"gid"`
}

type rlimit struct {
	Type string `json:"type"`
	Hard uint64 `json:"hard"`
	Soft uint64 `json:"soft"`
}

type mount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options,omitempty"`
}

type linux struct {
	Namespaces []namespace `json:"namespaces"`
	UIDs       []idMapping `json:"uidMappings"`
	GIDs       []idMapping `json:"gidMappings"`
}

type namespace struct {
	Type string `json:"type"`
}

type idMapping struct {
	Inside  int `json:"containerID"`
	Outside int `json:"hostID"`
	Size    int `json:"size"`
}

// rlimitNames are those of cell.Inside.Rlimits.
var rlimitNames = map[int]string{
	unix.RLIMIT_CORE: "RLIMIT_CORE", unix.RLIMIT_FSIZE: "RLIMIT_FSIZE", unix.RLIMIT_NOFILE: "RLIMIT_NOFILE", unix.RLIMIT_CPU: "RLIMIT_CPU",
}

func newSpec(in *cell.Inside) *spec {
	s := &spec{Version: "1.2.0", Hostname: "sandbox", Root: root{"rootfs", true}, Mounts: mounts(in)}
	s.Process = process{User: user{cell.InsideID, cell.InsideID}, Args: in.Args, Cwd: cmp.Or(in.Command.Dir, "/tmp"), NoNewPrivs: true}
	s.Process.Env = slices.DeleteFunc(slices.Clone(in.Command.Env), func(kv string) bool {
		key, _, ok := strings.Cut(kv, "=")
		return !ok || key == ""
	})
	for _, l := range in.Rlimits() {
		s.Process.Rlimits = append(s.Process.Rlimits, rlimit{rlimitNames[l.Resource], l.Most, l.Most})
	}
	for _, kind := range []string{"user", "pid", "network", "ipc", "uts", "mount"} {
		s.Linux.Namespaces = append(s.Linux.Namespaces, namespace{kind})
	}
	s.Linux.UIDs = []idMapping{{cell.InsideID, in.UID, 1}}
	s.Linux.GIDs = []idMapping{{cell.InsideID, in.GID, 1}}
	return s
}

// mounts are what the command sees. gVisor's kernel has its own devices and system files.
func mounts(in *cell.Inside) []mount {
	tmpfs := func(path string, size int, mode string) mount {
		return mount{path, "tmpfs", "tmpfs", []string{"nosuid", "nodev", "size=" + strconv.Itoa(size), "mode=" + mode,
			fmt.Sprintf("uid=%d", cell.InsideID), fmt.Sprintf("gid=%d", cell.InsideID)}}
	}
	all := []mount{
		{Destination: "/proc", Type: "proc", Source: "proc"},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs"},
		tmpfs("/dev/shm", cell.SharedBytes, "1777"),
		tmpfs("/tmp", in.TmpBytes(), "1777"),
	}
	for _, b := range in.Binds {
		switch {
		case b.Memory:
			all = append(all, tmpfs(b.Path, cell.Scratch, "0700"))
		case b.Writable:
			all = append(all, mount{b.Path, "bind", b.Source, []string{"rbind", "rw", "nosuid", "nodev"}})
		default:
			all = append(all, mount{b.Path, "bind", b.Source, []string{"rbind", "ro", "nosuid", "nodev"}})
		}
	}
	return all
}
