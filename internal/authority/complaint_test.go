package authority_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// complain reports something, so often.
func complain(t *testing.T, w *labeltest.World, n int, c store.Complaint) (last *store.Complaint) {
	t.Helper()
	for range n {
		var err error
		last, err = w.Authority.Complain(ctx, c)
		must(t, err)
	}
	return last
}

// TestManyReportsAboutALabel has somebody report a label again and again, perhaps its
// maker, so that a true report is not taken any more. It is taken.
func TestManyReportsAboutALabel(t *testing.T) {
	l := newLife(t)
	op, id := l.Caller(labeltest.Operator), l.pub.Label.ID
	complain(t, l.World, authority.MaxLabelReports, store.Complaint{Label: id, Kind: authority.Other, Text: "Nothing."})
	first := complain(t, l.World, 1, store.Complaint{Label: id, Kind: authority.Weakness, Text: "It burns.", Where: "Market hall"})
	if first.More != 0 || first.Text != "It burns." {
		t.Errorf("the first of its kind is not kept in full: %+v", first)
	}
	l.Restart()
	for i, text := range []string{"It burns\ntoo.", "Mine burns as well."} {
		again := complain(t, l.World, 1, store.Complaint{Label: id, Kind: authority.Weakness, Text: text, Contact: "me@shop.example"})
		if again.ID != first.ID || again.More != i+1 || !strings.HasSuffix(again.Words, strings.Join(strings.Fields(text), " ")+"\n") {
			t.Errorf("the %d. is %+v", i+1, again)
		}
	}
	complain(t, l.World, 200, store.Complaint{Label: id, Kind: authority.Other, Text: strings.Repeat("Nothing. ", 200)})
	list, _, err := l.Authority.Complaints(op, "", authority.Page{Size: label.MaxPage})
	must(t, err)
	more := 0
	for _, c := range list {
		more += c.More
		if len(c.Words) > authority.MaxMergedWords {
			t.Errorf("the words of those that were merged have %d bytes", len(c.Words))
		}
	}
	if len(list) != authority.MaxLabelReports+1 || more != 202 {
		t.Errorf("%d are open, with %d more", len(list), more)
	}
	other := l.Issue(l.Example("plug"), 1)
	if c := complain(t, l.World, 1, store.Complaint{Label: other.Label.ID, Kind: authority.Other, Text: "Another one."}); c.More != 0 {
		t.Errorf("a report about another label is merged: %+v", c)
	}
	// Whoever has closed them sees the next in full.
	_, err = l.Authority.CloseComplaint(ctx, op, first.ID, "Seen to.")
	must(t, err)
	if c := complain(t, l.World, 1, store.Complaint{Label: id, Kind: authority.Weakness, Text: "Again."}); c.More != 0 || c.ID == first.ID {
		t.Errorf("after the others were closed it is %+v", c)
	}
	notices, _, err := l.Authority.Notices(op, "", authority.Page{Size: label.MaxPage})
	must(t, err)
	if n := len(notices); n > authority.MaxLabelReports+20 {
		t.Errorf("the operators got %d notices", n)
	}
}

// TestManyReports has as many reports open as anybody could read. The form stays open
// for everybody, and taking one more costs what the first did.
func TestManyReports(t *testing.T) {
	l := newLife(t)
	plug := l.Issue(l.Example("plug"), 1)
	took := func() time.Duration {
		start := time.Now()
		complain(t, l.World, 20, store.Complaint{Label: l.pub.Label.ID, Kind: authority.Copied, Text: "Copied."})
		return time.Since(start) / 20
	}
	before := took()
	fill := func(n int) {
		var head store.Head
		must(t, l.Store.View(func(v *store.View) (err error) { head, err = v.Head(); return err }))
		for at := 0; at < n; at += 1000 {
			b := &store.Batch{At: l.Clock.Now(), From: head.Tree}
			for i := range 1000 {
				b.Add(&store.Complaint{ID: fmt.Sprintf("filled-%d-%d", n, at+i), Kind: authority.Other, Text: strings.Repeat("Nothing. ", 20), Received: b.At})
			}
			must(t, l.Store.Commit(b))
		}
		l.Restart()
	}
	fill(authority.MaxOpenComplaints)
	if c := complain(t, l.World, 1, store.Complaint{Label: l.pub.Label.ID, Kind: authority.Copied, Text: "Copied."}); c.More == 0 {
		t.Error("where there are very many, one about a label that has many is kept in full")
	}
	for i := range authority.FewReports {
		if c := complain(t, l.World, 1, store.Complaint{Label: plug.Label.ID, Kind: authority.Copied, Text: "Copied."}); c.More != 0 {
			t.Errorf("the %d. about a label is merged: %+v", i+1, c)
		}
	}
	after := took()
	t.Logf("a report takes %v; with %d open %v", before, authority.MaxOpenComplaints, after)
	if after > 10*before+10*time.Millisecond {
		t.Error("the others are counted for each")
	}
	fill(authority.MaxOpenComplaints + 1000)
	c := complain(t, l.World, 1, store.Complaint{Label: plug.Label.ID, Kind: authority.Other, Text: "Something else."})
	if c.More == 0 || c.Label != "" || !strings.Contains(c.Words, plug.Label.ID.Pretty()+": Something else.") {
		t.Errorf("with twice as many it is %+v", c)
	}
}
