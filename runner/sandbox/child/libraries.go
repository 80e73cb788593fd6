package child

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// libraryDirs are where the dynamic linker looks without being told. Others are not searched: a program that was just
// built from a stranger's code must not choose what it is shown.
var libraryDirs = []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"}

// Libraries lists the dynamic linker and the shared libraries that an ELF program needs to start; none if it is linked
// statically or is no ELF file. A library that is not found is left out, and the program itself will say so.
func Libraries(program string) (paths []string, err error) {
	defer func() { // debug/elf does not promise to survive every file
		if r := recover(); r != nil {
			err = fmt.Errorf("reading what %s is linked with: %v", program, r)
		}
	}()
	f, err := elf.Open(program)
	if _, ok := errors.AsType[*elf.FormatError](err); ok || err == io.EOF { // a script
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what %s is linked with: %w", program, err)
	}
	defer f.Close()
	if interp := interpreter(f); interp != "" && inLibraryDir(interp) {
		paths = append(paths, interp)
	}
	return needed(f, paths), nil
}

// needed appends the libraries of f and, in turn, theirs.
func needed(f *elf.File, paths []string) []string {
	names, err := f.ImportedLibraries()
	if err != nil {
		return paths
	}
	for _, name := range names {
		path, lib := findLibrary(name, f.Machine)
		if lib == nil {
			continue
		}
		if !slices.Contains(paths, path) {
			paths = needed(lib, append(paths, path))
		}
		lib.Close()
	}
	return paths
}

func findLibrary(name string, machine elf.Machine) (string, *elf.File) {
	if name != filepath.Base(name) {
		return "", nil
	}
	for _, dir := range libraryDirs {
		for _, sub := range []string{".", triplets[machine]} {
			path := filepath.Join(dir, sub, name)
			lib, err := elf.Open(path)
			if err == nil && lib.Machine == machine {
				return path, lib
			}
			if err == nil {
				lib.Close()
			}
		}
	}
	return "", nil
}

// triplets are the folders of Debian and its kin.
var triplets = map[elf.Machine]string{elf.EM_X86_64: "x86_64-linux-gnu", elf.EM_AARCH64: "aarch64-linux-gnu"}

func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err != nil {
				return ""
			}
			return strings.TrimRight(string(name), "\x00")
		}
	}
	return ""
}

func inLibraryDir(path string) bool {
	path = filepath.Clean(path)
	under := func(dir string) bool { return strings.HasPrefix(path, dir+"/") }
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && slices.ContainsFunc(libraryDirs, under)
}
