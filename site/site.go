// Package site is the web app: lessons, exercises with an editor and live results, attempts, progress. It is given a way
// to run jobs and a history to keep them in; it knows neither executors nor the store.
//
// Every page can be read without JavaScript. The server is for one learner, on the loopback of their own machine: guard.go
// says who may ask it for what.
package site

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/runner"
	"hotloop/runner/workspace"
	"hotloop/site/history"
)

// History keeps attempts, drafts and progress. Methods that look for one thing return history.ErrNotFound.
type History interface {
	Record(ctx context.Context, a history.Attempt) (id int64, err error)
	Attempts(ctx context.Context, slug string, limit int) ([]history.Attempt, error)
	Attempt(ctx context.Context, id int64) (history.Attempt, error)

	SaveDraft(ctx context.Context, d history.Draft) (id int64, err error)
	Drafts(ctx context.Context, slug string) ([]history.Draft, error)
	Draft(ctx context.Context, id int64) (history.Draft, error)
	DropDraft(ctx context.Context, id int64) error

	Progress(ctx context.Context) (map[string]history.Progress, error)
	Started(ctx context.Context, slug string) error
	HintShown(ctx context.Context, slug string, n int) error
	SolutionSeen(ctx context.Context, slug string) error

	Lessons(ctx context.Context) (map[string]history.LessonProgress, error)
	VisitLesson(ctx context.Context, id string) error
	MarkLesson(ctx context.Context, id string, read bool) error
}

// Config is what a Server is made of. Fields without a remark must be set.
type Config struct {
	Lessons   *lessons.Library
	Exercises *exercises.Catalog
	Workspace *workspace.Workspace
	Run       runner.Func
	History   History

	// Diagnose says what is wrong with files that are being edited; nil: nothing is said.
	Diagnose DiagnoseFunc

	Assets    fs.FS        // what site/web built; nil: what was built into the program
	Templates fs.FS        // nil: those built into the program
	Dev       bool         // read assets and templates anew for each request
	Token     string       // what changing requests must carry; "": a random one
	Logger    *slog.Logger // nil: discarded
	Version   string       // of hotloop, for the foot of the pages
}

// A Server is the site as an http.Handler.
type Server struct {
	lessons   *lessons.Library
	exercises *exercises.Catalog
	workspace *workspace.Workspace
	history   History
	assets    *assets
	templates *templates
	search    *searchIndex
	runs      *registry
	look      DiagnoseFunc
	mux       *http.ServeMux
	token     string
	version   string
	dev       bool
	log       *slog.Logger

	closed  context.Context // ends when the server shuts down
	close   context.CancelFunc
	streams atomic.Int32 // event streams that are open

	mu      sync.Mutex
	notices map[string]string // slug → what the exercise's page shows once
}

