package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/yamljson"
	"labeld/labels"
)

// readFile reads a file of at most limit bytes; "-" is standard input.
func (c *console) readFile(path string, limit int64) ([]byte, error) {
	var r = c.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, pathError(err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, pathError(err)
	}
	if int64(len(b)) > limit {
		return nil, &placeError{path, label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "is more than the %d bytes that are accepted", limit)}
	}
	return b, nil
}

// pathError drops the name of the system call from an error about a file.
func pathError(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &placeError{e.Path, e.Err}
	}
	return err
}

// createFile writes a file that must not exist.
func createFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return pathError(err)
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// writeFile writes a result to a file.
func writeFile(path string, b []byte) error { return pathError(os.WriteFile(path, b, 0o644)) }

// A document is a YAML or JSON file that somebody wrote by hand.
type document struct {
	path string
	text []byte
}

// document reads a file strictly into v: members that v does not have are
// errors, and so are repeated ones. YAML dates stay the text they are.
func (c *console) document(path string, v any) (*document, error) {
	text, err := c.readFile(path, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	d := &document{path, text}
	b, err := yamljson.Convert(text)
	if err != nil {
		return nil, d.at(label.Errorf(label.Invalid, label.ReasonMalformed, "", "is neither YAML nor JSON: %s", strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	return d, d.at(label.Decode(b, v))
}

// at adds the file and the line of an error's field to the error.
func (d *document) at(err error) error {
	if err == nil {
		return nil
	}
	place := d.path
	if e, ok := errors.AsType[*label.Error](err); ok && e.Field != "" {
		inner := *e
		inner.Field = strings.TrimPrefix(strings.TrimPrefix(e.Field, "predicate."), "device.")
		err = &inner
		if n := lineOf(d.text, inner.Field); n > 0 {
			place += ":" + strconv.Itoa(n)
		}
	}
	return &placeError{place, err}
}

// lineOf returns the line of the value at a path such as verdicts[3].reason. Where there
// is no such value, that is the line of the value around it, and 0 for the document.
func lineOf(text []byte, path string) int {
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 {
		return 0
	}
	n, line := root.Content[0], 0
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next := child(n, step)
		if next == nil {
			return line
		}
		n, line = next, next.Line
	}
	return line
}

// child returns the member or element of a node, nil if there is none.
func child(n *yaml.Node, name string) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// descriptor reads a device descriptor and returns it with its canonical bytes.
func (c *console) descriptor(path string) (*label.Device, []byte, error) {
	var d label.Device
	doc, err := c.document(path, &d)
	if err != nil {
		return nil, nil, err
	}
	// Numbers are printed on boxes in 8, 12 or 13 digits.
	for i, g := range d.GTINs {
		if full, err := label.ParseGTIN(string(g)); err == nil {
			d.GTINs[i] = full
		}
	}
	b, err := d.Canonical()
	if err != nil {
		return nil, nil, doc.at(err)
	}
	if _, err := label.ParseDevice(b); err != nil {
		return nil, nil, doc.at(err)
	}
	return &d, b, nil
}

// programme loads the programme data in a directory, or the built-in data if dir is empty.
func programme(dir string) (*scheme.Programme, error) {
	if dir == "" {
		return scheme.Load(labels.FS)
	}
	p, err := scheme.Load(os.DirFS(dir))
	if err != nil {
		return nil, &placeError{dir, err}
	}
	return p, nil
}

// parseTime reads an instant or a day. A day stands for its last second, at which what
// is valid until that day is still valid.
func parseTime(flag, s string) (time.Time, error) {
	if d, err := label.ParseDate(s); err == nil {
		return d.End().Add(-time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, usagef("--%s: %q is neither a date such as 2026-05-31 nor a time such as 2026-05-31T12:00:00Z", flag, s)
	}
	return t.UTC(), nil
}

// parsePast reads an instant or a day that is not in the future, of which nobody knows
// anything. Today stands for now. An instant may be ahead by as much as clocks may differ.
func parsePast(flag, s string, now time.Time) (time.Time, error) {
	t, err := parseTime(flag, s)
	if err != nil || !t.After(now.Add(label.MaxVerifierSkew)) {
		return t, err
	}
	if d, err := label.ParseDate(s); err == nil && d == label.DateOf(now) {
		return now.UTC().Truncate(time.Second), nil
	}
	return t, usagef("--%s: %s is in the future (the time here is %s); use a date or time in the past", flag, s, instant(now))
}

// parseStart reads an instant or a day. A day stands for its first second, since what
// takes effect on a day does so for all of it.
func parseStart(flag, s string) (time.Time, error) {
	if d, err := label.ParseDate(s); err == nil {
		return d.Start(), nil
	}
	t, err := parseTime(flag, s)
	return t.UTC(), err
}

// plural writes a count.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// index writes a position in a list as error fields do.
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }
