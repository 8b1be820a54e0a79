package authority_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestDevices lists a manufacturer's devices page by page, with what is open about
// each, and is refused to others.
func TestDevices(t *testing.T) {
	w := labeltest.New(t, nil)
	camera, maker := w.Example("camera"), w.Caller(labeltest.Maker)
	p := w.Issue(camera, 2)
	register := func(change func(*label.Device)) {
		t.Helper()
		d := *camera.Device
		d.GTINs = nil
		change(&d)
		raw, err := d.Canonical()
		must(t, err)
		_, _, err = w.Authority.Register(ctx, maker, raw)
		must(t, err)
	}
	for i := range 3 {
		register(func(d *label.Device) { d.Model = fmt.Sprintf("ZZ-%d", i) })
	}
	register(func(d *label.Device) { d.Name += " white" }) // of the camera's product
	w.Change(labeltest.Operator, p, label.Review, "complaint")

	var list []*authority.DeviceEntry
	pages := 0
	for token := ""; pages == 0 || token != ""; pages++ {
		part, next, err := w.Authority.Devices(maker, "", authority.Page{Size: 2, Token: token})
		must(t, err)
		list, token = append(list, part...), next
	}
	if len(list) != 5 || pages != 3 || !slices.IsSortedFunc(list, func(a, b *authority.DeviceEntry) int {
		return strings.Compare(a.Descriptor.Model, b.Descriptor.Model)
	}) {
		t.Fatalf("%d devices on %d pages: %+v", len(list), pages, list)
	}
	labels := 0
	for _, e := range list {
		ofCamera := e.Descriptor.Model == camera.Device.Model
		if (len(e.Holds) == 1 && e.Holds[0].Reason == "complaint") != ofCamera || e.NeedsOperator != "" {
			t.Errorf("of %s is open %+v, %q", e.Descriptor.Name, e.Holds, e.NeedsOperator)
		}
		if labels += len(e.Labels); len(e.Labels) > 0 && (e.Labels[0].Label.ID != p.Label.ID || len(e.GTINs) != 2) {
			t.Errorf("the labelled device is %+v", e)
		}
	}
	if labels != 1 {
		t.Errorf("%d labels are listed", labels)
	}
	if all, _, err := w.Authority.Devices(w.Caller(labeltest.Operator), labeltest.Maker, authority.Page{}); err != nil || len(all) != 5 {
		t.Errorf("an operator gets %d devices, %v", len(all), err)
	}
	for _, tc := range []struct {
		org, manufacturer string
		kind              label.Kind
		reason            label.Reason
	}{
		{labeltest.ToyMaker, labeltest.Maker, label.Denied, label.ReasonNotYours},
		{labeltest.Lab, "", label.Denied, label.ReasonWrongRole},
		{labeltest.Operator, "", label.Invalid, label.ReasonMissing},
		{labeltest.Operator, "nobody", label.NotFound, label.ReasonUnknownOrg},
	} {
		_, _, err := w.Authority.Devices(w.Caller(tc.org), tc.manufacturer, authority.Page{})
		wants(t, err, tc.kind, tc.reason)
	}
	// A token of another manufacturer's list, or of nothing, is none.
	_, token, err := w.Authority.Devices(maker, "", authority.Page{Size: 1})
	must(t, err)
	for org, token := range map[string]string{labeltest.ToyMaker: token, labeltest.Maker: "AAAA"} {
		_, _, err = w.Authority.Devices(w.Caller(org), "", authority.Page{Token: token})
		wants(t, err, label.Invalid, label.ReasonMalformed)
	}
}

// TestStandsAgainstItsEvidence has an operator reinstate a label that failed. Lists say
// so of it for as long as that is so, and not only whoever decided it.
func TestStandsAgainstItsEvidence(t *testing.T) {
	s := newSale(t)
	_, err := s.report(labeltest.Lab, "R-fails", hasFail("5.5-1"))
	must(t, err)
	uncarried := func() []label.ID {
		t.Helper()
		list, _, err := s.Authority.Devices(s.Caller(labeltest.Operator), labeltest.Maker, authority.Page{})
		must(t, err)
		return list[0].Uncarried
	}
	p := s.now()
	if list := uncarried(); p.State != label.Suspended || len(list) != 0 {
		t.Errorf("the label is %s, and said to stand against its evidence are %v", p.State, list)
	}
	s.pass(time.Minute)
	s.Change(labeltest.Operator, p, label.Reinstate, "unfounded")
	if list := uncarried(); len(list) != 1 || list[0] != p.Label.ID {
		t.Errorf("said to stand against its evidence are %v", list)
	}
}

// TestSettledBesideARevocation has one operator end a suspension while another asks to
// revoke the label.
func TestSettledBesideARevocation(t *testing.T) {
	l := newLife(t)
	l.Change(labeltest.Operator, l.pub, label.Suspend, "complaint")
	l.Change(labeltest.Operator, l.pub, label.Revoke, "nonconformity")
	c := l.Change(labeltest.Operator, l.pub, label.Reinstate, "unfounded")
	if notes := strings.Join(c.Notes, " "); !strings.Contains(notes, "asks to revoke the label (nonconformity") {
		t.Errorf("the operator reads %q", notes)
	}
}
