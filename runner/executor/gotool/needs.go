package gotool

import (
	"fmt"
	"strings"
)

// needs are the programs that an exercise's tests start.
type needs struct {
	env   []string // where they are
	paths []string
}

func (x *Executor) find(words []string) (n needs, err error) {
	for _, word := range words {
		find := x.Programs[word]
		if find == nil {
			continue
		}
		path, err := find()
		if err != nil {
			return needs{}, fmt.Errorf("finding %s, which this exercise needs: %w", word, err)
		}
		n.env = append(n.env, "HOTLOOP_"+strings.ToUpper(word)+"="+path)
		n.paths = append(n.paths, path)
	}
	return n, nil
}
