package exercises

import (
	"slices"
	"strings"
)

// A Module is one outside the standard library that exercises may allow packages of. Solutions are built with its source
// in the machine's module cache: no network is needed.
type Module struct {
	Path, Version string
	sum, modSum   string // as go.sum has them
}

// modules are all that exercises may allow, each with the version of hotloop's own go.mod, which a test compares. A new
// one has no dependencies of its own but those in this list, as far as the allowed packages go.
var modules = []Module{
	{
		Path:    "github.com/google/pprof",
		Version: "v0.0.0-20261105003125-4bf881d7fb0b",
		sum:     "h1:5NKFt6kcAJNVt3XBOf8jwp8TnWZVOZFmmGkK0XextI4=",
		modSum:  "h1:yUo1AMMpsPIDFGuwDK8nLcf8+vvAd5l2O6JDZ6hpwrM=",
	},
}

// Modules are those that the exercise's allowed imports come from.
func (e *Exercise) Modules() []Module {
	var found []Module
	for _, m := range modules {
		if slices.ContainsFunc(e.Allowed, m.provides) {
			found = append(found, m)
		}
	}
	return found
}

// String is the module as the go command takes it: "github.com/google/pprof@v1.2.3".
func (m Module) String() string { return m.Path + "@" + m.Version }

// Require is the module's line in a go.mod.
func (m Module) Require() string { return "require " + m.Path + " " + m.Version + "\n" }

// GoSum is the content of a go.sum for modules, nil for none.
func GoSum(modules []Module) []byte {
	var b []byte
	for _, m := range modules {
		b = append(b, m.Path+" "+m.Version+" "+m.sum+"\n"+m.Path+" "+m.Version+"/go.mod "+m.modSum+"\n"...)
	}
	return b
}

// provides says whether a package of that path may be the module's.
func (m Module) provides(path string) bool {
	return path == m.Path || strings.HasPrefix(path, m.Path+"/")
}

func (c *checker) checkAllowed() {
	for i, path := range c.e.Allowed {
		if !standard(path) && !slices.ContainsFunc(modules, func(m Module) bool { return m.provides(path) }) {
			c.yamlf(at("allowed", i), "no module for the import %q; expected a package of one in exercises/modules.go, where new ones are added", path)
		}
	}
}
