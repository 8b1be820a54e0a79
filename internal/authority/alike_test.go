package authority_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

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
