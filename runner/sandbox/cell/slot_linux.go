//go:build amd64 || arm64

package cell

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	firstUID = 20000 // users of runs are this one and those that follow; nobody should be in /etc/passwd there
	slots    = 1000
)

// A slot is a number that one run at a time has on this machine, in whichever hotloop process. It is the run's user, when
// we are root, and names its control group. Runs in the same folder share the user, so that both may write there.
type slot struct {
	uid   int
	index int // of the run among those that share the user
	from  *slotTable
	dir   string
}

// group is the name of the run's control group.
func (s *slot) group() string { return fmt.Sprintf("hotloop-%d-%d", s.uid, s.index) }

// A slotTable hands out slots. Locks on files keep other processes' slots apart from ours, and fall with the process.
type slotTable struct {
	locks string // folder of the lock files

	mu   sync.Mutex
	held map[string]*holding // by the folder that the runs are in
}

type holding struct {
	uid  int
	lock *os.File
	used map[int]bool
}

func newSlotTable() (*slotTable, error) {
	var err error
	for _, dir := range []string{"/run", os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()} {
		if dir == "" {
			continue
		}
		locks := filepath.Join(dir, "hotloop-"+strconv.Itoa(os.Geteuid()))
		if err = os.MkdirAll(locks, 0o700); err == nil {
			err = ours(locks)
		}
		if err == nil {
			return &slotTable{locks: locks, held: map[string]*holding{}}, nil
		}
	}
	return nil, fmt.Errorf("making a folder for the locks of runs: %w", err)
}

// ours sees that a folder is one and belongs to us: in /tmp, somebody else may have made it first.
func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is somebody else's", dir)
	}
	return nil
}

// take finds a slot for a run in dir; an empty dir is nobody else's.
func (t *slotTable) take(dir string) (*slot, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[dir]
	if h == nil || dir == "" {
		var err error
		if h, err = t.lock(); err != nil {
			return nil, err
		}
		if dir == "" {
			dir = h.lock.Name()
		}
		t.held[dir] = h
	}
	index := 0
	for h.used[index] {
		index++
	}
	h.used[index] = true
	return &slot{uid: h.uid, index: index, from: t, dir: dir}, nil
}

func (t *slotTable) lock() (*holding, error) {
	for i := range slots {
		uid := firstUID + i
		f, err := os.OpenFile(filepath.Join(t.locks, strconv.Itoa(uid)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("reserving a user for the run: %w", err)
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			return &holding{uid: uid, lock: f, used: map[int]bool{}}, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("%d runs at once on this machine are as many as can be told apart", slots)
}

func (s *slot) free() {
	t := s.from
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[s.dir]
	delete(h.used, s.index)
	if len(h.used) == 0 {
		h.lock.Close()
		delete(t.held, s.dir)
	}
}
