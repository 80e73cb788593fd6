package report

import (
	"fmt"
	"slices"
	"strings"

	"hotloop/runner/measure"
)

// Titles of profiles by their kinds.
var profileTitles = map[string]string{CPU: "CPU time", Alloc: "allocated", Kept: "still in use"}

// Title says in a few words what the profile shows: "CPU time", "allocated", "still in use".
func (p *Profile) Title() string {
	if title := profileTitles[p.Kind]; title != "" {
		return title
	}
	return cleanLine(p.Kind)
}

// Amount is the whole of it for people: "1.94 s in 194 samples", "96 KiB in 120 objects".
func (p *Profile) Amount() string {
	switch {
	case p.Kind == CPU:
		return fmt.Sprintf("%s in %s", measure.Format(p.Total, p.Unit), plural(int(p.Samples), "sample"))
	case p.Objects > 0:
		return fmt.Sprintf("%s in %s", measure.Format(p.Total, p.Unit), plural(int(p.Objects), "object"))
	}
	return measure.Format(p.Total, p.Unit)
}

// Share is part of the whole: "62 %", "<1 %"; empty for nothing.
func (p *Profile) Share(part float64) string {
	switch share := part / p.Total; {
	case part <= 0 || p.Total <= 0:
		return ""
	case share < 0.01:
		return "<1 %"
	default:
		return fmt.Sprintf("%.0f %%", 100*min(1, share))
	}
}

// A HeatLine is a line of the learner's with its parts of several profiles, in their order.
type HeatLine struct {
	File  string
	Line  int
	Text  string
	Parts []ProfileLine
}

// HeatOf is the listing of all lines that are in any of the profiles.
func HeatOf(profiles []Profile) []HeatLine {
	type place struct {
		file string
		line int
	}
	var list []HeatLine
	at := map[place]int{}
	for i, p := range profiles {
		for _, l := range p.Lines {
			key := place{l.File, l.Line}
			n, ok := at[key]
			if !ok {
				n = len(list)
				at[key] = n
				list = append(list, HeatLine{File: l.File, Line: l.Line, Text: l.Text, Parts: make([]ProfileLine, len(profiles))})
			}
			list[n].Parts[i] = l
		}
	}
	slices.SortFunc(list, func(a, b HeatLine) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return list
}

// ProfilesOf are the profiles of a variant that show anything.
func (r *Report) ProfilesOf(variant string) []Profile {
	var list []Profile
	for _, p := range r.Profiles {
		if p.Variant == variant && p.Total > 0 {
			list = append(list, p)
		}
	}
	return list
}

const shownFunctions = 10

func (p *page) profiles(r *Report) {
	for i := range r.Profiles {
		if i > 0 {
			p.line()
		}
		p.profile(&r.Profiles[i])
	}
	if shown := r.ProfilesOf("yours"); len(shown) > 0 {
		p.heat(shown)
	}
}

// profile prints the functions with the most: all that matter of the learner's, the first of naive's for comparison.
func (p *page) profile(prof *Profile) {
	of := ""
	if len(prof.Benchmarks) > 0 {
		of = " by " + cleanLine(strings.Join(prof.Benchmarks, ", "))
	}
	head := fmt.Sprintf("%s, %s%s", prof.Title(), prof.Variant, of)
	if prof.Total > 0 {
		head += ": " + prof.Amount()
	}
	p.line(p.paint(dim, cleanLine(head)))
	p.block("  ", prof.Note)
	limit := shownFunctions
	if prof.Variant != "yours" {
		limit = 3
	}
	var rows [][]string
	for _, f := range prof.Functions {
		if f.Flat+f.Cum > 0 && len(rows) < limit {
			rows = append(rows, []string{"", share(prof, f.Flat), share(prof, f.Cum), measure.Format(f.Cum, prof.Unit), cleanLine(f.Name), ""})
		}
	}
	if len(rows) > 0 {
		p.table([]string{"", " itself", " in all", "", "function", ""}, rows, func(int) {})
	}
}

// share is Share at the right of its column.
func share(p *Profile, part float64) string { return fmt.Sprintf("%7s", p.Share(part)) }

// heat prints the learner's functions with the share of each line, and what it called, in front of it.
func (p *page) heat(profiles []Profile) {
	lines := HeatOf(profiles)
	var titles strings.Builder
	for _, prof := range profiles {
		fmt.Fprintf(&titles, "%13s", prof.Title())
	}
	last := HeatLine{}
	for _, l := range lines {
		switch {
		case l.File != last.File:
			p.line()
			p.line(p.paint(dim, titles.String()+"   "+cleanLine(l.File)))
		case l.Line != last.Line+1:
			p.line(p.paint(dim, strings.Repeat(" ", 13*len(profiles))+"     ⋮"))
		}
		last = l
		p.heatLine(profiles, l)
	}
}

func (p *page) heatLine(profiles []Profile, l HeatLine) {
	cells, hottest := "", 0.0
	for i, prof := range profiles {
		cells += fmt.Sprintf("%13s", prof.Share(l.Parts[i].Cum))
		hottest = max(hottest, l.Parts[i].Cum/prof.Total)
	}
	text := strings.ReplaceAll(l.Text, "\t", "    ")
	p.line(p.paint(heatStyle(hottest), cells), p.paint(dim, fmt.Sprintf("%5d  ", l.Line)), cut(Clean(text), 110))
}

func heatStyle(share float64) style {
	switch {
	case share >= 0.2:
		return red
	case share >= 0.05:
		return yellow
	}
	return dim
}

// environment says how quiet the machine was, since that is what a figure is worth.
func (p *page) environment(e Environment) {
	if e.Quiet > 0 {
		p.line(p.paint(dim, fmt.Sprintf("other programs left %.0f %% of the CPU free", 100*e.Quiet)))
	}
}
