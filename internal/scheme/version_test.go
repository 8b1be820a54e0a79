package scheme_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// versions is the small programme with a second version of its ladder, which is in force
// from the 10th of November on, and a third, from the 20th until the 30th; the first is in
// force until the 15th. The second asks for shorter passwords.
func versions(t testing.TB) *scheme.Programme {
	t.Helper()
	m := copyOf(t, os.DirFS("testdata/small"))
	add := func(version, force string, edits ...string) {
		name := "schemes/ladder/" + version + ".yaml"
		m[name] = &fstest.MapFile{Data: m["schemes/ladder/1.yaml"].Data}
		edit(t, m, name, `version: "1"`, `version: "`+version+`"`)
		edit(t, m, name, `{from: "2020-01-01"}`, force)
		for i := 0; i < len(edits); i += 2 {
			edit(t, m, name, edits[i], edits[i+1])
		}
	}
	add("2", `{from: "2026-11-10"}`, "password_length >= 8", "password_length >= 4")
	add("3", `{from: "2026-11-20", until: "2026-11-30"}`)
	edit(t, m, "schemes/ladder/1.yaml", `{from: "2020-01-01"}`, `{from: "2020-01-01", until: "2026-11-15"}`)
	p, err := scheme.Load(m)
	must(t, err)
	return p
}

func november(day int) time.Time { return time.Date(2026, time.November, day, 12, 0, 0, 0, time.UTC) }

// TestVersions asks by which version is judged, day after day.
func TestVersions(t *testing.T) {
	p := versions(t)
	for _, row := range []struct {
		day        int
		asked      string
		want, says string
	}{
		{9, "ladder", "1", ""},
		{9, "", "1", ""}, // there is one scheme only
		{9, "ladder@2", "", "version 2 of scheme ladder is in force from 2026-11-10 on"},
		{10, "ladder", "2", ""},
		{10, "ladder@1", "1", ""}, // both are in force
		{15, "ladder@1", "1", ""},
		{16, "ladder@1", "", "version 1 of scheme ladder is in force from 2020-01-01 until 2026-11-15"},
		{20, "ladder", "3", ""},
		{30, "ladder", "3", ""},
		{31, "ladder", "2", ""}, // which runs on
		{9, "ladder@4", "", `scheme ladder has no version "4"`},
		{9, "ladder@", "", `scheme ladder has no version ""`},
		{9, "stair", "", `no scheme "stair" is served`},
		{9, "stair@1", "", `no scheme "stair" is served`},
	} {
		s, err := p.Asked(row.asked, november(row.day))
		switch {
		case row.says != "":
			if label.ReasonOf(err) != label.ReasonUnknownScheme || !strings.Contains(err.Error(), row.says) {
				t.Errorf("on day %d, %q is refused with %v, want %q", row.day, row.asked, err, row.says)
			}
		case err != nil || s.Version != row.want:
			t.Errorf("on day %d, %q is %+v, %v; want version %s", row.day, row.asked, s, err, row.want)
		}
	}
	if s := p.InForce("ladder", time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)); s != nil {
		t.Errorf("before any version, %s is in force", s.Version)
	}
	if _, err := p.Asked("ladder", time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)); label.KindOf(err) != label.Precondition {
		t.Errorf("before any version: %v", err)
	}
	if p.Newest("ladder").Version != "3" || len(p.Refs()) != 3 || p.Scheme("ladder", "1") == nil || p.Scheme("ladder", "4") != nil {
		t.Errorf("the newest version is %s, and there are %d", p.Newest("ladder").Version, len(p.Refs()))
	}
}

// TestVersionsJudgeForThemselves judges one device by two versions that are loaded
// together: each asks what its own file says.
func TestVersionsJudgeForThemselves(t *testing.T) {
	p := versions(t)
	dev, subject := device(t, "plug")
	it := read(t, p, label.TypeDeclaration, declaration(t, today.AddDays(-3), fullClaims, strings.Replace(fullFacts, "password_length=12", "password_length=5", 1)+supportFact))
	for version, want := range map[string]int{"1": 0, "2": 2} {
		d, err := p.Scheme("ladder", version).Evaluate(dev, subject, []*scheme.Item{it}, now)
		must(t, err)
		if d.Reached != want {
			t.Errorf("by version %s the device reaches level %d, want %d", version, d.Reached, want)
		}
	}
}

// TestForce refuses intervals that are none.
func TestForce(t *testing.T) {
	for force, want := range map[string]string{
		`{}`:                    "schemes/ladder/1.yaml:3: in_force: needs from",
		`{until: "2026-01-01"}`: "in_force: needs from",
		`{from: "2026-02-30"}`:  "schemes/ladder/1.yaml: \"2026-02-30\" is not a date",
		`{from: "2026-01-02", until: "2026-01-01"}`: "in_force: ends before it begins",
	} {
		m := copyOf(t, os.DirFS("testdata/small"))
		edit(t, m, "schemes/ladder/1.yaml", `{from: "2020-01-01"}`, force)
		if _, err := scheme.Load(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("in force %s: %v, want %q", force, err, want)
		}
	}
}
