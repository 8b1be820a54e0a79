package locale_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"labeld/labels"
)

// speakers are the packages that say something to people in their language.
var speakers = []string{"../web", "../art"}

// Every message is used, and every message that is used exists. Keys stand whole
// in the source, in templates and in Go, so that looking for them finds them.
func TestMessagesAreUsed(t *testing.T) {
	var file struct {
		Messages map[string]map[string]any `yaml:"messages"`
	}
	b, err := labels.FS.ReadFile("locales/en.yaml")
	if err == nil {
		err = yaml.Unmarshal(b, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	var groups, missing []string
	unused := map[string]bool{}
	for group, list := range file.Messages {
		groups = append(groups, group)
		for key := range list {
			unused[group+"."+key] = true
		}
	}
	key := regexp.MustCompile(`"((?:` + strings.Join(groups, "|") + `)\.[a-z0-9-]+)"`)
	known := map[string]bool{}
	for k := range unused {
		known[k] = true
	}
	for _, m := range key.FindAllStringSubmatch(sources(t), -1) {
		delete(unused, m[1])
		if !known[m[1]] && !slices.Contains(fileNames, m[1]) {
			missing = append(missing, m[1])
		}
	}
	for k := range unused {
		t.Errorf("%s is used nowhere", k)
	}
	if len(missing) > 0 {
		t.Errorf("used and not in locales/en.yaml: %v", missing)
	}
}

// fileNames look like keys and are none.
var fileNames = []string{"art.zip", "label.pub", "label.txt"}

// sources returns what the speakers' programs and templates are, without tests.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range speakers {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".html") {
				return err
			}
			b, err := os.ReadFile(dir + "/" + name)
			all.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
