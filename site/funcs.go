package site

import (
	"fmt"
	"html/template"
	"path"
	"strings"
	"time"

	"hotloop/exercises"
	"hotloop/lessons"
	"hotloop/runner/measure"
	"hotloop/site/history"
)

// funcs are the functions of the templates.
func (s *Server) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":      s.assets.url,
		"lower":      strings.ToLower,
		"upper":      upper,
		"topic":      topicTitle,
		"difficulty": difficulty,
		"ago":        func(t time.Time) string { return ago(time.Since(t)) },
		"datetime":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"when":       func(t time.Time) string { return t.Local().Format("2 January 2006, 15:04") },
		"seconds":    seconds,
		"plural":     plural,
		"percent":    func(share float64) float64 { return 100 * share },
		"target":     target,
		"accepted":   func(st history.State) bool { return st >= history.Accepted },
		"highlight": func(name, source string) template.HTML {
			return lessons.Highlight(strings.TrimPrefix(path.Ext(name), "."), source)
		},
	}
}

// target says what a target asks for.
func target(t exercises.Target) string {
	if t.AtMost != nil {
		return "at most " + measure.Format(*t.AtMost, t.Unit)
	}
	return "at least " + measure.Multiple(t.Speedup) + " better than naive"
}

var topicTitles = map[string]string{"leaks": "Memory leaks"}

func topicTitle(topic string) string {
	if title, ok := topicTitles[topic]; ok {
		return title
	}
	return upper(strings.ReplaceAll(topic, "-", " "))
}

func difficulty(n int) string {
	words := []string{"", "warm-up", "core", "senior", "stretch"}
	if n < 1 || n >= len(words) {
		return fmt.Sprintf("level %d", n)
	}
	return words[n]
}

// ago says in words how long something is past.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(int(d.Minutes()), "minute") + " ago"
	case d < 24*time.Hour:
		return plural(int(d.Hours()), "hour") + " ago"
	}
	return plural(int(d.Hours()/24), "day") + " ago"
}

// seconds writes a wall time: "<1 ms", "12 ms", "1.4 s".
func seconds(s float64) string {
	switch {
	case s < 0.001:
		return "<1 ms"
	case s < 1:
		return fmt.Sprintf("%.0f ms", 1000*s)
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
