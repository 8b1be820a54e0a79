package advisory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// FuzzParse looks for documents that are read into something that breaks the
// promises of [advisory.Advisory] and [advisory.Effect].
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no testdata: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "3.8.2")
	}
	f.Add(vexDocument(route(1, firmware, "affected", openssl)+","+route(2, firmware+"@2.0", "fixed", libressl)), "2.0")
	f.Add(issue(vendorFix, said{"known_affected", ">=1|<2"}, said{"fixed", "2"}, said{"under_investigation", "3-rc1"}), "1.5")
	f.Add(csafDocument(oneProduct("product_name", "X", "X", `"cpe":"cpe:/o:northlight:nl-c210:1","purl":"pkg:generic/northlight/NL-C210@1","model_numbers":["NL-*"]`), affected), "")
	f.Fuzz(func(t *testing.T, b []byte, version string) {
		a, err := advisory.Parse(b, now)
		if err != nil {
			if _, ok := errors.AsType[*label.Error](err); !ok || label.KindOf(err) == label.Internal {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if a.ID == "" || len(a.Issues) == 0 || a.SHA256 != label.DigestOf(b) || a.Updated.Before(a.Published) || a.Updated.After(now.Add(label.MaxClockSkew)) {
			t.Fatalf("accepted: %+v", a)
		}
		for _, is := range a.Issues {
			if is.ID == "" || len(is.Products) == 0 {
				t.Fatalf("accepted: %+v", is)
			}
		}
		e, ok := a.For(camera(), version)
		if ok != (e.Status != "") || ok != (e.Advice != "") || ok != (len(e.Issues) > 0) {
			t.Fatalf("%v: %+v", ok, e)
		}
		if ok && e.Status == advisory.Affected {
			holdExtreme(t, a, e)
		}
		if e.FixedIn == "" {
			return
		}
		if after, _ := a.For(camera(), e.FixedIn); e.Status != advisory.Affected || after.Status == advisory.Affected {
			t.Fatalf("advises an update from %s to %s, which is %s", e.Status, e.FixedIn, after.Status)
		}
	})
}

// holdExtreme holds the texts of an effect to those of the extremes.
func holdExtreme(t *testing.T, a *advisory.Advisory, e advisory.Effect) {
	t.Helper()
	texts := map[string]bool{}
	most := 0
	for x := range a.Extremes() {
		texts["fixed "+x.FixedIn], texts["url "+x.URL], texts["action "+advised(x)] = true, true, true
		most = len(x.Issues)
	}
	if !texts["fixed "+e.FixedIn] || !texts["url "+e.URL] || !texts["action "+advised(e)] || len(e.Issues) > most {
		t.Fatalf("no extreme has what %+v has", e)
	}
}

// TestExtremes asks documents with fixes, remedies and addresses of all kinds.
func TestExtremes(t *testing.T) {
	docs := [][]byte{
		issue(vendorFix, said{"known_affected", ">=1|<2"}), issue(vendorFix, said{"known_affected", "1.5"}), issue("", said{"known_affected", "1.5"}),
		issue("", said{"known_affected", "1.5"}, said{"fixed", "2"}),
		vexDocument(route(1, firmware, "affected", openssl)),
	}
	for _, category := range []string{"workaround", "none_available", "no_fix_planned"} {
		docs = append(docs, issue(`{"category":"`+category+`","details":"Do it","url":"https://northlight.example/`+category+`"}`, said{"known_affected", "1.5"}))
	}
	for _, name := range []string{"csaf-fix.json", "csaf-interim.json", "openvex.json"} {
		docs = append(docs, testdata(t, name))
	}
	for _, b := range docs {
		a := parse(t, b)
		for _, version := range []string{"", "1.5", "3.8.2"} {
			if e, _ := a.For(camera(), version); e.Status == advisory.Affected {
				holdExtreme(t, a, e)
			}
		}
		for range a.Extremes() {
			break // whoever has seen enough may stop
		}
	}
}

// A model is a range of whole versions in plain numbers.
type model struct {
	list      string
	low, high int // both included; equal for a single version
	open      bool
}

func (m model) says() said {
	switch {
	case m.open:
		return said{m.list, fmt.Sprintf("vers:generic/>=%d.0", m.low)}
	case m.low == m.high:
		return said{m.list, fmt.Sprintf("%d", m.low)}
	}
	return said{m.list, fmt.Sprintf("vers:generic/>=%d|<%d", m.low, m.high+1)}
}

func (m model) has(version int) bool { return version >= m.low && (m.open || version <= m.high) }

// TestDoubtIsBad makes up documents and holds what is said of every version
// against plain arithmetic: a version said to be affected is never anything
// else, one said to be under investigation is never fixed or not affected, and
// an advised update leads to no version that is affected.
func TestDoubtIsBad(t *testing.T) {
	const seed = 20261120
	const highest = 12
	r := rand.New(rand.NewPCG(seed, 1))
	lists := []string{"known_affected", "first_affected", "fixed", "first_fixed", "known_not_affected", "under_investigation"}
	for n := range 2000 {
		var models []model
		var says []said
		for range 1 + r.IntN(4) {
			low := r.IntN(highest)
			m := model{list: lists[r.IntN(len(lists))], low: low, high: low + r.IntN(3), open: r.IntN(8) == 0}
			models, says = append(models, m), append(says, m.says())
		}
		remediations := ""
		if r.IntN(2) == 0 {
			remediations = vendorFix
		}
		a := parse(t, issue(remediations, says...))
		affected := func(version int) bool {
			for _, m := range models {
				if (m.list == "known_affected" || m.list == "first_affected") && m.has(version) {
					return true
				}
			}
			return false
		}
		for version := range highest + 4 {
			e, _ := a.For(camera(), fmt.Sprint(version, ".0"))
			if affected(version) && e.Status != advisory.Affected {
				t.Fatalf("document %d: %v: %d is affected, got %q", n, says, version, e.Status)
			}
			for _, m := range models {
				if m.list == "under_investigation" && m.has(version) && !e.Status.Worse(advisory.Fixed) {
					t.Fatalf("document %d: %v: %d is under investigation, got %q", n, says, version, e.Status)
				}
			}
			if e.FixedIn == "" {
				continue
			}
			var to int
			if _, err := fmt.Sscan(e.FixedIn, &to); err != nil || to <= version {
				t.Fatalf("document %d: %v: from %d to %s", n, says, version, e.FixedIn)
			}
			for ; to < highest+4; to++ {
				if affected(to) {
					t.Fatalf("document %d: %v: from %d to %s or later, but %d is affected", n, says, version, e.FixedIn, to)
				}
			}
		}
		if e, _ := a.For(camera(), ""); !e.Status.Worse(advisory.UnderInvestigation) {
			for _, m := range models {
				if m.list == "known_affected" {
					t.Fatalf("document %d: %v: no version known, got %q", n, says, e.Status)
				}
			}
		}
	}
}
