package lessons

import (
	"regexp"
	"slices"
)

// A Card is an interview question and what a good answer holds. Its texts may hold Markdown code spans.
type Card struct {
	ID         string   `yaml:"id"`         // "LEK-08"
	Topic      string   `yaml:"topic"`      // the folder's name
	Difficulty int      `yaml:"difficulty"` // 1 phone screen · 2 onsite · 3 senior probe
	Question   string   `yaml:"q"`
	Points     []string `yaml:"points"`     // the checklist: each is one statement an interviewer would mark
	Must       []int    `yaml:"must"`       // indexes of the points without which the answer failed
	FollowUps  []string `yaml:"follow_ups"` // what they ask next
	Wrong      []string `yaml:"wrong"`      // answers that sound right and are not, with the reason
	Seed       []string `yaml:"seed"`       // ids of the interview document
	Lesson     string   `yaml:"lesson"`     // "leaks/closures-dom-cycles-caches#interview"
	Exercises  []string `yaml:"exercises"`
	Verified   []string `yaml:"verified"` // ids of the blocks whose output proves the answer

	file string
	line int
}

var cardID = regexp.MustCompile(`^[A-Z]{2,4}-\d+$`)

// check reports what is wrong with the card by itself.
func (c *Card) check(topic string, faults *Faults) {
	fail := func(format string, args ...any) { faults.add(c.file, c.line, "card "+c.ID+": "+format, args...) }
	if !cardID.MatchString(c.ID) {
		fail("id %q; expected letters, a hyphen, a number: LEK-08", c.ID)
	}
	if c.Topic != topic {
		fail("topic is %q; expected the folder's name %q", c.Topic, topic)
	}
	if c.Difficulty < 1 || c.Difficulty > 3 {
		fail("difficulty is %d; expected 1 to 3", c.Difficulty)
	}
	if c.Question == "" {
		fail("q is empty; expected the question as an interviewer asks it")
	}
	if len(c.Points) < 2 {
		fail("%d points; expected at least 2", len(c.Points))
	}
	if len(c.Must) == 0 {
		fail("must is empty; expected the indexes of the points that a passing answer has")
	}
	for i, m := range c.Must {
		if m < 0 || m >= len(c.Points) || slices.Index(c.Must, m) != i {
			fail("must names point %d; expected different indexes from 0 to %d", m, len(c.Points)-1)
		}
	}
	if len(c.FollowUps) == 0 {
		fail("follow_ups is empty; expected what the interviewer asks next")
	}
	if len(c.Wrong) == 0 {
		fail("wrong is empty; expected a tempting wrong answer and why it is wrong")
	}
}
