//go:build unix && !solaris && !illumos && !aix && !netbsd && !openbsd

package runner

import "syscall"

// FreeSpace is how many bytes the user may still write to the disk of dir.
func FreeSpace(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
