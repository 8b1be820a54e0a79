package scheme

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"labeld/internal/label"
)

// A document is one data file while it is being checked. It knows on which
// line everything stands, so that what turns out wrong later, when files are
// checked against each other, can still be shown to its author.
type document struct {
	name   string
	digest label.Digest
	lines  map[string]int // path such as criteria[4].rule -> line
	errs   []error
}

// readDocument decodes a YAML file strictly into v: members nobody defined and
// repeated ones are errors.
func readDocument(fsys fs.FS, name string, v any) (*document, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("programme data: %w", err)
	}
	d := &document{name: name, digest: label.DigestOf(text), lines: map[string]int{}}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, d.yamlError(err)
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
func (d *document) walk(path string, n *yaml.Node) {
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
func (d *document) line(path string) int {
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

// errorf records that what stands at path is wrong.
func (d *document) errorf(path, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s:%d: %s: %s", d.name, d.line(path), path, fmt.Sprintf(format, args...)))
}

func (d *document) err() error { return errors.Join(d.errs...) }

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// yamlError puts the file's name before the lines that the YAML library names.
func (d *document) yamlError(err error) error {
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

var yamlUnknown = regexp.MustCompile(`field (\S+) not found in type \S+`)

func plainYAML(m string) string {
	return yamlUnknown.ReplaceAllString(m, "no such member is defined here: $1")
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
