package runner

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"hotloop/exercises"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

const (
	maxFiles    = 64
	maxFileSize = 256 << 10
)

// checkFiles refuses what no executor should have to look at. What names mean is the executor's to say.
func checkFiles(files exercises.Files) error {
	if len(files) > maxFiles {
		return &executor.Refusal{Reason: fmt.Sprintf("The solution has %d files; at most %d are run.", len(files), maxFiles)}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != path.Base(name) || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "\\:\x00") {
			return &executor.Refusal{Reason: fmt.Sprintf("%q cannot be run: files of a solution lie side by side and have plain names.", name)}
		}
		if refusal := checkContent(name, files[name]); refusal != nil {
			return refusal
		}
	}
	return nil
}

func checkContent(name string, content []byte) *executor.Refusal {
	if len(content) > maxFileSize {
		return &executor.Refusal{Reason: fmt.Sprintf("%s has %d KiB; at most %d KiB are run.", name, len(content)>>10, maxFileSize>>10)}
	}
	complain := func(at int, message string) *executor.Refusal {
		line := 1 + bytes.Count(content[:at], []byte("\n"))
		column := at - bytes.LastIndexByte(content[:at], '\n')
		return &executor.Refusal{
			Reason:      fmt.Sprintf("%s:%d: %s", name, line, message),
			Diagnostics: []report.Diagnostic{{File: name, Line: line, Column: column, Message: message}},
		}
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return complain(0, "the file is empty")
	}
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			return complain(i, "the file is not UTF-8 text")
		}
		if r == 0 {
			return complain(i, "the file has a NUL character in it and is no text")
		}
		i += size
	}
	return nil
}
