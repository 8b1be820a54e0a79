package verify_test

import (
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/statuslist"
	"labeld/internal/verify"
)

// TestRetiredKey has somebody who found a key that was retired sign each kind of
// statement with it, from before it was in use until after its end.
func TestRetiredKey(t *testing.T) {
	w := labeltest.New(t, nil)
	pub := w.Issue(w.Example("camera"), 3)
	key := labeltest.NewSigner(t)
	from, until := labeltest.Start, labeltest.Start.Add(24*time.Hour)
	tr := trusting(t, w, func(tr *verify.Trust) {
		tr.LabelKeys = append(tr.LabelKeys, verify.TrustKey{ID: key.Public.ID, PEM: key.Public.PEM, From: from, Until: until})
	})
	device := label.DigestOf(pub.Device)
	moments := []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"before", from.Add(-time.Second), false},
		{"at first", from, true},
		{"at last", until.Add(-time.Second), true},
		{"at its end", until, false},
		{"long after", until.AddDate(3, 0, 0), false},
	}
	check := func(t *testing.T, ok bool, err error, field string) {
		t.Helper()
		if ok {
			must(t, err)
			return
		}
		wants(t, err, label.ReasonKeyRevoked, field, "was not in use")
	}
	for kind, member := range map[string]string{
		label.TypeLabel: "issued", label.TypeStatus: "recorded", label.TypeAccreditation: "recorded", label.TypeDecision: "decided",
		label.TypeRuling: "decided", label.TypeSurveillancePlan: "recorded", label.TypeSurveillanceDraw: "recorded",
		label.TypeAssignment: "recorded",
	} {
		for _, m := range moments {
			stmt, err := label.NewStatement("device.json", device, kind, map[string]any{member: m.at, "text": "Anything."})
			must(t, err)
			env, err := key.Seal(stmt)
			must(t, err)
			t.Run(kind+" "+m.name, func(t *testing.T) {
				_, err := tr.Statement(env)
				check(t, m.ok, err, "signatures")
			})
		}
	}
	for _, m := range moments {
		t.Run("status as such "+m.name, func(t *testing.T) {
			st := label.Status{
				Label: pub.Label.ID, Number: 1, Action: label.Reinstate, Reason: "unfounded", Text: "It is fine.", Recorded: m.at, Effective: m.at,
				Authority: w.Trust.Authority, Cause: label.Cause{Kind: label.CauseEvidence}, SHA256: label.DigestOf(nil),
			}
			stmt, err := label.NewStatement("device.json", device, label.TypeStatus, &st)
			must(t, err)
			env, err := key.Seal(stmt)
			must(t, err)
			_, err = tr.Status(env, device)
			check(t, m.ok, err, "bundle")
		})
		t.Run("status list "+m.name, func(t *testing.T) {
			raw, err := statuslist.Sign(statuslist.New(8), key, tr.ListURL(), m.at, time.Hour, time.Minute)
			must(t, err)
			_, err = tr.OpenList(raw, m.at)
			check(t, m.ok, err, "statusList")
		})
	}
	for name, c := range map[string]struct {
		kind      string
		predicate any
		reason    label.Reason
	}{
		"without a time":           {label.TypeRuling, map[string]any{"recorded": from}, label.ReasonMissing},
		"of an unknown kind":       {"https://labeld.dev/other/v1", map[string]any{"recorded": from}, label.ReasonUnknownType},
		"with a time that is none": {label.TypeRuling, map[string]any{"decided": "yesterday"}, label.ReasonMalformed},
	} {
		stmt, err := label.NewStatement("device.json", device, c.kind, c.predicate)
		must(t, err)
		env, err := key.Seal(stmt)
		must(t, err)
		if _, err := tr.Statement(env); label.ReasonOf(err) != c.reason {
			t.Errorf("a statement %s: %v", name, err)
		}
	}
}

// TestListOfTenYears shows a list that claims to count for longer than the trust
// file allows.
func TestListOfTenYears(t *testing.T) {
	w := labeltest.New(t, nil)
	key := labeltest.NewSigner(t)
	tr := trusting(t, w, func(tr *verify.Trust) {
		tr.LabelKeys = append(tr.LabelKeys, verify.TrustKey{ID: key.Public.ID, PEM: key.Public.PEM})
		tr.Freshness.ListHours = 2
	})
	now := w.Clock.Now()
	raw, err := statuslist.Sign(statuslist.New(8), key, tr.ListURL(), now, 10*365*24*time.Hour, time.Minute)
	must(t, err)
	l, err := tr.OpenList(raw, now.Add(119*time.Minute))
	must(t, err)
	if !l.Expires.Equal(l.Issued.Add(2 * time.Hour)) {
		t.Errorf("the list counts until %s", l.Expires)
	}
	_, err = tr.OpenList(raw, now.Add(2*time.Hour))
	wants(t, err, label.ReasonStale, "statusList.iat", "lets a list count for 2h0m0s")
}
