package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that must come; it is not a measure of how long it takes.
const patience = 90 * time.Second

// A program is a running hotloop with a home of its own.
type program struct {
	t           *testing.T
	cmd         *exec.Cmd
	stdin       io.WriteCloser
	out, errOut *transcript
	home, tmp   string
}

// A transcript is what a program has written so far.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// prepare is a hotloop that was not started yet: its home is empty, its content the small one.
func prepare(t *testing.T, args ...string) *program {
	t.Helper()
	content, err := filepath.Abs("testdata/content")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, out: &transcript{}, errOut: &transcript{}, home: t.TempDir(), tmp: t.TempDir()}
	p.cmd = exec.Command("hotloop", append([]string{"--content", content}, args...)...)
	p.cmd.Env = append(os.Environ(), "HOME="+p.home, "TMPDIR="+p.tmp, "GOCACHE="+goEnv(t, "GOCACHE"),
		"XDG_CACHE_HOME="+t.TempDir(), "HOTLOOP_WORKSPACE=")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errOut
	return p
}

func (p *program) start() *program {
	p.t.Helper()
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// run is the program's exit status, once it has ended.
func (p *program) run() int {
	p.t.Helper()
	return p.start().wait()
}

func (p *program) wait() int {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	if !timer.Stop() {
		p.t.Fatalf("%v did not end; so far it wrote\n%s\n%s", p.cmd.Args, p.out, p.errOut)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) key(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, keys); err != nil {
		p.t.Fatal(err)
	}
}

// until waits for a text in what the program writes after the first from bytes, and returns where it ends.
func (p *program) until(what *transcript, from int, pattern string) int {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		text := what.String()
		if at := re.FindStringIndex(text[from:]); at != nil {
			return from + at[1]
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%v did not write %q; it wrote\n%s\n%s", p.cmd.Args, pattern, text, p.errOut)
		}
	}
}

// solve puts source in place of the learner's file of the exercise, as editors do.
func (p *program) solve(slug, source string) {
	p.t.Helper()
	dir := filepath.Join(p.home, "hotloop", slug)
	if err := os.WriteFile(filepath.Join(dir, ".new"), []byte(source), 0o644); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, ".new"), filepath.Join(dir, slug+".go")); err != nil {
		p.t.Fatal(err)
	}
}

// started is a hotloop like p, in p's home, that has run "start slug".
func (p *program) started(slug string) *program {
	p.t.Helper()
	first := prepare(p.t, "start", slug)
	first.cmd.Env, first.home = p.cmd.Env, p.home
	if status := first.run(); status != 0 {
		p.t.Fatalf("hotloop start %s ended with status %d\n%s", slug, status, first.errOut)
	}
	return p
}

// leavesNothing fails the test if files or processes of the program's runs are left.
func (p *program) leavesNothing() {
	p.t.Helper()
	var left []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if left = p.leftovers(); len(left) == 0 {
			return
		}
	}
	p.t.Errorf("left behind: %s", strings.Join(left, ", "))
}

// leftovers are files in the program's folder for such things, and processes with that folder in their environment or
// as their own folder.
func (p *program) leftovers() (left []string) {
	files, err := filepath.Glob(filepath.Join(p.tmp, "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	left = append(left, files...)
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, process := range processes {
		env, _ := os.ReadFile(filepath.Join(process, "environ"))
		cwd, _ := os.Readlink(filepath.Join(process, "cwd"))
		if bytes.Contains(env, []byte(p.tmp)) || strings.HasPrefix(cwd, p.tmp) {
			command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
			left = append(left, process+" "+strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return left
}

const (
	endlessClamp = "package clamp\n\nfunc Clamp(x, lo, hi int) int {\n\tfor {\n\t}\n}\n"
	goodClamp    = "package clamp\n\nfunc Clamp(x, lo, hi int) int { return max(lo, min(x, hi)) }\n"
)

// TestInterrupt presses Ctrl-C while a solution runs that never ends.
func TestInterrupt(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := prepare(t, "test", "clamp", "-o", "json").started("clamp")
			p.solve("clamp", endlessClamp)
			p.start()
			p.until(p.out, 0, `"phase":"test"`)
			p.signal(signal)
			if status := p.wait(); status != 2 {
				t.Errorf("status %d, want 2\n%s", status, p.errOut)
			}
			p.until(p.out, 0, `"report":.*"verdict":"canceled"`)
			p.leavesNothing()
		})
	}
}

// TestCheckIsInterrupted ends a check that would take an hour, and what keeps processors busy for it.
func TestCheckIsInterrupted(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := prepare(t, "check", "clamp", "--repeat", "1000", "--load", "2", "-v").start()
			p.until(p.errOut, 0, `clamp: 0 of 9: `)
			if n := strings.Count(strings.Join(p.leftovers(), " "), busyWord); n != 2 {
				t.Errorf("%d processes keep a processor busy, want 2", n)
			}
			p.signal(signal)
			if status := p.wait(); signal == os.Interrupt && status != 2 {
				t.Errorf("status %d, want 2\n%s", status, p.errOut)
			}
			if signal == os.Interrupt {
				p.leavesNothing()
				return
			}
			for deadline := time.Now().Add(patience); strings.Contains(strings.Join(p.leftovers(), " "), busyWord); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the busy loops outlive the hotloop that started them: %q", p.leftovers())
				}
			}
		})
	}
}

