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
)

// A host is what this machine has for the driver, found once.
type host struct {
	bwrap   string
	root    bool // we are root: runs get users of their own
	groups  cgroups
	slots   *slotTable
	seccomp []byte
}

// look finds what the driver needs. The error is a *Lack.
func (d *Driver) look() (*host, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready != nil {
		return d.ready, nil
	}
	if len(d.Helper) == 0 {
		return nil, errors.New("sandbox driver bwrap: no command line for the helper was given")
	}
	path, err := findBwrap()
	if err != nil {
		return nil, err
	}
	if err := checkKernel(); err != nil {
		return nil, err
	}
	groups, err := findCgroups()
	if err != nil {
		return nil, err
	}
	table, err := newSlotTable()
	if err != nil {
		return nil, err
	}
	d.ready = &host{bwrap: path, root: os.Geteuid() == 0, groups: groups, slots: table, seccomp: seccompFilter()}
	return d.ready, nil
}

const install = `install bubblewrap 0.8 or newer: "sudo apt-get install bubblewrap" on Debian 12, Ubuntu 24.04 and newer, "sudo dnf install bubblewrap" on Fedora`

func findBwrap() (string, error) {
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return "", &Lack{What: `no program "bwrap" in PATH`, Fix: install}
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", &Lack{What: "bwrap cannot be looked at", Fix: install, Err: err}
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", &Lack{What: "bwrap cannot be looked at", Fix: install, Err: err}
	}
	if info.Mode()&fs.ModeSetuid != 0 {
		return "", &Lack{What: path + " is setuid root, which is a risk of its own", Fix: fmt.Sprintf(`"sudo chmod u-s %s": the kernel lets ordinary users make namespaces`, path)}
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", &Lack{What: path + " does not start", Fix: install, Err: err}
	}
	version := strings.TrimSpace(strings.TrimPrefix(string(out), "bubblewrap"))
	if !newEnough(version) {
		return "", &Lack{What: fmt.Sprintf("bubblewrap %s is too old", version), Fix: install}
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

// checkKernel looks at what else would only show as an error in the middle of a run.
func checkKernel() error {
	if _, err := os.Stat("/proc/sys/kernel/seccomp/actions_avail"); err != nil {
		return &Lack{What: "this kernel does not filter system calls", Fix: "use a kernel with CONFIG_SECCOMP_FILTER"}
	}
	for file, fix := range map[string]string{
		"/proc/sys/user/max_user_namespaces":         `"sudo sysctl user.max_user_namespaces=10000"`,
		"/proc/sys/kernel/unprivileged_userns_clone": `"sudo sysctl kernel.unprivileged_userns_clone=1"`,
	} {
		text, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(text)) == "0" {
			return &Lack{What: "user namespaces are switched off (" + file + " is 0)", Fix: fix + ", and a file in /etc/sysctl.d to keep it"}
		}
	}
	return nil
}

// appArmorFix is for Ubuntu 23.10 to 24.10, which let only programs with a profile make user namespaces.
const appArmorFix = `AppArmor keeps bwrap from making user namespaces, as Ubuntu 24.04 does; allow it to:
printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\n' | sudo tee /etc/apparmor.d/bwrap && sudo systemctl reload apparmor`

// explain makes a complaint of bwrap's own about the machine a *Lack.
func explain(complaint string) error {
	err := errors.New(complaint)
	switch {
	case strings.Contains(complaint, "setting up uid map: Permission denied"), strings.Contains(complaint, "Failed RTM_NEWADDR"):
		return &Lack{What: "user namespaces have no rights here", Fix: appArmorFix, Err: err}
	case strings.Contains(complaint, "namespace") && strings.Contains(complaint, "failed"), strings.Contains(complaint, "No permissions to create new namespace"):
		return &Lack{What: "namespaces cannot be made", Fix: "in a container, allow it to (docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined), or use a machine of its own", Err: err}
	case strings.Contains(complaint, "Can't mount proc"):
		return &Lack{What: "/proc cannot be mounted", Fix: "in a container, unmask /proc (docker run --security-opt systempaths=unconfined), or use a machine of its own", Err: err}
	}
	return err
}
