package lessons

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// load reads the content that is built in.
func load(t testing.TB) *Library {
	t.Helper()
	library, err := Load(Embedded())
	if err != nil {
		t.Fatalf("loading the embedded content:\n%v", err)
	}
	return library
}

func TestEmbeddedContentIsTheFolder(t *testing.T) {
	onDisk, err := Load(os.DirFS("."))
	if err != nil {
		t.Fatalf("loading the folder, as --content does:\n%v", err)
	}
	var want, got []string
	for lesson := range onDisk.All() {
		want = append(want, lesson.ID+" "+lesson.Title)
	}
	for lesson := range load(t).All() {
		got = append(got, lesson.ID+" "+lesson.Title)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("embedded lessons differ from the folder's: is a topic missing in go:embed? (-want +got):\n%s", diff)
	}
}

func TestSyllabusTellsWhatIsPlanned(t *testing.T) {
	library, err := Load(os.DirFS("testdata/small"))
	if err != nil {
		t.Fatal(err)
	}
	written, err := library.Lookup("demo", "constructs")
	if err != nil {
		t.Fatal(err)
	}
	want := []Track{{ID: "demo", Title: "Demonstration", Summary: "A page with every construct.", Lessons: []Entry{
		{ID: "L01", Topic: "demo", Slug: "constructs", Title: "Every construct", Summary: "A page for the golden test.", Lesson: written},
		{ID: "L02", Topic: "demo", Slug: "later", Title: "Later", Summary: "Not written yet."},
	}}}
	same := cmp.Comparer(func(a, b *Lesson) bool { return a == b })
	if diff := cmp.Diff(want, library.Tracks(), same); diff != "" {
		t.Errorf("Tracks (-want +got):\n%s", diff)
	}
	for slug, words := range map[string]string{"later": "planned", "never": "lesson demo/never"} {
		_, err := library.Lookup("demo", slug)
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), words) {
			t.Errorf("Lookup(%q) = %v, want ErrNotFound with %q", slug, err, words)
		}
	}
	if _, err := library.Card("DEM-99"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Card of an unknown id = %v, want ErrNotFound", err)
	}
}

func TestLessonsAreChainedInReadingOrder(t *testing.T) {
	fsys := small(t, map[string][2]string{
		listFile: {"planned: demo/later\n        id: L02\n        title: Later\n        summary: Not written yet.", "page: demo/second"},
	})
	second := *fsys[pageFile]
	second.Data = []byte(strings.Replace(string(second.Data), "id: L01", "id: L02", 1))
	fsys["demo/second.md"] = &second
	library, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	a, b := library.lessons[0], library.lessons[1]
	if a.Prev != nil || a.Next != b || b.Prev != a || b.Next != nil {
		t.Errorf("chain is %v %v, %v %v; want nil, second, first, nil", a.Prev, a.Next, b.Prev, b.Next)
	}
}

func TestExercisesAreCheckedByTheCaller(t *testing.T) {
	library, err := Load(os.DirFS("testdata/small"))
	if err != nil {
		t.Fatal(err)
	}
	if err := library.CheckExercises(func(slug string) bool { return slug == "demo-exercise" }); err != nil {
		t.Errorf("with the one exercise that is written: %v, want no faults", err)
	}
	wantFaults(t, library.CheckExercises(func(string) bool { return true }), []string{`exercise "demo-later" exists: take away "coming"`})
	wantFaults(t, library.CheckExercises(func(string) bool { return false }), []string{
		`demo/constructs.md:91: no exercise "demo-exercise"`, `card DEM-01: no exercise "demo-exercise"`,
	})
}
