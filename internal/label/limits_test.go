package label_test

import (
	"fmt"
	"strings"
	"testing"

	"labeld/internal/label"
)

// gtins returns n GTINs in ascending order.
func gtins(t *testing.T, n int) (list []label.GTIN) {
	t.Helper()
	for i := range n {
		for check := range 10 {
			if g, err := label.ParseGTIN(fmt.Sprintf("0952200%06d%d", i, check)); err == nil {
				list = append(list, g)
			}
		}
	}
	if len(list) != n {
		t.Fatalf("made %d GTINs, want %d", len(list), n)
	}
	return list
}

func manyVerdicts(n int) []label.Verdict {
	list := make([]label.Verdict, n)
	for i := range list {
		list[i] = label.Verdict{Provision: fmt.Sprintf("5.1-%d", i), Verdict: label.Pass}
	}
	return list
}

func manyFacts(n int) label.Facts {
	f := label.Facts{}
	for i := range n {
		f[fmt.Sprintf("fact_%d", i)] = label.JSON(`1`)
	}
	return f
}

func told(n int) (list []label.LabelFact) {
	for i := range n {
		list = append(list, label.LabelFact{Fact: fmt.Sprintf("fact_%04d", i), Value: label.BoolFact(i%2 == 0), By: label.SourceLab})
	}
	return list
}

