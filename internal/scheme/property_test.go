package scheme_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// A story is the content of one statement, from which a test makes the item and
// its variations.
type story struct {
	lab      bool
	day      label.Date
	level    int
	verdicts []string
	facts    []string
}

func (s story) item(t testing.TB) *scheme.Item {
	t.Helper()
	vs, fs := strings.Join(s.verdicts, " "), strings.Join(s.facts, " ")
	if s.lab {
		if vs == "" {
			vs = "p-5=pass" // a report needs one, and nobody asks for p-5
		}
		return lab(t, s.day, s.level, vs, fs)
	}
	return maker(t, s.day, vs, fs+supportFact)
}

// randomStory makes a statement that is good on the whole. Extra is one more
// outcome that may occur.
func randomStory(r *rand.Rand, byLab bool, extra ...label.Outcome) story {
	s := story{lab: byLab, day: today.AddDays(-r.IntN(200)), level: 1 + r.IntN(3)}
	for _, p := range []string{"p-1", "p-2", "p-3", "p-4"} {
		outcome := label.Pass
		switch n := r.IntN(24); {
		case n == 0:
			outcome = label.Fail
		case n == 1:
			outcome = label.Inconclusive
		case n < 5:
			continue
		case n < 7 && len(extra) > 0:
			outcome = extra[0]
		}
		s.verdicts = append(s.verdicts, p+"="+string(outcome))
	}
	some := func(names ...string) {
		for _, f := range names {
			if r.IntN(10) > 0 {
				s.facts = append(s.facts, f)
			}
		}
	}
	some([]string{"has_password=true", "has_password=false"}[r.IntN(2)], "has_update=true", "password_length=12", "open_ports=0")
	if byLab {
		some("scanned=true", "entropy=64")
	} else {
		some("threat_model=true")
	}
	return s
}

func randomStories(r *rand.Rand, extra ...label.Outcome) []story {
	stories := []story{randomStory(r, false, extra...)}
	for range r.IntN(4) {
		stories = append(stories, randomStory(r, true, extra...))
	}
	if r.IntN(4) == 0 {
		stories = append(stories, randomStory(r, false, extra...))
	}
	return stories
}

func tell(t testing.TB, stories []story) []*scheme.Item {
	t.Helper()
	var items []*scheme.Item
	for _, s := range stories {
		items = append(items, s.item(t))
	}
	return items
}

const cases = 200

