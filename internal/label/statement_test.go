package label_test

import (
	"testing"

	"labeld/internal/label"
)

// TestReadPredicate reads statements whose members come in any order, and no more
// of them than is asked for.
func TestReadPredicate(t *testing.T) {
	type some struct {
		A int `json:"a"`
	}
	for name, c := range map[string]struct {
		doc string
		ok  bool
		a   int
	}{
		"in our order":     {`{"_type":"T","subject":[{"digest":{}}],"predicateType":"P","predicate":{"b":[{"c":1}],"a":7}}`, true, 7},
		"predicate first":  {`{"predicate":{"a":7,"b":{}},"predicateType":"P"}`, true, 7},
		"another type":     {`{"predicateType":"Q","predicate":{"a":7}}`, true, 0},
		"another, at last": {`{"predicate":{"a":7},"predicateType":"Q"}`, true, 0},
		"no predicate":     {`{"predicateType":"P"}`, true, 0},
		"a text for a":     {`{"predicateType":"P","predicate":{"a":"7"}}`, false, 0},
		"late text for a":  {`{"predicate":{"a":"7"},"predicateType":"P"}`, false, 0},
		"cut off":          {`{"predicateType":"P","predicate":{"a":7}`, false, 7},
		"cut off within":   {`{"predicateType":"P","predicate":{"a":`, false, 0},
		"a list":           {`["predicateType"]`, false, 0},
		"nothing":          {``, false, 0},
	} {
		var got some
		err := label.ReadPredicate([]byte(c.doc), func(kind string) any {
			if kind != "P" {
				return nil
			}
			return &got
		})
		if (err == nil) != c.ok || got.A != c.a {
			t.Errorf("%s: read %+v (%v), want %d", name, got, err, c.a)
		}
	}
}

// TestNewer requires that what was made for a newer version is told as such, whatever else
// is in it, and that nothing else is.
func TestNewer(t *testing.T) {
	for kind, newer := range map[string]bool{
		label.TypeDevice: false, label.Base + "device/v2": true, label.Base + "device/v10": true, label.Base + "device/v0": false, label.Base + "device/v1.1": false,
		label.Base + "devices/v2": false, "https://other.example/device/v2": false, "": false, label.Base + "device/v": false, label.Base + "device": false,
	} {
		err := label.CheckNewer("type", kind, label.TypeDevice)
		if (label.ReasonOf(err) == label.ReasonNewerVersion) != newer || (err != nil) != newer {
			t.Errorf("%q: %v", kind, err)
		}
	}
	for kind, newer := range map[string]bool{
		label.Base + "label/v2": true, label.Base + "test-report/v3": true, label.Base + "declaration/v2": true, label.Base + "labels/v2": false, label.Base + "test-report/v0": false,
	} {
		want := label.ReasonUnknownType
		if newer {
			want = label.ReasonNewerVersion
		}
		if _, err := label.PredicateOf(kind); label.ReasonOf(err) != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
	_, err := label.ParseDevice([]byte(`{"colour":"red","type":"` + label.Base + `device/v2"}`))
	wantRefusal(t, err, label.Invalid, label.ReasonNewerVersion, "device.type")
}
