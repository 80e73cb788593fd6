package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/term"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/executor/gotool"
	"hotloop/runner/executor/node"
	"hotloop/runner/report"
	"hotloop/runner/workspace"
	"hotloop/site/store"
)

// An app is one call of the program: its streams, its global flags, and the parts, each made when it is first needed.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	workspaceDir, contentDir string
	noColor                  bool
	sandbox                  string // by --sandbox

	exercises *exercises.Catalog
	lessons   *lessons.Library
	history   *store.Store

	mu   sync.Mutex
	runs *runner.Runner

	warned sync.Map // the texts of warnings that were told
}

// catalog is the content's exercises.
func (a *app) catalog() (*exercises.Catalog, error) {
	if a.exercises != nil {
		return a.exercises, nil
	}
	content := exercises.Embedded()
	if a.contentDir != "" {
		dir, err := contentFolder(a.contentDir, "exercises")
		if err != nil {
			return nil, err
		}
		content = dir
	}
	catalog, err := exercises.Load(content)
	if err != nil {
		return nil, contentFault(a.contentDir, "exercises", err)
	}
	a.exercises = catalog
	return catalog, nil
}

// library is the content's lessons, checked against its exercises.
func (a *app) library() (*lessons.Library, error) {
	if a.lessons != nil {
		return a.lessons, nil
	}
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	content := lessons.Embedded()
	if a.contentDir != "" {
		if content, err = contentFolder(a.contentDir, "lessons"); err != nil {
			return nil, err
		}
	}
	library, err := lessons.Load(content)
	if err == nil {
		err = library.CheckExercises(func(slug string) bool { _, err := catalog.Lookup(slug); return err == nil })
	}
	if err != nil {
		return nil, contentFault(a.contentDir, "lessons", err)
	}
	a.lessons = library
	return library, nil
}

func contentFolder(dir, what string) (fs.FS, error) {
	folder := filepath.Join(dir, what)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, &toldError{fmt.Sprintf("no folder %s", folder), "--content takes a folder with exercises/ and lessons/ in it"}
	}
	return os.DirFS(folder), nil
}

// workspacePath is where the workspace is, or would be.
func (a *app) workspacePath() (string, error) {
	if a.workspaceDir != "" {
		return filepath.Abs(a.workspaceDir)
	}
	if dir := os.Getenv("HOTLOOP_WORKSPACE"); dir != "" {
		return filepath.Abs(dir)
	}
	if w, err := workspace.Find("."); err == nil {
		return w.Dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &toldError{"no home folder: " + err.Error(), "name a workspace with --workspace DIR"}
	}
	return filepath.Join(home, "hotloop"), nil
}

// workspace is the learner's workspace, which must be there.
func (a *app) workspace() (*workspace.Workspace, error) {
	dir, err := a.workspacePath()
	if err != nil {
		return nil, err
	}
	w, err := workspace.Find(dir)
	if err != nil || w.Dir != dir {
		return nil, &toldError{"no workspace in " + dir,
			`"hotloop init" makes one, "hotloop start SLUG" does so with its first exercise; --workspace DIR names another`}
	}
	return w, nil
}

// makeWorkspace is the learner's workspace, new or brought up to date. It says so on stderr if it is new.
func (a *app) makeWorkspace(dir string) (*workspace.Workspace, error) {
	if dir == "" {
		var err error
		if dir, err = a.workspacePath(); err != nil {
			return nil, err
		}
	}
	w, created, err := workspace.Init(dir)
	if err != nil {
		return nil, err
	}
	if created {
		fmt.Fprintf(a.stderr, "hotloop: made the workspace %s\n", w.Dir)
	}
	return w, nil
}

// openHistory is the workspace's history. Close closes it.
func (a *app) openHistory(w *workspace.Workspace) (*store.Store, error) {
	if a.history != nil {
		return a.history, nil
	}
	s, err := store.Open(w.Database())
	if err != nil {
		return nil, err
	}
	a.history = s
	return s, nil
}

func (a *app) close() {
	if a.history != nil {
		if err := a.history.Close(); err != nil {
			a.warn(fmt.Errorf("closing the history: %w", err))
		}
		a.history = nil
	}
}

// runner runs jobs on this machine. There is one, for it lets no two benchmarks run at once.
func (a *app) runner() (*runner.Runner, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.runs == nil {
		r, err := a.newRunner()
		if err != nil {
			return nil, err
		}
		a.runs = r
	}
	return a.runs, nil
}

// newRunner picks the implementations. Nobody else does.
func (a *app) newRunner() (*runner.Runner, error) {
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding hotloop's own program, which interprets snippets: %w", err)
	}
	driver, err := a.driver()
	if err != nil {
		return nil, err
	}
	return &runner.Runner{
		Exercises: catalog,
		Executors: []executor.Executor{
			&gotool.Executor{Isolated: a.sandboxName() != noSandbox, Programs: map[string]func() (string, error){"sqlite": sqlite}},
			a.yaegi(self),
			node.Executor{},
		},
		Sandbox: driver,
	}, nil
}

// run is a runner.Func.
func (a *app) run(ctx context.Context, job runner.Job, h report.Handler) error {
	r, err := a.runner()
	if err != nil {
		return err
	}
	return r.Run(ctx, job, h)
}

// diagnose is a site.DiagnoseFunc.
func (a *app) diagnose(ctx context.Context, slug string, files exercises.Files) ([]report.Diagnostic, error) {
	r, err := a.runner()
	if err != nil {
		return nil, err
	}
	return r.Diagnose(ctx, slug, files)
}

// isTerminal says whether a person sits at that stream.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// color says whether standard output takes colors.
func (a *app) color() bool {
	return isTerminal(a.stdout) && !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
