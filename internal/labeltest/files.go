package labeltest

import (
	"embed"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/labels"
)

// Schemes that show what a product reached otherwise than the embedded one.
const (
	PassOnly     = "pass-only"     // household: a product meets it or does not
	NamedClasses = "named-classes" // medals: Bronze, Silver, Gold
)

//go:embed schemes
var schemes embed.FS

// schemeIDs are the IDs of those schemes. All are of version 1, and translated into German.
var schemeIDs = map[string]string{PassOnly: "household", NamedClasses: "medals"}

// FilesWith returns the embedded programme data with another scheme in place of those that
// it has.
func FilesWith(t testing.TB, scheme string) fstest.MapFS {
	t.Helper()
	read := func(name string) []byte {
		b, err := schemes.ReadFile("schemes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	files := Files(t)
	for name, f := range files {
		if strings.HasPrefix(name, "schemes/") {
			delete(files, name)
		}
		if strings.HasPrefix(name, "locales/") {
			before, _, _ := strings.Cut(string(f.Data), "\nschemes:\n")
			f.Data = []byte(before + "\n")
		}
	}
	files["schemes/"+schemeIDs[scheme]+"/1.yaml"] = &fstest.MapFile{Data: read(scheme + ".yaml")}
	german := files["locales/de.yaml"]
	german.Data = append(german.Data, read(scheme+".de.yaml")...)
	return files
}

// Files returns the embedded programme data, to be changed.
func Files(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	if err := fs.WalkDir(labels.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(labels.FS, name)
		files[name] = &fstest.MapFile{Data: b}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}
