package labeltest

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"labeld/labels"
)

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
