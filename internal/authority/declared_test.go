package authority_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
)

// TestDeclaredIsSigned has a label repeat what was declared, and somebody turn a
// no of it into a yes.
func TestDeclaredIsSigned(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("plug")
	e.Declaration.Facts["external_sensing_present"] = label.JSON(" false ")
	for _, facts := range []label.Facts{e.Declaration.Facts, e.Report.Facts} { // or they would contradict it
		facts["external_sensors_count"], facts["external_sensors_documented_count"] = label.JSON("0"), label.JSON("0")
	}
	p := w.Issue(e, 1)
	sensing := label.LabelFact{Fact: "external_sensing_present", Value: label.BoolFact(false), By: label.SourceDeclaration}
	found := 0
	for _, d := range p.Label.Facts {
		if d.Fact == sensing.Fact {
			found++
			if d != sensing {
				t.Errorf("declared false, the label says %+v", d)
			}
		}
	}
	if found != 1 {
		t.Errorf("the label repeats %+v", p.Label.Facts)
	}
	_, rest, _ := strings.Cut(string(p.Bundle), `"payload":"`)
	encoded, _, _ := strings.Cut(rest, `"`)
	payload, err := base64.StdEncoding.DecodeString(encoded)
	must(t, err)
	forged := bytes.Replace(payload, []byte(`"external_sensing_present","value":false`), []byte(`"external_sensing_present","value":true `), 1)
	if bytes.Equal(forged, payload) {
		t.Fatalf("the statement does not say it: %s", payload)
	}
	bundle := bytes.Replace(p.Bundle, []byte(encoded), []byte(base64.StdEncoding.EncodeToString(forged)), 1)
	pkg, err := verify.NewPackage(bundle, p.Device, p.Proof, nil, nil)
	must(t, err)
	if _, err := w.Trust.Verify(pkg, w.Clock.Now(), w.Clock.Now()); label.ReasonOf(err) != label.ReasonBadSignature {
		t.Errorf("the forged label gave %v", err)
	}
}
