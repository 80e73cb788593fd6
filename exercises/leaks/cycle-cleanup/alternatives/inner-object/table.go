package handle

import (
	"fmt"
	"sync"
)

// A Table stands for the operating system: it hands out handles and knows which are open. It is given, and safe for
// concurrent use. Its zero value is ready.
type Table struct {
	// Slow, if it is set, is called in the middle of each Read: reading takes a while.
	Slow func()

	mu     sync.Mutex
	last   int
	open   map[int]int // handle → reads so far
	faults int
}

// Open makes a handle. Numbers are not used again.
func (t *Table) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[int]int{}
	}
	t.last++
	t.open[t.last] = 0
	return t.last
}

// Read counts the reads of the handle: it returns 1, then 2, then 3. It is a fault if the handle is not open, at the
// beginning or at the end.
func (t *Table) Read(id int) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check("reading", id); err != nil {
		return 0, err
	}
	if t.Slow != nil {
		t.mu.Unlock()
		t.Slow()
		t.mu.Lock()
	}
	if err := t.check("at the end of reading", id); err != nil {
		return 0, err
	}
	t.open[id]++
	return t.open[id], nil
}

// Close ends a handle. It is a fault if it is not open: where numbers are used again, that closes somebody else's file.
func (t *Table) Close(id int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check("closing", id); err != nil {
		return err
	}
	delete(t.open, id)
	return nil
}

func (t *Table) check(doing string, id int) error {
	if _, ok := t.open[id]; !ok {
		t.faults++
		return fmt.Errorf("%s handle %d: it is not open", doing, id)
	}
	return nil
}

// Live is how many handles are open.
func (t *Table) Live() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// Faults is how many calls named a handle that was not open.
func (t *Table) Faults() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults
}
