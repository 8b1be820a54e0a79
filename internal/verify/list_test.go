package verify_test

import (
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/statuslist"
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
	w.Change(labeltest.Operator, pub, label.Revoke, "nonconformity")

	must(t, check(before, early))
	must(t, check(before, active))
	must(t, check(during, active))
	must(t, check(during, suspended))
	must(t, check(after, suspended))
	must(t, check(after, reinstated))
	wants(t, check(before, suspended), label.ReasonWithheld, "package", "fetch it again")
	wants(t, check(during, reinstated), label.ReasonWithheld, "package", "was suspended")

	other := w.Issue(w.Example("plug"), 1)
	wants(t, check(other.Package, reinstated), label.ReasonStale, "statusList", "fetch a new one")
	w.Clock.Set(w.Clock.Now().Add(25 * time.Hour))
	_, err := w.Trust.OpenList(w.Authority.StatusList(), w.Clock.Now())
	wants(t, err, label.ReasonStale, "statusList.exp", "fetch a new one")
}
