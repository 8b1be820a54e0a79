package rpc_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/rpc"
	"labeld/internal/scheme"
	"labeld/internal/token"
)

// serve serves a world and returns a connection to it.
func serve(t *testing.T, w *labeltest.World) *grpc.ClientConn {
	t.Helper()
	return serveWithin(t, w, rpc.Limits{})
}

func serveWithin(t *testing.T, w *labeltest.World, limits rpc.Limits) *grpc.ClientConn {
	t.Helper()
	draw := func(id label.ID) (*qr.Code, error) { return qr.New(qr.Payload(labeltest.Base, id)) }
	s := rpc.New(w.Authority, draw, nil, limits, slog.New(slog.NewTextHandler(io.Discard, nil)))
	s.SetReady(true, true)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Drain(ctx)
	})
	return conn
}

// as returns a context in which an organization calls.
func as(t *testing.T, w *labeltest.World, org string) context.Context {
	t.Helper()
	raw, err := token.New(w.Signers[org], org, labeltest.Audience, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+raw)
}

// wants fails the test unless err has a code, and details with a reason and a
// field.
func wants(t *testing.T, err error, code codes.Code, reason label.Reason, field string) {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	var info *errdetails.ErrorInfo
	var violation *errdetails.BadRequest_FieldViolation
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			violation = d.FieldViolations[0]
		}
	}
	if info.GetReason() != string(reason) || info.GetDomain() != "labeld.dev" {
		t.Errorf("error info is %v, want reason %s", info, reason)
	}
	if violation.GetField() != field || field != "" && violation.GetDescription() == "" {
		t.Errorf("field violation is %v, want field %q", violation, field)
	}
}

func TestWholeJob(t *testing.T) {
	w := labeltest.New(t, nil)
	conn := serve(t, w)
	sub, lab, ver := labelv1.NewSubmissionServiceClient(conn), labelv1.NewLabelServiceClient(conn), labelv1.NewVerificationServiceClient(conn)
	maker := as(t, w, labeltest.Maker)
	e := w.Example("camera")
	reg, err := sub.RegisterDevice(maker, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sub.GetDevice(as(t, w, labeltest.Lab), &labelv1.GetDeviceRequest{Device: reg.GetDevice()})
	if err != nil || !bytes.Equal(got.GetDescriptor_(), e.Descriptor) {
		t.Fatalf("the lab got %q, %v", got.GetDescriptor_(), err)
	}
	early, err := lab.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: reg.GetDevice(), Level: 3})
	if err != nil || early.GetLabel() != nil || len(early.GetDecision().GetMissing()) == 0 {
		t.Fatalf("without evidence the answer is %v, %v", early, err)
	}
	if levels := early.GetDecision().GetLevels(); len(levels) != 1 || levels[0].GetLevel() != 3 {
		t.Errorf("the decision of a request has levels %v, want the one asked for", levels)
	}
	for _, b := range [][]byte{
		w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report),
		w.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration),
	} {
		if _, err := sub.SubmitStatement(maker, &labelv1.SubmitStatementRequest{Statement: b}); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := lab.EvaluateDevice(maker, &labelv1.EvaluateDeviceRequest{Device: reg.GetDevice()})
	if err != nil || ev.GetDecision().GetReached() != 3 || len(ev.GetDecision().GetLevels()) != 4 {
		t.Fatalf("evaluated to %v, %v", ev, err)
	}
	for _, f := range ev.GetDecision().GetLevels()[2].GetFindings() {
		for _, id := range f.GetEvidence() {
			found := false
			for _, ref := range ev.GetDecision().GetEvidence() {
				found = found || ref.GetId() == id
			}
			if !found {
				t.Errorf("finding %s names evidence %s, which the decision does not list", f.GetCriterion(), id)
			}
		}
	}
	r, err := lab.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: reg.GetDevice(), Level: 3, Qr: labelv1.QRFormat_QR_FORMAT_PNG})
	if err != nil {
		t.Fatal(err)
	}
	sum := r.GetLabel().GetSummary()
	payload, err := qr.Decode(bytes.NewReader(r.GetLabel().GetQr()))
	if _, id, perr := qr.ParsePayload(payload); err != nil || perr != nil || string(id) != sum.GetId() {
		t.Errorf("the code holds %q (%v, %v), want label %s", payload, err, perr, sum.GetId())
	}
	if _, err := w.Trust.OpenCheckpoint(r.GetLabel().GetCheckpoint()); err != nil {
		t.Errorf("the checkpoint in the answer: %v", err)
	}
	for name, req := range map[string]*labelv1.VerifyRequest{
		"id":   {Target: &labelv1.VerifyRequest_Id{Id: sum.GetId()}},
		"url":  {Target: &labelv1.VerifyRequest_Url{Url: payload}},
		"gtin": {Target: &labelv1.VerifyRequest_Gtin{Gtin: string(e.Device.GTINs[0])}},
	} {
		v, err := ver.Verify(context.Background(), req)
		if err != nil || v.GetSummary().GetId() != sum.GetId() || v.GetSummary().GetState() != labelv1.LabelState_LABEL_STATE_ACTIVE {
			t.Errorf("by %s: %v, %v", name, v.GetSummary(), err)
		}
		sends := slices.IndexFunc(v.GetDeclared(), func(d *labelv1.DeclaredFact) bool { return d.GetFact() == "personal_data_sent" })
		if sends < 0 || !v.GetDeclared()[sends].GetValue() || v.GetDeclared()[sends].GetText() != w.Programme.Facts["personal_data_sent"].Shoppers.Yes {
			t.Errorf("by %s: the manufacturer declared %v", name, v.GetDeclared())
		}
	}
	list, err := ver.ListManufacturerLabels(context.Background(), &labelv1.ListManufacturerLabelsRequest{Manufacturer: labeltest.Maker})
	if err != nil || len(list.GetLabels()) != 1 {
		t.Errorf("listed %v, %v", list, err)
	}
}

