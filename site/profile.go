package site

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hotloop/exercises"
	"hotloop/runner/measure"
	"hotloop/runner/profile"
	"hotloop/runner/report"
	"hotloop/site/history"
)

// A profileView is one profile for the page.
type profileView struct {
	*report.Profile
	Says  string // "Where CPU time was spent"
	URL   string // of its own page; "" while the run is not kept yet
	File  string // address of the .pb.gz file
	Flame template.HTML
	Rows  []functionRow
}

type functionRow struct {
	Name, Amount, Flat, Cum string
	Own                     bool
}

// profileSays is what a kind of profile shows, as a heading.
var profileSays = map[string]string{report.CPU: "Where CPU time was spent", report.Alloc: "Where memory was allocated", report.Kept: "Whose memory was still in use"}

// kindWords name the kinds where there is little room.
var kindWords = map[string]string{report.CPU: "CPU", report.Alloc: "Allocated", report.Kept: "In use"}

// ProfileViews are the learner's profiles, drawn.
func (r *results) ProfileViews() []profileView {
	if r.Report == nil {
		return nil
	}
	var list []profileView
	for i := range r.Report.Profiles {
		if p := &r.Report.Profiles[i]; p.Variant == "yours" {
			list = append(list, r.profileView(p, ""))
		}
	}
	return list
}

// profileView draws a profile with the box at the path focus as wide as the whole.
func (r *results) profileView(p *report.Profile, focus string) profileView {
	v := profileView{Profile: p, Says: or(profileSays[p.Kind], p.Kind)}
	var href func(string) string
	if v.URL = r.profileURL(p, ""); v.URL != "" {
		if file := (&report.Pprof{Variant: p.Variant, Kind: p.Kind}).Name(); r.pprof[file] != nil {
			v.File = r.Outcome.Attempt + "/" + file
		}
		href = func(path string) string { return r.profileURL(p, path) + "#flame" }
	}
	if root := r.tree(p); root != nil {
		label := fmt.Sprintf("Flame graph. %s, %s. Each box is a function, as wide as its share.", v.Says, p.Variant)
		if href != nil {
			label += " Choose one to see it as wide as the whole."
		}
		f := &flame{unit: p.Unit, label: label, href: href}
		v.Flame = f.draw(root, focus)
	}
	for _, f := range p.Functions {
		if f.Cum > 0 {
			v.Rows = append(v.Rows, functionRow{Name: f.Name, Own: f.Own, Amount: measure.Format(f.Cum, p.Unit), Flat: p.Share(f.Flat), Cum: p.Share(f.Cum)})
		}
	}
	return v
}

// profileURL is where the profile has a page of its own; "" while the attempt is not kept.
func (r *results) profileURL(p *report.Profile, focus string) string {
	if r.Outcome == nil || r.Outcome.Attempt == "" {
		return ""
	}
	q := url.Values{"of": {p.Variant}, "kind": {p.Kind}}
	if focus != "" {
		q.Set("focus", focus)
	}
	return r.Outcome.Attempt + "/profile?" + q.Encode()
}

// tree is the profile's tree of calls; nil if the run has not told the whole profile, or it cannot be read.
func (r *results) tree(p *report.Profile) *profile.Node {
	data := r.pprof[(&report.Pprof{Variant: p.Variant, Kind: p.Kind}).Name()]
	if data == nil {
		return nil
	}
	read, err := profile.Read(p.Kind, data)
	if err != nil {
		return nil
	}
	own := map[string]bool{}
	for _, f := range p.Functions {
		own[f.File] = own[f.File] || f.Own
	}
	root := read.Tree(func(file string) bool { return own[file] })
	root.Name = or(map[string]string{report.CPU: "all CPU time", report.Alloc: "all that was allocated", report.Kept: "all that was in use"}[p.Kind], "all")
	return root
}

// A heatView is the listing of the learner's functions with what each line cost.
type heatView struct {
	Heads []string // one for each profile
	Files []heatFile
}

type heatFile struct {
	Name string
	Rows []heatRow
}

type heatRow struct {
	Line  int
	Gap   bool // lines are left out before it
	Level int  // 0 … 4: how hot the hottest of its cells is
	Cells []heatCell
	Code  string
}

type heatCell struct {
	Share, Amount string
	Level         int
}

// Heat is the listing of the learner's lines; nil if no profile has any.
func (r *results) Heat() *heatView {
	if r.Report == nil {
		return nil
	}
	profiles := r.Report.ProfilesOf("yours")
	lines := report.HeatOf(profiles)
	if len(lines) == 0 {
		return nil
	}
	v := &heatView{}
	for _, p := range profiles {
		v.Heads = append(v.Heads, or(kindWords[p.Kind], p.Kind))
	}
	last := report.HeatLine{}
	for _, l := range lines {
		if l.File != last.File {
			v.Files = append(v.Files, heatFile{Name: l.File})
		}
		row := heatRow{Line: l.Line, Code: l.Text, Gap: l.File == last.File && l.Line != last.Line+1}
		for i, p := range profiles {
			part := l.Parts[i].Cum
			cell := heatCell{Share: p.Share(part), Level: heatLevel(part / p.Total)}
			if part > 0 {
				cell.Amount = measure.Format(part, p.Unit)
			}
			row.Cells = append(row.Cells, cell)
			row.Level = max(row.Level, cell.Level)
		}
		file := &v.Files[len(v.Files)-1]
		file.Rows = append(file.Rows, row)
		last = l
	}
	return v
}

