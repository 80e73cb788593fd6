//go:build amd64 || arm64

package cell

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A host is what this machine has for the driver, found once.
type host struct {
	box    Box
	root   bool // we are root: runs get users of their own
	groups cgroups
	slots  *slotTable
}

// look finds what the driver needs. The error is a *Lack.
func (d *Driver) look() (*host, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready != nil {
		return d.ready, nil
	}
	if len(d.helper) == 0 {
		return nil, fmt.Errorf("sandbox driver %s: no command line for the helper was given", d.name)
	}
	h := &host{root: os.Geteuid() == 0}
	var err error
	if h.box, err = d.find(); err == nil {
		err = checkKernel()
	}
	if err == nil && d.Parent != "" {
		h.groups, err = within(d.Parent)
	} else if err == nil {
		h.groups, err = findCgroups()
	}
	if err == nil {
		h.slots, err = newSlotTable()
	}
	if err != nil {
		return nil, d.named(err)
	}
	d.ready = h
	return h, nil
}

// named gives a *Lack in err its driver's name.
func (d *Driver) named(err error) error {
	if lack, ok := errors.AsType[*Lack](err); ok {
		lack.Driver = d.name
	}
	return err
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

// AppArmorFix is for Ubuntu 23.10 to 24.10, which let only programs with a profile make user namespaces.
func AppArmorFix(program string) string {
	name := filepath.Base(program)
	return fmt.Sprintf(`AppArmor keeps %s from making user namespaces, as Ubuntu 24.04 does; allow it to:
printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile %s %s flags=(unconfined) { userns, }\n' | sudo tee /etc/apparmor.d/%s && sudo systemctl reload apparmor`,
		name, name, program, name)
}
