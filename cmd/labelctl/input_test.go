package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func TestDocument(t *testing.T) {
	type doc struct {
		Day   label.Date `json:"day"`
		Text  string     `json:"text"`
		Count int        `json:"count"`
		List  []struct {
			Name string `json:"name"`
		} `json:"list"`
	}
	dir := t.TempDir()
	for _, tc := range []struct{ name, text, want string }{
		{"plain date", "day: 2026-09-14\ntext: a\n", ""},
		{"quoted date", "day: \"2026-09-14\"\n", ""},
		{"JSON", `{"day": "2026-09-14", "count": 3}`, ""},
		{"nulls", "day:\ntext:\ncount:\nlist:\n", ""},
		{"time for a date", "text: a\nday: 2026-09-14T00:00:00Z\n", ":2: day: "},
		{"twice", "text: a\ntext: b\n", "line 2: \"text\" stands here twice"},
		{"unknown member", "text: a\ntxet: b\n", ":2: txet: no such member"},
		{"other case", "Text: a\n", "Text: no such member"},
		{"number for a text", "text: 1.10\n", "put quotes around"},
		{"text for a number", "count: many\n", ":1: count: "},
		{"in a list", "text: a\nlist:\n  - name: x\n  - name: [y]\n", ":4: list[1].name: "},
		{"alias", "text: &a x\nlist: *a\n", "aliases are not supported"},
		{"two documents", "text: a\n---\ntext: b\n", "more than one document"},
		{"empty", "", "is empty"},
		{"broken", "a: [1\n", "neither YAML nor JSON"},
		{"too large", strings.Repeat("#", label.MaxMessage+1), "bytes that are accepted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var v doc
			c := &console{stdin: strings.NewReader("")}
			_, err := c.document(write(t, dir, "doc.yaml", tc.text), &v)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("was accepted")
			}
			p := describe(err)
			if all := p.Place + ": " + p.Field + ": " + p.Message + p.Hint; !strings.Contains(all, tc.want) {
				t.Errorf("%s, want %q", all, tc.want)
			}
		})
	}
}

func TestStandardInput(t *testing.T) {
	var v map[string]string
	c := &console{stdin: strings.NewReader("a: b\n")}
	if _, err := c.document("-", &v); err != nil || v["a"] != "b" {
		t.Errorf("%v, %v", v, err)
	}
}

func TestLineOf(t *testing.T) {
	text := "a: 1\nlist:\n  - {name: x}\n  - name: y\n    deep:\n      z: 1\n"
	for path, want := range map[string]int{
		"": 0, "a": 1, "list": 3, "list[1].name": 4, "list[1].deep.z": 6, "list[1].missing": 4,
		"list[7].name": 3, "missing": 0, "list[x]": 3, "a.b.c": 1,
	} {
		if got := lineOf([]byte(text), path); got != want {
			t.Errorf("lineOf(%q) = %d, want %d", path, got, want)
		}
	}
	if got := lineOf([]byte("a: [1"), "a"); got != 0 {
		t.Errorf("line %d of what does not parse", got)
	}
}

func TestParseTime(t *testing.T) {
	for in, want := range map[string]time.Time{
		"2026-05-31":                time.Date(2026, 5, 31, 23, 59, 59, 0, time.UTC),
		"2026-05-31T12:00:00Z":      time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC),
		"2026-05-31T12:00:00+02:00": time.Date(2026, 5, 31, 10, 0, 0, 0, time.UTC),
	} {
		if got, err := parseTime("at", in); err != nil || !got.Equal(want) {
			t.Errorf("parseTime(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "2026", "2026-02-30", "31.5.2026", "2026-05-31T12:00:00"} {
		_, err := parseTime("at", in)
		if _, ok := errors.AsType[*usageError](err); !ok {
			t.Errorf("parseTime(%q): %v", in, err)
		}
	}
}

func TestDevice(t *testing.T) {
	dir := t.TempDir()
	good := "type: https://labeld.dev/device/v1\nmanufacturer: m\nbrand: B\nmodel: \"1\"\nname: N\ncategory: toy\n"
	path := write(t, dir, "good.yaml", good)
	out := must(t, "device", "canonical", path)
	want := `{"brand":"B","category":"toy","manufacturer":"m","model":"1","name":"N","type":"https://labeld.dev/device/v1"}`
	if out != want {
		t.Errorf("canonical form:\n%s\nwant:\n%s", out, want)
	}
	again := write(t, dir, "again.json", out)
	var f deviceFile
	mustJSON(t, &f, "device", "canonical", again, "--out", again)
	if f.Device != label.DigestOf([]byte(want)).String() {
		t.Errorf("the canonical form of the canonical form is another: %s", f.Device)
	}
	for _, tc := range []struct{ add, want string }{
		{"gtins: [09522105000101]\n", "found a JSON number"},
		{"gtins: [\"09522105000102\"]\n", "check digit"},
		{"hardwareRevision: \" x\"\n", ":7: hardwareRevision: begins or ends"},
		{"components:\n  - {kind: roof, name: x}\n", ":8: components[0].kind: must be one of"},
		{"price: 3\n", ":7: price: no such member"},
	} {
		r := try(t, "device", "canonical", write(t, dir, "bad.yaml", good+tc.add))
		if r.code != exitFailed || r.stdout != "" || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%q: exit code %d: %s", tc.add, r.code, r.stderr)
		}
	}
}
