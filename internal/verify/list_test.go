package verify_test

import (
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/statuslist"
	"labeld/internal/verify"
)

// TestStatusList holds packages made before and after a suspension to lists
// made before and after it.
func TestStatusList(t *testing.T) {
	w := labeltest.New(t, nil)
	pub := w.Issue(w.Example("camera"), 3)
	list := func() *statuslist.Signed {
		t.Helper()
		must(t, w.Authority.RefreshList())
		l, err := w.Trust.OpenList(w.Authority.StatusList(), w.Clock.Now())
		must(t, err)
		return l
	}
	pass := func() { w.Clock.Set(w.Clock.Now().Add(time.Hour)) }
	lookup := func() []byte {
		t.Helper()
		p, err := w.Authority.Lookup(pub.Label.ID)
		must(t, err)
		return p.Package
	}
	check := func(pkg []byte, l *statuslist.Signed) error {
		t.Helper()
		r, err := w.Trust.Verify(pkg, w.Clock.Now(), w.Clock.Now())
		must(t, err)
		return w.Trust.CheckList(r, l)
	}
	early := list()
	pass()
	before, active := lookup(), list()
	pass()
	w.Change(labeltest.Operator, pub, label.Suspend, "complaint")
	pass()
	during, suspended := lookup(), list()
	pass()
	w.Change(labeltest.Operator, pub, label.Reinstate, "resolved")
	pass()
	after, reinstated := lookup(), list()
	pass()
	w.Change(labeltest.Maker, pub, label.Withdraw, "discontinued")
	pass()
	ended, withdrawn := lookup(), list()

	must(t, check(before, early))
	must(t, check(before, active))
	must(t, check(during, active))
	must(t, check(during, suspended))
	must(t, check(after, suspended))
	must(t, check(after, reinstated))
	// A newer list is believed of what the package does not prove.
	verified := func(pkg []byte, at time.Time, l *statuslist.Signed) *verify.Result {
		t.Helper()
		r, err := w.Trust.Verify(pkg, at, w.Clock.Now())
		must(t, err)
		must(t, w.Trust.CheckList(r, l))
		return r
	}
	now := w.Clock.Now()
	c := open(t, before)
	c.History = nil
	stripped := parts(t, c)
	for _, tc := range []struct {
		name string
		pkg  []byte
		at   time.Time
		list *statuslist.Signed
		lost bool
		says string // why nobody can tell
	}{
		{"suspended since", before, now, suspended, true, ""},
		{"suspended since, from a package that proves nothing", stripped, now, suspended, true, ""},
		{"suspended since, asked of before", before, active.Issued.Add(-time.Minute), suspended, false, ""},
		{"suspended since, asked of between", before, active.Issued.Add(30 * time.Minute), suspended, false, "does not show when the label became suspended"},
		{"reinstated since", during, now, reinstated, false, "has the label as suspended, and the status list of "},
		{"withdrawn since", before, now, withdrawn, true, ""},
		{"withdrawn since, from when it was suspended", during, now, withdrawn, true, ""},
	} {
		r := verified(tc.pkg, tc.at, tc.list)
		told := r.Told()
		if r.Lost() != tc.lost || (told == nil) != (tc.says == "") || told != nil && !strings.Contains(told.Error(), tc.says) {
			t.Errorf("%s: lost %v, %v", tc.name, r.Lost(), told)
		}
	}
	// What the authority proves and what it lists must not differ.
	contrary := *active
	contrary.List = active.Clone()
	contrary.Set(pub.Index, statuslist.Invalid)
	wants(t, check(after, &contrary), label.ReasonWithheld, "package", "the authority has signed both")
	// Nor comes back what has ended for ever, whatever is newer.
	alive := *withdrawn
	alive.List, alive.Issued = reinstated.Clone(), withdrawn.Issued.Add(time.Hour)
	wants(t, check(ended, &alive), label.ReasonWithheld, "package", "the authority has signed both")

	other := w.Issue(w.Example("plug"), 1)
	wants(t, check(other.Package, reinstated), label.ReasonStale, "statusList", "fetch a new one")
	w.Clock.Set(w.Clock.Now().Add(25 * time.Hour))
	_, err := w.Trust.OpenList(w.Authority.StatusList(), w.Clock.Now())
	wants(t, err, label.ReasonStale, "statusList.exp", "fetch a new one")
}