// New makes a Server. It fails if the templates or the assets are broken.
func New(cfg Config) (*Server, error) {
	s := &Server{
		lessons: cfg.Lessons, exercises: cfg.Exercises, workspace: cfg.Workspace, history: cfg.History,
		token: cfg.Token, version: cfg.Version, dev: cfg.Dev, log: cfg.Logger, notices: map[string]string{},
		look: cfg.Diagnose,
	}
	if s.token == "" {
		s.token = rand.Text()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Assets == nil {
		cfg.Assets = embeddedAssets()
	}
	if cfg.Templates == nil {
		sub, err := fs.Sub(embeddedTemplates, "templates")
		if err != nil {
			return nil, err
		}
		cfg.Templates = sub
	}
	var err error
	if s.assets, err = newAssets(cfg.Assets, cfg.Dev); err != nil {
		return nil, err
	}
	if s.templates, err = newTemplates(cfg.Templates, cfg.Dev, s.funcs()); err != nil {
		return nil, err
	}
	if s.search, err = newSearchIndex(cfg.Lessons, cfg.Exercises); err != nil {
		return nil, err
	}
	s.closed, s.close = context.WithCancel(context.Background())
	s.runs = newRegistry(s.closed, cfg.Run)
	s.mux = s.routes()
	return s, nil
}

// routes lists every address of the site.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	add := func(pattern string, h handler) { mux.Handle(pattern, s.adapt(h)) }

	add("GET /{$}", s.home)
	add("GET /healthz", s.healthz)
	add("GET /assets/{name}", s.serveAsset)
	add("GET /search", s.serveSearch)
	add("GET /keyboard", s.keyboard)

	add("GET /lessons/{topic}/{slug}", s.lesson)
	add("POST /lessons/{topic}/{slug}/read", s.markLesson)

	add("GET /exercises", s.exerciseList)
	add("GET /exercises/{slug}", s.exercisePage)
	add("POST /exercises/{slug}/start", s.start)
	add("POST /exercises/{slug}/hint", s.hint)
	add("POST /exercises/{slug}/reset", s.reset)
	add("GET /exercises/{slug}/reference", s.reference)

	add("GET /exercises/{slug}/solution", s.readSolution)
	add("PUT /exercises/{slug}/solution", s.saveSolution)
	add("POST /exercises/{slug}/solution", s.showReference)
	add("GET /exercises/{slug}/watch", s.watch)
	add("POST /exercises/{slug}/diagnostics", s.diagnose)
	add("GET /exercises/{slug}/drafts/{id}", s.draft)
	add("POST /exercises/{slug}/drafts/{id}/restore", s.restoreDraft)

	add("POST /exercises/{slug}/runs", s.startRun)
	add("POST /snippets/runs", s.startSnippet)
	add("GET /lab", s.lab)
	add("GET /runs/{id}/events", s.runEvents)
	add("DELETE /runs/{id}", s.stopRun)

	add("GET /exercises/{slug}/attempts", s.attempts)
	add("GET /exercises/{slug}/attempts/{id}", s.attempt)
	add("POST /exercises/{slug}/attempts/{id}/restore", s.restoreAttempt)
	add("GET /exercises/{slug}/attempts/{id}/profile", s.profilePage)
	add("GET /exercises/{slug}/attempts/{id}/{file}", s.attemptFile)
	return mux
}

// A handler answers one request. Its error becomes a page or a JSON object in one place, see fail.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *Server) adapt(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// ServeHTTP answers a request that guard lets through.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(w, r, p)
		}
	}()
	if err := s.guard(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	if h, pattern := s.mux.Handler(r); pattern == "" {
		s.unrouted(w, r, h)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) panicked(w http.ResponseWriter, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.log.Error("panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	s.fail(w, r, fmt.Errorf("panic: %v", p))
}

// unrouted answers in our own words what the mux would answer in its: not found, method not allowed.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	var said answer
	h.ServeHTTP(&said, r)
	switch {
	case said.status >= 300 && said.status < 400:
		h.ServeHTTP(w, r)
	case said.status == http.StatusMethodNotAllowed:
		w.Header().Set("Allow", said.Header().Get("Allow"))
		s.fail(w, r, &httpError{Status: said.status, Title: "Not this way",
			Message: fmt.Sprintf("%s does not answer to %s.", r.URL.Path, r.Method),
			Hint:    "It answers to " + said.Header().Get("Allow") + "."})
	default:
		s.fail(w, r, s.notFound(r, "There is no page at this address."))
	}
}

// An answer is a ResponseWriter that keeps the status and the header, and nothing else.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }

// Shutdown stops every run and event stream and waits until the runs are over, or ctx is. Use it with, and before,
// http.Server.Shutdown, which waits for open streams.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close()
	return s.runs.wait(ctx)
}

// healthz tells who asks (another hotloop that finds the port taken, say) what this is.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{
		"name": "hotloop", "status": "ok", "version": s.version, "workspace": s.workspace.Dir,
	})
}

// notice keeps a sentence for the next time that the exercise's page is shown.
func (s *Server) notice(slug, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices[slug] = text
}

func (s *Server) takeNotice(slug string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.notices[slug]
	delete(s.notices, slug)
	return text
}
