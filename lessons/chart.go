package lessons

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// A chartPoint is one chart line of a block's recorded output.
type chartPoint struct {
	Series string `json:"series"`
	Unit   string `json:"unit"`
	Axis   string `json:"axis"`
	X      any    `json:"x"`
	Y      any    `json:"y"`
}

// readChart reads a line {"chart":{…}}, in which values may be matchers.
func readChart(line string) (chartPoint, bool) {
	if !strings.HasPrefix(line, `{"chart":`) {
		return chartPoint{}, false
	}
	var c struct {
		Chart *chartPoint `json:"chart"`
	}
	if json.Unmarshal([]byte(line), &c) != nil || c.Chart == nil {
		return chartPoint{}, false
	}
	return *c.Chart, true
}

// renderPoints writes the recorded points as a table, for readers without script and for screen readers.
func renderPoints(w *strings.Builder, points []chartPoint) {
	fmt.Fprintf(w, "<table><thead><tr><th>Series</th><th>%s</th><th>%s</th></tr></thead><tbody>",
		html.EscapeString(points[0].Axis), html.EscapeString(points[0].Unit))
	for _, p := range points {
		fmt.Fprintf(w, "<tr><td>%s</td><td>%s</td><td>%s</td></tr>", html.EscapeString(p.Series), cell(p.X), cell(p.Y))
	}
	w.WriteString("</tbody></table>")
}

func cell(v any) string {
	if n, ok := v.(float64); ok {
		return formatNumber(n)
	}
	return html.EscapeString(readable(fmt.Sprint(v)))
}

var tolerance = regexp.MustCompile(`±\d+%`)

// readable is recorded output for people: ~76±30% is shown as ~76, \~ as ~.
func readable(output string) string {
	output = tolerance.ReplaceAllString(output, "")
	return strings.NewReplacer(`\~`, "~", `\<`, "<", `\>`, ">", "<any>", "…").Replace(output)
}
