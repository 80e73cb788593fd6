package gotool

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestNeeds(t *testing.T) {
	lost := errors.New("lost")
	x := &Executor{Programs: map[string]func() (string, error){
		"sqlite": func() (string, error) { return "/opt/hotloop-sqlite", nil },
		"redis":  func() (string, error) { return "", lost },
	}}
	n, err := x.find([]string{"sqlite", "nginx"})
	if err != nil || !slices.Equal(n.env, []string{"HOTLOOP_SQLITE=/opt/hotloop-sqlite"}) || !slices.Equal(n.paths, []string{"/opt/hotloop-sqlite"}) {
		t.Errorf("an exercise that needs sqlite, and nginx, which nobody looks after: %+v, error %v; want the place of sqlite", n, err)
	}
	if _, err := x.find([]string{"redis"}); !errors.Is(err, lost) || !strings.Contains(err.Error(), "redis") {
		t.Errorf("an exercise that needs what is not found: error %v, want one that names it", err)
	}
}
