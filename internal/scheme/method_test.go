package scheme_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
)

// fiveSteps is the four-level scheme with an entry level beneath it: what was level 1
// is level 2, and so on. It is served beside the four-level one.
func fiveSteps(t *testing.T) *scheme.Programme {
	t.Helper()
	files := labeltest.Files(t)
	text := string(files["schemes/four-level/2026.2.yaml"].Data)
	replace := func(old, with string) {
		if !strings.Contains(text, old) {
			t.Fatalf("the scheme has no %q", old)
		}
		text = strings.ReplaceAll(text, old, with)
	}
	replace("id: four-level\n", "id: five-step\n")
	for n := 4; n >= 1; n-- {
		from, to := string(rune('0'+n)), string(rune('1'+n))
		replace("  - number: "+from+"\n", "  - number: "+to+"\n")
		replace("    level: "+from+"\n", "    level: "+to+"\n")
	}
	replace("levels:\n", "levels:\n  - number: 1\n    name: Entry\n    about: A way to report vulnerabilities.\n")
	replace("    level: [1, 1, 2, 2]\n", "    level: [1, 1, 1, 2, 2]\n")
	for _, row := range []string{"[declaration, declaration, lab, lab]", "[declaration, lab, lab, lab]", "[declaration, declaration, declaration, declaration]"} {
		replace(row, "[declaration, "+row[1:])
	}
	replace("[lab, lab, lab, lab]", "[lab, lab, lab, lab, lab]")
	replace("  - id: weakness-reports\n    level: 2\n", "  - id: weakness-reports\n    level: 1\n")
	files["schemes/five-step/2026.2.yaml"] = &fstest.MapFile{Data: []byte(text)}
	p, err := scheme.Load(files)
	must(t, err)
	return p
}

// TestEvidenceKnowsNoLevels judges the examples by two ladders of which one has a step
// more at its foot: by the same signed bytes a device stands as high above the foot as
// before, and its label names the level of the scheme that it is for.
func TestEvidenceKnowsNoLevels(t *testing.T) {
	p := fiveSteps(t)
	for name, want := range map[string][2]int{"camera": {3, 4}, "plug": {1, 2}, "toy": {0, 0}} {
		e, _ := sample(t, name)
		report, declaration := read(t, p, label.TypeTestReport, e.Report), read(t, p, label.TypeDeclaration, e.Declaration)
		for i, id := range []string{"four-level", "five-step"} {
			d, err := p.Newest(id).Evaluate(e.Device, label.DigestOf(e.Descriptor), []*scheme.Item{report, declaration}, now)
			must(t, err)
			if d.Reached != want[i] {
				t.Errorf("the %s reaches level %d of %s, want %d; missing %s", name, d.Reached, id, want[i], gaps(d.Missing))
			}
		}
	}
}

