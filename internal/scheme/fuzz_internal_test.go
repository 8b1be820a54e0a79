package scheme

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/cel-go/cel"

	"labeld/internal/label"
	"labeld/labels"
)

// largest are facts as large as the dictionary of testdata/small lets them be,
// in the Go types that rules see.
func largest() map[string]any {
	long := strings.Repeat("a", label.MaxProse)
	return map[string]any{
		"has_password": true, "has_update": false, "has_radio": true,
		"password_length": int64(64), "open_ports": int64(0), "entropy": 512.5, "scanned": false, "threat_model": true,
		"support_period_end_date": time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		"languages":               slices.Repeat([]string{long}, maxListed),
		"storage":                 "tee", "note": long,
	}
}

// FuzzRule compiles any text as a rule. What compiles must cost at most what
// the proof says, even for the largest facts, and what it comes to when facts
// are missing must be what it comes to when they are there.
func FuzzRule(f *testing.F) {
	p, err := Load(os.DirFS("testdata/small"))
	if err != nil {
		f.Fatal(err)
	}
	lang, err := newLanguage(p.Facts)
	if err != nil {
		f.Fatal(err)
	}
	facts := largest()
	for name := range p.Facts {
		if facts[name] == nil {
			f.Fatalf("no value for the fact %s", name)
		}
	}
	var rules []string
	for _, fsys := range []fs.FS{labels.FS, os.DirFS("testdata/small")} {
		p, err := Load(fsys)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range p.Schemes {
			for _, c := range s.Criteria {
				rules = append(rules, c.Rule)
			}
		}
	}
	rules = append(rules, `languages.exists(l, l == "de")`, `languages.all(a, a.size() > 2)`, `note.contains("x")`, `note.contains(note)`,
		`note + note == note`, `note.matches("^(a|b)+$")`, `languages.map(l, l + l).size() == 2`, `1 / open_ports > 0`, `languages[3] == note`,
		`at > timestamp("2020-01-01T00:00:00Z")`, `duration(note) > duration("1s")`, `has_password ? scanned : threat_model`,
		`{"a": note}.a == note`, `note in languages`, `type(note) == string`, `[1, 2, 3].exists(x, x == open_ports)`, `"" in {"": true}`,
		`languages == languages`, `string(open_ports) == note`, `bytes(note).size() > 0`, `note < note + "b"`, `has({"a": 1}.b)`)
	for _, r := range rules {
		f.Add(r, uint16(0))
		f.Add(r, uint16(0xffff))
		f.Add(r, uint16(0x5555))
	}
	names := []string{}
	for name := range facts {
		names = append(names, name)
	}
	slices.Sort(names)
	now := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string, known uint16) {
		if len(text) > 500 {
			return
		}
		r, err := lang.compile(text)
		if err != nil {
			return
		}
		if !slices.IsSorted(r.vars) {
			t.Errorf("looks facts up in the order %v, which differs from load to load", r.vars)
		}
		for _, name := range r.vars {
			if p.Facts[name] == nil {
				t.Fatalf("refers to %q, which is no fact", name)
			}
		}
		whole, part := make([]any, len(r.vars)), make([]any, len(r.vars))
		for i, name := range r.vars {
			whole[i] = facts[name]
			if known&(1<<slices.Index(names, name)) != 0 {
				part[i] = facts[name]
			}
		}
		all, _, err := r.eval(whole, now)
		if err == nil && all == unknown {
			t.Error("is unknown although every fact is known")
		}
		some, missing, serr := r.eval(part, now)
		if serr == nil && some != unknown && err == nil && some != all {
			t.Errorf("is %d with some facts and %d with all", some, all)
		}
		if serr == nil && (some == unknown) != (len(missing) > 0) {
			t.Errorf("came to %d for want of %v", some, missing)
		}
		for _, name := range missing {
			if !slices.Contains(r.vars, name) {
				t.Errorf("misses %q, which it does not refer to", name)
			}
		}

		ast, iss := lang.env.Compile(text)
		if iss.Err() != nil {
			t.Fatal(iss.Err())
		}
		prg, err := lang.env.Program(ast, cel.EvalOptions(cel.OptTrackCost))
		if err != nil {
			t.Fatal(err)
		}
		act := &activation{at: now}
		for name, v := range facts {
			act.names, act.values = append(act.names, name), append(act.values, v)
		}
		_, details, err := prg.Eval(act)
		if err == nil && *details.ActualCost() > maxCost {
			t.Errorf("cost %d steps, %d are allowed", *details.ActualCost(), maxCost)
		}
	})
}
