package surveillance_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// noon is when the plan of these tests was recorded.
var noon = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)

// A ledger is a log as far as a census looks at it.
type ledger struct {
	t      *testing.T
	rng    *rand.Rand
	census *surveillance.Census
}

func newLedger(t *testing.T) *ledger {
	return &ledger{t: t, rng: rand.New(rand.NewPCG(1, 2)), census: surveillance.NewCensus()}
}

func (l *ledger) payload(predicateType string, predicate any) []byte {
	l.t.Helper()
	st, err := label.NewStatement("device.json", label.DigestOf(nil), predicateType, predicate)
	if err != nil {
		l.t.Fatal(err)
	}
	b, err := label.Encode(st)
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *ledger) add(predicateType string, predicate any) {
	l.t.Helper()
	if err := l.census.Add(l.payload(predicateType, predicate)); err != nil {
		l.t.Fatal(err)
	}
}

// label adds a label that was issued an hour before noon.
func (l *ledger) label(change func(*label.Label)) label.ID {
	l.t.Helper()
	var b [32]byte
	for i := range b {
		b[i] = byte(l.rng.Uint32())
	}
	id, err := label.NewID(bytes.NewReader(b[:]))
	if err != nil {
		l.t.Fatal(err)
	}
	v := &label.Label{
		ID: id, Issued: noon.Add(-time.Hour), Expires: noon.AddDate(1, 0, 0), Scheme: label.SchemeRef{ID: "four-level"},
		Device: label.Device{Category: "smart-plug"}, Level: label.Level{Number: 2, Of: 4}, Assurance: label.LabTested,
		Product: label.Product{SupportEnd: label.NewDate(2030, 1, 1)},
	}
	change(v)
	l.add(label.TypeLabel, v)
	return id
}

func (l *ledger) status(id label.ID, number int, a label.Action) {
	l.t.Helper()
	at := noon.Add(-time.Minute)
	l.add(label.TypeStatus, &label.Status{Label: id, Number: number, Action: a, Recorded: at, Effective: at})
}

// announcement is the plan of these tests, logged now.
func (l *ledger) announcement() *surveillance.Announcement {
	return &surveillance.Announcement{
		Plan: *plan(l.t), Authority: label.Party{ID: "authority", Name: "The Authority"}, Fixed: l.census.Len(), Recorded: noon,
		Risks:    map[string]string{"smart-plug": "low", "ip-camera": "high"},
		Requests: []label.RequestRef{{Organization: "authority", Key: label.DigestOf([]byte("key")).String(), SHA256: label.DigestOf([]byte("request"))}},
	}
}

// TestCandidates goes through who is in a draw, and with what weight.
func TestCandidates(t *testing.T) {
	l := newLedger(t)
	same := func(*label.Label) {}
	want := map[label.ID]int64{ // risk × level × assurance
		l.label(same): 1,
		l.label(func(v *label.Label) { v.Device.Category = "ip-camera" }):    6,
		l.label(func(v *label.Label) { v.Device.Category = "new-category" }): 6,
		l.label(func(v *label.Label) { v.Level.Number = 4 }):                 3,
		l.label(func(v *label.Label) { v.Level.Number = 5 }):                 3,
		l.label(func(v *label.Label) { v.Assurance = label.SelfDeclared }):   2,
		l.label(func(v *label.Label) { v.Issued = noon }):                    1,
	}
	l.label(func(v *label.Label) { v.Scheme.ID = "another" })
	l.label(func(v *label.Label) { v.Expires = noon })
	suspended, withdrawn, back := l.label(same), l.label(same), l.label(same)
	l.add(label.TypeAccreditation, map[string]string{"anything": "else"})
	l.status(suspended, 1, label.Suspend)
	l.status(withdrawn, 1, label.Withdraw)
	l.status(back, 1, label.Suspend)
	l.status(back, 2, label.Reinstate)
	want[suspended], want[back] = 1, 1

	a := l.announcement()
	list, err := l.census.Candidates(a)
	if err != nil {
		t.Fatal(err)
	}
	got := map[label.ID]int64{}
	for _, c := range list {
		got[c.ID] = c.Weight
	}
	if len(list) != len(want) {
		t.Errorf("%d candidates, want %d", len(list), len(want))
	}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("label %s weighs %d, want %d", id, got[id], w)
		}
	}
	if v := l.census.Label(suspended); v == nil || v.Device.Category != "smart-plug" {
		t.Errorf("of a label the census remembers %+v", v)
	}
	if l.census.Label("K7QM4T2X9PWH") != nil {
		t.Error("the census remembers a label that it never read")
	}

	l.label(same)
	if _, err := l.census.Candidates(a); err == nil {
		t.Error("a census that read beyond the plan names candidates")
	}
}

