package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/surveillance"
	"labeld/internal/web"
)

// TestSurveillance reads plans and results as an auditor would.
func TestSurveillance(t *testing.T) {
	w := newWorld(t)
	w.camera()
	p := w.Plan("autumn", 2, 1)
	w.plug()
	read := func(path string, into any) {
		t.Helper()
		r := get(w.h, path)
		if r.Code != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, r.Code, r.Body)
		}
		if err := label.Decode(r.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	var before, after web.Plan
	read("/surveillance/autumn.json", &before)
	if len(before.Draw) > 0 || before.DrawEntry != 0 {
		t.Errorf("before the draw there is %s", before.Draw)
	}
	p, err := w.Authority.Draw(context.Background(), w.Caller(labeltest.Operator), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	read("/surveillance/autumn.json", &after)
	if after.PlanEntry != p.Index || after.DrawEntry != p.Draw {
		t.Errorf("the plan is entry %d and the result %d, want %d and %d", after.PlanEntry, after.DrawEntry, p.Index, p.Draw)
	}
	u, err := envelope.Open(after.Draw)
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.Trust.Statement(u.Envelope())
	if err != nil {
		t.Fatal(err)
	}
	if said, err := envelope.Predicate[surveillance.Result](v); err != nil || len(said.Drawn) != 1 {
		t.Errorf("the result says %+v (%v)", said, err)
	}

	for i := range label.DefaultPage {
		w.Plan(fmt.Sprintf("plan-%02d", i), 1000, 1)
	}
	var list, rest web.PlanList
	read("/surveillance/plans.json", &list)
	if len(list.Plans) != label.DefaultPage || list.Plans[0].ID != "autumn" || list.Plans[0].DrawEntry != p.Draw || list.Plans[1].DrawEntry != 0 {
		t.Errorf("the list is %+v", list)
	}
	read(strings.TrimPrefix(list.Next, base), &rest)
	if len(rest.Plans) != 1 || rest.Next != "" {
		t.Errorf("the rest of the list is %+v", rest)
	}
	for path, want := range map[string]int{
		"/surveillance/":                      http.StatusNotFound,
		"/surveillance/autumn":                http.StatusNotFound,
		"/surveillance/spring.json":           http.StatusNotFound,
		"/surveillance/..%2fautumn.json":      http.StatusNotFound,
		"/surveillance/plans.json?page=*":     http.StatusBadRequest,
		"/surveillance/" + big(200) + ".json": http.StatusNotFound,
	} {
		if r := get(w.h, path); r.Code != want {
			t.Errorf("%s: %d, want %d", path, r.Code, want)
		}
	}
}

func big(n int) string { return strings.Repeat("a", n) }
