package workspace

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"hotloop/exercises"
)

// settle is how long the folder must be quiet before it is read: editors save in several steps.
const settle = 30 * time.Millisecond

// pollEvery is how often the folder is read without being told to. It finds what the system did not tell, as on network
// disks, in containers and when the folder is made later.
const pollEvery = time.Second

// A Change is how a solution differs from what the last Change, or the call of Watch, saw.
type Change struct {
	Files   exercises.Files // new or with new content
	Removed []string        // gone, in order
}

// Watch tells when the content of the solution's files changes on disk, until ctx ends; then it closes the channel. Saving
// a file unchanged is no change. The folder need not be there yet.
func (w *Workspace) Watch(ctx context.Context, slug string) <-chan Change {
	changes := make(chan Change)
	v := &watcher{w: w, slug: slug, changes: changes}
	v.seen = v.read() // before returning, so that a save that follows the call is a change
	go v.run(ctx)
	return changes
}

type watcher struct {
	w       *Workspace
	slug    string
	seen    map[string]string // hashes
	changes chan Change
}

func (v *watcher) run(ctx context.Context) {
	defer close(v.changes)
	notify := v.notifier()
	var events <-chan fsnotify.Event
	var failures <-chan error
	if notify != nil {
		defer notify.Close()
		events, failures = notify.Events, notify.Errors
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			quiet = time.After(settle)
		case <-failures: // too many at once, say: the poll sees what was missed
		case <-poll.C:
			if notify != nil {
				_ = notify.Add(v.w.Path(v.slug)) // again, for the folder may be a new one; if it fails, there is the poll
			}
			if quiet == nil && !maps.Equal(v.seen, v.read()) {
				quiet = time.After(settle) // it may be half written
			}
		case <-quiet:
			quiet = nil
			if !v.tell(ctx) {
				return
			}
		}
	}
}

// notifier is nil where the system cannot tell of changes.
func (v *watcher) notifier() *fsnotify.Watcher {
	if v.w.pollOnly {
		return nil
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil
	}
	_ = notify.Add(v.w.Path(v.slug)) // the poll tries again
	return notify
}

// read is the hash of each file of the solution; of none if they cannot be read.
func (v *watcher) read() map[string]string {
	hashes := map[string]string{}
	for name, data := range v.files() {
		hashes[name] = Hash(data)
	}
	return hashes
}

func (v *watcher) files() (files exercises.Files) {
	_ = v.w.open("", func(root *os.Root) (err error) {
		files, err = readAll(root, v.slug, solutionName)
		return err
	})
	return files
}

// tell sends what changed, if anything did. It is false once ctx ended.
func (v *watcher) tell(ctx context.Context) bool {
	files := v.files()
	change := Change{Files: exercises.Files{}}
	now := map[string]string{}
	for name, data := range files {
		now[name] = Hash(data)
		if v.seen[name] != now[name] {
			change.Files[name] = data
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.seen)) {
		if now[name] == "" {
			change.Removed = append(change.Removed, name)
		}
	}
	if len(change.Files) == 0 && change.Removed == nil {
		return true
	}
	select {
	case v.changes <- change:
		v.seen = now
		return true
	case <-ctx.Done():
		return false
	}
}
