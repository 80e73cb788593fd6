package site

import (
	"context"
	"encoding/json"
	"net/http"

	"hotloop/exercises"
	"hotloop/runner/report"
)

// A DiagnoseFunc says within milliseconds what the compiler would say of an exercise's solution. The error is ours.
type DiagnoseFunc func(ctx context.Context, slug string, files exercises.Files) ([]report.Diagnostic, error)

// diagnose says what is wrong with what the page holds, saved or not. Nothing is written and nothing runs.
func (s *Server) diagnose(w http.ResponseWriter, r *http.Request) error {
	ex, err := s.exercise(r)
	if err != nil {
		return err
	}
	var req struct {
		Files map[string]string `json:"files"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return badBody(err)
	}
	files := exercises.Files{}
	for name, content := range req.Files {
		if err := checkFile(name, []byte(content)); err != nil {
			return err
		}
		files[name] = []byte(content)
	}
	found := []report.Diagnostic{}
	if s.look != nil {
		all, err := s.look(r.Context(), ex.Slug, files)
		if err != nil {
			return err
		}
		found = append(found, all...)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"diagnostics": found})
}
