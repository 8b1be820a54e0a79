package main

import (
	"strings"
	"testing"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// TestPresentations writes what a device reached in schemes of each presentation. Only a
// ladder counts; a class has its number where a command asks for it.
func TestPresentations(t *testing.T) {
	ladder, met, classes := labelv1.Presentation_PRESENTATION_LADDER, labelv1.Presentation_PRESENTATION_PASS_ONLY, labelv1.Presentation_PRESENTATION_NAMED_CLASSES
	finding := []*labelv1.Finding{{Criterion: "ports", Level: 1, Title: "No open ports"}}
	for _, tt := range []struct {
		name     string
		decision *labelv1.Decision
		has      []string
		lacks    []string
	}{
		{
			"ladder",
			&labelv1.Decision{Presentation: ladder, Reached: 1, Scheme: "ladder", Missing: []*labelv1.Gap{{Text: "close the ports"}}, Levels: []*labelv1.LevelResult{
				{Level: 1, Name: "One", Reached: true, Findings: finding}, {Level: 2, Name: "Two", Findings: finding},
			}},
			[]string{"level 2, Two, by ladder", "LEVEL", "meets level 1, One", "missing for level 2, Two:"}, nil,
		},
		{
			"met",
			&labelv1.Decision{Presentation: met, Reached: 1, Scheme: "household", Levels: []*labelv1.LevelResult{{Level: 1, Name: "Meets the baseline", Reached: true, Findings: finding}}},
			[]string{"Meets the baseline, by household", "FINDING", "meets the scheme"}, []string{"level", "LEVEL", "1"},
		},
		{
			"not met",
			&labelv1.Decision{Presentation: met, Scheme: "household", Missing: []*labelv1.Gap{{Text: "close the ports"}}, Levels: []*labelv1.LevelResult{{Level: 1, Name: "Meets the baseline", Findings: finding}}},
			[]string{"does not meet the scheme", "missing for Meets the baseline:"}, []string{"level", "LEVEL", "1"},
		},
		{
			"class",
			&labelv1.Decision{Presentation: classes, Reached: 1, Scheme: "medals", Missing: []*labelv1.Gap{{Text: "close the ports"}}, Levels: []*labelv1.LevelResult{
				{Level: 1, Name: "Bronze", Reached: true, Findings: finding}, {Level: 2, Name: "Silver", Findings: finding},
			}},
			[]string{"Silver (level 2), by medals", "meets Bronze (level 1)", "missing for Silver (level 2):"}, nil,
		},
	} {
		var p terminal.Page
		writeDecision(&p, tt.decision, 0)
		text := string(p.Bytes())
		body := text[:strings.Index(text, "device ")] + text[strings.Index(text, "\n\n"):] // the line about the device has a date
		for _, want := range tt.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q:\n%s", tt.name, want, text)
			}
		}
		for _, word := range tt.lacks {
			if strings.Contains(body, word) {
				t.Errorf("%s: %q:\n%s", tt.name, word, text)
			}
		}
	}
	for _, tt := range []struct {
		level       label.Level
		row, listed string
	}{
		{label.Level{Number: 2, Of: 3, Name: "Two", Presentation: label.Ladder}, "level: 2 of 3, Two, tested", "level 2"},
		{label.Level{Number: 1, Of: 1, Name: "Meets it", Presentation: label.PassOnly}, "result: Meets it, tested", "Meets it"},
		{label.Level{Number: 2, Of: 3, Name: "Silver", Presentation: label.NamedClasses}, "class: Silver, tested", "Silver"},
	} {
		if row := resultRow(tt.level, "tested"); row[0]+" "+row[1] != tt.row || shortLevel(tt.level) != tt.listed {
			t.Errorf("got %q and %q, want %q and %q", row, shortLevel(tt.level), tt.row, tt.listed)
		}
	}
	lower := &standing{level: label.Level{Number: 3, Of: 3, Name: "Gold", Presentation: label.NamedClasses}}
	lower.State, lower.Because = label.Superseded, &label.Status{Successor: &label.LabelLink{Level: 1}}
	if got := strings.Join(lower.newLabel(), ""); got != "of a LOWER CLASS" {
		t.Errorf("of a successor of a lower class it says %q", got)
	}
}
