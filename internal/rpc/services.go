package rpc

import (
	"context"
	"strings"
	"time"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// submissions implements SubmissionService.
type submissions struct {
	labelv1.UnimplementedSubmissionServiceServer
	a *authority.Authority
}

func (s *submissions) RegisterDevice(ctx context.Context, r *labelv1.RegisterDeviceRequest) (*labelv1.RegisterDeviceResponse, error) {
	if len(r.GetDescriptor_()) == 0 {
		return nil, missing("descriptor")
	}
	d, known, err := s.a.Register(ctx, caller(ctx), r.GetDescriptor_())
	if err != nil {
		return nil, err
	}
	return &labelv1.RegisterDeviceResponse{Device: d.Digest.String(), Registered: timestamp(d.Registered), Known: known, Notes: s.a.AlikeNotes(d)}, nil
}

func (s *submissions) GetDevice(ctx context.Context, r *labelv1.GetDeviceRequest) (*labelv1.GetDeviceResponse, error) {
	id, err := digest("device", r.GetDevice())
	if err != nil {
		return nil, err
	}
	d, err := s.a.Device(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	pictured, err := s.a.Pictured(d)
	if err != nil {
		return nil, err
	}
	return &labelv1.GetDeviceResponse{Descriptor_: d.Descriptor, Registered: timestamp(d.Registered), Pictured: pictured}, nil
}

func (s *submissions) ListDevices(ctx context.Context, r *labelv1.ListDevicesRequest) (*labelv1.ListDevicesResponse, error) {
	list, next, err := s.a.Devices(caller(ctx), r.GetManufacturer(), page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListDevicesResponse{NextPageToken: next}
	for _, e := range list {
		labels, err := summaries(s.a.Programme(), e.Labels)
		if err != nil {
			return nil, err
		}
		d := e.Descriptor
		out.Devices = append(out.Devices, &labelv1.DeviceSummary{
			Device: e.Digest.String(), Manufacturer: e.Org, Brand: d.Brand, Name: d.Name, Model: d.Model, Category: d.Category,
			Gtins: texts(e.GTINs), MovedGtins: texts(e.Moved), Registered: timestamp(e.Registered),
			PictureMissing: !d.Picture.IsZero() && !e.Pictured,
			Labels:         labels, Unavailable: texts(e.Unavailable), Holds: holdMessages(s.a, e.Holds), NeedsOperator: e.NeedsOperator,
			Uncarried: texts(e.Uncarried),
		})
	}
	return out, nil
}

func (s *submissions) AddPicture(ctx context.Context, r *labelv1.AddPictureRequest) (*labelv1.AddPictureResponse, error) {
	id, err := digest("device", r.GetDevice())
	if err != nil {
		return nil, err
	}
	if len(r.GetPicture()) == 0 {
		return nil, missing("picture")
	}
	mediaType, known, err := s.a.AddPicture(ctx, caller(ctx), id, r.GetPicture())
	if err != nil {
		return nil, err
	}
	return &labelv1.AddPictureResponse{Picture: label.DigestOf(r.GetPicture()).String(), MediaType: mediaType, Known: known}, nil
}

func (s *submissions) SubmitStatement(ctx context.Context, r *labelv1.SubmitStatementRequest) (*labelv1.SubmitStatementResponse, error) {
	if len(r.GetStatement()) == 0 {
		return nil, missing("statement")
	}
	st, known, err := s.a.Submit(ctx, caller(ctx), r.GetStatement())
	if err != nil {
		return nil, err
	}
	worth, err := s.a.Worth(st)
	if err != nil {
		return nil, err
	}
	return &labelv1.SubmitStatementResponse{Submission: submission(st), Known: known, Notes: notes(worth)}, nil
}

func (s *submissions) ListSubmissions(ctx context.Context, r *labelv1.ListSubmissionsRequest) (*labelv1.ListSubmissionsResponse, error) {
	var device label.Digest
	if r.GetDevice() != "" {
		var err error
		if device, err = digest("device", r.GetDevice()); err != nil {
			return nil, err
		}
	}
	list, next, err := s.a.Submissions(caller(ctx), device, page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListSubmissionsResponse{NextPageToken: next}
	for _, n := range list {
		m := submission(n.Statement)
		if n.Doubt != nil {
			m.Doubt, m.DoubtText, m.CountsUntil = n.Doubt.Code, n.Doubt.Text, dayText(n.Until)
		}
		m.OtherDevice = n.Other
		out.Submissions = append(out.Submissions, m)
	}
	return out, nil
}

// QR draws the code of a label.
type QR func(id label.ID) (*qr.Code, error)

// pngModule is how many pixels a module of a PNG has.
const pngModule = 8

// labels implements LabelService.
type labels struct {
	labelv1.UnimplementedLabelServiceServer
	a    *authority.Authority
	draw QR
}

func (s *labels) EvaluateDevice(ctx context.Context, r *labelv1.EvaluateDeviceRequest) (*labelv1.EvaluateDeviceResponse, error) {
	id, err := digest("device", r.GetDevice())
	if err != nil {
		return nil, err
	}
	d, err := s.a.Evaluate(caller(ctx), id, r.GetScheme())
	if err != nil {
		return nil, err
	}
	if n := int(r.GetLevel()); n != 0 {
		if _, err := d.Scheme.Level(n); err != nil {
			return nil, err
		}
	}
	list, err := s.a.Holds(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	why, err := s.a.NeedsOperator(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &labelv1.EvaluateDeviceResponse{Decision: decision(d, d.Levels, int(r.GetLevel())), Holds: holdMessages(s.a, list), NeedsOperator: why}, nil
}

func (s *labels) RequestLabel(ctx context.Context, r *labelv1.RequestLabelRequest) (*labelv1.RequestLabelResponse, error) {
	id, err := digest("device", r.GetDevice())
	if err != nil {
		return nil, err
	}
	n := int(r.GetLevel())
	if n == 0 {
		if n, err = s.onlyLevel(r.GetScheme()); err != nil {
			return nil, err
		}
	}
	o, err := s.a.Request(ctx, caller(ctx), id, r.GetScheme(), n)
	if err != nil {
		return nil, err
	}
	if o.Label == nil {
		out := &labelv1.RequestLabelResponse{Decision: decision(o.Decision, o.Decision.Levels[n-1:n], n), Refusal: o.Refusal.Digest.String()}
		if o.Refusal.Appeal.IsZero() {
			out.AppealBy = o.Refusal.AppealBy.String()
		}
		return out, nil
	}
	out := &labelv1.RequestLabelResponse{Known: o.Known}
	sum, err := summary(s.a.Programme(), o.Label)
	if err != nil {
		return nil, err
	}
	out.Label = &labelv1.IssuedLabel{Summary: sum, Bundle: o.Label.Bundle, Proof: o.Label.Proof, Checkpoint: o.Label.Checkpoint()}
	out.Label.Qr, err = s.picture(o.Label.Label.ID, r.GetQr())
	return out, err
}

// onlyLevel returns the level of a scheme that a product meets or does not meet, so that
// nobody has to ask for level 1 of 1. Of other schemes a request names a level.
func (s *labels) onlyLevel(name string) (int, error) {
	of, err := s.a.Programme().Asked(name, s.a.Now())
	if err != nil {
		return 0, err
	}
	if n := len(of.Levels); n > 1 {
		return 0, label.Errorf(label.Invalid, label.ReasonMissing, "level", "is required: scheme %s has the levels 1 to %d", of.ID, n)
	}
	return 1, nil
}

func (s *labels) picture(id label.ID, f labelv1.QRFormat) ([]byte, error) {
	if f == labelv1.QRFormat_QR_FORMAT_UNSPECIFIED {
		return nil, nil
	}
	code, err := s.draw(id)
	if err != nil {
		return nil, err
	}
	switch f {
	case labelv1.QRFormat_QR_FORMAT_PNG:
		return code.PNG(pngModule)
	case labelv1.QRFormat_QR_FORMAT_SVG:
		return code.SVG(), nil
	}
	return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "qr", "is not a picture format that is known here")
}

func (s *labels) ListLabels(ctx context.Context, r *labelv1.ListLabelsRequest) (*labelv1.ListLabelsResponse, error) {
	p, err := s.a.OwnLabels(caller(ctx), r.GetManufacturer(), page(r))
	if err != nil {
		return nil, err
	}
	out, err := summaries(s.a.Programme(), p.Labels)
	return &labelv1.ListLabelsResponse{Labels: out, NextPageToken: p.Next, Unavailable: texts(p.Unavailable)}, err
}

// verification implements VerificationService.
type verification struct {
	labelv1.UnimplementedVerificationServiceServer
	a *authority.Authority
}

func (s *verification) Verify(_ context.Context, r *labelv1.VerifyRequest) (*labelv1.VerifyResponse, error) {
	p, err := s.find(r)
	if err != nil {
		return nil, err
	}
	if r.GetAt() != nil {
		if !r.GetAt().IsValid() {
			return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "at", "is not a valid timestamp")
		}
		if p, err = s.a.At(p, r.GetAt().AsTime()); err != nil {
			return nil, err
		}
	}
	form := "rpc.verify"
	if r.GetHistory() {
		form += " with history"
	}
	v, err := p.Render(form, func() (any, error) {
		sum, err := summary(s.a.Programme(), p)
		if err != nil {
			return nil, err
		}
		out := &labelv1.VerifyResponse{Summary: sum, Bundle: p.Bundle, Device: p.Device, Proof: p.Proof, At: timestamp(p.At)}
		message := func(st *label.Status) *labelv1.LabelStatus {
			if st == nil {
				return nil
			}
			return statusMessage(s.a.Programme(), st, p.Indexes[st.Number-1])
		}
		out.Successor = successor(p)
		for _, t := range p.Taken {
			out.Taken = append(out.Taken, &labelv1.TakenNumber{Gtin: string(t.GTIN), Moved: timestamp(t.Moved), Label: string(t.ID), Url: t.URL, Product: t.Product, State: stateOf[t.State]})
		}
		out.Because, out.Scheduled, out.Review = message(p.Because), message(p.Scheduled), message(p.Review)
		for _, d := range p.Label.Declared {
			out.Declared = append(out.Declared, &labelv1.DeclaredFact{Fact: d.Fact, Value: d.Value, Text: s.a.Programme().Words(d)})
		}
		for _, st := range p.Advisories {
			out.Advisories = append(out.Advisories, message(st))
		}
		if !r.GetHistory() {
			return out, nil
		}
		for _, st := range p.Statuses {
			out.History = append(out.History, message(st))
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*labelv1.VerifyResponse), nil
}

func (s *verification) find(r *labelv1.VerifyRequest) (*authority.Published, error) {
	switch t := r.GetTarget().(type) {
	case *labelv1.VerifyRequest_Id:
		id, err := label.ParseID(t.Id)
		if err != nil {
			return nil, err
		}
		return s.a.Lookup(id)
	case *labelv1.VerifyRequest_Url:
		_, id, err := qr.ParsePayload(t.Url)
		if err != nil {
			return nil, err
		}
		return s.a.Lookup(id)
	case *labelv1.VerifyRequest_Gtin:
		g, err := label.ParseGTIN(t.Gtin)
		if err != nil {
			return nil, err
		}
		return s.a.ByGTIN(g)
	case *labelv1.VerifyRequest_Package:
		return s.a.VerifyPackage(t.Package)
	}
	return nil, label.Errorf(label.Invalid, label.ReasonMissing, "target", "name a label by id, url, gtin or package")
}

func (s *verification) ListManufacturerLabels(_ context.Context, r *labelv1.ListManufacturerLabelsRequest) (*labelv1.ListManufacturerLabelsResponse, error) {
	if r.GetManufacturer() == "" {
		return nil, missing("manufacturer")
	}
	p, err := s.a.Labels(r.GetManufacturer(), page(r))
	if err != nil {
		return nil, err
	}
	out, err := summaries(s.a.Programme(), p.Labels)
	return &labelv1.ListManufacturerLabelsResponse{Labels: out, NextPageToken: p.Next, Unavailable: texts(p.Unavailable)}, err
}

// operations implements AuthorityService.
type operations struct {
	labelv1.UnimplementedAuthorityServiceServer
	a *authority.Authority
}

func (s *operations) CreateOrganization(ctx context.Context, r *labelv1.CreateOrganizationRequest) (*labelv1.CreateOrganizationResponse, error) {
	if r.GetOrganization() == nil {
		return nil, missing("organization")
	}
	o, err := s.a.Enrol(ctx, caller(ctx), organizationFrom(r.GetOrganization()))
	if err != nil {
		return nil, err
	}
	notes, err := s.a.EnrolmentNotes(o)
	if err != nil {
		return nil, err
	}
	return &labelv1.CreateOrganizationResponse{Organization: organization(o), Notes: notes}, nil
}

func (s *operations) GetOrganization(ctx context.Context, r *labelv1.GetOrganizationRequest) (*labelv1.GetOrganizationResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	e, err := s.a.Organization(caller(ctx), r.GetId())
	if err != nil {
		return nil, err
	}
	out := &labelv1.GetOrganizationResponse{Organization: organization(e.Org)}
	for _, k := range e.Keys {
		out.Keys = append(out.Keys, key(k))
	}
	latest := map[string]*labelv1.Accreditation{}
	for _, acc := range e.Accreditations { // in the order in which they were recorded
		m := accreditation(acc)
		if before := latest[acc.Number]; before != nil {
			before.Replaced = true
		}
		latest[acc.Number] = m
		out.Accreditations = append(out.Accreditations, m)
	}
	return out, nil
}

func (s *operations) ListOrganizations(ctx context.Context, r *labelv1.ListOrganizationsRequest) (*labelv1.ListOrganizationsResponse, error) {
	list, next, err := s.a.Organizations(caller(ctx), roleFrom(r.GetRole()), page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListOrganizationsResponse{NextPageToken: next}
	for _, o := range list {
		out.Organizations = append(out.Organizations, organization(o))
	}
	return out, nil
}

func (s *operations) AddKey(ctx context.Context, r *labelv1.AddKeyRequest) (*labelv1.AddKeyResponse, error) {
	switch {
	case r.GetOrganization() == "":
		return nil, missing("organization")
	case r.GetPem() == "":
		return nil, missing("pem")
	case r.GetFrom() != nil && !r.GetFrom().IsValid():
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "from", "is not a valid timestamp")
	}
	var from time.Time
	if r.GetFrom() != nil {
		from = r.GetFrom().AsTime()
	}
	added, err := s.a.AddKey(ctx, caller(ctx), r.GetOrganization(), r.GetPem(), from)
	if err != nil {
		return nil, err
	}
	return &labelv1.AddKeyResponse{Key: key(added.Key), Notes: added.Notes}, nil
}

func (s *operations) RevokeKey(ctx context.Context, r *labelv1.RevokeKeyRequest) (*labelv1.RevokeKeyResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	k, err := s.a.RevokeKey(ctx, caller(ctx), r.GetId(), r.GetReason())
	if err != nil {
		return nil, err
	}
	return &labelv1.RevokeKeyResponse{Key: key(k.Key), Notes: k.Notes}, nil
}

func (s *operations) AddAccreditation(ctx context.Context, r *labelv1.AddAccreditationRequest) (*labelv1.AddAccreditationResponse, error) {
	m := r.GetAccreditation()
	if m == nil {
		return nil, missing("accreditation")
	}
	from, err := label.ParseDate(m.GetFrom())
	if err != nil {
		return nil, label.Within("accreditation.from", err)
	}
	to, err := label.ParseDate(m.GetTo())
	if err != nil {
		return nil, label.Within("accreditation.to", err)
	}
	var methods []label.Method
	for _, m := range m.GetMethods() {
		methods = append(methods, label.Method(m))
	}
	a, err := s.a.Accredit(ctx, caller(ctx), label.Accreditation{
		Lab: label.Party{ID: m.GetLab()}, Number: m.GetNumber(), Body: m.GetBody(), Standards: m.GetStandards(),
		Categories: m.GetCategories(), Methods: methods, Interval: label.Period{From: from, To: to},
	})
	if err != nil {
		return nil, err
	}
	return &labelv1.AddAccreditationResponse{Accreditation: accreditation(a), Notes: a.Notes}, nil
}

func (s *operations) ListSchemes(context.Context, *labelv1.ListSchemesRequest) (*labelv1.ListSchemesResponse, error) {
	out := &labelv1.ListSchemesResponse{}
	p, now := s.a.Programme(), s.a.Now()
	for _, sc := range p.Schemes {
		m := schemeMessage(sc, false)
		m.Judging = p.InForce(sc.ID, now) == sc
		out.Schemes = append(out.Schemes, m)
	}
	return out, nil
}

func (s *operations) GetScheme(_ context.Context, r *labelv1.GetSchemeRequest) (*labelv1.GetSchemeResponse, error) {
	p, now := s.a.Programme(), s.a.Now()
	id, version, versioned := strings.Cut(r.GetId(), "@")
	sc := p.InForce(id, now)
	if versioned {
		sc = p.Scheme(id, version)
	}
	if sc == nil {
		return nil, label.Errorf(label.NotFound, label.ReasonUnknownScheme, "id", "no scheme %q is served; \"labelctl scheme list\" names them and their versions", r.GetId())
	}
	m := schemeMessage(sc, true)
	m.Judging = p.InForce(id, now) == sc
	return &labelv1.GetSchemeResponse{Scheme: m}, nil
}

func texts[T ~string](ids []T) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}
