package none

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"hotloop/runner/sandbox"
	"hotloop/runner/sandbox/child"
)

const (
	lookEvery = 50 * time.Millisecond

	// ownMemory is what the supervisor itself, a member of its job, is allowed on top of the command's limit.
	ownMemory = 64 << 20
)

// supervise puts this process into a job and starts the command, which is born into it. The job ends with its last
// handle, which is this process's, so nothing outlives it: the command's tree is killed by returning.
func supervise(s *spec, orders <-chan string) *outcome {
	j, err := newJob(s.Limits)
	if err != nil {
		return &outcome{Error: fmt.Sprintf("preparing the supervisor: %v", err)}
	}
	before, _ := j.usage()
	started := time.Now()
	p, err := startProcess(s)
	if err != nil {
		return &outcome{Error: fmt.Sprintf("starting %s: %v", s.Path, err)}
	}
	ended := make(chan *os.ProcessState, 1)
	go func() {
		state, _ := p.Wait()
		ended <- state
	}()

	o := &outcome{ExitCode: -1}
	wall, tick := time.NewTimer(s.Limits.Wall), time.NewTicker(lookEvery)
	if s.Waits {
		tick.Stop()
	}
	for o.Status == "" {
		select {
		case state := <-ended:
			o.Status = sandbox.Exited
			if state != nil {
				o.ExitCode = state.ExitCode()
			}
		case word := <-orders:
			switch word {
			case startLooking:
				tick.Reset(lookEvery)
			case stopOutput:
				o.Status = sandbox.OutputLimit
			default:
				o.Status = sandbox.Canceled
			}
		case <-wall.C:
			o.Status = sandbox.TimeLimit
		case <-tick.C:
			o.Status, o.Reason = j.exceeded(s.Limits, before)
		}
	}
	o.Wall = time.Since(started)
	if u, err := j.usage(); err == nil {
		o.CPU, o.MaxRSS = u.cpu-before.cpu, u.peak
	}
	return o
}

func startProcess(s *spec) (*os.Process, error) {
	if len(s.Handle) < 3 {
		return nil, errors.New("the driver has handed over no standard streams")
	}
	env := s.Env
	attr := &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
	var standard []*os.File
	for _, h := range s.Handle[:3] {
		standard = append(standard, os.NewFile(uintptr(h), "standard stream"))
	}
	if files := s.Handle[3:]; len(files) > 0 {
		env = append(env, filesEnv(files))
		for _, h := range files {
			attr.AdditionalInheritedHandles = append(attr.AdditionalInheritedHandles, syscall.Handle(h))
		}
	}
	p, err := os.StartProcess(s.Path, s.Args, &os.ProcAttr{Dir: s.Dir, Env: env, Files: standard, Sys: attr})
	for _, f := range standard {
		f.Close() // else a reader of the command's output would wait for the supervisor, too
	}
	for _, h := range s.Handle[3:] {
		windows.CloseHandle(windows.Handle(h))
	}
	return p, err
}

// A job is the job object that the supervisor and all it starts are in.
type job struct{ handle windows.Handle }

func newJob(l sandbox.Limits) (job, error) {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return job{}, fmt.Errorf("creating a job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_JOB_MEMORY |
				windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS | windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
			ActiveProcessLimit: uint32(l.Procs) + 2, // this process, and the one too many that tells that the limit was reached
		},
		JobMemoryLimit: uintptr(l.Memory) + ownMemory,
	}
	_, err = windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		return job{}, fmt.Errorf("setting the job's limits: %w", err)
	}
	if err := windows.AssignProcessToJobObject(handle, windows.CurrentProcess()); err != nil {
		return job{}, fmt.Errorf("entering the job: %w", err)
	}
	return job{handle}, nil
}

// A jobUsage is what the job's processes have used so far, this one among them.
type jobUsage struct {
	cpu   time.Duration
	peak  int64 // bytes committed at most, at one time
	procs int
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION. Times are in units of 100 ns.
type accounting struct {
	totalUserTime, totalKernelTime           int64
	thisPeriodUserTime, thisPeriodKernelTime int64
	totalPageFaults, totalProcesses          uint32
	activeProcesses, totalTerminated         uint32
}

func (j job) usage() (jobUsage, error) {
	var times accounting
	err := windows.QueryInformationJobObject(j.handle, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&times)), uint32(unsafe.Sizeof(times)), nil)
	if err != nil {
		return jobUsage{}, err
	}
	var memory windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err = windows.QueryInformationJobObject(j.handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&memory)), uint32(unsafe.Sizeof(memory)), nil)
	if err != nil {
		return jobUsage{}, err
	}
	return jobUsage{
		cpu:   time.Duration(times.totalUserTime+times.totalKernelTime) * 100,
		peak:  int64(memory.PeakJobMemoryUsed),
		procs: int(times.activeProcesses) - 1,
	}, nil
}

// exceeded is the status of a run that is over a limit now, or empty.
func (j job) exceeded(l sandbox.Limits, before jobUsage) (sandbox.Status, string) {
	u, err := j.usage()
	switch {
	case err != nil:
		return "", ""
	case u.peak > l.Memory:
		return sandbox.MemoryLimit, ""
	case u.procs > l.Procs:
		return sandbox.ProcessLimit, ""
	case u.cpu-before.cpu > l.CPU:
		return sandbox.TimeLimit, child.CPUReason(l)
	}
	return "", ""
}
