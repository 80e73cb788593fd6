//go:build amd64 || arm64

package cell

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// enterKey is the environment variable that makes a process that imports this package a helper. Its value is the first
// of the helper's own descriptors: below it are those of the command.
const enterKey = "HOTLOOP_ENTER"

// The helper's own descriptors, from the first on.
const (
	entryFile  = iota // the entry is read from here
	reportFile        // entering is written here, and an error; end of file means that the box's program runs
	statusFile        // where the program writes how the command ended
	ownFiles
)

// entering is the helper's last word before it becomes the box's program.
const entering = "entering\n"

// What the box's program is handed stands far above what the Go runtime may have opened in the helper.
const (
	StatusFD  = 200 + iota // to write how the command ended
	ContentFD              // and following: to read Entry.Contents
)

// An Entry is what a helper is to do. It goes over a pipe, because everybody can read argv. Parent to Stage are not the
// box's to say.
type Entry struct {
	Parent int      // process number of the driver
	UID    int      // to become; 0: stay who we are
	Join   []string // control groups' files to write this thread into
	Stage  []string // files and folders to make reachable for that user, as /tmp/0, /tmp/1, …

	Files    []File // to make, for that user, if there is a stage
	Rlimits  []Rlimit
	Contents [][]byte // that can be read from the descriptors from ContentFD on
	Program  string   // absolute path
	Args     []string // Args[0] is the program's name
}

// A File is one to make in /tmp of the helper's own mounts.
type File struct {
	Path    string // below /tmp; a folder if it ends in "/". Those above it come before it
	Content string
}

// A helper starts before the rest of the program is initialised, which would cost each run milliseconds.
func init() {
	if os.Getenv(enterKey) != "" {
		Enter()
	}
}

// Enter is the main function of a helper and never returns: it becomes the program of a box. A process that a Driver has
// started is in it before its own main function is called.
func Enter() {
	runtime.LockOSThread() // some of what follows is the thread's, and the thread that calls exec is the one that stays
	own, err := strconv.Atoi(os.Getenv(enterKey))
	if err != nil || own < 3 || own+ownFiles > StatusFD {
		fmt.Fprintln(os.Stderr, "this is for hotloop itself to start")
		os.Exit(2)
	}
	err = enter(own)
	unix.Write(own+reportFile, []byte(err.Error()))
	os.Exit(2)
}

// enter returns only if it fails.
func enter(own int) error {
	if err := unix.CloseRange(uint(own), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("closing foreign descriptors: %w", err)
	}
	var e Entry
	text, err := readAll(own + entryFile)
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	if len(e.Stage) > 0 {
		if err := e.stage(); err != nil {
			return err
		}
	}
	if err := e.handOver(own); err != nil {
		return err
	}
	for _, l := range e.Rlimits {
		if err := l.set(); err != nil {
			return fmt.Errorf("setting resource limit %d: %w", l.Resource, err)
		}
	}
	for _, file := range e.Join { // "0" is this thread
		if err := os.WriteFile(file, []byte("0"), 0); err != nil {
			return fmt.Errorf("joining the control group: %w", err)
		}
	}
	if err := e.giveUp(); err != nil {
		return err
	}
	unix.Write(own+reportFile, []byte(entering))
	return fmt.Errorf("starting %s: %w", e.Program, syscall.Exec(e.Program, e.Args, []string{}))
}

// handOver puts what the program is handed under the numbers that it is told.
func (e *Entry) handOver(own int) error {
	for i, content := range e.Contents {
		if err := contentFile(content, ContentFD+i); err != nil {
			return fmt.Errorf("handing over to %s: %w", e.Program, err)
		}
	}
	return unix.Dup3(own+statusFile, StatusFD, 0)
}

// contentFile makes descriptor fd a file in memory with the content.
func contentFile(content []byte, fd int) error {
	made, err := unix.MemfdCreate("hotloop", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(made)
	for rest := content; len(rest) > 0; {
		n, err := unix.Write(made, rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if _, err := unix.Seek(made, 0, 0); err != nil {
		return err
	}
	return unix.Dup3(made, fd, 0)
}

// stage mounts paths in /tmp of this process's own mount namespace, and makes files there. The command's user could not
// reach many of the paths otherwise: they lie below folders that only root may enter, and only they are meant to be seen.
func (e *Entry) stage() error {
	if err := bindAll(e.Stage); err != nil {
		return err
	}
	for _, file := range e.Files {
		if err := e.make(file); err != nil {
			return fmt.Errorf("making %s for the sandbox: %w", file.Path, err)
		}
	}
	return nil
}

func (e *Entry) make(file File) error {
	path := "/tmp/" + file.Path
	var err error
	if strings.HasSuffix(path, "/") {
		err = os.Mkdir(path, 0o755)
	} else {
		err = os.WriteFile(path, []byte(file.Content), 0o644)
	}
	if err == nil && e.UID != 0 {
		err = os.Lchown(path, e.UID, e.UID)
	}
	return err
}

func bindAll(paths []string) error {
	var opened []int
	for _, path := range paths {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("opening %s for the sandbox: %w", path, err)
		}
		opened = append(opened, fd)
	}
	if err := unix.Mount("hotloop", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=4m,mode=0755"); err != nil {
		return fmt.Errorf("making a place for the sandbox's files: %w", err)
	}
	for i, fd := range opened {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		at := stagedAt(i)
		if err := makePoint(at, st.Mode&unix.S_IFMT == unix.S_IFDIR); err != nil {
			return fmt.Errorf("making a place for %s: %w", paths[i], err)
		}
		if err := unix.Mount("/proc/self/fd/"+strconv.Itoa(fd), at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("mounting %s for the sandbox: %w", paths[i], err)
		}
	}
	return nil
}

func stagedAt(i int) string { return "/tmp/" + strconv.Itoa(i) }

func makePoint(path string, dir bool) error {
	if dir {
		return unix.Mkdir(path, 0o755)
	}
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// giveUp makes this process one that may do nothing more than any other of its user, and that dies with the driver.
func (e *Entry) giveUp() error {
	if e.UID != 0 {
		if err := become(uintptr(e.UID)); err != nil {
			return fmt.Errorf("giving up root: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("refusing new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("binding our life to the driver's: %w", err)
	}
	if os.Getppid() != e.Parent {
		return errors.New("the driver is gone")
	}
	return nil
}

// become changes the user of this thread alone, which is all that exec leaves; to change all threads takes the Go runtime
// a millisecond or more.
func become(id uintptr) error {
	for _, call := range [][4]uintptr{
		{unix.SYS_SETGROUPS, 0, 0, 0},
		{unix.SYS_SETRESGID, id, id, id},
		{unix.SYS_SETRESUID, id, id, id},
	} {
		if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	return nil
}

// set lowers the limit, unless it is lower already.
func (l Rlimit) set() error {
	var have unix.Rlimit
	if err := unix.Getrlimit(l.Resource, &have); err != nil {
		return err
	}
	most := min(l.Most, have.Max)
	return unix.Setrlimit(l.Resource, &unix.Rlimit{Cur: most, Max: most})
}

func readAll(fd int) ([]byte, error) {
	var all []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return all, err
		}
		all = append(all, buf[:n]...)
	}
}
