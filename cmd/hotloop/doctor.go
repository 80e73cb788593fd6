package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hotloop/runner"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/executor/node"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
	"hotloop/runner/sandbox/none"
	"hotloop/site"
)

func newDoctorCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine lacks, and how to get it",
		Long: `Say what this machine lacks, and how to get it. The exit status is 1 if something is missing that hotloop
cannot do without.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, for scripts")
	return cmd
}

// A finding is what doctor says of one thing, and its form in JSON.
type finding struct {
	Name   string `json:"name"`
	Status string `json:"status"` // "ok", "missing", or "absent" for what hotloop can do without
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

func (a *app) doctor(ctx context.Context, asJSON bool) error {
	findings := []finding{a.lookAtGo(ctx), lookAtCache(), a.lookAtModules(), a.lookAtSandbox(ctx), a.lookAtIsolation(ctx, bwrap.New, bwrapDetail),
		a.lookAtIsolation(ctx, gvisor.New, gvisorDetail), a.lookAtContent(), a.lookAtWorkspace(), a.lookAtDisk(),
		lookAtSQLite(), lookAtNode(ctx), lookAtC(ctx), lookAtPort(ctx), lookAtAssets()}
	var missing bool
	for _, f := range findings {
		missing = missing || f.Status == "missing"
	}
	if asJSON {
		if err := a.json(findings); err != nil {
			return err
		}
	} else {
		a.tellFindings(findings)
	}
	if missing {
		return errNotDone
	}
	return nil
}

func (a *app) tellFindings(findings []finding) {
	for _, f := range findings {
		fmt.Fprintf(a.stdout, "%-8s %-10s %s\n", f.Status, f.Name, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(a.stdout, "%-8s %-10s → %s\n", "", "", f.Fix)
		}
	}
}

func ok(name, detail string) finding { return finding{Name: name, Status: "ok", Detail: detail} }

// missing is for what hotloop needs, absent for what it can do without.
func missing(name string, err error) finding { return faulty(name, "missing", err) }
func absent(name string, err error) finding  { return faulty(name, "absent", err) }

func faulty(name, status string, err error) finding {
	detail, fix := err.Error(), hintOf(err)
	if fix == "" { // executors say both in one sentence
		detail, fix, _ = strings.Cut(detail, "; ")
	}
	return finding{name, status, detail, fix}
}

func (a *app) lookAtGo(ctx context.Context) finding {
	if err := (&gotool.Executor{}).Available(); err != nil {
		return missing("go", err)
	}
	return ok("go", says(ctx, "go", "env", "GOVERSION"))
}

func lookAtSQLite() finding {
	path, err := sqlite()
	if err != nil {
		return absent("sqlite", err)
	}
	return ok("sqlite", path+", for exercises with a database")
}

// lookAtCache looks whether what is compiled can be kept.
func lookAtCache() finding {
	dir, err := (&gotool.Executor{}).CacheFolder()
	if err != nil {
		return missing("cache", err)
	}
	return ok("cache", dir)
}

// lookAtModules looks for the source of what exercises allow beside the standard library.
func (a *app) lookAtModules() finding {
	catalog, err := a.catalog()
	if err != nil { // lookAtContent tells
		return ok("modules", "not known without exercises")
	}
	wanted := map[string]bool{}
	for e := range catalog.All() {
		for _, m := range e.Modules() {
			wanted[m.String()] = true
		}
	}
	if len(wanted) == 0 {
		return ok("modules", "no exercise allows other than the standard library")
	}
	if err := (&gotool.Executor{}).Ready(slices.Collect(catalog.All())...); err != nil {
		return absent("modules", err)
	}
	return ok("modules", strings.Join(slices.Sorted(maps.Keys(wanted)), ", ")+", in the module cache")
}

func lookAtNode(ctx context.Context) finding {
	if err := (node.Executor{}).Available(); err != nil {
		return absent("node", err)
	}
	return ok("node", says(ctx, "node", "--version"))
}

// lookAtC looks for the C compiler that the race detector is linked with.
func lookAtC(ctx context.Context) finding {
	cc := says(ctx, "go", "env", "CC")
	if cc == "" {
		cc = "gcc"
	}
	path, err := exec.LookPath(cc)
	if err != nil {
		return absent("c compiler", &toldError{"no " + cc + ": tests run without the race detector", "on Debian or Ubuntu: sudo apt-get install gcc"})
	}
	return ok("c compiler", path+", for the race detector")
}

func (a *app) lookAtSandbox(ctx context.Context) finding {
	self, err := os.Executable()
	if err != nil {
		return missing("sandbox", err)
	}
	driver := none.Driver{Supervisor: []string{self, superviseWord}}
	if err := driver.Available(ctx); err != nil {
		return missing("sandbox", err)
	}
	return ok("sandbox", driver.Name()+": limits hold and nothing survives a run; it does not isolate")
}

// lookAtIsolation tries a sandbox out, for it is there or not for many reasons. Only who has asked for it cannot do without.
func (a *app) lookAtIsolation(ctx context.Context, driver func(helper []string) *cell.Driver, detail string) finding {
	child, err := child()
	if err != nil {
		return missing("sandbox", err)
	}
	d := driver([]string{child, enterWord})
	err = d.SelfTest(ctx)
	switch {
	case err == nil:
		return ok(d.Name(), detail+"; --sandbox "+d.Name()+" runs code in it")
	case a.sandboxName() == d.Name():
		return missing(d.Name(), err)
	}
	return absent(d.Name(), err)
}

const (
	bwrapDetail  = "isolates: its self-test found no way out"
	gvisorDetail = "isolates, with a kernel of its own: its self-test found no way out. A start takes 0.1 s there, memory twice, " +
		"files and servers five times, channels thirteen times as long, so ratios of benchmarks differ"
)

func (a *app) lookAtContent() finding {
	if _, err := a.library(); err != nil {
		return missing("content", err)
	}
	n := 0
	for range a.exercises.All() {
		n++
	}
	return ok("content", fmt.Sprintf("%d exercises", n))
}

func (a *app) lookAtWorkspace() finding {
	dir, err := a.workspacePath()
	if err != nil {
		return missing("workspace", err)
	}
	there := dir
	for _, err = os.Stat(there); err != nil && there != filepath.Dir(there); _, err = os.Stat(there) {
		there = filepath.Dir(there)
	}
	f, err := os.CreateTemp(there, ".hotloop-doctor-")
	if err != nil {
		return missing("workspace", &toldError{"cannot write to " + there + ": " + cause(err), "choose another folder with --workspace DIR"})
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return missing("workspace", err)
	}
	if there != dir {
		return ok("workspace", dir+` (not there yet: "hotloop init" makes it)`)
	}
	return ok("workspace", dir)
}

func cause(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

// neededSpace is what the build cache and some months of attempts take, in bytes.
const neededSpace = 500 << 20

func (a *app) lookAtDisk() finding {
	dir := os.TempDir()
	free, err := runner.FreeSpace(dir)
	if err != nil {
		return absent("disk", fmt.Errorf("cannot tell how much is free in %s: %w", dir, err))
	}
	detail := fmt.Sprintf("%d MiB free in %s", free>>20, dir)
	if free < neededSpace {
		return missing("disk", &toldError{detail, fmt.Sprintf("free some: builds need %d MiB; TMPDIR names another folder", neededSpace>>20)})
	}
	return ok("disk", detail)
}

func lookAtPort(ctx context.Context) finding {
	listener, err := net.Listen("tcp", defaultAddress)
	if err != nil {
		return absent("port", listenError(ctx, defaultAddress, err))
	}
	listener.Close()
	return ok("port", defaultAddress+" is free")
}

func lookAtAssets() finding {
	if !site.AssetsBuilt() {
		return absent("web assets", &toldError{"not in this program: pages can be read, but nothing runs in them", `"make run" builds them`})
	}
	return ok("web assets", "built in")
}

// says is the first line that a command prints, "" if it fails.
func says(ctx context.Context, name string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
