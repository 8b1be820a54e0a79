package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testsOf returns the text of the tests of a package or a command.
func testsOf(t *testing.T, pkg string) (text string) {
	t.Helper()
	for _, dir := range []string{pkg, filepath.Join("..", "cmd", pkg)} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
		}
	}
	return text
}

// TestRulesAreTried holds the tables of docs/rules.md to the code: the owner of
// every rule, and every test that tries to get around it, exist.
func TestRulesAreTried(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 2 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "Rule" {
			continue
		}
		rows++
		owners, tests := quoted.FindAllStringSubmatch(cells[min(2, len(cells)-1)], -1), quoted.FindAllStringSubmatch(cells[min(4, len(cells)-1)], -1)
		if len(cells) != 6 || len(owners) == 0 || len(tests) == 0 {
			t.Errorf("a row needs a rule, an owner, a way round it and a test: %s", line)
			continue
		}
		for _, m := range owners {
			name, ident, _ := strings.Cut(m[1], ": ")
			if strings.HasPrefix(name, "cmd/") {
				name = filepath.Join("..", name)
			}
			b, err := os.ReadFile(name)
			if err != nil || ident == "" || !regexp.MustCompile(`\b`+regexp.QuoteMeta(ident)+`\b`).Match(b) {
				t.Errorf("%q owns a rule, and is not there (%v)", m[1], err)
			}
		}
		for _, m := range tests {
			pkg, name, _ := strings.Cut(m[1], ": ")
			if !strings.HasPrefix(name, "Test") || !strings.Contains(testsOf(t, pkg), "\nfunc "+name+"(") {
				t.Errorf("%q tries to get around a rule, and is not there", m[1])
			}
		}
	}
	if rows == 0 {
		t.Error("docs/rules.md has no rules")
	}
}
