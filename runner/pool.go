package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"hotloop/runner/executor"
	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

const (
	poolSize = 2
	poolLife = 24 * time.Hour // of a process that nobody needs; its successor is started with the next run
)

// Warm starts processes ahead for those executors whose commands can wait for their source, so that a snippet answers at
// once. They are in the sandbox already, and each serves one run; its successor is started in the background. It does not
// wait for them. Close ends them.
func (r *Runner) Warm() {
	r.warm.mu.Lock()
	defer r.warm.mu.Unlock()
	if r.warm.pools == nil {
		r.warm.pools = map[string]*pool{}
	}
	for _, x := range r.Executors {
		if w, ok := x.(executor.Waiter); ok && w.Available() == nil && r.warm.pools[w.Name()] == nil {
			p := newPool(r, w)
			p.fill()
			r.warm.pools[w.Name()] = p
		}
	}
}

// Close ends the processes that Warm has started, and returns when nothing of them is left. A runner that was not warmed
// needs no closing; one that was closed can be used, and warmed again.
func (r *Runner) Close() {
	r.warm.mu.Lock()
	pools := r.warm.pools
	r.warm.pools = nil
	r.warm.mu.Unlock()
	for _, p := range pools {
		p.close()
	}
}

// warm are the pools of a runner, by the name of their executor.
type warm struct {
	mu    sync.Mutex
	pools map[string]*pool
}

// command runs a step's command: in a process that waits for it, if there is one, else in a new one.
func (a *attempt) command(ctx context.Context, step *executor.Step, cmd *sandbox.Command) (sandbox.Result, error) {
	if step.Waits && ctx.Err() == nil && len(cmd.Files) == 0 {
		a.warm.mu.Lock()
		p := a.warm.pools[a.executor.Name()]
		a.warm.mu.Unlock()
		if p != nil {
			return p.run(ctx, cmd)
		}
	}
	return a.Sandbox.Run(ctx, cmd)
}

// A pool keeps a few processes of one executor waiting.
type pool struct {
	runner *Runner
	waiter executor.Waiter

	ctx    context.Context // of all its processes
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu     sync.Mutex
	idle   []*waiting // the oldest first
	closed bool
}

func newPool(r *Runner, w executor.Waiter) *pool {
	p := &pool{runner: r, waiter: w}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.all.Wait()
}

// run is like Run of the sandbox's driver. Limits count from now on; what the process used while it started is part of
// the result's CPU.
func (p *pool) run(ctx context.Context, cmd *sandbox.Command) (sandbox.Result, error) {
	if timeless(cmd.Limits) != timeless(snippetLimits) { // those are set when a process starts
		return p.runner.Sandbox.Run(ctx, cmd)
	}
	w := p.take()
	if w == nil {
		go p.fill()
		return p.runner.Sandbox.Run(ctx, cmd)
	}
	w.begin(cmd)
	go p.fill()
	return w.finish(ctx, cmd.Limits)
}

func timeless(l sandbox.Limits) sandbox.Limits {
	l.Wall = 0
	return l
}

// take is a process that waits, if there is one.
func (p *pool) take() *waiting {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		w := p.idle[0]
		p.idle = p.idle[1:]
		if w.usable() {
			return w
		}
		w.cancel()
	}
	return nil
}

// fill starts what is missing. If that fails, so will the run that finds the pool empty, and it says why.
func (p *pool) fill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed && len(p.idle) < poolSize {
		w, err := p.start()
		if err != nil {
			return
		}
		p.idle = append(p.idle, w)
	}
}

// A waiting is a process that waits for its standard input, and the run that it then serves.
type waiting struct {
	started        time.Time
	cancel         context.CancelFunc
	source         *os.File // our end of its standard input
	stdout, stderr relay
	waits          chan struct{} // closed when it has got its source

	begun  time.Time // when it was given its source
	done   chan struct{}
	result sandbox.Result // final when done is closed; err, too
	err    error
}

func (p *pool) start() (*waiting, error) {
	dir, err := p.runner.newFolder()
	if err != nil {
		return nil, err
	}
	step, err := p.waiter.Waiting(dir)
	if err != nil {
		removeAll(dir)
		return nil, fmt.Errorf("planning a run ahead: %w", err)
	}
	stdin, source, err := os.Pipe()
	if err != nil {
		removeAll(dir)
		return nil, err
	}
	ctx, cancel := context.WithCancel(p.ctx)
	w := &waiting{started: time.Now(), cancel: cancel, source: source, waits: make(chan struct{}), done: make(chan struct{})}
	cmd := step.Command
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &w.stdout, &w.stderr
	cmd.Waits, cmd.Limits = w.waits, snippetLimits
	cmd.Limits.Wall = poolLife + time.Hour
	p.all.Go(func() {
		w.result, w.err = p.runner.Sandbox.Run(ctx, &cmd)
		cancel()
		stdin.Close()
		source.Close()
		removeAll(dir)
		close(w.done)
	})
	return w, nil
}

func (w *waiting) usable() bool {
	select {
	case <-w.done:
		return false
	default:
		return time.Since(w.started) < poolLife
	}
}

// begin hands the source over.
func (w *waiting) begin(cmd *sandbox.Command) {
	w.begun = time.Now()
	close(w.waits)
	w.stdout.connect(cmd.Stdout)
	w.stderr.connect(cmd.Stderr)
	go func() {
		if cmd.Stdin != nil {
			io.Copy(w.source, cmd.Stdin) // a process that does not read to the end is no fault
		}
		w.source.Close()
	}()
}

// finish waits for the end, or makes it.
func (w *waiting) finish(ctx context.Context, limits sandbox.Limits) (sandbox.Result, error) {
	wall := time.NewTimer(limits.Wall)
	defer wall.Stop()
	late := false
	select {
	case <-w.done:
	case <-ctx.Done():
	case <-wall.C:
		late = true
	}
	took := time.Since(w.begun)
	w.cancel()
	<-w.done
	result := w.result
	result.Wall = took
	if late && result.Status == sandbox.Canceled {
		result.Status = sandbox.TimeLimit
		result.Reason = child.Reason(result, limits)
	}
	return result, w.err
}

// A relay is a process's output before anybody listens. It keeps the first few KiB until then.
type relay struct {
	mu   sync.Mutex
	to   io.Writer
	kept []byte
}

const maxKept = 4 << 10

func (r *relay) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to != nil {
		return r.to.Write(p)
	}
	r.kept = append(r.kept, p[:min(len(p), maxKept-len(r.kept))]...)
	return len(p), nil
}

// connect passes on what was kept, and what comes from now on.
func (r *relay) connect(to io.Writer) {
	if to == nil {
		to = io.Discard
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) > 0 {
		to.Write(r.kept) // a writer that fails will fail again
	}
	r.to = to
}