func repeat[T any](n int, v T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func components(n int) (list []label.Component) {
	for i := range n {
		list = append(list, label.Component{Kind: "app", Name: fmt.Sprintf("n%02d", i)})
	}
	return list
}

// deviceOf returns a valid descriptor of n bytes.
func deviceOf(t *testing.T, n int) []byte {
	t.Helper()
	d := device()
	d.Components = components(label.MaxComponents)
	d.GTINs = gtins(t, label.MaxGTINs)
	d.Name, d.Model = strings.Repeat(`"`, label.MaxText), strings.Repeat(`"`, label.MaxText)
	size := func() int {
		b, err := d.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	// A quotation mark is one byte of text and two of JSON.
	for i := 0; i < len(d.Components) && size() < n; i++ {
		quotes := min((n-size())/2, label.MaxText-len(d.Components[i].Name))
		d.Components[i].Name += strings.Repeat(`"`, quotes)
		if rest := n - size(); rest == 1 {
			d.Brand += "x"
		}
	}
	b, err := d.Canonical()
	if err != nil || len(b) != n {
		t.Fatalf("made a descriptor of %d bytes, want %d", len(b), n)
	}
	return b
}

// TestLimits requires of every limit that is enforced in this package that
// what is exactly as large is accepted, and what is larger by one is not.
func TestLimits(t *testing.T) {
	dev := func(change func(*label.Device)) error { d := device(); change(d); return d.Validate() }
	rep := func(change func(*label.TestReport)) error { r := report(); change(r); return r.Validate() }
	dec := func(change func(*label.Declaration)) error { d := declaration(); change(d); return d.Validate() }
	org := func(change func(*label.Organization)) error { o := organization(); change(o); return o.Validate() }
	acc := func(change func(*label.Accreditation)) error { a := accreditation(); change(a); return a.Validate() }
	lab := func(change func(*label.Label)) error { l := someLabel(); change(l); return l.Validate() }
	x := func(n int) string { return strings.Repeat("x", n) }
	page := func(n int) string { return "https://northlight.example/" + x(n-len("https://northlight.example/")) }
	mail := func(n int) string { return "mailto:" + x(n-len("mailto:@x.example")) + "@x.example" }
	for _, c := range []struct {
		limit int
		field string
		of    func(n int) error
	}{
		{label.MaxDevice, "device", func(n int) error { _, err := label.ParseDevice(deviceOf(t, n)); return err }},
		{label.MaxGTINs, "gtins", func(n int) error { return dev(func(d *label.Device) { d.GTINs = gtins(t, n) }) }},
		{label.MaxComponents, "components", func(n int) error {
			return dev(func(d *label.Device) { d.Components = components(n) })
		}},
		{label.MaxText, "brand", func(n int) error { return dev(func(d *label.Device) { d.Brand = x(n) }) }},
		{label.MaxText, "model", func(n int) error { return dev(func(d *label.Device) { d.Model = x(n) }) }},
		{label.MaxText, "name", func(n int) error { return dev(func(d *label.Device) { d.Name = x(n) }) }},
		{label.MaxText, "hardwareRevision", func(n int) error { return dev(func(d *label.Device) { d.HardwareRevision = x(n) }) }},
		{label.MaxText, "components[1].name", func(n int) error { return dev(func(d *label.Device) { d.Components[1].Name = x(n) }) }},

		{label.MaxVerdicts, "verdicts", func(n int) error { return rep(func(r *label.TestReport) { r.Verdicts = manyVerdicts(n) }) }},
		{label.MaxFacts, "facts", func(n int) error { return rep(func(r *label.TestReport) { r.Facts = manyFacts(n) }) }},
		{label.MaxEvidenceRefs, "evidence", func(n int) error {
			return rep(func(r *label.TestReport) { r.Evidence = repeat(n, r.Evidence[0]) })
		}},
		{label.MaxEvidenceRefs, "samples", func(n int) error { return rep(func(r *label.TestReport) { r.Samples = repeat(n, "P05") }) }},
		{label.MaxText, "number", func(n int) error { return rep(func(r *label.TestReport) { r.Number = x(n) }) }},
		{label.MaxText, "edition", func(n int) error { return rep(func(r *label.TestReport) { r.Edition = x(n) }) }},
		{label.MaxText, "firmware[0].version", func(n int) error { return rep(func(r *label.TestReport) { r.Firmware[0].Version = x(n) }) }},
		{label.MaxText, "samples[0]", func(n int) error { return rep(func(r *label.TestReport) { r.Samples[0] = x(n) }) }},
		{label.MaxText, "evidence[0].name", func(n int) error { return rep(func(r *label.TestReport) { r.Evidence[0].Name = x(n) }) }},
		{label.MaxProse, "verdicts[1].reason", func(n int) error { return rep(func(r *label.TestReport) { r.Verdicts[1].Reason = x(n) }) }},

		{label.MaxVerdicts, "claims", func(n int) error { return dec(func(d *label.Declaration) { d.Claims = manyVerdicts(n) }) }},
		{label.MaxFacts, "facts", func(n int) error { return dec(func(d *label.Declaration) { d.Facts = manyFacts(n) }) }},
		{label.MaxText, "number", func(n int) error { return dec(func(d *label.Declaration) { d.Number = x(n) }) }},
		{label.MaxText, "edition", func(n int) error { return dec(func(d *label.Declaration) { d.Edition = x(n) }) }},
		{label.MaxText, "signatory.name", func(n int) error { return dec(func(d *label.Declaration) { d.Signatory.Name = x(n) }) }},
		{label.MaxText, "signatory.function", func(n int) error { return dec(func(d *label.Declaration) { d.Signatory.Function = x(n) }) }},
		{label.MaxProse, "claims[1].reason", func(n int) error { return dec(func(d *label.Declaration) { d.Claims[1].Reason = x(n) }) }},
		{label.MaxProse, "product.updateHelp", func(n int) error { return dec(func(d *label.Declaration) { d.Product.UpdateHelp = x(n) }) }},
		{label.MaxProse, "product.password", func(n int) error { return dec(func(d *label.Declaration) { d.Product.Password = x(n) }) }},
		{label.MaxProse, "product.setup", func(n int) error { return dec(func(d *label.Declaration) { d.Product.Setup = x(n) }) }},
		{label.MaxProse, "product.page", func(n int) error { return dec(func(d *label.Declaration) { d.Product.Page = page(n) }) }},
		{label.MaxProse, "product.vulnerabilities.policy", func(n int) error {
			return dec(func(d *label.Declaration) { d.Product.Vulnerabilities.Policy = page(n) })
		}},
		{label.MaxProse, "product.vulnerabilities.contact", func(n int) error {
			return dec(func(d *label.Declaration) { d.Product.Vulnerabilities.Contact = page(n) })
		}},
		{label.MaxText, "product.vulnerabilities.contact", func(n int) error {
			return dec(func(d *label.Declaration) { d.Product.Vulnerabilities.Contact = mail(n) })
		}},

		{label.MaxText, "name", func(n int) error { return org(func(o *label.Organization) { o.Name = x(n) }) }},
		{label.MaxText, "url", func(n int) error { return org(func(o *label.Organization) { o.URL = page(n) }) }},
		{label.MaxText, "contact", func(n int) error { return org(func(o *label.Organization) { o.Contact = mail(n) }) }},
		{label.MaxText, "number", func(n int) error { return acc(func(a *label.Accreditation) { a.Number = x(n) }) }},
		{label.MaxText, "body", func(n int) error { return acc(func(a *label.Accreditation) { a.Body = x(n) }) }},

		{label.MaxPicture, "picture", func(n int) error { _, err := label.CheckPicture(pictureOf(t, n)); return err }},
		{label.MaxPictureSide, "picture", func(n int) error { _, err := label.CheckPicture(pngOf(t, n, 64)); return err }},
		{label.MaxPictureSide, "picture", func(n int) error { _, err := label.CheckPicture(jpegOf(t, 64, n)); return err }},
		{label.MaxDeclared, "facts", func(n int) error { return lab(func(l *label.Label) { l.Facts = told(n) }) }},

		{label.MaxLabelURL, "url", func(n int) error {
			return lab(func(l *label.Label) { l.URL = "https://labels.example/" + x(n-len(l.URL)-1) + "/l/" + string(l.ID) })
		}},
		{label.MaxText, "level.name", func(n int) error { return lab(func(l *label.Label) { l.Level.Name = x(n) }) }},
		{label.MaxText, "device.name", func(n int) error { return lab(func(l *label.Label) { l.Device.Name = x(n) }) }},
		{label.MaxProse, "product.setup", func(n int) error { return lab(func(l *label.Label) { l.Product.Setup = x(n) }) }},
	} {
		if err := c.of(c.limit); err != nil {
			t.Errorf("%s of exactly %d: %v", c.field, c.limit, err)
		}
		e := wantRefusal(t, c.of(c.limit+1), label.TooLarge, label.ReasonTooLarge, c.field)
		if !strings.Contains(e.Text, fmt.Sprint(c.limit)) || !strings.Contains(e.Text, fmt.Sprint(c.limit+1)) {
			t.Errorf("%s: %q does not name the limit %d and the size", c.field, e.Text, c.limit)
		}
	}
	// A multi-byte text counts in bytes.
	e := dev(func(d *label.Device) { d.Name = strings.Repeat("é", label.MaxText/2+1) })
	wantRefusal(t, e, label.TooLarge, label.ReasonTooLarge, "name")
}

func TestSlugLength(t *testing.T) {
	d := device()
	d.Manufacturer = strings.Repeat("a", 63)
	if err := d.Validate(); err != nil {
		t.Errorf("63 letters: %v", err)
	}
	d.Manufacturer += "a"
	wantRefusal(t, d.Validate(), label.Invalid, label.ReasonMalformed, "manufacturer")
}