// TestMethodsOfVerdicts has a report be made by look and probe, and one of its verdicts
// by look alone: each counts for what its own methods are asked for.
func TestMethodsOfVerdicts(t *testing.T) {
	byLook := func(provision string) func(*label.TestReport) {
		return func(r *label.TestReport) {
			for i := range r.Verdicts {
				if r.Verdicts[i].Provision == provision {
					r.Verdicts[i].Methods = []label.Method{"look"}
				}
			}
		}
	}
	const all, values = "p-1=pass p-2=pass p-3=pass p-4=pass", "has_update=true open_ports=0 password_length=12"
	d := judge(t, "camera", full(t), amended(t, today.AddDays(-9), 2, all, values, byLook("p-4")))
	if got := found(t, finding(t, d, 2, "updates")); got != "undetermined; evidence by lab: p-4" {
		t.Errorf("a verdict by look, where probe is asked for, comes to %s", got)
	}
	if got := found(t, finding(t, d, 2, "ports")); got != "met" {
		t.Errorf("a verdict by look and probe comes to %s", got)
	}
	var said []string
	for _, u := range d.UnusedFor(2) {
		said = append(said, u.Code+" "+u.Text)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "other-method was made by look, probe; criterion updates can rest only on probe") {
		t.Errorf("of what does not count is said %q", said)
	}

	// What failed by look and probe is not undone by look, however the report is headed.
	failed := lab(t, today.AddDays(-20), 2, "p-1=pass p-2=pass p-3=pass p-4=fail", values)
	again := func(change func(*label.TestReport)) *scheme.Item {
		return amended(t, today.AddDays(-9), 2, all, values, func(r *label.TestReport) {
			r.Changed = &label.Change{What: label.ChangedConfiguration, Text: "Signed."}
			change(r)
		})
	}
	weak, strong := again(byLook("p-4")), again(func(*label.TestReport) {})
	d = judge(t, "camera", full(t), failed, weak)
	if got := found(t, finding(t, d, 2, "updates")); got != "unmet; failed by lab: p-4" {
		t.Errorf("after a pass by look, a failure by look and probe comes to %s", got)
	}
	if got := weak.Vain([]*scheme.Item{failed}); len(got) != 1 || !strings.Contains(got[0], "it passed by look, and had failed by look, probe") {
		t.Errorf("the laboratory is told %q", got)
	}
	if got := found(t, finding(t, judge(t, "camera", full(t), failed, strong), 2, "updates")); got != "met" {
		t.Errorf("after a pass by look and probe, the failure comes to %s", got)
	}
	if got := strong.Vain([]*scheme.Item{failed}); len(got) != 0 {
		t.Errorf("the laboratory is told %q", got)
	}

	// A correction speaks of a verdict only by the methods by which it was reached.
	correct := func(change func(*label.TestReport)) *scheme.Item {
		return amended(t, today.AddDays(-20), 2, all, values, func(r *label.TestReport) {
			r.Corrects = failed.ID
			change(r)
		})
	}
	if got := found(t, finding(t, judge(t, "camera", full(t), failed, correct(byLook("p-4"))), 2, "updates")); got != "unmet; failed by lab: p-4" {
		t.Errorf("corrected by look alone, the failure comes to %s", got)
	}
	if got := found(t, finding(t, judge(t, "camera", full(t), failed, correct(func(*label.TestReport) {})), 2, "updates")); got != "met" {
		t.Errorf("corrected by look and probe, the failure comes to %s", got)
	}
}

// TestGistKeepsMethods reads an item back as judging reads it.
func TestGistKeepsMethods(t *testing.T) {
	it := amended(t, today, 3, "p-1=pass p-2=fail p-3=inconclusive", "open_ports=0", func(r *label.TestReport) {
		r.Verdicts[1].Methods = []label.Method{"attack", "look"}
		r.Firmware[0].Name = "main"
		r.Firmware = append(r.Firmware, label.Firmware{Name: "radio", Version: "7", SHA256: label.DigestOf([]byte("radio"))})
	})
	gist, err := it.Gist()
	must(t, err)
	again, err := scheme.ReadGist(it.ID, gist)
	must(t, err)
	same, err := again.Gist()
	must(t, err)
	if !bytes.Equal(gist, same) || again.Source() != scheme.Lab || len(again.Firmware) != 2 || len(again.Methods) != 3 {
		t.Errorf("from\n%s\nis read\n%s", gist, same)
	}
	unknown := bytes.Replace(gist, []byte("test-report/v2"), []byte("test-result/v2"), 1)
	if _, err := scheme.ReadGist(it.ID, unknown); label.ReasonOf(err) != label.ReasonUnknownType {
		t.Errorf("the gist of an unknown type of statement is read with %v", err)
	}
}

// TestFormerReports reads a report as it was signed when reports named a level.
func TestFormerReports(t *testing.T) {
	e, _ := sample(t, "camera")
	p := programme(t, embedded)
	r := e.Report
	former := &label.TestReportV1{
		Lab: r.Lab, Number: r.Number, Standard: r.Standard, Edition: r.Edition, Level: 3, Period: r.Period, Firmware: r.Firmware[0],
		Samples: r.Samples, Verdicts: r.Verdicts, Facts: r.Facts,
	}
	for level, want := range map[int]int{1: 2, 3: 3} {
		former.Level = level
		it := read(t, p, label.TypeTestReportV1, former)
		d, err := p.Newest("four-level").Evaluate(e.Device, label.DigestOf(e.Descriptor), []*scheme.Item{it, read(t, p, label.TypeDeclaration, e.Declaration)}, now)
		must(t, err)
		if d.Reached != want {
			t.Errorf("with a report of tests for level %d the camera reaches level %d, want %d", level, d.Reached, want)
		}
	}
}
