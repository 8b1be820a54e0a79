package datafile

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/labels"
)

// FuzzRead reads any text as a data file. An error names the file, and a line
// that the file has.
func FuzzRead(f *testing.F) {
	files, err := fs.Glob(labels.FS, "*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %v, error %v", files, err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(labels.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, s := range []string{"", "id: a\nid: b\n", "criteria: [{}, {rule: 1}", "a: &a [*a]\n", "? [a]\n: b\n", "<<: {id: a}\n", "- a\n", "id: \"\n", "\t", "---\n---\n", "evidence: {a: {low: [lab]}}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		// YAML has other line breaks besides ours.
		if len(text) > 1<<16 || strings.ContainsAny(string(text), "\r\u0085\u2028\u2029") {
			return
		}
		d, err := Read(fstest.MapFS{"x.yaml": &fstest.MapFile{Data: text}}, "x.yaml", new(map[string]any))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.yaml:") {
				t.Errorf("refused with %q, which does not begin with the file", err)
			}
			return
		}
		lines := strings.Count(string(text), "\n") + 2 // nothing after the last "---" stands on the next line
		for path, n := range d.lines {
			if n < 1 || n > lines {
				t.Errorf("%q stands on line %d of %d", path, n, lines)
			}
		}
		if d.Errorf("criteria[7].rule", "wrong"); !strings.HasSuffix(d.Err().Error(), ": criteria[7].rule: wrong") {
			t.Errorf("an error reads %q", d.Err())
		}
	})
}
