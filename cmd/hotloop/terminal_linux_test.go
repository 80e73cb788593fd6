package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal starts p with a terminal as standard input and output.
func (p *program) onTerminal(env ...string) *program {
	p.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Skipf("needs pseudo-terminals (/dev/ptmx): %v", err)
	}
	p.t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		p.t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		p.t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer slave.Close()
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.cmd.Env = append(p.cmd.Env, "TERM=xterm-256color", "NO_COLOR=")
	p.cmd.Env = append(p.cmd.Env, env...)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	p.stdin = master
	go io.Copy(p.out, master)
	return p
}

// TestBareOnTerminal types "hotloop" and nothing else.
func TestBareOnTerminal(t *testing.T) {
	t.Parallel()
	p := prepare(t).onTerminal()
	at := p.until(p.out, 0, `clamp · test`) // the first of the syllabus, started for the learner
	at = p.until(p.out, at, `h hint · b bench · p profile · q quit\r\n`)
	p.key("h")
	at = p.until(p.out, at, `Hint 1 of 3`)
	p.solve("clamp", goodClamp)
	at = p.until(p.out, at, `\x1b\[H\x1b\[2J`)
	p.until(p.out, at, `n next · b bench · p profile · q quit\r\n`)
	p.key("\x03") // Ctrl-C
	if status := p.wait(); status != 0 {
		t.Errorf("status after Ctrl-C = %d, want 0\n%s", status, p.out)
	}
	if text := p.out.String(); strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Errorf("a line does not begin at the left of the raw terminal:\n%q", text)
	}
	p.leavesNothing()
}

// TestCheckOnTerminal tells how far it is in a line that is gone at the end.
func TestCheckOnTerminal(t *testing.T) {
	t.Parallel()
	p := prepare(t, "check", "clamp").onTerminal()
	at := p.until(p.out, 0, `\r\x1b\[Kclamp: 1 of 9: [^\n]*\r\x1b\[Kclamp: 2 of 9: `)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d, want 0\n%s", status, p.out)
	}
	p.until(p.out, at, `\r\x1b\[Kclamp: well made: [^\n]*\n(?s:.*)1 of 1 exercises are well made`)
}

// TestColor holds the output on a terminal against NO_COLOR and --no-color.
func TestColor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		args  []string
		env   string
		color bool
	}{
		{"on a terminal", nil, "LANG=C.UTF-8", true},
		{"NO_COLOR", nil, "NO_COLOR=1", false},
		{"--no-color", []string{"--no-color"}, "LANG=C.UTF-8", false},
		{"dumb terminal", nil, "TERM=dumb", false},
	} {
		p := prepare(t, append(tt.args, "show", "triangle")...)
		p.onTerminal(tt.env)
		if status := p.wait(); status != 0 {
			t.Errorf("%s: status %d", tt.name, status)
		}
		p.until(p.out, 0, `Triangle`)
		if got := strings.Contains(p.out.String(), "\x1b[38;"); got != tt.color {
			t.Errorf("%s: colors %v, want %v:\n%q", tt.name, got, tt.color, p.out)
		}
	}
}

// tinyDisk mounts a disk of one MiB at a new folder.
func tinyDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs the right to mount a small disk (run the tests as root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestReadOnlyWorkspace can test and list, keeps no history and says so, and refuses what must write.
func TestReadOnlyWorkspace(t *testing.T) {
	dir := tinyDisk(t)
	if p := prepare(t, "start", "clamp", "--workspace", dir); p.run() != 0 {
		t.Fatal(p.errOut)
	}
	if err := unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "size=1m"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{"test", "clamp"}, 1, "hotloop: warning: "},
		{[]string{"list"}, 0, ""},
		{[]string{"start", "triangle"}, 2, "hint: that disk is read-only; choose another folder with --workspace DIR"},
		{[]string{"reset", "clamp", "--yes"}, 2, "hint: that disk is read-only"},
		{[]string{"serve", "--http", "127.0.0.1:0"}, 2, "hint: "},
		{[]string{"doctor"}, 1, ""},
	} {
		p := prepare(t, append(tt.args, "--workspace", dir)...)
		if status := p.run(); status != tt.status || !strings.Contains(p.errOut.String(), tt.stderr) {
			t.Errorf("hotloop %s ended with status %d, want %d and %q\n%s\n%s", strings.Join(tt.args, " "), status, tt.status, tt.stderr, p.out, p.errOut)
		}
	}
}

// TestFullDisk loses nothing and says what to do.
func TestFullDisk(t *testing.T) {
	dir := tinyDisk(t)
	if p := prepare(t, "start", "clamp", "--workspace", dir); p.run() != 0 {
		t.Fatal(p.errOut)
	}
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = filler.Write(block)
	}
	filler.Close()
	p := prepare(t, "start", "triangle", "--workspace", dir)
	if status := p.run(); status != 2 || !strings.Contains(p.errOut.String(), "hotloop: hint: the disk is full; free some space") {
		t.Errorf("start on a full disk ended with status %d\n%s", status, p.errOut)
	}
	p = prepare(t, "test", "clamp", "--workspace", dir)
	if status := p.run(); status != 1 || !strings.Contains(p.out.String(), "wrong answer") || !strings.Contains(p.errOut.String(), "hotloop: warning: ") {
		t.Errorf("test on a full disk ended with status %d; want the verdict, and a warning that it is not kept\n%s\n%s", status, p.out, p.errOut)
	}
}
