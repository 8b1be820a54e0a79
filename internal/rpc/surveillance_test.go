package rpc_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/surveillance"
)

// TestSurveillance plans and draws as an operator, and reads as anybody.
func TestSurveillance(t *testing.T) {
	w := labeltest.New(t, nil)
	camera := w.Issue(w.Example("camera"), 3)
	api := labelv1.NewSurveillanceServiceClient(serve(t, w))
	operator, anybody := as(t, w, labeltest.Operator), context.Background()
	request := w.AskDraw(labeltest.Operator, surveillance.Request{ID: "autumn", Size: w.Authority.LogSize() + 2, Count: 1})

	_, err := api.CreatePlan(operator, &labelv1.CreatePlanRequest{})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "request")
	_, err = api.CreatePlan(anybody, &labelv1.CreatePlanRequest{Request: request})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	_, err = api.CreatePlan(as(t, w, labeltest.Lab), &labelv1.CreatePlanRequest{Request: w.AskDraw(labeltest.Lab, surveillance.Request{ID: "spring", Size: w.Authority.LogSize() + 2, Count: 1})})
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "request")
	plan, err := api.CreatePlan(operator, &labelv1.CreatePlanRequest{Request: request})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.DrawPlan(operator, &labelv1.DrawPlanRequest{Id: "autumn"})
	wants(t, err, codes.FailedPrecondition, label.ReasonStep, "id")
	w.Issue(w.Example("plug"), 1)
	drawn, err := api.DrawPlan(operator, &labelv1.DrawPlanRequest{Id: "autumn"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := api.GetPlan(anybody, &labelv1.GetPlanRequest{Id: "autumn"})
	if err != nil || !proto.Equal(got.GetPlan(), drawn.GetPlan()) || string(got.GetPlan().GetBundle()) != string(plan.GetPlan().GetBundle()) {
		t.Errorf("the plan is %v (%v), drawn was %v", got, err, drawn)
	}
	l := got.GetPlan().GetDraw().GetLabels()
	if len(l) != 1 || l[0].GetLabel() != string(camera.Label.ID) || l[0].GetModel() != camera.Label.Device.Model ||
		l[0].GetWeight() != 8 || l[0].GetLevel() != 3 || l[0].GetRisk() != "high" || l[0].GetLabs()[0] != labeltest.Lab {
		t.Errorf("drawn were %v", l)
	}
	_, err = api.GetPlan(anybody, &labelv1.GetPlanRequest{Id: "spring"})
	wants(t, err, codes.NotFound, label.ReasonUnknownPlan, "id")
	list, err := api.ListPlans(anybody, &labelv1.ListPlansRequest{})
	if err != nil || len(list.GetPlans()) != 1 || list.GetPlans()[0].GetDraw().GetCandidates() != 1 ||
		len(list.GetPlans()[0].GetBundle())+len(list.GetPlans()[0].GetDraw().GetBundle())+len(list.GetPlans()[0].GetDraw().GetLabels()) > 0 {
		t.Errorf("the list is %v (%v)", list, err)
	}
	_, err = api.ListPlans(anybody, &labelv1.ListPlansRequest{PageSize: -1})
	wants(t, err, codes.InvalidArgument, label.ReasonOutOfRange, "page_size")
}

func TestListOutliers(t *testing.T) {
	w := labeltest.New(t, nil)
	for i := range 2 { // the same working papers for both
		e := w.Example("camera")
		labeltest.Variant(t, e, i)
		w.Submit(e)
	}
	api := labelv1.NewSurveillanceServiceClient(serve(t, w))
	operator := as(t, w, labeltest.Operator)
	r, err := api.ListOutliers(operator, &labelv1.ListOutliersRequest{})
	if err != nil || r.GetTotal() != 1 || len(r.GetOutliers()) != 1 {
		t.Fatalf("outliers are %v (%v)", r, err)
	}
	o := r.GetOutliers()[0]
	if o.GetLab() != labeltest.Lab || o.GetKind() != "same-evidence" || len(o.GetReports()) != 2 || len(o.GetEvidence()) == 0 || o.GetFigures()["devices"] != 2 {
		t.Errorf("the outlier is %v", o)
	}
	_, err = api.ListOutliers(operator, &labelv1.ListOutliersRequest{Since: "soon"})
	wants(t, err, codes.InvalidArgument, label.ReasonMalformed, "since")
	_, err = api.ListOutliers(as(t, w, labeltest.Maker), &labelv1.ListOutliersRequest{})
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "")
}
