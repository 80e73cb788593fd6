//go:build !linux || !(amd64 || arm64)

package bwrap

import (
	"context"

	"hotloop/runner/sandbox"
)

type host struct{}

var notLinux = &Lack{What: "it needs Linux", Fix: "without isolation, your own code runs with --sandbox none"}

// Available says that this is not Linux.
func (*Driver) Available(context.Context) error { return notLinux }

// SelfTest says that this is not Linux.
func (*Driver) SelfTest(context.Context) error { return notLinux }

// Run says that this is not Linux.
func (*Driver) Run(context.Context, *sandbox.Command) (sandbox.Result, error) {
	return sandbox.Result{}, notLinux
}

// Enter is the main function of a helper, which is never started here.
func Enter() { panic(notLinux) }
