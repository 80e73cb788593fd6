package none

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"hotloop/runner/sandbox"
)

// openInput makes the command's standard input and returns the end that is the command's.
func (r *run) openInput(stdin io.Reader, theirs *closers) (*os.File, error) {
	r.input = &input{}
	if f, ok := stdin.(*os.File); ok && f != nil {
		return f, nil
	}
	if stdin == nil {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		theirs.add(f)
		return f, nil
	}
	end, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs.add(end)
	r.input = &input{from: stdin, to: w, done: make(chan struct{})}
	return end, nil
}

// An input feeds a reader to the command.
type input struct {
	from io.Reader
	to   *os.File
	done chan struct{}
}

func (in *input) start() {
	if in.from == nil {
		return
	}
	go func() {
		defer close(in.done)
		io.Copy(in.to, in.from) // a command that does not read to the end is no fault
		in.to.Close()
	}()
}

// finish gives up what the command has not read.
func (in *input) finish() {
	if in.from == nil {
		return
	}
	in.to.Close()
	select {
	case <-in.done:
	case <-time.After(waitDelay):
	}
}

func (in *input) close() {
	if in.to != nil {
		in.to.Close()
	}
}

// openOutput makes the command's two output streams, one and the same if both go to the same writer, and returns the
// ends that are the command's.
func (r *run) openOutput(cmd *sandbox.Command, theirs *closers) (stdout, stderr *os.File, err error) {
	r.output = &output{stop: make(chan struct{})}
	r.output.left.Store(r.spec.Limits.Output)
	if stdout, err = r.output.add(cmd.Stdout, theirs); err != nil {
		return nil, nil, err
	}
	if cmd.Stdout != nil && same(cmd.Stdout, cmd.Stderr) {
		return stdout, stdout, nil
	}
	if stderr, err = r.output.add(cmd.Stderr, theirs); err != nil {
		return nil, nil, err
	}
	return stdout, stderr, nil
}

func same(a, b io.Writer) bool {
	defer func() { recover() }() // a type that cannot be compared
	return a == b
}

// An output hands on what a command prints, up to a limit for all streams together. A stream that nobody wants is read,
// too, and counts.
type output struct {
	streams []*stream
	left    atomic.Int64  // bytes that may still be handed on; below zero: exceeded
	stop    chan struct{} // closed when the run should end because of its output
	once    sync.Once
	ended   atomic.Bool // the tree is gone: what can be read now is the rest
	wg      sync.WaitGroup
}

type stream struct {
	from *os.File
	to   io.Writer
	err  error // of the writer; read after wg.Wait
}

func (o *output) add(w io.Writer, theirs *closers) (*os.File, error) {
	from, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	theirs.add(end)
	if w == nil {
		w = io.Discard
	}
	o.streams = append(o.streams, &stream{from: from, to: w})
	return end, nil
}

func (o *output) exceeded() bool { return o.left.Load() < 0 }

func (o *output) start() {
	for _, s := range o.streams {
		o.wg.Go(func() { o.copy(s) })
	}
}

// restReads is how often a stream is read from after the tree is gone. Everything then is in the pipe already, which
// holds 1 MiB at most; but a process that has escaped could go on writing.
const restReads = 64

func (o *output) copy(s *stream) {
	buf := make([]byte, 32<<10)
	for rest := 0; rest < restReads; {
		if o.ended.Load() {
			rest++
			s.from.SetReadDeadline(time.Now().Add(waitDelay))
		}
		n, err := s.from.Read(buf)
		if n > 0 {
			o.handOn(s, buf[:n])
		}
		// The first deadline passes while a slow writer is being written to, without a look at what is left to read.
		if errors.Is(err, os.ErrDeadlineExceeded) && rest == 0 {
			continue
		}
		if err != nil {
			return
		}
	}
}

// handOn writes what the limit allows of p, and goes on counting after it.
func (o *output) handOn(s *stream, p []byte) {
	n := int64(len(p))
	left := o.left.Add(-n)
	if left < 0 {
		o.once.Do(func() { close(o.stop) })
		p = p[:max(0, n+left)]
	}
	if s.err != nil || len(p) == 0 {
		return
	}
	if _, s.err = s.to.Write(p); s.err != nil {
		o.once.Do(func() { close(o.stop) })
	}
}

// finish hands on the rest and returns what went wrong with the writers.
func (o *output) finish() error {
	o.ended.Store(true)
	for _, s := range o.streams {
		s.from.SetReadDeadline(time.Now().Add(waitDelay))
	}
	o.wg.Wait()
	var errs []error
	for _, s := range o.streams {
		errs = append(errs, s.err)
	}
	return errors.Join(errs...)
}

func (o *output) close() {
	for _, s := range o.streams {
		s.from.Close()
	}
}
