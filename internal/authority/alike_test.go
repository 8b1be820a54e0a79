package authority_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// alikeNews returns what operators were told of devices that look alike, latest
// first.
func alikeNews(t *testing.T, w *labeltest.World) (list []authority.AlikeNews) {
	t.Helper()
	all, _, err := w.Authority.Notices(w.Caller(labeltest.Operator), "", authority.Page{})
	must(t, err)
	for _, n := range all {
		if n.Kind == notice.DeviceAlike {
			var news authority.AlikeNews
			must(t, json.Unmarshal(n.Data, &news))
			list = append(list, news)
		}
	}
	return list
}

// TestLookAlikes has a second manufacturer sell what was revoked under the same
// brand and model, and under a brand that looks the same.
func TestLookAlikes(t *testing.T) {
	c := newCheat(t)
	c.Enrol("southlight", label.RoleManufacturer)
	c.revoke("false-report")
	register := func(org string, change func(*label.Device)) []string {
		t.Helper()
		d := *c.e.Device
		d.Manufacturer, d.GTINs = org, nil
		change(&d)
		raw, err := d.Canonical()
		must(t, err)
		rec, _, err := c.Authority.Register(ctx, c.Caller(org), raw)
		must(t, err)
		return c.Authority.AlikeNotes(rec)
	}
	if list := alikeNews(t, c.World); len(list) != 0 {
		t.Fatalf("told of %+v before there was anything", list)
	}
	notes := register("southlight", func(d *label.Device) { d.Model = strings.ToLower(d.Model) + "™" })
	if len(notes) != 1 || !strings.Contains(notes[0], "brand and model") || strings.Contains(notes[0], labeltest.Maker) {
		t.Errorf("the manufacturer reads %q", notes)
	}
	list := alikeNews(t, c.World)
	if len(list) != 1 || list[0].Manufacturer != "southlight" || len(list[0].Others) != 1 {
		t.Fatalf("operators were told %+v", list)
	}
	other := list[0].Others[0]
	if other.Device != label.DigestOf(c.e.Descriptor) || other.Manufacturer != labeltest.Maker || other.Model != c.e.Device.Model ||
		!slices.Equal(other.Holds, []string{"false-report"}) || !slices.Contains(other.Same, "brand") || !slices.Contains(other.Same, "model") {
		t.Errorf("operators were told of %+v", other)
	}
	if slices.Contains(other.Same, "picture") != !c.e.Device.Picture.IsZero() {
		t.Errorf("of the pictures, operators were told %q", other.Same)
	}
	// The same brand for another product is said by nobody: it may be right.
	if notes := register("southlight", func(d *label.Device) { d.Model = "OTHER-1" }); len(notes) != 0 || len(alikeNews(t, c.World)) != 1 {
		t.Errorf("another model: %q", notes)
	}
	// A brand that looks the same, with a Greek o, is a trick whatever the model is.
	notes = register("southlight", func(d *label.Device) { d.Model, d.Brand = "OTHER-2", strings.Replace(d.Brand, "o", "ο", 1) })
	list = alikeNews(t, c.World)
	if len(notes) != 1 || len(list) != 2 || !slices.ContainsFunc(list, func(n authority.AlikeNews) bool {
		return len(n.Others) > 0 && slices.Contains(n.Others[0].Same, "brand") && !slices.Contains(n.Others[0].Same, "model")
	}) {
		t.Errorf("a brand with a Greek letter: %q, %+v", notes, list)
	}
	// Of that, one notice is enough.
	register("southlight", func(d *label.Device) { d.Model, d.Brand = "OTHER-3", strings.Replace(d.Brand, "o", "ο", 1) })
	if list := alikeNews(t, c.World); len(list) != 2 {
		t.Errorf("two devices of one brand made the notices %+v", list)
	}
	// Another brand is another product, whatever its model is.
	if notes := register("southlight", func(d *label.Device) { d.Brand = "Southlight" }); len(notes) != 0 {
		t.Errorf("another brand with the same model: %q", notes)
	}
	if told := told(t, c.World, labeltest.Maker); slices.Contains(told, notice.DeviceAlike) {
		t.Error("a notice for operators went to a manufacturer")
	}
}

// registers returns a function that has a manufacturer register a device that is the
// camera but for some change, an hour later each, and returns what it reads.
func registers(t *testing.T, w *labeltest.World) func(org string, change func(*label.Device)) []string {
	e := w.Example("camera")
	return func(org string, change func(*label.Device)) []string {
		t.Helper()
		w.Clock.Set(w.Clock.Now().Add(time.Hour))
		d := *e.Device
		d.Manufacturer, d.GTINs = org, nil
		change(&d)
		raw, err := d.Canonical()
		must(t, err)
		rec, _, err := w.Authority.Register(ctx, w.Caller(org), raw)
		must(t, err)
		return w.Authority.AlikeNotes(rec)
	}
}

