package rpc_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestVersionOfAScheme asks for a scheme as it is in force, by its version, and by one that
// is not served.
func TestVersionOfAScheme(t *testing.T) {
	w := labeltest.New(t, nil)
	ops := labelv1.NewAuthorityServiceClient(serve(t, w))
	inForce, err := ops.GetScheme(context.Background(), &labelv1.GetSchemeRequest{Id: "four-level"})
	if err != nil {
		t.Fatal(err)
	}
	id := "four-level@" + inForce.GetScheme().GetVersion()
	byVersion, err := ops.GetScheme(context.Background(), &labelv1.GetSchemeRequest{Id: id})
	if err != nil || !byVersion.GetScheme().GetJudging() || !proto.Equal(byVersion, inForce) {
		t.Errorf("%s is %v (%v)", id, byVersion, err)
	}
	_, err = ops.GetScheme(context.Background(), &labelv1.GetSchemeRequest{Id: "four-level@0.1"})
	wants(t, err, codes.NotFound, label.ReasonUnknownScheme, "id")
}

// TestPreviewIsSaid asks what would become of labels, by an event that suspends them, by
// one that ends them after a time, and by one that is about none.
func TestPreviewIsSaid(t *testing.T) {
	w := labeltest.New(t, nil)
	api, op := labelv1.NewOversightServiceClient(serve(t, w)), as(t, w, labeltest.Operator)
	w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Categories = []string{"ip-camera", "smart-plug"} })
	p := w.Issue(w.Example("camera"), 3)
	since := w.Clock.Now().UTC().Truncate(time.Second)
	for _, c := range []struct {
		name   string
		event  label.Event
		total  int32
		action labelv1.LabelAction
		lapses bool
	}{
		{"a key", label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: since.Add(-time.Hour), Reason: "key-compromised"}, 1, labelv1.LabelAction_LABEL_ACTION_SUSPEND, false},
		{"a scope", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost"}, 1, labelv1.LabelAction_LABEL_ACTION_LAPSE, true},
		{"another scope", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Categories: []string{"smart-plug"}, Reason: "lab-scope-lost"}, 0, 0, false},
	} {
		r, err := api.PreviewEvent(op, &labelv1.PreviewEventRequest{Event: w.Event(c.event)})
		if err != nil || r.GetTotal() != c.total || len(r.GetLabels()) != int(c.total) {
			t.Errorf("%s: %v (%v)", c.name, r, err)
			continue
		}
		for _, l := range r.GetLabels() {
			if l.GetLabel() != string(p.Label.ID) || l.GetManufacturer() != labeltest.Maker || l.GetAction() != c.action || (l.GetLapses() != nil) != c.lapses || l.GetFailure() != "" {
				t.Errorf("%s: %v", c.name, l)
			}
			if at := l.GetLapses(); at != nil && !at.AsTime().After(since) {
				t.Errorf("%s: it lapses at %v", c.name, at.AsTime())
			}
		}
	}
	_, err := api.PreviewEvent(op, &labelv1.PreviewEventRequest{})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "event")
}

// TestDeadLettersAreSaid has a delivery given up, listed and replayed.
func TestDeadLettersAreSaid(t *testing.T) {
	w := labeltest.New(t, nil)
	api, maker := labelv1.NewNoticeServiceClient(serve(t, w)), as(t, w, labeltest.Maker)
	hook, err := w.Authority.AddHook(t.Context(), w.Caller(labeltest.Maker), "https://northlight.example/labels", nil)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := api.TestWebhook(maker, &labelv1.TestWebhookRequest{Id: hook.ID})
	if err != nil {
		t.Fatal(err)
	}
	due, err := w.Authority.Outbox().Due(w.Clock.Now(), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d deliveries are due (%v)", len(due), err)
	}
	due[0].Dead, due[0].Attempts, due[0].LastError, due[0].LastStatus = true, 7, "gone", http.StatusGone
	if err := w.Authority.Outbox().Tried(due[0]); err != nil {
		t.Fatal(err)
	}
	list, err := api.ListDeadLetters(maker, &labelv1.ListDeadLettersRequest{Webhook: hook.ID})
	if err != nil || len(list.GetLetters()) != 1 {
		t.Fatalf("listed %v (%v)", list, err)
	}
	l := list.GetLetters()[0]
	want := &labelv1.DeadLetter{Number: due[0].Seq, Notice: tried.GetNotice(), Attempts: 7, Error: "gone", Status: http.StatusGone, Queued: l.GetQueued()}
	if !proto.Equal(l, want) || l.GetQueued() == nil || l.GetNotice().GetKind() == "" {
		t.Errorf("the dead letter is %v, want %v", l, want)
	}
	if err := w.Authority.EnableHook(t.Context(), w.Caller(labeltest.Maker), hook.ID, true); err != nil {
		t.Fatal(err)
	}
	r, err := api.ReplayDeadLetters(maker, &labelv1.ReplayDeadLettersRequest{Webhook: hook.ID, Numbers: []uint64{l.GetNumber()}})
	if err != nil || r.GetReplayed() != 1 {
		t.Errorf("replayed %v (%v)", r, err)
	}
	_, err = api.ReplayDeadLetters(maker, &labelv1.ReplayDeadLettersRequest{Webhook: hook.ID, Numbers: make([]uint64, label.MaxPage+1)})
	wants(t, err, codes.ResourceExhausted, label.ReasonTooLarge, "numbers")
	_, err = api.ListDeadLetters(maker, &labelv1.ListDeadLettersRequest{Webhook: "x"})
	wants(t, err, codes.NotFound, label.ReasonUnknownHook, "webhook")
}

// TestStrikeIsSaid has a ruling taken back, and the manufacturer told by whom and why.
func TestStrikeIsSaid(t *testing.T) {
	w := labeltest.New(t, nil)
	api, maker := labelv1.NewAppealServiceClient(serve(t, w)), as(t, w, labeltest.Maker)
	e := w.Example("camera")
	w.Submit(e)
	trail := w.Rule(e, w.Appeal(e, 4))
	show := func() *labelv1.Ruling {
		t.Helper()
		r, err := api.GetDecision(maker, &labelv1.GetDecisionRequest{Id: trail.Decision.Digest.String()})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetTrail().GetRuling()
	}
	if r := show(); r.GetId() != trail.Ruling.Digest.String() || r.GetOutcome() != labelv1.RulingOutcome_RULING_OUTCOME_UPHELD || r.GetStrike() != nil || r.Entry != nil {
		t.Errorf("the ruling is %v", r)
	}
	event := w.Report(label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error", Text: "It was about another device."})
	if s := show().GetStrike(); s.GetEvent() != event.Digest.String() || s.GetOperator() != labeltest.Operator || s.GetReason() != "authority-error" || s.GetTitle() == "" || s.GetText() != "It was about another device." || s.GetAt() == nil {
		t.Errorf("the strike is %v", s)
	}
}
