package authority_test

import (
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

func TestComplaints(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	first, err := l.Authority.Complain(ctx, store.Complaint{Label: l.pub.Label.ID, Kind: authority.Copied, Text: " It is on a lamp. ", Contact: "me@shop.example"})
	must(t, err)
	_, err = l.Authority.Complain(ctx, store.Complaint{Kind: authority.Other, Text: "No label at all."})
	must(t, err)
	for _, org := range []string{labeltest.Maker, labeltest.Lab} {
		_, _, err := l.Authority.Complaints(l.Caller(org), "", authority.Page{})
		wants(t, err, label.Denied, label.ReasonWrongRole)
		_, err = l.Authority.CloseComplaint(ctx, l.Caller(org), first.ID, "Seen to.")
		wants(t, err, label.Denied, label.ReasonWrongRole)
	}
	_, err = l.Authority.CloseComplaint(ctx, op, first.ID, "")
	wants(t, err, label.Invalid, label.ReasonMissing)
	_, err = l.Authority.CloseComplaint(ctx, op, "none", "Seen to.")
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	for range 2 {
		closed, err := l.Authority.CloseComplaint(ctx, op, first.ID, "Seen to.")
		if err != nil || closed.Contact != "" || closed.Closed.IsZero() || closed.Text != "It is on a lamp." {
			t.Errorf("closed it is %+v (%v)", closed, err)
		}
	}
	list, _, err := l.Authority.Complaints(op, "", authority.Page{})
	if err != nil || len(list) != 1 || list[0].Label != "" {
		t.Errorf("%d are open (%v)", len(list), err)
	}
	l.Restart()
	list, _, err = l.Authority.Complaints(op, l.pub.Label.ID, authority.Page{})
	if err != nil || len(list) != 1 || list[0].AboutLabel != 1 || list[0].Outcome != "Seen to." {
		t.Errorf("about the label there are %+v (%v)", list, err)
	}
}
