package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/labels"
)

// TestSpellings has a laboratory write verdicts as its own tools do.
func TestSpellings(t *testing.T) {
	list := []label.Verdict{{Verdict: "PASS"}, {Verdict: "Fail"}, {Verdict: "N/A"}, {Verdict: " not applicable "}, {Verdict: "INCONCLUSIVE"}, {Verdict: "maybe"}}
	normalizeVerdicts(list)
	for i, want := range []label.Outcome{label.Pass, label.Fail, label.NotApplicable, label.NotApplicable, label.Inconclusive, "maybe"} {
		if list[i].Verdict != want {
			t.Errorf("verdict %d is %q, want %q", i, list[i].Verdict, want)
		}
	}
}

// TestShortNumbers describes a device by the number under its barcode, which has
// thirteen digits, and by the one of fourteen: they are one descriptor.
func TestShortNumbers(t *testing.T) {
	text, err := labels.FS.ReadFile("examples/camera/device.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const long, short = "09522104000171", "9522104000171"
	if !bytes.Contains(text, []byte(long)) {
		t.Fatalf("the example has not the number %s:\n%s", long, text)
	}
	c := &console{}
	var digests []label.Digest
	for _, number := range []string{long, short} {
		path := filepath.Join(t.TempDir(), "device.yaml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), long, number)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, b, err := c.descriptor(path)
		if err != nil {
			t.Fatalf("%s: %v", number, err)
		}
		digests = append(digests, label.DigestOf(b))
	}
	if digests[0] != digests[1] {
		t.Error("the two spellings of a number make two devices")
	}
}
