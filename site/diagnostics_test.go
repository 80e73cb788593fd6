package site

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"hotloop/exercises"
	"hotloop/runner/report"
)

func TestDiagnostics(t *testing.T) {
	ts := newSite(t)
	ask := func(body string) (int, string) {
		t.Helper()
		resp := ts.sendJSON(http.MethodPost, "/exercises/add/diagnostics", json.RawMessage(body))
		return resp.StatusCode, resp.body
	}
	if status, body := ask(`{"files":{"add.go":"package add"}}`); status != http.StatusOK || strings.TrimSpace(body) != `{"diagnostics":[]}` {
		t.Errorf("without anybody to ask: %d %s; want an empty list", status, body)
	}
	ts.site.look = func(_ context.Context, gotSlug string, files exercises.Files) ([]report.Diagnostic, error) {
		return []report.Diagnostic{{File: "add.go", Line: 1, Message: gotSlug + ": " + string(files["add.go"])}}, nil
	}
	if status, body := ask(`{"files":{"add.go":"package <add>"}}`); status != http.StatusOK || !strings.Contains(body, `add: package \u003cadd\u003e`) {
		t.Errorf("answered %d %s; want what was said of the file", status, body)
	}
	for body, want := range map[string]int{
		`{"files":{"../add.go":"package add"}}`:   http.StatusBadRequest,
		`{"files":{"add_test.go":"package add"}}`: http.StatusBadRequest,
		`{"files":7}`: http.StatusBadRequest,
	} {
		if status, answer := ask(body); status != want {
			t.Errorf("%s: %d %s; want %d", body, status, answer, want)
		}
	}
}