func random(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestFailNeverHelps adds to random evidence a later report that finds
// something wrong, at whatever level its tests were made for.
func TestFailNeverHelps(t *testing.T) {
	r := random(t)
	lowered := 0
	for range cases {
		stories := randomStories(r, label.NotApplicable)
		items := tell(t, stories)
		bad := story{lab: true, day: today, level: 1 + r.IntN(3)}
		for _, p := range []string{"p-1", "p-2", "p-3", "p-4"} {
			if r.IntN(2) == 0 {
				bad.verdicts = append(bad.verdicts, p+"=fail")
			}
		}
		category := []string{"plug", "watch", "camera"}[r.IntN(3)]
		before := judge(t, category, items...)
		after := judge(t, category, append(items, bad.item(t))...)
		if after.Reached > before.Reached {
			t.Fatalf("the report %+v raised a %s from level %d to %d; before it came\n%+v", bad, category, before.Reached, after.Reached, stories)
		}
		if after.Reached < before.Reached {
			lowered++
		}
		for i, l := range after.Levels {
			if l.Reached && !before.Levels[i].Reached {
				t.Fatalf("the report %+v made level %d reached", bad, i+1)
			}
		}
	}
	if lowered < cases/10 {
		t.Errorf("only %d of %d failing reports lowered a level: the cases show nothing", lowered, cases)
	}
}

// TestPassNeverHinders takes verdicts of pass away, one or a whole report of
// them.
func TestPassNeverHinders(t *testing.T) {
	r := random(t)
	lowered := 0
	for range cases {
		stories := randomStories(r)
		passes := story{lab: true, day: today.AddDays(-r.IntN(100)), level: 1 + r.IntN(3), verdicts: []string{"p-1=pass", "p-3=pass"}}
		stories = append(stories, passes)
		fewer := slices.Clone(stories)
		i := r.IntN(len(fewer))
		if i == len(fewer)-1 {
			fewer = fewer[:i]
		} else {
			fewer[i].verdicts = slices.DeleteFunc(slices.Clone(fewer[i].verdicts), func(v string) bool {
				return strings.HasSuffix(v, "=pass") && r.IntN(2) == 0
			})
		}
		category := []string{"plug", "watch", "camera"}[r.IntN(3)]
		before, after := judge(t, category, tell(t, stories)...), judge(t, category, tell(t, fewer)...)
		if after.Reached > before.Reached {
			t.Fatalf("without some passes a %s rose from level %d to %d; before\n%+v\nafter\n%+v", category, before.Reached, after.Reached, stories, fewer)
		}
		if after.Reached < before.Reached {
			lowered++
		}
	}
	if lowered < cases/50 {
		t.Errorf("only %d of %d removals lowered a level: the cases show nothing", lowered, cases)
	}
}

// TestLevelsAreCumulative holds random decisions to what every reader assumes.
func TestLevelsAreCumulative(t *testing.T) {
	r := random(t)
	for range cases {
		d := judge(t, []string{"plug", "camera"}[r.IntN(2)], tell(t, randomStories(r, label.NotApplicable))...)
		for i, l := range d.Levels {
			if l.Reached != (i < d.Reached) {
				t.Fatalf("level %d is reached: %t, and the highest is %d", l.Level, l.Reached, d.Reached)
			}
			if l.Reached != (len(d.MissingFor(l.Level)) == 0) {
				t.Fatalf("level %d is reached: %t, and misses %s", l.Level, l.Reached, gaps(d.MissingFor(l.Level)))
			}
		}
		summarize(t, d)
	}
}

// TestWeakNeverHelps adds to random evidence a report that names no change and
// corrects nothing, of any day and edition, with every verdict but pass: no level
// rises.
func TestWeakNeverHelps(t *testing.T) {
	r := random(t)
	for range cases {
		items := tell(t, randomStories(r, label.NotApplicable))
		weak := story{lab: true, day: today.AddDays(-r.IntN(300)), level: 1 + r.IntN(3)}
		for _, p := range []string{"p-1", "p-2", "p-3", "p-4"} {
			weak.verdicts = append(weak.verdicts, p+"="+[]string{"inconclusive", "not-applicable", "fail"}[r.IntN(3)])
		}
		category := []string{"plug", "watch", "camera"}[r.IntN(3)]
		before := judge(t, category, items...)
		if after := judge(t, category, append(items, weak.item(t))...); after.Reached > before.Reached {
			t.Fatalf("the report %+v raised a %s from level %d to %d", weak, category, before.Reached, after.Reached)
		}
	}
}

// TestFailureOutlivesPasses has a lab find something wrong, and adds many reports
// in which all is well, but in which nobody names a change.
func TestFailureOutlivesPasses(t *testing.T) {
	r := random(t)
	for range cases {
		bad := story{lab: true, day: today.AddDays(-r.IntN(300)), level: 1 + r.IntN(3)}
		criterion := "base"
		switch r.IntN(3) {
		case 0:
			bad.verdicts = []string{"p-1=fail"}
		case 1:
			criterion, bad.verdicts = "ports", []string{"p-3=fail"}
		default:
			criterion, bad.facts = "ports", []string{"open_ports=1"}
		}
		items := []*scheme.Item{full(t), bad.item(t)}
		for range r.IntN(5) {
			good := story{lab: true, day: today.AddDays(-r.IntN(300)), level: 1 + r.IntN(3)}
			good.verdicts, good.facts = strings.Fields(fullClaims), []string{"open_ports=0", "password_length=12"}
			items = append(items, good.item(t))
		}
		d := judge(t, []string{"plug", "camera"}[r.IntN(2)], items...)
		if f := finding(t, d, 3, criterion); f.State != scheme.Unmet {
			t.Fatalf("after the report %+v and %d good ones %s is %s", bad, len(items)-2, criterion, found(t, f))
		}
	}
}
