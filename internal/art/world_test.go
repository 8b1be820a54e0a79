package art_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/labels"
)

const base = "https://labels.example.org"

var (
	formats   = []string{"portrait", "landscape", "small"}
	palettes  = []string{"colour", "one-colour", "high-contrast"}
	languages = []string{"en", "fr", "de", "es", "fi", "ja", "ko", "zh-Hans", "ar"}
)

// must returns v, or ends the test.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// subject returns a lab-tested label of level 3, as changed.
func subject(change func(*label.Label)) art.Subject {
	l := &label.Label{
		ID: "K7QM4T2X9PWH", Authority: label.Party{ID: "authority", Name: "Example Labelling Authority"},
		Scheme: label.SchemeRef{ID: "four-level", Name: "Four-Level Device Label (model)"},
		Level:  label.Level{Number: 3, Of: 4, Name: "Secure by design", Presentation: label.Ladder}, Assurance: label.LabTested,
		Device:  label.Device{Brand: "Northlight", Name: "Northlight Porch Camera 2", Model: "NL-C210"},
		Product: label.Product{SupportEnd: label.NewDate(2030, 12, 31)},
	}
	if change != nil {
		change(l)
	}
	return art.Subject{Label: l, ValidTo: label.NewDate(2028, 10, 31), Base: base}
}

// drawn draws a label.
func drawn(t testing.TB, sub art.Subject, format, palette string, languages ...string) *art.Drawing {
	t.Helper()
	s := labeltest.Studio(t)
	m := must[*art.Model](t)(s.Describe(sub, languages...))
	d, err := s.Compose(m, format, palette)
	if err != nil {
		t.Fatalf("%s, %s, %v: %v", format, palette, languages, err)
	}
	return d
}

// gallery is the folder in which tests leave pictures for people to look at.
func gallery(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "labeld-art")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Logf("pictures are in %s", dir)
	return dir
}

// altered is the embedded data with one file changed: old text for new.
func altered(t *testing.T, name, old, new string) fs.FS {
	t.Helper()
	data := fstest.MapFS{}
	err := fs.WalkDir(labels.FS, "art", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data[path] = &fstest.MapFile{Data: must[[]byte](t)(labels.FS.ReadFile(path))}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(data[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not have %q", name, old)
	}
	data[name].Data = []byte(strings.Replace(text, old, new, 1))
	return data
}
