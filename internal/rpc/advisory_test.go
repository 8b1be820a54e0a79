package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestManyIssues previews an advisory that has more issues than are named.
func TestManyIssues(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	doc := []byte(`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/1","author":"A","timestamp":"2026-10-01T08:00:00Z","version":1,"statements":[`)
	for i := range label.MaxAdvisedIssues + 3 {
		doc = fmt.Appendf(doc, `{"vulnerability":{"name":"CVE-2026-%04d"},"status":"under_investigation","products":[{"@id":"pkg:generic/northlight/nl-c210"}]},`, i)
	}
	doc = append(bytes.TrimSuffix(doc, []byte(",")), "]}"...)
	preview, err := labelv1.NewAdvisoryServiceClient(serve(t, w)).PreviewAdvisory(as(t, w, labeltest.Maker),
		&labelv1.PreviewAdvisoryRequest{Event: w.AdvisoryEvent(labeltest.Maker, doc), Document: doc})
	if err != nil || preview.GetTotal() != 1 {
		t.Fatalf("the preview is %v, %v", preview, err)
	}
	if a := preview.GetLabels()[0].GetAdvice(); len(a.GetIssues()) != label.MaxAdvisedIssues || a.GetMoreIssues() != 3 {
		t.Errorf("%d issues are named, and %d more counted", len(a.GetIssues()), a.GetMoreIssues())
	}
}

// TestPublishAnAdvisory previews, publishes, reads and lists one, and is refused.
func TestPublishAnAdvisory(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	api := labelv1.NewAdvisoryServiceClient(serve(t, w))
	maker, anybody := as(t, w, labeltest.Maker), context.Background()
	doc := w.Example("camera").Advisory
	event := w.AdvisoryEvent(labeltest.Maker, doc)

	preview, err := api.PreviewAdvisory(maker, &labelv1.PreviewAdvisoryRequest{Event: event, Document: doc})
	if err != nil || preview.GetTotal() != 1 || preview.GetLabels()[0].GetAdvice().GetFixedIn() != "3.8.4" {
		t.Fatalf("the preview is %v, %v", preview, err)
	}
	id := label.DigestOf(doc).String()
	_, err = api.GetAdvisory(anybody, &labelv1.GetAdvisoryRequest{Id: id})
	wants(t, err, codes.NotFound, label.ReasonUnknownAdvisory, "id")
	published, err := api.PublishAdvisory(maker, &labelv1.PublishAdvisoryRequest{Event: event, Document: doc})
	if err != nil {
		t.Fatal(err)
	}
	if a := published.GetAdvisory(); a.GetId() != id || a.GetNumber() != "NL-SA-2026-0011" || a.GetVersion() != "2" || a.GetFormat() != "csaf" || a.GetPublisher() != labeltest.Maker {
		t.Errorf("published %v", a)
	}
	if err := w.Authority.Propagate(context.Background()); err != nil {
		t.Fatal(err)
	}
	got, err := api.GetAdvisory(anybody, &labelv1.GetAdvisoryRequest{Id: id, Publisher: labeltest.Maker})
	if err != nil || !bytes.Equal(got.GetDocument(), doc) || got.GetAdvisory().GetLabels() != 1 || got.GetAdvisory().GetDone() == nil {
		t.Errorf("got %v, %v", got.GetAdvisory(), err)
	}
	list, err := api.ListAdvisories(anybody, &labelv1.ListAdvisoriesRequest{Publisher: labeltest.Maker})
	if err != nil || len(list.GetAdvisories()) != 1 || list.GetAdvisories()[0].GetLabels() != 1 {
		t.Errorf("listed %v, %v", list, err)
	}

	_, err = api.PublishAdvisory(maker, &labelv1.PublishAdvisoryRequest{Document: doc})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "event")
	_, err = api.PublishAdvisory(maker, &labelv1.PublishAdvisoryRequest{Event: event, Document: bytes.Replace(doc, []byte(`"version": "2"`), []byte(`"version": 2`), 1)})
	wants(t, err, codes.InvalidArgument, label.ReasonMalformed, "document.document.tracking.version")
	_, err = api.PreviewAdvisory(anybody, &labelv1.PreviewAdvisoryRequest{Event: event, Document: doc})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	w.Clock.Set(w.Clock.Now().Add(time.Second))
	toys := w.AdvisoryEvent(labeltest.ToyMaker, doc)
	_, err = api.PublishAdvisory(as(t, w, labeltest.ToyMaker), &labelv1.PublishAdvisoryRequest{Event: toys, Document: doc})
	wants(t, err, codes.FailedPrecondition, label.ReasonUnknownSubject, "document")
	_, err = api.GetAdvisory(anybody, &labelv1.GetAdvisoryRequest{Id: id, Publisher: labeltest.ToyMaker})
	wants(t, err, codes.NotFound, label.ReasonUnknownAdvisory, "id")
	_, err = api.ListAdvisories(anybody, &labelv1.ListAdvisoriesRequest{Publisher: "nobody"})
	wants(t, err, codes.NotFound, label.ReasonUnknownOrg, "publisher")
}
