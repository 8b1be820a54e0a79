package label_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"labeld/internal/label"
)

var yes = label.BoolFact(true)

// TestFactValues reads each kind of value, writes it again, and refuses what is none.
func TestFactValues(t *testing.T) {
	for text, want := range map[string]string{`true`: "true", `false`: "false", `0`: "0", `-12`: "-12", `9007199254740991`: "9007199254740991", `"tls1.2"`: "tls1.2"} {
		var v label.FactValue
		if err := label.Decode([]byte(text), &v); err != nil || v.String() != want {
			t.Errorf("%s is read as %q, %v", text, v, err)
		}
		if b, err := label.Encode(v); err != nil || string(b) != text {
			t.Errorf("%s is written as %s, %v", text, b, err)
		}
		if b, ok := v.Bool(); ok != (text == "true" || text == "false") || b != (text == "true") {
			t.Errorf("%s is %t, %t", text, b, ok)
		}
	}
	for _, text := range []string{`null`, `1.5`, `1.0`, `1e3`, `-0`, `9007199254740993`, `[]`, `{}`} {
		if err := label.Decode([]byte(text), new(label.FactValue)); label.ReasonOf(err) != label.ReasonMalformed {
			t.Errorf("%s: %v", text, err)
		}
	}
	l := someLabel()
	l.Facts = []label.LabelFact{{Fact: "a", By: label.SourceLab}}
	must := func(text string) label.FactValue {
		var v label.FactValue
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	l.Facts[0].Value = must(`36`)
	if err := l.Validate(); err != nil {
		t.Error(err)
	}
	l.Facts[0].Value = must(`"` + strings.Repeat("x", label.MaxText+1) + `"`)
	wantRefusal(t, l.Validate(), label.TooLarge, label.ReasonTooLarge, "facts[0].value")
	l.Facts[0].Value = must(`""`)
	wantRefusal(t, l.Validate(), label.Invalid, label.ReasonMissing, "facts[0].value")
}

// TestFormerLabel reads labels as they were signed before they had facts and named the
// manufacturer as such, and refuses what has both.
func TestFormerLabel(t *testing.T) {
	want := someLabel()
	want.Facts = []label.LabelFact{{Fact: "a", Value: label.BoolFact(false), By: label.SourceDeclaration}, {Fact: "b", Value: yes, By: label.SourceDeclaration}}
	now, err := label.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	facts := []byte(`"facts":[{"fact":"a","value":false,"by":"declaration"},{"fact":"b","value":true,"by":"declaration"}]`)
	party := []byte(`"manufacturer":{"id":"northlight","name":"Northlight"}`)
	declared, maker := []byte(`"declared":[{"fact":"a","value":false},{"fact":"b","value":true}]`), []byte(`"maker":{"id":"northlight","name":"Northlight"}`)
	former := bytes.Replace(bytes.Replace(now, facts, declared, 1), party, maker, 1)
	if bytes.Contains(former, facts) || bytes.Contains(former, party) {
		t.Fatalf("this is no former label: %s", former)
	}
	for _, text := range [][]byte{now, former} {
		var l label.Label
		if err := label.DecodeSigned(text, &l); err != nil || !reflect.DeepEqual(&l, want) {
			t.Errorf("%s is read as %+v, %v", text, l, err)
		}
		var o label.Outline
		if err := label.DecodeLoose(text, &o); err != nil || !reflect.DeepEqual(&o, want.Outline()) {
			t.Errorf("%s is listed as %+v, %v", text, o, err)
		}
	}
	for _, both := range [][]byte{
		bytes.Replace(now, party, bytes.Join([][]byte{party, maker}, []byte(",")), 1),
		bytes.Replace(now, facts, bytes.Join([][]byte{facts, declared}, []byte(",")), 1),
		bytes.Replace(now, []byte(`"by":"declaration"}`), []byte(`"by":"declaration","who":"x"}`), 1),
		bytes.Replace(now, party, append([]byte(`"producer":"x",`), party...), 1),
	} {
		if err := label.DecodeSigned(both, new(label.Label)); err == nil {
			t.Errorf("is accepted: %s", both)
		}
	}
}
