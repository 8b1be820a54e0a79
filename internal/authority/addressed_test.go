package authority_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/surveillance"
)

// TestRequestsOfAnotherAuthority carries here what operators and manufacturers, who have
// the same keys in another programme, signed for that one.
func TestRequestsOfAnotherAuthority(t *testing.T) {
	const to = "https://practice.labels.test"
	d := newDispute(t, nil)
	p := d.Issue(d.Example("camera"), 1)
	op, maker, now := d.Caller(labeltest.Operator), d.Caller(labeltest.Maker), d.made()
	trail, _, err := d.appeal(labeltest.Maker, func(*label.Appeal) {})
	must(t, err)
	seal := func(org string, about []byte, predicateType string, r label.Request) []byte {
		r.Address(to)
		return d.Seal(org, about, predicateType, r)
	}
	event := func(e label.Event) []byte {
		e.Address(to)
		return d.Event(e)
	}
	hold := label.Event{Kind: label.HoldEvent, Manufacturer: labeltest.Maker, Reason: "misuse"}
	before := d.Authority.LogSize()
	for _, c := range []struct {
		name  string
		carry func() error
	}{
		{"request.authority", func() error {
			_, err := d.Authority.Change(ctx, maker, seal(labeltest.Maker, p.Device, label.TypeStatusRequest,
				&label.StatusRequest{Label: p.Label.ID, Action: label.Withdraw, Reason: "discontinued", Text: "It ends.", Made: now}))
			return err
		}},
		{"event.authority", func() error {
			_, err := d.Authority.Report(ctx, op, event(hold))
			return err
		}},
		{"event.authority", func() error {
			_, _, err := d.Authority.Preview(op, event(hold))
			return err
		}},
		{"event.authority", func() error {
			document := []byte("{}")
			_, _, err := d.Authority.Advise(ctx, op, event(label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(document), Reason: "advisory"}), document)
			return err
		}},
		{"request.authority", func() error {
			r := label.RegistryRequest{Act: label.ActSuspendOrg, Organization: labeltest.Maker, Text: "Misused.", Made: now}
			r.Address(to)
			_, err := d.Authority.ChangeRegistry(ctx, op, labeltest.Registry(t, d.Signers[labeltest.Operator], r))
			return err
		}},
		{"appeal.authority", func() error {
			_, _, err := d.Authority.Appeal(ctx, maker, seal(labeltest.Maker, d.e.Descriptor, label.TypeAppeal,
				&label.Appeal{Manufacturer: labeltest.Maker, Decision: d.refusal, Grounds: "Once more.", Made: now}))
			return err
		}},
		{"ruling.authority", func() error {
			_, _, err := d.Authority.Decide(ctx, op, seal(labeltest.Operator, d.e.Descriptor, label.TypeRulingRequest,
				&label.RulingRequest{Appeal: trail.Appeal.Digest, Outcome: label.Upheld, Text: "No.", Made: now}))
			return err
		}},
		{"request.authority", func() error {
			_, err := d.Authority.Plan(ctx, op, seal(labeltest.Operator, []byte("plan"), label.TypeSurveillanceRequest,
				&surveillance.Request{ID: "plan", Size: before + 5, Count: 1, Made: now}))
			return err
		}},
	} {
		err := c.carry()
		wants(t, err, label.Invalid, label.ReasonOtherAuthority)
		e, ok := errors.AsType[*label.Error](err)
		if !ok || e.Field != c.name || !strings.Contains(e.Text, to) || !strings.Contains(e.Text, labeltest.Base+";") {
			t.Errorf("the refusal does not name %s and both authorities: %v", c.name, err)
		}
	}
	if after := d.Authority.LogSize(); after != before {
		t.Errorf("the log grew from %d to %d entries", before, after)
	}
}

// TestRequestsNamePersons requires that what follows from requests says who asked, so that
// others can count them, and which log has it.
func TestRequestsNamePersons(t *testing.T) {
	q := labeltest.New(t, nil)
	p := q.Issue(q.Example("camera"), 1)
	if p.Label.Log != labeltest.Origin {
		t.Errorf("the label says that it is in the log %q", p.Label.Log)
	}
	op := q.Caller(labeltest.Operator)
	first, err := q.Authority.Change(ctx, op, q.Ask(labeltest.Operator, p, label.Revoke, "nonconformity", nil))
	must(t, err)
	done, err := q.Authority.Change(ctx, op, q.Countersign(q.Second, first.Request))
	must(t, err)
	var persons []string
	for _, r := range done.Status.Requests {
		persons = append(persons, r.Organization+" "+r.Person)
	}
	want := []string{labeltest.Operator + " " + labeltest.First, labeltest.Operator + " " + labeltest.Second}
	if !slices.Equal(persons, want) {
		t.Errorf("the status says that %q asked, want %q", persons, want)
	}
	u, err := envelope.Open(p.Bundle)
	must(t, err)
	if done.Status.SHA256 != u.ID() {
		t.Errorf("the status is about the statement %s, and the label is %s", done.Status.SHA256, u.ID())
	}
	plan, err := q.Authority.Plan(ctx, op, q.AskDraw(labeltest.Operator, surveillance.Request{ID: "plan", Size: q.Authority.LogSize() + 2, Count: 1}))
	must(t, err)
	if predicate := plan.Announcement; predicate.Log != labeltest.Origin || len(predicate.Requests) != 1 || predicate.Requests[0].Person != labeltest.First {
		t.Errorf("the plan is in the log %q and says that %+v asked", predicate.Log, predicate.Requests)
	}
}
