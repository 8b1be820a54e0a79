package datafile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

type list struct {
	Items []struct {
		Name string `yaml:"name"`
		Size int    `yaml:"size"`
	} `yaml:"items"`
}

func read(text string) (*datafile.File, *list, error) {
	var v list
	f, err := datafile.Read(fstest.MapFS{"list.yaml": &fstest.MapFile{Data: []byte(text)}}, "list.yaml", &v)
	return f, &v, err
}

// What turns out wrong later is shown where it stands, or where what lacks it
// does.
func TestErrorf(t *testing.T) {
	const text = "# a list\nitems:\n  - name: one\n    size: 1\n  - name: two\n"
	f, v, err := read(text)
	if err != nil || len(v.Items) != 2 || v.Items[1].Name != "two" || f.Digest != label.DigestOf([]byte(text)) {
		t.Fatalf("got %+v, %v", v, err)
	}
	if f.Err() != nil {
		t.Errorf("nothing is wrong yet: %v", f.Err())
	}
	f.Errorf(datafile.At("items", 0)+".size", "is %d", 1)
	f.Errorf(datafile.At("items", 1)+".size", "is missing")
	f.Errorf("", "is odd")
	want := "list.yaml:4: items[0].size: is 1\nlist.yaml:5: items[1].size: is missing\nlist.yaml:2: is odd"
	if got := f.Err().Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "list.yaml:1: the file is empty",
		"items:\n  - nam: one\n":                 "list.yaml:2: no such member is defined here: nam",
		"items: []\nitems: []\n":                 "list.yaml:2: mapping key",
		"items:\n  - size: big\n":                "list.yaml:2: cannot unmarshal",
		"items: []\n---\nitems: []\n":            "list.yaml: has more than one YAML document",
		"items:\n  - name: \"one\n  - name: b\n": "list.yaml:",
	} {
		if _, _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := datafile.Read(fstest.MapFS{}, "list.yaml", new(list)); err == nil || !strings.Contains(err.Error(), "list.yaml") {
		t.Errorf("no file: %v", err)
	}
}
