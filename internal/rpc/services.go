package rpc

import (
	"context"
	"strings"

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
		return nil, renamed("device", "descriptor", err)
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
		return nil, below("statement", err)
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
	list, next, err := s.a.Submissions(ctx, caller(ctx), device, page(r))
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
	d, err := s.a.Evaluate(ctx, caller(ctx), id, r.GetScheme())
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
	if f := r.GetQr(); f != labelv1.QRFormat_QR_FORMAT_UNSPECIFIED && pictures[f] == nil { // while nothing is issued yet
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "qr", "is %d, which is no picture format that is known here", f)
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

// pictures draw the code of a label.
var pictures = map[labelv1.QRFormat]func(*qr.Code) ([]byte, error){
	labelv1.QRFormat_QR_FORMAT_PNG: func(c *qr.Code) ([]byte, error) { return c.PNG(pngModule) },
	labelv1.QRFormat_QR_FORMAT_SVG: func(c *qr.Code) ([]byte, error) { return c.SVG(), nil },
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

// picture returns the code of a label as a picture, or nothing where no format is asked
// for.
func (s *labels) picture(id label.ID, f labelv1.QRFormat) ([]byte, error) {
	if f == labelv1.QRFormat_QR_FORMAT_UNSPECIFIED {
		return nil, nil
	}
	code, err := s.draw(id)
	if err != nil {
		return nil, err
	}
	return pictures[f](code)
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
		for _, f := range p.Label.Facts {
			if yes, ok := f.Value.Bool(); ok {
				out.Declared = append(out.Declared, &labelv1.DeclaredFact{Fact: f.Fact, Value: yes, Text: s.a.Programme().Words(f), By: string(f.By)})
			}
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

func (s *operations) ChangeRegistry(ctx context.Context, r *labelv1.ChangeRegistryRequest) (*labelv1.ChangeRegistryResponse, error) {
	if len(r.GetRequest()) == 0 {
		return nil, missing("request")
	}
	c, err := s.a.ChangeRegistry(ctx, caller(ctx), r.GetRequest())
	if err != nil {
		return nil, err
	}
	out := &labelv1.ChangeRegistryResponse{Known: c.Known, Notes: c.Notes}
	if c.Organization != nil {
		out.Organization = organization(c.Organization)
	}
	if c.Person != nil {
		out.Person = person(c.Person)
	}
	if c.Key != nil {
		out.Key = key(c.Key)
	}
	if c.Accreditation != nil {
		out.Accreditation = accreditation(c.Accreditation)
	}
	if c.Request.Waits() {
		out.Waiting, err = waiting(c.Request)
	}
	return out, err
}

func (s *operations) GetActs(ctx context.Context, _ *labelv1.GetActsRequest) (*labelv1.GetActsResponse, error) {
	p, err := s.a.ActTable(caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &labelv1.GetActsResponse{Sha256: p.SHA256.String(), Alone: p.Alone, Authority: p.Authority}
	for _, rule := range p.Rules {
		m := &labelv1.ActRule{Kind: string(rule.Kind), Signed: rule.Signed, Persons: int32(rule.Persons), Organizations: int32(rule.Organizations)}
		for _, role := range rule.Roles {
			m.Roles = append(m.Roles, roleOf[role])
		}
		out.Rules = append(out.Rules, m)
	}
	return out, nil
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
	for _, p := range e.Persons {
		out.Persons = append(out.Persons, person(p))
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
	var role label.Role
	if r.GetRole() != labelv1.Role_ROLE_UNSPECIFIED {
		var err error
		if role, err = roleFrom("role", r.GetRole()); err != nil {
			return nil, err
		}
	}
	list, next, err := s.a.Organizations(caller(ctx), role, page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListOrganizationsResponse{NextPageToken: next}
	for _, o := range list {
		out.Organizations = append(out.Organizations, organization(o))
	}
	return out, nil
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
	if r.GetId() == "" {
		return nil, missing("id")
	}
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
