package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link  = regexp.MustCompile(`\]\(([^)#:]+)\)`)                                         // to a file beside the document
	place = regexp.MustCompile("`((?:internal|cmd|labels|api|docs|\\.ci)/[\\w./-]*\\w)`") // in the repository
)

// TestDocumentsNameWhatIsThere requires that the README leads to every document, and
// that all files exist to which documents lead or that they name.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	exists := func(in string, path ...string) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(path...)); err != nil {
			t.Errorf("%s names a file that is not there: %v", in, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(docs, "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	readme := string(read(t, "..", "README.md"))
	for _, name := range files {
		if base := filepath.Base(name); !strings.Contains(readme, "](docs/"+base+")") {
			t.Errorf("the README does not lead to %s", base)
		}
		text := string(read(t, name))
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			exists(name, docs, m[1])
		}
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			exists(name, "..", m[1])
		}
	}
	for _, m := range link.FindAllStringSubmatch(readme, -1) {
		exists("README.md", "..", m[1])
	}
}
