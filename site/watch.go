package site

import (
	"context"
	"sync"

	"hotloop/exercises"
	"hotloop/runner/workspace"
)

// updates gather the changes of an exercise's files, so that a slow page sees each file's newest version and no backlog.
type updates struct {
	mu      sync.Mutex
	n       int // changes so far
	at      map[string]int
	files   exercises.Files
	changed chan struct{}
}

func watchFiles(ctx context.Context, ws *workspace.Workspace, slug string) *updates {
	u := &updates{at: map[string]int{}, files: exercises.Files{}, changed: make(chan struct{})}
	changes := ws.Watch(ctx, slug)
	go func() {
		for c := range changes {
			u.add(c)
		}
	}()
	return u
}

func (u *updates) add(c workspace.Change) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.n++
	for name, data := range c.Files {
		u.files[name], u.at[name] = data, u.n
	}
	for _, name := range c.Removed {
		delete(u.files, name)
	}
	close(u.changed)
	u.changed = make(chan struct{})
}

// after is the files that changed after the n-th change, the number of changes now, and a channel that is closed at the
// next one.
func (u *updates) after(n int) (exercises.Files, int, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	files := exercises.Files{}
	for name, data := range u.files {
		if u.at[name] > n {
			files[name] = data
		}
	}
	return files, u.n, u.changed
}
