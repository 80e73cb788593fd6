package node

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"hotloop/runner/executor"
	"hotloop/runner/report"
)

// A stderrDecoder finds the place that Node.js names when an uncaught error ends a program:
//
//	file:///tmp/x/main.mjs:3
//	  throw new Error("boom")
//	        ^
//
//	Error: boom
//	    at f (file:///tmp/x/main.mjs:3:9)
//	    at file:///tmp/x/main.mjs:5:1
//
// All of it stays output, with the folder of the run taken out of the names. The remark comes at the end of the stream,
// since an error that did not end the program is none.
type stderrDecoder struct {
	state state
	d     report.Diagnostic
}

type state int

const (
	outside state = iota
	excerpt       // after the header: the line of source
	caret         // the mark under it
	message       // blank lines, then the error
	top           // the first "    at …" line
	stack         // the others
)

var (
	// place is the snippet's file with a folder before it.
	place  = regexp.MustCompile(`(?:file://)?(?:/|[A-Za-z]:[\\/])[^\s()'"]*[/\\](main\.(?:mjs|cjs|js))\b`)
	header = regexp.MustCompile(`^(main\.(?:mjs|cjs|js)|node:[\w/-]+|<anonymous_script>):(\d+)$`)
	inMain = regexp.MustCompile(`^    at .*?\b(main\.(?:mjs|cjs|js)):(\d+):(\d+)\)?$`)

	// inLoader is where Node.js itself reads modules: an error from there, in the snippet's file, came before the first
	// line ran. One that JSON.parse or eval finds has the snippet's own line above.
	inLoader = regexp.MustCompile(`^    at .*\(node:internal/modules/`)
)

// line rewrites what names the folder of the run. See executor.DecodeLines.
func (s *stderrDecoder) line(line []byte) ([]report.Event, bool) {
	if line == nil {
		return s.end(), true
	}
	short := place.ReplaceAll(line, []byte("$1"))
	s.follow(strings.TrimRight(string(short), "\r\n"))
	if bytes.Equal(short, line) {
		return nil, false
	}
	return []report.Event{{Output: &report.Output{Stream: "stderr", Text: string(short)}}}, true
}

// follow goes on by one line of the form above.
func (s *stderrDecoder) follow(text string) {
	if m := header.FindStringSubmatch(text); m != nil {
		*s = stderrDecoder{state: excerpt}
		if strings.HasPrefix(m[1], "main.") {
			s.at(m[1], m[2], "0")
		}
		return
	}
	switch s.state {
	case excerpt:
		s.state = caret
	case caret:
		if at := strings.IndexByte(text, '^'); at >= 0 && s.d.File != "" {
			s.d.Column = at + 1
		}
		s.state = message
	case message:
		if text != "" {
			s.d.Message = strings.TrimPrefix(text, "Uncaught ")
			s.state = top
		}
	case top:
		if s.d.File != "" && strings.HasPrefix(s.d.Message, "SyntaxError: ") && inLoader.MatchString(text) {
			s.d.Phase = string(executor.Build)
		}
		s.state = stack
		fallthrough
	case stack:
		if m := inMain.FindStringSubmatch(text); m != nil && s.d.File == "" {
			s.at(m[1], m[2], m[3])
		}
	}
}

func (s *stderrDecoder) at(file, line, column string) {
	s.d.File, s.d.Severity = file, "error"
	s.d.Line, _ = strconv.Atoi(line)
	s.d.Column, _ = strconv.Atoi(column)
}

// end is the remark on what ended the program.
func (s *stderrDecoder) end() []report.Event {
	if s.d.File == "" || s.d.Line < 1 || s.d.Message == "" {
		return nil
	}
	return []report.Event{{Diagnostic: &s.d}}
}
