//go:build !linux

package none

import (
	"context"
	"errors"

	"hotloop/runner/sandbox"
)

const canBeAlone = false

func runAlone(context.Context, *sandbox.Command) (sandbox.Result, error) {
	return sandbox.Result{}, errors.ErrUnsupported
}