// heatLevel is 0 for nothing and 4 for half of it or more.
func heatLevel(share float64) int {
	switch {
	case share >= 0.5:
		return 4
	case share >= 0.2:
		return 3
	case share >= 0.05:
		return 2
	case share > 0:
		return 1
	}
	return 0
}

type profilePage struct {
	page
	Exercise *exercises.Exercise
	Attempt  history.Attempt
	URL      string // of the attempt
	View     profileView
	Choices  []profileChoice
	Focus    []profileStep // the focused function's callers and itself; nil if the whole is shown
	Heat     *heatView
}

// A profileChoice leads to another profile of the attempt.
type profileChoice struct {
	Variant, Kind, URL string
	Current            bool
}

type profileStep struct{ Name, URL string }

// profilePage shows one profile of an attempt: ?of=yours&kind=cpu&focus=0.2.1.
func (s *Server) profilePage(w http.ResponseWriter, r *http.Request) error {
	ex, a, res, err := s.replayed(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	variant, kind, focus := or(q.Get("of"), "yours"), or(q.Get("kind"), report.CPU), q.Get("focus")
	all := res.Report.Profiles
	i := slices.IndexFunc(all, func(p report.Profile) bool { return p.Variant == variant && p.Kind == kind })
	if i < 0 {
		return s.notFound(r, "The attempt has no such profile.")
	}
	p := profilePage{page: s.page(r, fmt.Sprintf("Profile of attempt %d at %s", a.ID, ex.Title), "practice"),
		Exercise: ex, Attempt: a, URL: attemptURL(ex.Slug, a.ID), View: res.profileView(&all[i], focus)}
	if root := res.tree(&all[i]); root != nil && focus != "" {
		nodes, ok := follow(root, focus)
		if !ok {
			return s.notFound(r, "The profile has no such function at that place.")
		}
		p.Focus = steps(nodes, focus, p.View.URL)
	}
	for i := range all {
		c := &all[i]
		p.Choices = append(p.Choices, profileChoice{c.Variant, or(kindWords[c.Kind], c.Kind), res.profileURL(c, ""), c.Variant == variant && c.Kind == kind})
	}
	if variant == "yours" {
		p.Heat = res.Heat()
	}
	return s.render(w, r, http.StatusOK, "profile", p)
}

func steps(nodes []*profile.Node, focus, base string) (list []profileStep) {
	parts := strings.Split(focus, ".")
	for i, n := range nodes {
		to := base
		if i > 0 {
			to += "&focus=" + url.QueryEscape(strings.Join(parts[:i], "."))
		}
		list = append(list, profileStep{shortFunction(n.Name), to + "#flame"})
	}
	return list
}

// attemptFile hands out what other tools read of an attempt: its profiles, and what was measured in the Go benchmark
// format.
func (s *Server) attemptFile(w http.ResponseWriter, r *http.Request) error {
	ex, a, err := s.storedAttempt(r)
	if err != nil {
		return err
	}
	name := r.PathValue("file")
	if name == benchfmtFile {
		var b bytes.Buffer
		if err := report.Replay(bytes.NewReader(a.Events), report.Benchfmt(&b)); err != nil {
			return fmt.Errorf("replaying attempt %d: %w", a.ID, err)
		}
		return download(w, fmt.Sprintf("%s-%d-%s", ex.Slug, a.ID, name), "text/plain; charset=utf-8", b.Bytes())
	}
	res, err := replay(ex, a)
	if err != nil {
		return err
	}
	data := res.pprof[name]
	if data == nil {
		return s.notFound(r, "The attempt has no such file.")
	}
	return download(w, fmt.Sprintf("%s-%d-%s", ex.Slug, a.ID, name), "application/octet-stream", data)
}

const benchfmtFile = "benchmarks.txt"

func download(w http.ResponseWriter, name, contentType string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-cache")
	_, err := w.Write(data)
	return err
}

// Downloads are the files of the attempt that other tools read; none while it is not kept.
func (r *results) Downloads() (list []link) {
	if r.Outcome == nil || r.Outcome.Attempt == "" {
		return nil
	}
	if r.sampled {
		list = append(list, link{r.Outcome.Attempt + "/" + benchfmtFile, "benchmarks.txt, for benchstat"})
	}
	for _, p := range r.Report.Profiles {
		if name := (&report.Pprof{Variant: p.Variant, Kind: p.Kind}).Name(); r.pprof[name] != nil {
			list = append(list, link{r.Outcome.Attempt + "/" + name, name})
		}
	}
	return list
}
