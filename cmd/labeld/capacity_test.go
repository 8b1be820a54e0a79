package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// The README's table of capacities stands between two comments. BenchmarkGrowth
// writes it.
const (
	capacityBegin = "<!-- What follows is written by BenchmarkGrowth. -->\n\n"
	capacityEnd   = "\n<!-- That was written by BenchmarkGrowth. -->\n"

	capacityHead = "| Labels | Database | Memory | Start | Issue | Verify | `labeld check` |\n|--:|--:|--:|--:|--:|--:|--:|\n"
)

// A capacity is what a programme of a size needs and can do.
type capacity struct {
	labels                int
	disk                  float64 // bytes a label
	start                 time.Duration
	resident              int64   // bytes
	issue, verify         float64 // against a programme of 1,000 labels
	check                 time.Duration
	residentWhileChecking int64
}

// withCapacity returns the text of the README with the table of rows.
func withCapacity(readme string, rows []capacity) (string, error) {
	before, rest, begins := strings.Cut(readme, capacityBegin)
	_, after, ends := strings.Cut(rest, capacityEnd)
	if !begins || !ends {
		return "", errors.New("no table of capacities is found between its two comments")
	}
	var table bytes.Buffer
	p := message.NewPrinter(language.English) // digits in groups
	for _, c := range rows {
		p.Fprintf(&table, "| %d | %.1f GB | %d MB | %.1f s | %.2f | %.2f | %.0f s, %d MB |\n", c.labels, c.disk*float64(c.labels)/1e9,
			c.resident/1e6, c.start.Seconds(), c.issue, c.verify, c.check.Seconds(), c.residentWhileChecking/1e6)
	}
	return before + capacityBegin + capacityHead + table.String() + capacityEnd + after, nil
}

func writeCapacity(path string, rows []capacity) error {
	readme, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := withCapacity(string(readme), rows)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// TestCapacityTable keeps the README's table in the form that the benchmark gives it.
func TestCapacityTable(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(readme), capacityBegin+capacityHead+"| "); n != 1 {
		t.Errorf("the README has %d tables of capacities with this head:\n%s", n, capacityHead)
	}
	text, err := withCapacity(string(readme), []capacity{{labels: 50_000, disk: 13_000, start: time.Second, resident: 200_000_000,
		issue: 0.9, verify: 1, check: 20 * time.Second, residentWhileChecking: 300_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	if row := "\n| 50,000 | 0.7 GB | 200 MB | 1.0 s | 0.90 | 1.00 | 20 s, 300 MB |\n"; strings.Count(text, row) != 1 {
		t.Errorf("there is no row %q in\n%s", row, text)
	}
	if again, err := withCapacity(text, nil); err != nil || strings.Contains(again, "50,000") {
		t.Errorf("a table that is written again: %v\n%s", err, again)
	}
}
