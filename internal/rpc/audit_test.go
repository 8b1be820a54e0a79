package rpc_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// TestAuditTrail reads the audit trail over gRPC, and verifies what it gets.
func TestAuditTrail(t *testing.T) {
	w := labeltest.New(t, nil)
	api := labelv1.NewAuditServiceClient(serve(t, w))
	operator, lab := as(t, w, labeltest.Operator), as(t, w, labeltest.Lab)
	request := label.DigestOf([]byte("request"))
	sent := &store.Act{
		Kind: "test.revoke", Actor: label.Actor{Organization: labeltest.Operator, Person: "iris", Key: "k"}, Subject: "subject", Request: request,
		Outcome: label.ActRefused, Reason: "WRONG_ROLE", Text: "no", RequestID: "r",
	}
	w.Record(sent, labeltest.Act(labeltest.Lab, "test.act", ""))
	if err := w.Authority.LogAuditHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := api.ListActs(operator, &labelv1.ListActsRequest{
		Organization: labeltest.Operator, Person: "iris", Key: "k", Kind: "test", Subject: "subject", Outcome: labelv1.ActOutcome_ACT_OUTCOME_REFUSED,
		From: timestamppb.New(labeltest.Start), To: timestamppb.New(w.Clock.Now().AddDate(0, 0, 1)),
	})
	if err != nil || len(list.GetActs()) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	a := list.GetActs()[0]
	if a.GetKind() != sent.Kind || a.GetOrganization() != labeltest.Operator || a.GetPerson() != "iris" || a.GetKey() != "k" || a.GetSubject() != "subject" || a.GetRequest() != request.String() ||
		a.GetOutcome() != labelv1.ActOutcome_ACT_OUTCOME_REFUSED || a.GetReason() != "WRONG_ROLE" || a.GetText() != "no" || a.GetRequestId() != "r" || a.GetAt() == nil {
		t.Errorf("the entry is %v", a)
	}
	for _, r := range []*labelv1.ListActsRequest{
		{Kind: "test", From: timestamppb.New(w.Clock.Now().AddDate(0, 0, 1))}, {Kind: "test", To: timestamppb.New(labeltest.Start.AddDate(0, 0, -1))},
		{Kind: "test", Outcome: labelv1.ActOutcome_ACT_OUTCOME_WAITS},
	} {
		if list, err := api.ListActs(operator, r); err != nil || len(list.GetActs()) != 0 {
			t.Errorf("%v lists %v, %v", r, list, err)
		}
	}
	_, err = api.ListActs(operator, &labelv1.ListActsRequest{Outcome: 99})
	wants(t, err, codes.InvalidArgument, label.ReasonOutOfRange, "outcome")
	_, err = api.ListActs(lab, &labelv1.ListActsRequest{Organization: labeltest.Operator})
	wants(t, err, codes.PermissionDenied, label.ReasonNotYours, "organization")
	_, err = api.ListActs(t.Context(), &labelv1.ListActsRequest{})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	own, err := api.ListActs(lab, &labelv1.ListActsRequest{Kind: "test"})
	if err != nil || len(own.GetActs()) != 1 || own.GetActs()[0].GetOrganization() != labeltest.Lab {
		t.Errorf("a laboratory reads %v, %v", own, err)
	}

	got, err := api.GetAct(lab, &labelv1.GetActRequest{Number: own.GetActs()[0].GetNumber()})
	if err != nil {
		t.Fatal(err)
	}
	trail, err := w.Trust.Trail(verify.NewTrailHead(got.GetHead().GetBundle(), []byte(got.GetHead().GetProof())), w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if h := got.GetHead(); h.GetSize() != trail.Head.Size || h.GetRoot() != trail.Head.Root.String() || h.GetLogIndex() != trail.Index || !h.GetRecorded().AsTime().Equal(trail.Head.Recorded) {
		t.Errorf("the head is %v", h)
	}
	if e, err := label.ParseTrailEntry(got.GetEntry()); err != nil || e.Number != got.GetAct().GetNumber() || len(got.GetProof()) == 0 {
		t.Errorf("the entry is %s (%v)", got.GetEntry(), err)
	}
	_, err = api.GetAct(lab, &labelv1.GetActRequest{Number: a.GetNumber()})
	wants(t, err, codes.NotFound, label.ReasonUnknownAct, "number")

	head, err := api.GetAuditHead(operator, &labelv1.GetAuditHeadRequest{})
	if err != nil || head.GetSize() != head.GetHead().GetSize() || !bytes.Equal(head.GetHead().GetBundle(), got.GetHead().GetBundle()) {
		t.Errorf("%v, %v", head, err)
	}
	_, err = api.GetAuditHead(lab, &labelv1.GetAuditHeadRequest{})
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "")
	_, err = api.ExportActs(lab, &labelv1.ExportActsRequest{})
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "")
	for n := int64(0); n < head.GetSize(); n++ {
		page, err := api.ExportActs(operator, &labelv1.ExportActsRequest{From: n, PageSize: 1})
		if err != nil || len(page.GetEntries()) != 1 {
			t.Fatalf("%v, %v", page, err)
		}
		if _, err := trail.Add(page.GetEntries()[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := trail.End(); err != nil {
		t.Error(err)
	}
}

// TestLargeActsFitAMessage lists and exports entries that are as large as entries can be,
// for a client that takes messages of the size that we take.
func TestLargeActsFitAMessage(t *testing.T) {
	w := labeltest.New(t, nil)
	api := labelv1.NewAuditServiceClient(serve(t, w))
	operator := as(t, w, labeltest.Operator)
	quotes := strings.Repeat(`"`, label.MaxTrailEntry)
	var acts []*store.Act
	for range label.MaxPage + 1 {
		acts = append(acts, &store.Act{
			Kind: "test." + strings.Repeat("k", 59), Actor: label.Actor{Organization: labeltest.Operator, Person: quotes[:label.MaxText], Key: quotes[:label.MaxText]},
			Subject: quotes, Request: label.DigestOf(nil), Reason: quotes, Text: quotes, RequestID: quotes, Outcome: label.ActRefused,
		})
	}
	w.Record(acts...)
	limit := grpc.MaxCallRecvMsgSize(label.MaxMessage)
	list, err := api.ListActs(operator, &labelv1.ListActsRequest{Kind: "test", PageSize: label.MaxPage}, limit)
	if err != nil || len(list.GetActs()) != label.MaxPage {
		t.Errorf("%d entries were listed (%v)", len(list.GetActs()), err)
	}
	end := list.GetActs()[0].GetNumber() + 1
	pages := 0
	for n := end - int64(len(acts)); n < end; pages++ {
		page, err := api.ExportActs(operator, &labelv1.ExportActsRequest{From: n, PageSize: label.MaxPage}, limit)
		if err != nil || len(page.GetEntries()) == 0 {
			t.Fatalf("%d entries were exported from %d on (%v)", len(page.GetEntries()), n, err)
		}
		n += int64(len(page.GetEntries()))
	}
	if pages < 2 {
		t.Errorf("all were exported at once")
	}
}
