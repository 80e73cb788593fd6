//go:build !linux || !(amd64 || arm64)

package cell

import (
	"context"

	"hotloop/runner/sandbox"
)

// A Driver has nothing to work with here.
type Driver struct{ name string }

// New makes the driver of that name.
func New(name string) *Driver { return &Driver{name} }

// Name is the driver's.
func (d *Driver) Name() string { return d.name }

func (d *Driver) notLinux() error {
	return &Lack{Driver: d.name, What: "it needs Linux", Fix: "without isolation, your own code runs with --sandbox none"}
}

// Available says that this is not Linux.
func (d *Driver) Available(context.Context) error { return d.notLinux() }

// SelfTest says that this is not Linux.
func (d *Driver) SelfTest(context.Context) error { return d.notLinux() }

// Run says that this is not Linux.
func (d *Driver) Run(context.Context, *sandbox.Command) (sandbox.Result, error) {
	return sandbox.Result{}, d.notLinux()
}

// Enter is the main function of a helper, which is never started here.
func Enter() { panic("hotloop: helpers of sandboxes are for Linux") }
