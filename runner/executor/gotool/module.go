package gotool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"hotloop/exercises"
	"hotloop/runner/executor"
)

// modulePath names the module of every solution; compiler and stack traces show it, and Decode finds the learner's lines
// by it.
const modulePath = "solution"

// cacheFormat changes when binaries built by an older hotloop are of no use any more for reasons that no other part of
// their key shows.
const cacheFormat = "2"

// goMod is the go.mod of solutions that may import those modules. They and the kit are in folders, so that the go command
// asks nobody for them and checks no sums: the module cache did so when it took them in. To Go, 1.26 is before 1.26.0, and
// a module may ask for the latter.
func goMod(kit string, modules []folder) []byte {
	b := fmt.Appendf(nil, "module %s\n\ngo %s.0\n\nrequire hotloop v0.0.0\n\nreplace hotloop => %s\n", modulePath, MinVersion, strconv.Quote(kit))
	for _, m := range modules {
		b = fmt.Appendf(b, "\n%s\nreplace %s => %s\n", m.Require(), m.Path, strconv.Quote(m.dir))
	}
	return b
}

// A folder is where a module's source is in the module cache.
type folder struct {
	exercises.Module
	dir string
}

// modules finds those that the exercise allows packages of.
func (tc *toolchain) modules(ex *exercises.Exercise) ([]folder, error) {
	var found []folder
	for _, m := range ex.Modules() {
		dir := filepath.Join(tc.GOMODCACHE, filepath.FromSlash(escaped(m.String())))
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			return nil, fmt.Errorf("%s needs the module %s, which is not in this machine's module cache; run \"go mod download %[2]s\", once and with a network", ex.Slug, m)
		}
		found = append(found, folder{m, dir})
	}
	return found, nil
}

// escaped is a module's path as the module cache writes it: file systems may not tell capitals from small letters.
func escaped(path string) string {
	var b strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// folders are those of modules, for a sandbox to read.
func folders(modules []folder) (dirs []string) {
	for _, m := range modules {
		dirs = append(dirs, m.dir)
	}
	return dirs
}

func writeFiles(dir string, files exercises.Files) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder for the run: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o600); err != nil {
			return fmt.Errorf("writing %s for the run: %w", name, err)
		}
	}
	return nil
}

// writeKit makes sure that the cache has this hotloop's kit as a module, and returns its folder.
func writeKit(cache string) (string, error) {
	hash, err := kitHash()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "kit-"+hash[:16])
	if inUse(dir) {
		return dir, nil
	}
	err = publish(dir, func(tmp string) error {
		if err := os.CopyFS(tmp, exercises.Kit()); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, "go.mod"), []byte("module hotloop\n\ngo "+MinVersion+"\n"), 0o644)
	})
	if err != nil {
		return "", &CacheError{cache, err}
	}
	return dir, nil
}

func kitHash() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, cacheFormat)
	kit := exercises.Kit()
	err := fs.WalkDir(kit, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(kit, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the kit: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// publish makes the folder dir all at once: others see it whole or not at all. If another process is faster, its folder
// is as good.
func publish(dir string, fill func(tmp string) error) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "tmp-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := fill(tmp); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil { // a sandbox may have another user
		return err
	}
	if err := os.Rename(tmp, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, statErr := os.Stat(dir); statErr != nil {
			return err
		}
	}
	return nil
}

// cached is the test binary of naive or reference, and the step that builds it if the cache has none.
func (p *plan) cached(variant string, goal executor.Phase) (bin string, build *executor.Step, err error) {
	key, err := p.cacheKey(variant, goal)
	if err != nil {
		return "", nil, err
	}
	bin = filepath.Join(p.cache, binaries, binary(key))
	if inUse(bin) {
		return bin, nil, nil
	}
	v, err := p.ex.Variant(variant)
	if err != nil {
		return "", nil, fmt.Errorf("reading %s of %s: %w", variant, p.ex.Slug, err)
	}
	dir := filepath.Join(p.dir, "variants", variant)
	if err := p.writeModule(dir, v.Files); err != nil {
		return "", nil, err
	}
	built := filepath.Join(dir, "bin", binary(variant))
	step := p.build(testBinary{dir: dir, files: v.Files, bin: built, bench: true, variant: variant, note: variant + ", built once and kept"})
	step.Done = func() error { return keep(built, bin) }
	return bin, &step, nil
}

// keep copies a built binary into the cache, all at once.
func keep(built, bin string) error {
	content, err := os.ReadFile(built)
	if err != nil {
		return fmt.Errorf("keeping a built binary: %w", err)
	}
	return writeWhole(bin, content, 0o755)
}

// cacheKey names everything that the variant's binary depends on.
func (p *plan) cacheKey(variant string, goal executor.Phase) (string, error) {
	hash, err := p.ex.Hash()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Append(nil, cacheFormat, "\n", hash, "\n", string(goMod(p.kit, p.modules)), "\n", p.tc.path, "\n", p.tc.GOVERSION, "\n", p.compile("", "", false).Args, "\n", goal))
	return p.ex.Slug + "-" + variant + "-" + hex.EncodeToString(sum[:8]), nil
}