// TestWatch drives the watch view as a person does, through a pipe.
func TestWatch(t *testing.T) {
	t.Parallel()
	p := prepare(t, "watch", "clamp").start()
	at := p.until(p.out, 0, `wrong answer`)
	p.key("h")
	at = p.until(p.out, at, `Hint 1 of 3`)
	p.solve("clamp", endlessClamp)
	at = p.until(p.out, at, `clamp · test`)
	p.solve("clamp", goodClamp) // while the other one runs
	at = p.until(p.out, at, `accepted: 3 tests passed`)
	if err := os.Remove(filepath.Join(p.home, "hotloop", "clamp", "clamp.go")); err != nil {
		t.Fatal(err)
	}
	p.until(p.errOut, 0, `no clamp\.go in`)
	p.solve("clamp", goodClamp)
	at = p.until(p.out, at, `accepted: 3 tests passed`)
	p.key("n")
	at = p.until(p.out, at, `triangle · test`)
	p.until(p.out, at, `wrong answer`)
	p.key("q")
	if status := p.wait(); status != 0 {
		t.Errorf("status %d after q, want 0\n%s", status, p.errOut)
	}
	p.leavesNothing()
}

// served is a hotloop that serves, and its address.
func served(t *testing.T, workspace string) (p *program, url string) {
	t.Helper()
	p = prepare(t, "serve", "--http", "127.0.0.1:0", "--no-open", "--workspace", workspace).start()
	end := p.until(p.errOut, 0, `http://127\.0\.0\.1:\d+`)
	text := p.errOut.String()[:end]
	return p, text[strings.LastIndex(text, "http://"):]
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %s, %v\n%s", url, resp.Status, err, body)
	}
	return string(body)
}

// TestTwoServers has two servers work in one workspace; a third finds the port of the first taken.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	workspace := filepath.Join(t.TempDir(), "ws")
	first, one := served(t, workspace)
	second, two := served(t, workspace)
	for _, url := range []string{one, two} {
		if page := get(t, url+"/exercises/clamp"); !strings.Contains(page, "Clamp a number") {
			t.Errorf("%s/exercises/clamp has no title", url)
		}
	}
	address := strings.TrimPrefix(one, "http://")
	third := prepare(t, "serve", "--http", address, "--workspace", workspace)
	if status := third.run(); status != 2 {
		t.Errorf("status on a taken port = %d, want 2", status)
	}
	for _, want := range []string{"is in use by another hotloop, with the workspace " + workspace, "hint: open " + one + ", or try --http 127.0.0.1:"} {
		if !strings.Contains(third.errOut.String(), want) {
			t.Errorf("on a taken port it says\n%s\nwant %q in it", third.errOut, want)
		}
	}
	for _, p := range []*program{first, second} {
		p.signal(os.Interrupt)
		if status := p.wait(); status != 0 {
			t.Errorf("status after Ctrl-C = %d, want 0\n%s", status, p.errOut)
		}
		p.leavesNothing()
	}
}

// TestServerEndsRuns ends the server while a run goes on.
func TestServerEndsRuns(t *testing.T) {
	t.Parallel()
	p, url := served(t, filepath.Join(t.TempDir(), "ws"))
	token := regexp.MustCompile(`name="hotloop-token" content="([^"]+)"`).FindStringSubmatch(get(t, url+"/exercises/clamp"))
	if token == nil {
		t.Fatal("the page has no token")
	}
	source, err := json.Marshal(map[string]any{"executor": "go", "source": "package main\n\nfunc main() {\n\tprintln(\"going\")\n\tselect {}\n}\n" +
		"\nfunc init() { go func() { for {\n} }() }\n", "timeout": "60s"})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, url+"/snippets/runs", bytes.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hotloop-Token", token[1])
	req.Header.Set("Origin", url)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var run struct{ Events string }
	if err := json.NewDecoder(resp.Body).Decode(&run); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("starting a run: %s, %v", resp.Status, err)
	}
	events, err := http.Get(url + run.Events + "?view=events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	readUntil(t, events.Body, "going")
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("status after SIGTERM = %d, want 0\n%s", status, p.errOut)
	}
	p.leavesNothing()
}

func readUntil(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := r.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("waiting for %q: %v; got\n%s", text, err, &seen)
		}
	}
}
