//go:build amd64 || arm64

package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotloop/runner/sandbox"
)

// Available says what is missing, as a *Lack with its fix. It starts one command that does nothing, since whether a
// sandbox can be made is only known then; SelfTest says more.
func (d *Driver) Available(ctx context.Context) error {
	if _, err := d.look(); err != nil {
		return err
	}
	_, err := d.probe(ctx, probeNothing, sandbox.Command{})
	return err
}

// SelfTest looks from inside of a sandbox at what must be out of reach, and sees that limits hold. It takes about half a
// second with namespaces alone, two with a kernel of its own. A nil error means that strangers' code may be run here.
func (d *Driver) SelfTest(ctx context.Context) error {
	for _, test := range []func(context.Context) error{d.testIsolation, d.testMemory, d.testForks, d.testDaemon} {
		if err := test(ctx); err != nil {
			return d.named(err)
		}
	}
	return nil
}

// failed is what a self-test says that did not go well.
func failed(format string, args ...any) error {
	return &Lack{What: "its self-test failed: " + fmt.Sprintf(format, args...),
		Fix: "don't run others' code on this machine; if its kernel and the sandbox's program are up to date, report this"}
}

func (d *Driver) testIsolation(ctx context.Context) error {
	h, err := d.look()
	if err != nil {
		return err
	}
	canary, err := os.CreateTemp("", "hotloop-canary-")
	if err != nil {
		return fmt.Errorf("making a file that must not be seen: %w", err)
	}
	defer os.Remove(canary.Name())
	defer canary.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening a port that must not be seen: %w", err)
	}
	defer listener.Close()
	var out strings.Builder
	path, err := filepath.Abs(canary.Name())
	if err != nil {
		return err
	}
	result, err := d.probe(ctx, probeLook, sandbox.Command{
		Env:    append([]string{"CANARY=" + path, "PORT=" + listener.Addr().String()}, h.box.Probe()...),
		Stdout: &out,
	})
	switch {
	case err != nil:
		return err
	case result.Status != sandbox.Exited || result.ExitCode != 0:
		return failed("the probe ended with %q, status %d. %s", result.Status, result.ExitCode, result.Reason)
	case strings.TrimSpace(out.String()) != probeFine:
		return failed("%s", strings.Join(slices.Collect(strings.Lines(out.String())), " "))
	}
	return nil
}

func (d *Driver) testMemory(ctx context.Context) error {
	result, err := d.probe(ctx, probeHog, sandbox.Command{Limits: sandbox.Limits{Memory: 64 << 20}})
	if err == nil && (result.Status != sandbox.MemoryLimit || result.Wall > 2*time.Second) {
		err = failed("a program that takes memory for ever ended with %q after %v, not at its limit of 64 MiB", result.Status, result.Wall)
	}
	return err
}

func (d *Driver) testForks(ctx context.Context) error {
	result, err := d.probe(ctx, probeForks, sandbox.Command{Limits: sandbox.Limits{Procs: 16}})
	if err == nil && result.Status != sandbox.ProcessLimit {
		err = failed("a program that starts 100 others ended with %q, not at its limit of 16", result.Status)
	}
	return err
}

// testDaemon starts a program that leaves another one behind, which holds a pipe open for as long as it lives.
func (d *Driver) testDaemon(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	result, err := d.probe(ctx, probeDaemon, sandbox.Command{Files: []*os.File{w}})
	w.Close()
	if err != nil {
		return err
	}
	r.SetReadDeadline(time.Now().Add(time.Second))
	said, err := io.ReadAll(r)
	if err != nil || string(said) != probeFine {
		return failed("a program that leaves another one behind ended with %q; of the other one is known: %q, %v", result.Status, said, err)
	}
	return nil
}

// probe runs this program in a sandbox as one of the probes.
func (d *Driver) probe(ctx context.Context, what string, cmd sandbox.Command) (sandbox.Result, error) {
	helper, err := filepath.Abs(d.helper[0])
	if err != nil {
		return sandbox.Result{}, err
	}
	cmd.Args, cmd.Scratch, cmd.Dir = append([]string{helper}, d.helper[1:]...), true, "/work"
	cmd.Env = append(cmd.Env, probeKey+"="+what)
	if cmd.Limits.Wall == 0 {
		cmd.Limits.Wall = 5 * time.Second
	}
	result, err := d.Run(ctx, &cmd)
	if err == nil && result.Status == sandbox.Canceled {
		err = ctx.Err()
	}
	if lack, ok := errors.AsType[*Lack](err); ok {
		err = lack
	}
	return result, err
}