func TestErrors(t *testing.T) {
	w := labeltest.New(t, nil)
	conn := serve(t, w)
	sub, lab, ver, ops := labelv1.NewSubmissionServiceClient(conn), labelv1.NewLabelServiceClient(conn),
		labelv1.NewVerificationServiceClient(conn), labelv1.NewAuthorityServiceClient(conn)
	maker, nobody := as(t, w, labeltest.Maker), context.Background()
	unknown := label.DigestOf(nil).String()

	_, err := sub.RegisterDevice(maker, &labelv1.RegisterDeviceRequest{})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "descriptor")
	_, err = sub.RegisterDevice(nobody, &labelv1.RegisterDeviceRequest{Descriptor_: w.Example("plug").Descriptor})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	_, err = sub.GetDevice(maker, &labelv1.GetDeviceRequest{Device: "xyz"})
	wants(t, err, codes.InvalidArgument, label.ReasonMalformed, "device")
	_, err = sub.GetDevice(maker, &labelv1.GetDeviceRequest{Device: unknown})
	wants(t, err, codes.NotFound, label.ReasonUnknownSubject, "device")
	_, err = sub.AddPicture(maker, &labelv1.AddPictureRequest{Picture: []byte("x")})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "device")
	_, err = sub.AddPicture(maker, &labelv1.AddPictureRequest{Device: unknown})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "picture")
	_, err = sub.AddPicture(maker, &labelv1.AddPictureRequest{Device: unknown, Picture: []byte("x")})
	wants(t, err, codes.NotFound, label.ReasonUnknownSubject, "device")
	_, err = sub.SubmitStatement(maker, &labelv1.SubmitStatementRequest{Statement: []byte("{}")})
	wants(t, err, codes.InvalidArgument, label.ReasonUnknownType, "")
	_, err = sub.SubmitStatement(maker, &labelv1.SubmitStatementRequest{Statement: make([]byte, label.MaxStatement+1)})
	wants(t, err, codes.ResourceExhausted, label.ReasonTooLarge, "statement")
	_, err = lab.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: unknown})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "level")
	_, err = lab.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: unknown, Level: 7})
	wants(t, err, codes.InvalidArgument, label.ReasonUnknownScheme, "level")
	_, err = lab.EvaluateDevice(maker, &labelv1.EvaluateDeviceRequest{Device: unknown, Scheme: "nine-level"})
	wants(t, err, codes.NotFound, label.ReasonUnknownScheme, "scheme")
	_, err = ver.Verify(nobody, &labelv1.VerifyRequest{})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "target")
	_, err = ver.Verify(nobody, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: "short"}})
	wants(t, err, codes.InvalidArgument, label.ReasonIDMalformed, "id")
	_, err = ver.Verify(nobody, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: "K7QM-4T2X-9PWD"}})
	wants(t, err, codes.InvalidArgument, label.ReasonIDCheck, "id")
	_, err = ver.Verify(nobody, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: "K7QM-4T2X-9PWH"}})
	wants(t, err, codes.NotFound, label.ReasonUnknownLabel, "id")
	_, err = ver.Verify(nobody, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Gtin{Gtin: "09522104000171"}})
	wants(t, err, codes.NotFound, label.ReasonUnknownProduct, "gtin")
	_, err = ops.ListOrganizations(maker, &labelv1.ListOrganizationsRequest{})
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "")
	_, err = ops.ChangeRegistry(as(t, w, labeltest.Operator), &labelv1.ChangeRegistryRequest{})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "request")
	_, err = ops.ChangeRegistry(as(t, w, labeltest.Operator), &labelv1.ChangeRegistryRequest{Request: labeltest.Registry(t, w.Signers[labeltest.Operator], label.RegistryRequest{
		Act: label.ActEnrolOrg, Organization: "x", Profile: &label.Profile{Name: "X"}, Made: w.Clock.Now().UTC().Truncate(time.Second),
	})})
	wants(t, err, codes.InvalidArgument, label.ReasonMissing, "request.predicate.roles")

	bad := metadata.AppendToOutgoingContext(nobody, "authorization", "Bearer rubbish")
	_, err = ver.Verify(bad, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: "K7QM-4T2X-9PWH"}})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
}

