//go:build amd64 || arm64

package bwrap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/sandbox/cell"
)

const install = `install bubblewrap 0.8 or newer: "sudo apt-get install bubblewrap" on Debian 12, Ubuntu 24.04 and newer, "sudo dnf install bubblewrap" on Fedora`

func findBwrap() (string, error) {
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return "", &cell.Lack{What: `no program "bwrap" in PATH`, Fix: install}
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", &cell.Lack{What: "bwrap cannot be looked at", Fix: install, Err: err}
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", &cell.Lack{What: "bwrap cannot be looked at", Fix: install, Err: err}
	}
	if info.Mode()&fs.ModeSetuid != 0 {
		return "", &cell.Lack{What: path + " is setuid root, which is a risk of its own", Fix: fmt.Sprintf(`"sudo chmod u-s %s": the kernel lets ordinary users make namespaces`, path)}
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", &cell.Lack{What: path + " does not start", Fix: install, Err: err}
	}
	version := strings.TrimSpace(strings.TrimPrefix(string(out), "bubblewrap"))
	if !newEnough(version) {
		return "", &cell.Lack{What: fmt.Sprintf("bubblewrap %s is too old", version), Fix: install}
	}
	return path, nil
}

var versionPattern = regexp.MustCompile(`^(\d+)\.(\d+)`)

// newEnough is whether that bubblewrap knows --disable-userns: 0.8.0 is the first one.
func newEnough(version string) bool {
	m := versionPattern.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 0 || minor >= 8
}

// explain makes a complaint of bwrap's own about the machine a *cell.Lack.
func explain(complaint string) error {
	err := errors.New(complaint)
	switch {
	case strings.Contains(complaint, "setting up uid map: Permission denied"), strings.Contains(complaint, "Failed RTM_NEWADDR"):
		return &cell.Lack{What: "user namespaces have no rights here", Fix: cell.AppArmorFix("/usr/bin/bwrap"), Err: err}
	case strings.Contains(complaint, "namespace") && strings.Contains(complaint, "failed"), strings.Contains(complaint, "No permissions to create new namespace"):
		return &cell.Lack{What: "namespaces cannot be made", Fix: "in a container, allow it to (docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined), or use a machine of its own", Err: err}
	case strings.Contains(complaint, "Can't mount proc"):
		return &cell.Lack{What: "/proc cannot be mounted", Fix: "in a container, unmask /proc (docker run --security-opt systempaths=unconfined), or use a machine of its own", Err: err}
	}
	return err
}
