package runner

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"hotloop/exercises/kit/harness"
	"hotloop/runner/executor"
	"hotloop/runner/report"
	"hotloop/runner/sandbox"
)

const (
	maxRecord  = 1 << 20         // of a line from the harness
	hardGrace  = time.Second     // after a test binary should have ended itself, and said where it was
	drainGrace = 2 * time.Second // for what is still in the pipes of a process that has ended
)

// A process is a step's command while it runs, and what came of it.
type process struct {
	step  executor.Step
	turns io.WriteCloser // nil unless it takes turns
	again bool           // an earlier process has printed the same

	records chan *harness.Record // closed when no more come; must be read to the end
	events  chan report.Event    // what the executor made of its text; likewise
	done    chan struct{}        // closed when everything below is final

	sealed bool // every line on the channel was the harness's own
	result sandbox.Result
	err    error // ours
}

// start starts a step's command in the sandbox and returns at once. A generation is the number of how often it was
// started before, and has random inputs of its own.
func (a *attempt) start(ctx context.Context, step executor.Step, generation int) (*process, error) {
	p := &process{step: step, again: generation > 0, sealed: true, records: make(chan *harness.Record), events: make(chan report.Event), done: make(chan struct{})}
	cmd := step.Command
	if !step.Harness {
		close(p.records)
		p.run(ctx, a, &cmd, nil, nil)
		return p, nil
	}
	hello := harness.Hello{Seed: a.rep.Seed + uint64(generation), Bench: takesTurns(step.Phase)}
	if !hello.Bench {
		hello.Limit = cmd.Limits.Wall
		cmd.Limits.Wall += hardGrace
	}
	rand.Read(hello.Key[:])
	records, err := p.connect(&cmd, hello)
	if err != nil {
		return nil, fmt.Errorf("opening a channel to %s: %w", cmd.Args[0], err)
	}
	p.run(ctx, a, &cmd, records, harness.NewChain(hello.Key))
	return p, nil
}

// connect makes the pipes of harness.Hello's package comment. The command's ends are closed by run.
func (p *process) connect(cmd *sandbox.Command, hello harness.Hello) (records *os.File, err error) {
	var opened []*os.File
	defer func() {
		if err != nil {
			for _, f := range opened {
				f.Close()
			}
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			if r, w, err = os.Pipe(); err == nil {
				opened = append(opened, r, w)
			}
		}
		return r, w
	}
	helloR, helloW := pipe()
	recordR, recordW := pipe()
	cmd.Files = []*os.File{helloR, recordW}
	if hello.Bench {
		turnR, turnW := pipe()
		cmd.Files, p.turns = append(cmd.Files, turnR), turnW
	}
	if err != nil {
		return nil, err
	}
	text, err := hello.MarshalBinary()
	if err != nil {
		return nil, err
	}
	if _, err := helloW.Write(text); err != nil { // fits into the pipe
		return nil, err
	}
	return recordR, helloW.Close()
}

// run hands cmd to the sandbox, its text to the executor, and records, if not nil, to whoever reads p.records.
func (p *process) run(ctx context.Context, a *attempt, cmd *sandbox.Command, records *os.File, chain *harness.Chain) {
	var decoding, reading sync.WaitGroup
	stdout, stderr := p.decode(&decoding, a.executor, executor.Stdout), p.decode(&decoding, a.executor, executor.Stderr)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if records != nil {
		reading.Go(func() { p.read(records, chain) })
	}
	go func() {
		p.result, p.err = a.command(ctx, &p.step, cmd)
		for _, f := range cmd.Files {
			f.Close()
		}
		stdout.Close()
		stderr.Close()
		decoding.Wait()
		close(p.events)
		if records != nil { // no end of file comes if something escaped the sandbox and holds the other end
			records.SetReadDeadline(time.Now().Add(drainGrace))
			reading.Wait()
			records.Close()
		}
		if p.turns != nil {
			p.turns.Close()
		}
		close(p.done)
	}()
}

// decode makes the writer for one stream: the executor reads what is written, and its events go to p.events.
func (p *process) decode(wg *sync.WaitGroup, x executor.Executor, stream string) *io.PipeWriter {
	r, w := io.Pipe()
	wg.Go(func() {
		for e, err := range x.Decode(p.step.Phase, stream, r) {
			if err != nil {
				break
			}
			p.events <- e
		}
		io.Copy(io.Discard, r)
	})
	return w
}

// read takes records until the channel ends or a line is not the next of the chain. After such a line nothing counts.
func (p *process) read(r *os.File, chain *harness.Chain) {
	defer close(p.records)
	buf := bufio.NewReaderSize(r, maxRecord)
	for {
		line, err := buf.ReadSlice('\n')
		if err != nil {
			p.sealed = p.sealed && len(line) == 0
			return
		}
		rec, err := chain.Open(line)
		if err != nil {
			p.sealed = false
			io.Copy(io.Discard, r)
			return
		}
		p.records <- rec
	}
}