// TestAddPicture sends the picture of a device, and what is none.
func TestAddPicture(t *testing.T) {
	w := labeltest.New(t, nil)
	sub := labelv1.NewSubmissionServiceClient(serve(t, w))
	maker, e := as(t, w, labeltest.Maker), w.Example("camera")
	reg, err := sub.RegisterDevice(maker, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor})
	if err != nil {
		t.Fatal(err)
	}
	send := func(ctx context.Context, file []byte) (*labelv1.AddPictureResponse, error) {
		return sub.AddPicture(ctx, &labelv1.AddPictureRequest{Device: reg.GetDevice(), Picture: file})
	}
	_, err = send(context.Background(), e.Picture)
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	_, err = send(as(t, w, labeltest.Lab), e.Picture)
	wants(t, err, codes.PermissionDenied, label.ReasonWrongRole, "")
	_, err = send(as(t, w, labeltest.ToyMaker), e.Picture)
	wants(t, err, codes.PermissionDenied, label.ReasonNotYours, "device")
	_, err = send(maker, w.Example("toy").Picture)
	wants(t, err, codes.InvalidArgument, label.ReasonWrongPicture, "picture")
	_, err = send(maker, make([]byte, label.MaxPicture+1))
	wants(t, err, codes.ResourceExhausted, label.ReasonTooLarge, "picture")
	plain := w.Example("plug").Device
	plain.Picture = label.Digest{}
	b, err := plain.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	other, err := sub.RegisterDevice(maker, &labelv1.RegisterDeviceRequest{Descriptor_: b})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sub.AddPicture(maker, &labelv1.AddPictureRequest{Device: other.GetDevice(), Picture: e.Picture})
	wants(t, err, codes.FailedPrecondition, label.ReasonUnknownPicture, "device")
	for _, here := range []bool{false, true} {
		d, err := sub.GetDevice(as(t, w, labeltest.Lab), &labelv1.GetDeviceRequest{Device: reg.GetDevice()})
		if err != nil || d.GetPictured() != here {
			t.Errorf("the device is pictured: %v, %v, want %v", d.GetPictured(), err, here)
		}
		r, err := send(maker, e.Picture)
		if err != nil || r.GetPicture() != label.DigestOf(e.Picture).String() || r.GetMediaType() != "image/png" || r.GetKnown() != here {
			t.Errorf("sent: %v, %v", r, err)
		}
	}
}

func TestSchemesArePublic(t *testing.T) {
	w := labeltest.New(t, nil)
	ops := labelv1.NewAuthorityServiceClient(serve(t, w))
	list, err := ops.ListSchemes(context.Background(), &labelv1.ListSchemesRequest{})
	if err != nil || len(list.GetSchemes()) != 1 || len(list.GetSchemes()[0].GetCriteria()) != 0 {
		t.Fatalf("listed %v, %v", list, err)
	}
	got, err := ops.GetScheme(context.Background(), &labelv1.GetSchemeRequest{Id: "four-level"})
	if err != nil || len(got.GetScheme().GetCriteria()) == 0 || len(got.GetScheme().GetLevels()) != 4 {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = ops.GetScheme(context.Background(), &labelv1.GetSchemeRequest{Id: "x"})
	wants(t, err, codes.NotFound, label.ReasonUnknownScheme, "id")
}

func TestHealthAndReflection(t *testing.T) {
	conn := serve(t, labeltest.New(t, nil))
	h, err := healthpb.NewHealthClient(conn).Check(context.Background(), &healthpb.HealthCheckRequest{})
	if err != nil || h.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health is %v, %v", h, err)
	}
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range answer.GetListServicesResponse().GetService() {
		names[s.GetName()] = true
	}
	for _, want := range []string{"label.v1.SubmissionService", "label.v1.LabelService", "label.v1.VerificationService", "label.v1.AuthorityService"} {
		if !names[want] {
			t.Errorf("reflection does not list %s", want)
		}
	}
}

