package rpc_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/meter"
	"labeld/internal/rpc"
)

// TestCallsArePaidFor has a client without a token use its allowance up, over HTTP and
// by calls, also by calls that come to nothing. Labels are verified all the same, and
// others go on calling; operators whatever they do.
func TestCallsArePaidFor(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	m := meter.New(600, 1200)
	conn := serveWithin(t, w, rpc.Limits{Meter: m})
	here := meter.Who{Net: netip.MustParsePrefix("127.0.0.1/32")}
	verify, schemes := labelv1.NewVerificationServiceClient(conn), labelv1.NewAuthorityServiceClient(conn)
	ctx := context.Background()
	known := &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: string(p.Label.ID)}}
	for range 400 { // costs nothing
		if _, err := verify.Verify(ctx, known); err != nil {
			t.Fatal(err)
		}
	}
	m.Take(here, 400, time.Now()) // by HTTP
	unknown := &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: "0000-0000-0000"}}
	n := 0
	for ; n < 1000; n++ {
		if _, err := verify.Verify(ctx, unknown); status.Code(err) == codes.ResourceExhausted {
			wants(t, err, codes.ResourceExhausted, label.ReasonTooMany, "")
			break
		}
	}
	if n < 90 || n > 200 {
		t.Errorf("%d unknown labels were asked for", n)
	}
	_, err := schemes.ListSchemes(ctx, &labelv1.ListSchemesRequest{})
	wants(t, err, codes.ResourceExhausted, label.ReasonTooMany, "")
	_, err = verify.ListManufacturerLabels(ctx, &labelv1.ListManufacturerLabelsRequest{Manufacturer: labeltest.Maker})
	wants(t, err, codes.ResourceExhausted, label.ReasonTooMany, "")
	if _, err := verify.Verify(ctx, known); err != nil {
		t.Errorf("a label that there is: %v", err)
	}
	for _, org := range []string{labeltest.Maker, labeltest.Operator} {
		refused := 0
		for range 200 {
			if _, err := schemes.ListSchemes(as(t, w, org), &labelv1.ListSchemesRequest{}); err != nil {
				refused++
			}
		}
		if org == labeltest.Operator && refused > 0 || org == labeltest.Maker && (refused == 200 || m.Take(meter.Who{Org: org}, 0, time.Now()).Left > 600) {
			t.Errorf("%d calls of %s were refused", refused, org)
		}
	}
}
