// Package datafile reads the YAML files that people write for the programme,
// strictly, and remembers on which line everything stands: what turns out wrong
// later, when files are checked against each other, is still shown to its
// author as file:line.
package datafile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"labeld/internal/label"
)

// A File is one data file while it is being checked.
type File struct {
	Digest label.Digest // of its bytes

	name  string
	lines map[string]int // path such as criteria[4].rule -> line
	errs  []error
}

// Read decodes a YAML file strictly into v: members nobody defined and repeated
// ones are errors.
func Read(fsys fs.FS, name string, v any) (*File, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("programme data: %w", err)
	}
	d := &File{Digest: label.DigestOf(text), name: name, lines: map[string]int{}}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("%s:%d: %s", name, brokenLine(text), syntaxText(err))
	}
	if root.Kind == 0 {
		return nil, fmt.Errorf("%s:1: the file is empty", name)
	}
	d.walk("", &root)
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		return nil, d.yamlError(err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: has more than one YAML document", name)
	}
	return d, nil
}

// walk records the line of every value below n.
func (d *File) walk(path string, n *yaml.Node) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			d.walk(path, c)
		}
		return
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if path != "" {
				key = path + "." + key
			}
			d.walk(key, n.Content[i+1])
			d.lines[key] = n.Content[i].Line
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			d.walk(path+"["+strconv.Itoa(i)+"]", c)
		}
	}
	if _, ok := d.lines[path]; !ok {
		d.lines[path] = n.Line
	}
}

// line returns where path stands, or where what encloses it does.
func (d *File) line(path string) int {
	for {
		if n, ok := d.lines[path]; ok {
			return n
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return 1
		}
		path = path[:i]
	}
}

// Errorf records that what stands at path is wrong.
func (d *File) Errorf(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	d.errs = append(d.errs, fmt.Errorf("%s:%d: %s", d.name, d.line(path), text))
}

// Err returns all that was recorded, or nil.
func (d *File) Err() error { return errors.Join(d.errs...) }

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// yamlError puts the file's name before the lines that the YAML library names.
func (d *File) yamlError(err error) error {
	msgs := []string{err.Error()}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		msgs = te.Errors
	}
	var errs []error
	for _, m := range msgs {
		if g := yamlLine.FindStringSubmatch(m); g != nil {
			errs = append(errs, fmt.Errorf("%s:%s: %s", d.name, g[1], plainYAML(g[2])))
		} else {
			errs = append(errs, fmt.Errorf("%s: %s", d.name, plainYAML(m)))
		}
	}
	return errors.Join(errs...)
}

// syntaxText is a syntax error without the line that the YAML library names:
// that of what encloses the error, and for some errors one less.
func syntaxText(err error) string {
	if g := yamlLine.FindStringSubmatch(err.Error()); g != nil {
		return g[2]
	}
	return strings.TrimPrefix(err.Error(), "yaml: ")
}

// brokenLine returns the line at which a text that is not YAML stops being it:
// the first from which on the text so far has the error of the whole.
func brokenLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte{'\n'})
	fails := func(n int) string {
		if err := yaml.Unmarshal(bytes.Join(lines[:n], nil), new(yaml.Node)); err != nil {
			return syntaxText(err)
		}
		return ""
	}
	whole := fails(len(lines))
	return 1 + sort.Search(len(lines)-1, func(i int) bool { return fails(i+1) == whole })
}

var yamlUnknown = regexp.MustCompile(`field (\S+) not found in type .*`)

func plainYAML(m string) string {
	return yamlUnknown.ReplaceAllString(m, "no such member is defined here: $1")
}

// At returns the path of an element of a list.
func At(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