// TestWorthIsSaid has a report accepted that supports nothing, and its lab told.
func TestWorthIsSaid(t *testing.T) {
	w := labeltest.New(t, nil)
	conn := serve(t, w)
	sub, api := labelv1.NewSubmissionServiceClient(conn), labelv1.NewLabelServiceClient(conn)
	e := w.Example("plug")
	device := w.Submit(e).String()
	r := *e.Report
	r.Number, r.Edition, r.Verdicts, r.Facts = "V3", "V3.1.3", []label.Verdict{{Provision: "5.2-1", Verdict: label.Fail, Reason: "There is none."}}, nil
	said, err := sub.SubmitStatement(as(t, w, labeltest.Lab), &labelv1.SubmitStatementRequest{Statement: w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, &r)})
	if err != nil {
		t.Fatal(err)
	}
	if n := said.GetNotes(); len(n) != 1 || n[0].GetScheme() != "four-level" || n[0].GetCounts() || n[0].GetCode() != scheme.OtherEdition || !n[0].GetAgainst() || n[0].GetText() == "" {
		t.Errorf("the answer to the submission says %v", n)
	}
	unused := func(d *labelv1.Decision) bool {
		return slices.ContainsFunc(d.GetUnused(), func(u *labelv1.UnusedEvidence) bool {
			return u.GetEvidence().GetId() == said.GetSubmission().GetStatement().GetId() && u.GetCode() == scheme.OtherEdition && u.GetAgainst()
		})
	}
	maker := as(t, w, labeltest.Maker)
	judged, err := api.EvaluateDevice(maker, &labelv1.EvaluateDeviceRequest{Device: device})
	if err != nil || judged.GetDecision().GetReached() != 0 || !unused(judged.GetDecision()) {
		t.Errorf("the evaluation is %v, %v", judged, err)
	}
	asked, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: 1})
	if err != nil || asked.GetLabel() != nil || !unused(asked.GetDecision()) {
		t.Fatalf("the answer to the request is %v, %v", asked, err)
	}
	shown, err := labelv1.NewAppealServiceClient(conn).GetDecision(maker, &labelv1.GetDecisionRequest{Id: asked.GetRefusal()})
	if err != nil || len(shown.GetTrail().GetRefusal().GetUnused()) != len(asked.GetDecision().GetUnused()) {
		t.Errorf("the signed refusal is %v, %v", shown, err)
	}
}

// TestSuccessorIsSaid asks about a label in whose place that of another product was put,
// which was then suspended.
func TestSuccessorIsSaid(t *testing.T) {
	w := labeltest.New(t, nil)
	ver := labelv1.NewVerificationServiceClient(serve(t, w))
	old, next := w.Issue(w.Example("camera"), 3), w.Issue(w.Example("plug"), 1)
	verify := func() *labelv1.VerifyResponse {
		t.Helper()
		r, err := ver.Verify(context.Background(), &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: string(old.Label.ID)}, History: true})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(); r.GetSuccessor() != nil {
		t.Errorf("an active label has the successor %v", r.GetSuccessor())
	}
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	_, err := w.Authority.Change(context.Background(), w.Caller(labeltest.Maker), w.Ask(labeltest.Maker, old, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next.Label.ID }))
	if err != nil {
		t.Fatal(err)
	}
	want := &labelv1.Successor{
		Id: string(next.Label.ID), Url: next.Label.URL, Level: 1, LowerLevel: true, OtherProduct: true, State: labelv1.LabelState_LABEL_STATE_ACTIVE,
	}
	if r := verify(); !proto.Equal(r.GetSuccessor(), want) || r.GetHistory()[0].GetSuccessorLevel() != 1 || !r.GetHistory()[0].GetSuccessorOtherProduct() {
		t.Errorf("the answer says %v of the successor, and the history %v", r.GetSuccessor(), r.GetHistory())
	}
	w.Change(labeltest.Operator, next, label.Suspend, "complaint")
	want.State = labelv1.LabelState_LABEL_STATE_SUSPENDED
	if r := verify(); !proto.Equal(r.GetSuccessor(), want) {
		t.Errorf("after its suspension the answer says %v of the successor", r.GetSuccessor())
	}
}
