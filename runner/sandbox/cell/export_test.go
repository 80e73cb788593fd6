//go:build linux && (amd64 || arm64)

package cell

import (
	"os"

	"hotloop/runner/sandbox"
)

// FirstUID is the first of the users that runs are, if they are started by root.
const FirstUID = firstUID

// NobodysUID is none of them.
const NobodysUID = firstUID + slots + 2

// Reserved are the users of the runs that have not ended.
func (d *Driver) Reserved() (uids []int) {
	for _, h := range d.ready.slots.held {
		uids = append(uids, h.uid)
	}
	return uids
}

// Groups are the folders of the control groups of a run of that user.
func (d *Driver) Groups(uid int) ([]string, error) {
	g, err := d.ready.groups.create((&slot{uid: uid}).group(), sandbox.Limits{Memory: 64 << 20, Procs: 1})
	if err != nil {
		return nil, err
	}
	return g.dirs, g.remove()
}

// RemoveGroup removes a control group.
var RemoveGroup = removeGroup

// Version2 is where version 2 of control groups is mounted; empty if it is not.
func Version2() string {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	return readHierarchies(string(mounts), "0::/")[""].mount
}