func TestCensusRefuses(t *testing.T) {
	l := newLedger(t)
	for name, payload := range map[string][]byte{
		"no JSON":                   []byte("x"),
		"no label":                  l.payload(label.TypeLabel, map[string]string{"name": "x"}),
		"no status":                 l.payload(label.TypeStatus, map[string]string{"is": "odd"}),
		"a status of another world": l.payload(label.TypeStatus, &label.Status{Label: "K7QM4T2X9PWH", Number: 1}),
	} {
		if err := l.census.Add(payload); err == nil || !strings.HasPrefix(err.Error(), "log entry 0: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := l.census.Len(); n != 0 {
		t.Errorf("%d entries count as read", n)
	}
	l.label(func(v *label.Label) { v.Assurance = "hearsay" })
	if _, err := l.census.Candidates(l.announcement()); err == nil {
		t.Error("a label without a weight is passed over in silence")
	}
}

func TestAnnouncementRefuses(t *testing.T) {
	type A = *surveillance.Announcement
	for _, row := range []struct {
		name   string
		change func(A)
		field  string
		reason label.Reason
	}{
		{"no plan", func(a A) { a.ID = "" }, "id", label.ReasonMissing},
		{"the list's name", func(a A) { a.ID = "plans" }, "id", label.ReasonMalformed},
		{"nobody's", func(a A) { a.Authority.ID = "" }, "authority.id", label.ReasonMissing},
		{"no time", func(a A) { a.Recorded = time.Time{} }, "recorded", label.ReasonMalformed},
		{"half a second", func(a A) { a.Recorded = noon.Add(time.Second / 2) }, "recorded", label.ReasonMalformed},
		{"before the log", func(a A) { a.Fixed = -1 }, "fixed", label.ReasonOutOfRange},
		{"nobody asked", func(a A) { a.Requests = nil }, "requests", label.ReasonMissing},
		{"by no key", func(a A) { a.Requests[0].Key = "" }, "requests[0].key", label.ReasonMissing},
		{"a class without weight", func(a A) { a.Risks["toy"] = "huge" }, "risks.toy", label.ReasonOutOfRange},
	} {
		a := newLedger(t).announcement()
		row.change(a)
		refused(t, row.name, a.Validate(), row.field, row.reason)
	}
	a := newLedger(t).announcement()
	a.Fixed = 7
	if err := a.Validate(); err != nil {
		t.Error(err)
	}
	if err := a.CheckEntry(7); err != nil {
		t.Error(err)
	}
	refused(t, "candidates fixed elsewhere", a.CheckEntry(8), "fixed", label.ReasonOutOfRange)
	a.Fixed = a.Size
	refused(t, "a seed that is past", a.CheckEntry(a.Size), "size", label.ReasonOutOfRange)
}

func TestRequestRefuses(t *testing.T) {
	type R = *surveillance.Request
	good := func() R {
		return &surveillance.Request{ID: "2027-spring", Size: 10, Count: 1, Addressed: label.Addressed{Authority: "https://labels.test"}, Made: noon}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		change func(R)
		field  string
		reason label.Reason
	}{
		{"no ID", func(r R) { r.ID = "" }, "id", label.ReasonMissing},
		{"the list's name", func(r R) { r.ID = "plans" }, "id", label.ReasonMalformed},
		{"no authority", func(r R) { r.Authority = "" }, "authority", label.ReasonMissing},
		{"an authority's page", func(r R) { r.Authority += "/" }, "authority", label.ReasonMalformed},
		{"an odd scheme", func(r R) { r.Scheme = "Four Level" }, "scheme", label.ReasonMalformed},
		{"no size", func(r R) { r.Size = 0 }, "size", label.ReasonOutOfRange},
		{"none to draw", func(r R) { r.Count = 0 }, "count", label.ReasonOutOfRange},
		{"too many to draw", func(r R) { r.Count = surveillance.MaxCount + 1 }, "count", label.ReasonOutOfRange},
		{"no time", func(r R) { r.Made = time.Time{} }, "made", label.ReasonMalformed},
		{"half a second", func(r R) { r.Made = noon.Add(time.Second / 2) }, "made", label.ReasonMalformed},
	} {
		r := good()
		row.change(r)
		refused(t, row.name, r.Validate(), row.field, row.reason)
	}
}

// TestResultFitsLog makes the largest result there is.
func TestResultFitsLog(t *testing.T) {
	l := newLedger(t)
	r := &surveillance.Result{
		Plan: strings.Repeat("a", 63), SHA256: label.DigestOf([]byte("plan")), Seed: label.DigestOf([]byte("seed")),
		Entry: 1 << 50, Candidates: 1 << 30, Recorded: noon, Authority: label.Party{ID: strings.Repeat("a", label.MaxText), Name: strings.Repeat("n", label.MaxText)},
	}
	for i := range surveillance.MaxCount {
		id := l.label(func(*label.Label) {})
		r.Drawn = append(r.Drawn, surveillance.Drawn{Position: i, ID: id, Weight: 1_000_000_000, Ticket: label.DigestOf([]byte(id))})
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	const around = 512 // payload type and signature
	if n := base64.StdEncoding.EncodedLen(len(l.payload(label.TypeSurveillanceDraw, r))) + around; n > label.MaxLogged {
		t.Errorf("the log entry has %d bytes, of which %d are possible", n, label.MaxLogged)
	}
	type R = *surveillance.Result
	for _, row := range []struct {
		name   string
		change func(R)
		field  string
		reason label.Reason
	}{
		{"an entry before the log", func(r R) { r.Entry = -1 }, "entry", label.ReasonOutOfRange},
		{"nobody's", func(r R) { r.Authority.Name = "" }, "authority.name", label.ReasonMissing},
		{"no time", func(r R) { r.Recorded = time.Time{} }, "recorded", label.ReasonMalformed},
		{"half a second", func(r R) { r.Recorded = noon.Add(time.Second / 2) }, "recorded", label.ReasonMalformed},
		{"places exchanged", func(r R) { r.Drawn[0], r.Drawn[1] = r.Drawn[1], r.Drawn[0] }, "drawn[0].position", label.ReasonOutOfRange},
		{"no label", func(r R) { r.Drawn[2].ID = "X" }, "drawn[2].id", label.ReasonIDMalformed},
		{"an ID in lower case", func(r R) { r.Drawn[2].ID = label.ID(strings.ToLower(string(r.Drawn[2].ID))) }, "drawn[2].id", label.ReasonNotCanonical},
		{"a label twice", func(r R) { r.Drawn[2].ID = r.Drawn[1].ID }, "drawn[2].id", label.ReasonExists},
		{"no weight", func(r R) { r.Drawn[1].Weight = 0 }, "drawn[1].weight", label.ReasonOutOfRange},
		{"no ticket", func(r R) { r.Drawn[1].Ticket = label.Digest{} }, "drawn[1].ticket", label.ReasonMissing},
	} {
		bad := *r
		bad.Drawn = slices.Clone(r.Drawn)
		row.change(&bad)
		refused(t, row.name, bad.Validate(), row.field, row.reason)
	}
	r.Drawn = append(r.Drawn, r.Drawn[0])
	refused(t, "one more", r.Validate(), "drawn", label.ReasonOutOfRange)
	r.Drawn, r.SHA256 = nil, label.Digest{}
	refused(t, "of no plan", r.Validate(), "sha256", label.ReasonMissing)
	r.SHA256, r.Seed = label.DigestOf(nil), label.Digest{}
	refused(t, "without a seed", r.Validate(), "seed", label.ReasonMissing)
}
