package rpc_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestPresentation has a label of each presentation requested. Only where there is one
// level can it be left out, and programs get with every label what it is called.
func TestPresentation(t *testing.T) {
	for _, tt := range []struct {
		scheme       string
		level        int32 // of the request
		title        string
		presentation labelv1.Presentation
	}{
		{"", 3, "Level 3 of 4: Secure by design", labelv1.Presentation_PRESENTATION_LADDER},
		{labeltest.PassOnly, 0, "Meets the Household Baseline", labelv1.Presentation_PRESENTATION_PASS_ONLY},
		{labeltest.NamedClasses, 2, "Security class Silver", labelv1.Presentation_PRESENTATION_NAMED_CLASSES},
	} {
		files := labeltest.Files(t)
		if tt.scheme != "" {
			files = labeltest.FilesWith(t, tt.scheme)
		}
		w := labeltest.NewOf(t, files)
		conn := serve(t, w)
		maker, api := as(t, w, labeltest.Maker), labelv1.NewLabelServiceClient(conn)
		device := w.Submit(w.Example("camera")).String()
		got, err := api.EvaluateDevice(maker, &labelv1.EvaluateDeviceRequest{Device: device})
		if err != nil || got.GetDecision().GetPresentation() != tt.presentation {
			t.Errorf("%s: the evaluation is %v, %v", tt.scheme, got, err)
		}
		answer, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: tt.level})
		if err != nil {
			t.Fatal(err)
		}
		if s := answer.GetLabel().GetSummary(); s.GetTitle() != tt.title || s.GetPresentation() != tt.presentation {
			t.Errorf("%s: the label is %v", tt.scheme, s)
		}
		list, err := labelv1.NewAuthorityServiceClient(conn).ListSchemes(t.Context(), &labelv1.ListSchemesRequest{})
		if err != nil || list.GetSchemes()[0].GetPresentation() != tt.presentation {
			t.Errorf("%s: the schemes are %v, %v", tt.scheme, list, err)
		}
		_, err = api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Scheme: "nothing"})
		wants(t, err, codes.NotFound, label.ReasonUnknownScheme, "scheme")
	}
}
