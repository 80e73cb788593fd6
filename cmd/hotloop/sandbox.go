package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hotloop/runner/executor"
	"hotloop/runner/executor/yaegi"
	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/bwrap"
	"hotloop/runner/sandbox/cell"
	"hotloop/runner/sandbox/gvisor"
	"hotloop/runner/sandbox/none"
)

const (
	noSandbox     = "none"
	bwrapSandbox  = "bwrap"
	gvisorSandbox = "gvisor"
)

// sandboxFlag gives a command that runs code the flag --sandbox.
func (a *app) sandboxFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.sandbox, "sandbox", "", "what code runs in: `DRIVER` none (as you, with limits), bwrap (isolated; Linux) or gvisor (with a kernel of its own, slower; Linux); default: $HOTLOOP_SANDBOX, else none")
	_ = cmd.RegisterFlagCompletionFunc("sandbox", cobra.FixedCompletions([]string{noSandbox, bwrapSandbox, gvisorSandbox}, cobra.ShellCompDirectiveNoFileComp))
}

// sandboxName is what was asked for.
func (a *app) sandboxName() string { return cmp.Or(a.sandbox, os.Getenv("HOTLOOP_SANDBOX"), noSandbox) }

// driver is the sandbox's driver that was asked for. There is no falling back to a weaker one.
func (a *app) driver() (sandbox.Driver, error) {
	child, err := child()
	if err != nil {
		return nil, err
	}
	switch name := a.sandboxName(); name {
	case noSandbox:
		return none.Driver{Supervisor: []string{child, superviseWord}}, nil
	case bwrapSandbox:
		return bwrap.New([]string{child, enterWord}), nil
	case gvisorSandbox:
		return gvisor.New([]string{child, enterWord}), nil
	default:
		return nil, &toldError{fmt.Sprintf("no sandbox %q", name), "sandboxes are none, bwrap and gvisor, by --sandbox or HOTLOOP_SANDBOX"}
	}
}

// promise sees that the sandbox can work here, before any code is run. One that isolates is also tried out if many runs
// will follow.
func (a *app) promise(ctx context.Context, many bool) error {
	r, err := a.runner()
	if err != nil {
		return err
	}
	if d, ok := r.Sandbox.(*cell.Driver); ok && many {
		return d.SelfTest(ctx)
	}
	return r.Sandbox.Available(ctx)
}

// yaegi is the executor that interprets Go. In a sandbox it has a program of its own.
func (a *app) yaegi(self string) executor.Executor {
	if a.sandboxName() == noSandbox {
		return yaegi.Executor{Child: []string{self, yaegiWord}}
	}
	program, err := interpreter()
	if err != nil {
		return unavailable{yaegi.Executor{}, err}
	}
	return yaegi.Executor{Child: []string{program}}
}

// unavailable is an executor that cannot work here, and says why.
type unavailable struct {
	executor.Executor
	why error
}

func (u unavailable) Available() error { return u.why }