// TestWhoWasFirst has the owner of a brand register its second device after somebody
// else took the brand: the pair is seen, and nothing is asked of the owner.
func TestWhoWasFirst(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Enrol("southlight", label.RoleManufacturer)
	register := registers(t, w)
	if notes := register(labeltest.Maker, func(*label.Device) {}); len(notes) != 0 {
		t.Errorf("the first of all reads %q", notes)
	}
	greek := func(d *label.Device) { d.Brand, d.Model = strings.Replace(d.Brand, "o", "ο", 1), "S-1" }
	if notes := register("southlight", greek); len(notes) != 1 {
		t.Errorf("who comes later reads %q", notes)
	}
	if notes := register(labeltest.Maker, func(d *label.Device) { d.Model = "NL-C300" }); len(notes) != 0 {
		t.Errorf("the owner of the brand reads %q", notes)
	}
	if list := alikeNews(t, w); len(list) != 1 || list[0].Manufacturer != "southlight" || list[0].First != labeltest.Maker || !list[0].Others[0].Since.Before(list[0].Since) {
		t.Errorf("of the pair operators were told %+v", list)
	}
	// The same model, which the other had first: that is told, with whose brand it was.
	if notes := register(labeltest.Maker, func(d *label.Device) { d.Model = "s1" }); len(notes) != 0 {
		t.Errorf("the owner of the brand reads, of its second model, %q", notes)
	}
	list := alikeNews(t, w)
	i := slices.IndexFunc(list, func(n authority.AlikeNews) bool { return n.Manufacturer == labeltest.Maker })
	if len(list) != 2 || i < 0 || list[i].First != labeltest.Maker || list[i].Model != "s1" {
		t.Errorf("of the same model operators were told %+v", list)
	}
}

// TestNearBrands registers brands that are another's but for a letter or a word.
func TestNearBrands(t *testing.T) {
	w := labeltest.New(t, nil)
	for _, org := range []string{"southlight", "eastlight", "westlight"} {
		w.Enrol(org, label.RoleManufacturer)
	}
	register := registers(t, w)
	near := func() (list []authority.NearNews) {
		t.Helper()
		all, _, err := w.Authority.Notices(w.Caller(labeltest.Operator), "", authority.Page{})
		must(t, err)
		for _, n := range all {
			if n.Kind == notice.BrandNear {
				var news authority.NearNews
				must(t, json.Unmarshal(n.Data, &news))
				list = append(list, news)
			}
		}
		return list
	}
	brand := func(name, model string) func(*label.Device) {
		return func(d *label.Device) { d.Brand, d.Model = name, model }
	}
	register("southlight", brand("Nortlight", "S-1"))
	if notes := register(labeltest.Maker, func(*label.Device) {}); len(notes) != 1 || !strings.Contains(notes[0], "may well be right") {
		t.Errorf("who comes later with a letter more reads %q", notes)
	}
	if notes := register("eastlight", brand("Northlight Devices", "E-1")); len(notes) != 1 {
		t.Errorf("who comes later with a word more reads %q", notes)
	}
	register("westlight", brand("Westlight", "W-1"))
	if notes := register("southlight", brand("NORTLIGHT", "S-2")); len(notes) != 0 {
		t.Errorf("who was first reads %q", notes)
	}
	list := near()
	slices.SortFunc(list, func(a, b authority.NearNews) int { return a.Then.Since.Compare(b.Then.Since) })
	if len(list) != 2 || len(alikeNews(t, w)) != 0 {
		t.Fatalf("operators were told %+v and %+v", list, alikeNews(t, w))
	}
	if n := list[0]; n.Near != label.NearSpelt || n.First.Manufacturer != "southlight" || n.Then.Manufacturer != labeltest.Maker || n.Then.Device != label.DigestOf(noGTIN(t, w)) {
		t.Errorf("of a letter operators were told %+v", n)
	}
	if n := list[1]; n.Near != label.NearWord || n.First.Brand != "Northlight" || n.Then.Brand != "Northlight Devices" {
		t.Errorf("of a word operators were told %+v", n)
	}
}

// noGTIN returns the descriptor of the camera without barcodes.
func noGTIN(t *testing.T, w *labeltest.World) []byte {
	t.Helper()
	d := *w.Example("camera").Device
	d.GTINs = nil
	raw, err := d.Canonical()
	must(t, err)
	return raw
}
