package child

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"hotloop/runner/sandbox"
)

// restDelay is for how long a pipe is read from after everything that could write to it should be gone.
const restDelay = 200 * time.Millisecond

// Streams are the standard streams of one command, seen from our side.
type Streams struct {
	// Stdin, Stdout and Stderr are the command's ends, for it to inherit. The last two are one file if both streams go to
	// the same writer.
	Stdin, Stdout, Stderr *os.File

	theirs []*os.File // those of the three that are ours to close
	input  input
	output output
}

// Open makes the streams of cmd, which may print limit bytes in all. Start, Finish and Close follow.
func Open(cmd *sandbox.Command, limit int64) (_ *Streams, err error) {
	s := &Streams{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	s.output.stop = make(chan struct{})
	s.output.left.Store(limit)
	if err := s.openInput(cmd.Stdin); err != nil {
		return nil, err
	}
	if s.Stdout, err = s.addOutput(cmd.Stdout); err != nil {
		return nil, err
	}
	if cmd.Stdout != nil && Same(cmd.Stdout, cmd.Stderr) {
		s.Stderr = s.Stdout
		return s, nil
	}
	s.Stderr, err = s.addOutput(cmd.Stderr)
	return s, err
}

func (s *Streams) openInput(stdin io.Reader) error {
	if f, ok := stdin.(*os.File); ok && f != nil {
		s.Stdin = f
		return nil
	}
	if stdin == nil {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		s.Stdin, s.theirs = f, append(s.theirs, f)
		return nil
	}
	end, w, err := os.Pipe()
	if err != nil {
		return err
	}
	s.Stdin, s.theirs = end, append(s.theirs, end)
	s.input = input{from: stdin, to: w, done: make(chan struct{})}
	return nil
}

func (s *Streams) addOutput(w io.Writer) (*os.File, error) {
	from, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.theirs = append(s.theirs, end)
	if w == nil {
		w = io.Discard
	}
	s.output.streams = append(s.output.streams, &stream{from: from, to: w})
	return end, nil
}

// Same is whether a and b are one writer.
func Same(a, b io.Writer) bool {
	defer func() { recover() }() // a type that cannot be compared
	return a == b
}

// Start begins to hand on what goes through the streams. The command's ends are closed here: whoever runs it has copies.
func (s *Streams) Start() {
	s.closeTheirs()
	s.input.start()
	s.output.start()
}

// Full is closed when the command should end because of its output: it was too much, or its writer failed.
func (s *Streams) Full() <-chan struct{} { return s.output.stop }

// Finish is to be called when all processes that could print are gone. It hands on the rest, and says what went wrong
// with the writers. A Stdin that is not an *os.File may still be in a Read; that is not waited for.
func (s *Streams) Finish() error {
	s.input.finish()
	return s.output.finish()
}

// Exceeded is whether the command printed more than it may.
func (s *Streams) Exceeded() bool { return s.output.left.Load() < 0 }

// Close frees what is left, however far it went.
func (s *Streams) Close() {
	s.closeTheirs()
	s.input.close()
	s.output.close()
}

func (s *Streams) closeTheirs() {
	for _, f := range s.theirs {
		f.Close()
	}
	s.theirs = nil
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
	case <-time.After(restDelay):
	}
}

func (in *input) close() {
	if in.to != nil {
		in.to.Close()
	}
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
			s.from.SetReadDeadline(time.Now().Add(restDelay))
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
		s.from.SetReadDeadline(time.Now().Add(restDelay))
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
