package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"labeld/internal/label"
)

// tooWide returns the lines that are wider than a terminal of 80 columns.
func tooWide(text string) (lines []string) {
	for _, line := range strings.Split(text, "\n") {
		if utf8.RuneCountInString(line) > HelpWidth {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNarrowTerminal has everything that is written fit a terminal, and be whole.
func TestNarrowTerminal(t *testing.T) {
	digest := label.DigestOf([]byte("x")).String()
	prose := strings.Repeat("The label lost level 3 since its evidence carries it no more. ", 4)
	for name, write := range map[string]func(*Page){
		"line": func(p *Page) { p.Line("does not count: %s", prose) },
		"list": func(p *Page) { p.Line("  - %s", prose) },
		"pairs": func(p *Page) {
			p.Pairs([2]string{"label:", "K7QM"}, [2]string{"under review:", prose}, [2]string{"text:", digest})
		},
		"checks": func(p *Page) {
			p.Table(nil, [][]string{{"✓ device", "Camera (model NL-C210), SHA-256 " + digest}, {"✓ status list", prose}})
		},
		"findings": func(p *Page) {
			p.Table([]string{"LEVEL", "FINDING", "CRITERION", "SHOWN BY", "EVIDENCE"},
				[][]string{{"3", "✗ unmet", "Each unit has its own secrets, which are well looked after (password-unique, key-unique)", "manufacturer", "aurora-lab AR-2026-0117, northlight NL-7"}})
		},
		"submissions": func(p *Page) {
			p.Table([]string{"RECEIVED", "TYPE", "SIGNER", "NUMBER", "DATE", "STATEMENT", "DEVICE"},
				[][]string{{"2026-10-01T08:00:00Z", "test report", "aurora-lab", "AR-2026-0117", "2026-09-30", digest[:16], digest[:16]}, {"2026-10-01T09:00:00Z", "declaration", "northlight", "", "2026-09-30", digest[:16], digest[:16]}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			wide, narrow := Page{}, Page{width: HelpWidth}
			write(&wide)
			write(&narrow)
			got := narrow.b.String()
			if list := tooWide(got); list != nil {
				t.Errorf("too wide:\n%s", got)
			}
			for _, word := range strings.Fields(wide.b.String()) {
				if !strings.Contains(strings.ToLower(got), strings.ToLower(word)) {
					t.Errorf("no %q:\n%s", word, got)
				}
			}
			if name == "pairs" && !strings.Contains(got, "\n               ") {
				t.Errorf("what goes on is not below what it belongs to:\n%s", got)
			}
		})
	}
	p := Page{width: HelpWidth}
	p.Line("a command in a text is whole: \"labelctl event show %s\"", digest)
	p.Line("so is one in brackets, which is how some texts name them (labelctl label suspend): it is")
	if got := p.b.String(); !strings.Contains(got, "\"labelctl event show "+digest+"\"\n") || !strings.Contains(got, "\n(labelctl label suspend):") {
		t.Errorf("a command is broken:\n%s", got)
	}
	if fits([][]string{{"A", "B"}, {"x", "y z"}}, HelpWidth, true) == nil || Wrapped(prose, 0) != prose {
		t.Error("what fits is changed")
	}
}
