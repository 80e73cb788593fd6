//go:build !unix || solaris || illumos || aix || netbsd || openbsd

package runner

import "errors"

// FreeSpace is how many bytes the user may still write to the disk of dir.
func FreeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }
