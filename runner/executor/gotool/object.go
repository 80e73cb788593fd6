package gotool

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the source of main
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hotloop/exercises"
)

// mainSource is the main package of every test binary. It is compiled once and linked with every solution.
//
//go:embed testmain/main.go.txt
var mainSource []byte

// A mainObject is the compiled main package, as an archive.
//
// The linker checks that a package was compiled against the very packages that it is linked with: an archive holds the
// fingerprint of each package that it imports. The check is there because compiled code refers to others' symbols by
// their number. Main refers to the solution by name only (go:linkname), so that it fits every solution, and what stands
// for the solution's fingerprint is filled in for each.
type mainObject struct {
	archive     []byte
	fingerprint int // offset in archive
}

const fingerprintSize = 8

// forSolution is main's archive, to be linked with the solution that is in the archive named solution.
func (m *mainObject) forSolution(solution string) ([]byte, error) {
	print, err := readFingerprint(solution)
	if err != nil {
		return nil, err
	}
	archive := bytes.Clone(m.archive)
	copy(archive[m.fingerprint:], print)
	return archive, nil
}

// makeMain is main's object for the packages that the library has now: from the cache, or compiled against a solution
// that has nothing in it.
func (l *library) makeMain(ctx context.Context) (*mainObject, error) {
	files, missing := l.closure(append(l.implied(), "errors", "io", "reflect", "strings", "time"))
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: %s", errUnlisted, strings.Join(missing, ", "))
	}
	cfg := (&linkup{files: files}).importcfg()
	sum := sha256.Sum256(slices.Concat(mainSource, cfg))
	kept := filepath.Join(l.dir, "main-"+hex.EncodeToString(sum[:8]))
	if content, err := os.ReadFile(kept); err == nil && len(content) > fingerprintSize {
		return newMainObject(content[fingerprintSize:], content[:fingerprintSize])
	}
	archive, print, err := l.compileMain(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("compiling the main package: %w", err)
	}
	if err := writeWhole(kept, slices.Concat(print, archive), 0o644); err != nil {
		return nil, err
	}
	return newMainObject(archive, print)
}

func newMainObject(archive, print []byte) (*mainObject, error) {
	if n := bytes.Count(archive, print); n != 1 {
		return nil, fmt.Errorf("the main package holds the fingerprint of the solution %d times, not once", n)
	}
	return &mainObject{archive: archive, fingerprint: bytes.Index(archive, print)}, nil
}

func (l *library) compileMain(ctx context.Context, cfg []byte) (archive, print []byte, err error) {
	dir, err := os.MkdirTemp(l.dir, "tmp-*")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	err = writeFiles(dir, exercises.Files{
		"solution.go": []byte("package solution\n\nimport _ \"testing\"\n"),
		"main.go":     mainSource,
		importcfg:     cfg,
	})
	if err != nil {
		return nil, nil, err
	}
	tools := l.tools(dir)
	for _, args := range [][]string{
		tools.compile(modulePath, solutionObject, "solution.go"),
		tools.compile(mainPath, mainArchive, "main.go"),
	} {
		if _, err := output(ctx, args, tools.env, dir); err != nil {
			return nil, nil, err
		}
	}
	if print, err = readFingerprint(filepath.Join(dir, solutionObject)); err != nil {
		return nil, nil, err
	}
	archive, err = os.ReadFile(filepath.Join(dir, mainArchive))
	return archive, print, err
}

// objectMagic begins an object file of the Go linker; the fingerprint follows. It has the oldest Go version in its name
// that has the format.
const objectMagic = "\x00go120ld"

var errFormat = errors.New("not in the form of an object file that hotloop knows")

// readFingerprint reads the fingerprint of a compiled package: what packages that import it must have been compiled with.
func readFingerprint(archive string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, fmt.Errorf("reading a compiled package: %w", err)
	}
	defer f.Close()
	print, err := findFingerprint(f)
	if err != nil {
		return nil, fmt.Errorf("reading the compiled package %s: %w", filepath.Base(archive), err)
	}
	return print, nil
}

// findFingerprint looks for the archive's member _go_.o: a line of text, an empty one, "!", and the object file.
func findFingerprint(r io.ReaderAt) ([]byte, error) {
	const magic, headerSize = "!<arch>\n", 60
	for offset := int64(len(magic)); ; {
		var header [headerSize]byte
		if _, err := r.ReadAt(header[:], offset); err != nil {
			return nil, fmt.Errorf("%w: %w", errFormat, err)
		}
		offset += headerSize
		size, err := strconv.ParseInt(strings.TrimSpace(string(header[48:58])), 10, 64)
		if err != nil || size < 0 {
			return nil, errFormat
		}
		if strings.TrimSpace(string(header[:16])) == "_go_.o" {
			head := make([]byte, min(size, 1<<10))
			if _, err := r.ReadAt(head, offset); err != nil {
				return nil, fmt.Errorf("%w: %w", errFormat, err)
			}
			_, print, ok := bytes.Cut(head, []byte("\n!\n"+objectMagic))
			if !ok || len(print) < fingerprintSize {
				return nil, errFormat
			}
			return print[:fingerprintSize], nil
		}
		offset += size + size%2
	}
}
