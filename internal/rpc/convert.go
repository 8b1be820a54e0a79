package rpc

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// digest reads a digest field of a request.
func digest(field, s string) (label.Digest, error) {
	if s == "" {
		return label.Digest{}, missing(field)
	}
	d, err := label.ParseDigest(s)
	return d, label.Within(field, err)
}

var (
	stateOf = map[label.State]labelv1.LabelState{
		label.Active:     labelv1.LabelState_LABEL_STATE_ACTIVE,
		label.Expired:    labelv1.LabelState_LABEL_STATE_EXPIRED,
		label.Suspended:  labelv1.LabelState_LABEL_STATE_SUSPENDED,
		label.Revoked:    labelv1.LabelState_LABEL_STATE_REVOKED,
		label.Withdrawn:  labelv1.LabelState_LABEL_STATE_WITHDRAWN,
		label.Superseded: labelv1.LabelState_LABEL_STATE_SUPERSEDED,
		label.NotIssued:  labelv1.LabelState_LABEL_STATE_NOT_ISSUED,
	}
	supportOf = map[label.SupportState]labelv1.SupportState{
		label.Supported:    labelv1.SupportState_SUPPORT_STATE_SUPPORTED,
		label.SupportEnded: labelv1.SupportState_SUPPORT_STATE_ENDED,
	}
	assuranceOf = map[label.Assurance]labelv1.Assurance{
		label.SelfDeclared: labelv1.Assurance_ASSURANCE_SELF_DECLARED,
		label.LabTested:    labelv1.Assurance_ASSURANCE_LAB_TESTED,
	}
	presentationOf = map[label.Presentation]labelv1.Presentation{
		label.Ladder:       labelv1.Presentation_PRESENTATION_LADDER,
		label.PassOnly:     labelv1.Presentation_PRESENTATION_PASS_ONLY,
		label.NamedClasses: labelv1.Presentation_PRESENTATION_NAMED_CLASSES,
	}
	boundOf = map[label.Bound]labelv1.ExpiryBound{
		label.BoundSchemeTerm:     labelv1.ExpiryBound_EXPIRY_BOUND_SCHEME_TERM,
		label.BoundSupportEnd:     labelv1.ExpiryBound_EXPIRY_BOUND_SUPPORT_END,
		label.BoundEvidenceExpiry: labelv1.ExpiryBound_EXPIRY_BOUND_EVIDENCE_EXPIRY,
		label.BoundGraceEnd:       labelv1.ExpiryBound_EXPIRY_BOUND_GRACE_END,
	}
	findingOf = map[scheme.State]labelv1.FindingState{
		scheme.Met:           labelv1.FindingState_FINDING_STATE_MET,
		scheme.Unmet:         labelv1.FindingState_FINDING_STATE_UNMET,
		scheme.Undetermined:  labelv1.FindingState_FINDING_STATE_UNDETERMINED,
		scheme.NotApplicable: labelv1.FindingState_FINDING_STATE_NOT_APPLICABLE,
	}
	sourceOf = map[scheme.Source]labelv1.EvidenceSource{
		scheme.Declaration: labelv1.EvidenceSource_EVIDENCE_SOURCE_DECLARATION,
		scheme.Lab:         labelv1.EvidenceSource_EVIDENCE_SOURCE_LAB,
	}
	roleOf = map[label.Role]labelv1.Role{
		label.RoleOperator:     labelv1.Role_ROLE_OPERATOR,
		label.RoleLab:          labelv1.Role_ROLE_LAB,
		label.RoleManufacturer: labelv1.Role_ROLE_MANUFACTURER,
	}
)

// roleFrom returns the role that a field of a request has.
func roleFrom(field string, r labelv1.Role) (label.Role, error) {
	for role, v := range roleOf {
		if v == r {
			return role, nil
		}
	}
	return "", label.Errorf(label.Invalid, label.ReasonOutOfRange, field, "is %d, which is no role that is known here; it is one of %s", r, strings.Join(texts(label.Roles), ", "))
}

// summary returns a published label in short, made once while it is published.
func summary(words *scheme.Programme, p *authority.Published) (*labelv1.LabelSummary, error) {
	v, err := p.Render("rpc.summary", func() (any, error) {
		l := p.Label
		s := &labelv1.LabelSummary{
			Id: string(l.ID), Url: l.URL,
			Scheme: l.Scheme.ID, SchemeVersion: l.Scheme.Version, SchemeName: l.Scheme.Name,
			Level: int32(l.Level.Number), LevelOf: int32(l.Level.Of), LevelName: l.Level.Name,
			Title: words.Called(scheme.OnPage, l.Scheme, l.Level), Presentation: presentationOf[l.Level.Presentation],
			Assurance: assuranceOf[l.Assurance], Device: label.DigestOf(p.Device).String(),
			Manufacturer: l.Maker.ID, ManufacturerName: l.Maker.Name,
			Brand: l.Device.Brand, Model: l.Device.Model, Name: l.Device.Name, Category: l.Device.Category,
			Issued: timestamp(l.Issued), Expires: timestamp(p.Expires), ExpiresFor: boundOf[p.ExpiresFor],
			SupportEnd: l.Product.SupportEnd.String(), LogIndex: p.Index,
			State: stateOf[p.State], SupportState: supportOf[p.Support],
			ExpiringSoon: p.Soon, UnderReview: p.Review != nil, Advisories: int32(p.Concerns()), Unsettled: len(p.Holds) > 0,
			Gtins: texts(p.GTINs), MovedGtins: texts(p.Moved),
		}
		if p.Scheduled != nil {
			s.AnnouncedEnd = timestamp(p.Scheduled.Effective)
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*labelv1.LabelSummary), nil
}

// successor returns what is known of the label in the place of a published one.
func successor(p *authority.Published) *labelv1.Successor {
	link := p.Link()
	if link == nil {
		return nil
	}
	out := &labelv1.Successor{
		Id: string(link.ID), Url: link.URL, Level: int32(link.Level), LowerLevel: link.Below(p.Label.Level.Number), OtherProduct: link.OtherProduct,
	}
	if p.Successor != nil {
		out.State = stateOf[p.Successor.State]
	}
	return out
}

func summaries(words *scheme.Programme, list []*authority.Published) (out []*labelv1.LabelSummary, err error) {
	for _, p := range list {
		s, err := summary(words, p)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// decision converts a decision with some of its levels. Level is the one to list
// what is missing for, or 0 for the one above that reached.
func decision(d *scheme.Decision, levels []scheme.LevelResult, level int) *labelv1.Decision {
	missing, ignored := d.Missing, d.Unused
	if level > 0 {
		missing, ignored = d.MissingFor(level), d.UnusedFor(level)
	}
	out := &labelv1.Decision{
		Scheme: d.Scheme.ID, SchemeVersion: d.Scheme.Version, Device: d.Subject.String(), Risk: string(d.Risk),
		At: timestamp(d.At), Reached: int32(d.Reached), Missing: gaps(missing), Unused: unused(ignored),
		Presentation: presentationOf[d.Scheme.Presentation.As],
	}
	// A finding stands in several levels, an item in many findings: each is
	// converted once.
	c := decisionConverter{findings: map[*scheme.Finding]*labelv1.Finding{}, items: map[*scheme.Item]string{}, out: out}
	for _, r := range levels {
		l := &labelv1.LevelResult{Level: int32(r.Level), Name: d.Scheme.Levels[r.Level-1].Name, Reached: r.Reached}
		for _, f := range r.Findings {
			l.Findings = append(l.Findings, c.finding(f))
		}
		out.Levels = append(out.Levels, l)
	}
	return out
}

type decisionConverter struct {
	findings map[*scheme.Finding]*labelv1.Finding
	items    map[*scheme.Item]string // ID, once it is in out.Evidence
	out      *labelv1.Decision
}

func (c *decisionConverter) finding(f *scheme.Finding) *labelv1.Finding {
	if m := c.findings[f]; m != nil {
		return m
	}
	m := &labelv1.Finding{
		Criterion: f.Criterion.ID, Title: f.Criterion.Title, Level: int32(f.Criterion.Level),
		State: findingOf[f.State], Required: sourceOf[f.Required], Gaps: gaps(f.Gaps), Provisions: f.Criterion.Provisions,
		Why: f.Why, By: f.By(),
	}
	for _, it := range f.Rests {
		id, ok := c.items[it]
		if !ok {
			ref := items([]*scheme.Item{it})[0]
			c.out.Evidence = append(c.out.Evidence, ref)
			id = ref.Id
			c.items[it] = id
		}
		m.Evidence = append(m.Evidence, id)
	}
	c.findings[f] = m
	return m
}

func gaps(list []scheme.Gap) (out []*labelv1.Gap) {
	for i := range list {
		g := &list[i]
		out = append(out, &labelv1.Gap{Kind: string(g.Kind), By: sourceOf[g.By], Items: g.Items, Text: g.Text})
	}
	return out
}

func unused(list []scheme.Unused) (out []*labelv1.UnusedEvidence) {
	for _, u := range list {
		out = append(out, &labelv1.UnusedEvidence{Evidence: items([]*scheme.Item{u.Item})[0], Code: u.Code, Text: u.Text, Against: u.Against, CountsUntil: dayText(u.Until)})
	}
	return out
}

// dayText writes a day, and nothing for the zero one.
func dayText(d label.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func notes(list []scheme.Note) (out []*labelv1.StatementNote) {
	for _, n := range list {
		out = append(out, &labelv1.StatementNote{Scheme: n.Scheme, Counts: n.Counts, Code: n.Code, Text: n.Text, Against: n.Against, CountsUntil: dayText(n.Until)})
	}
	return out
}

func items(list []*scheme.Item) (out []*labelv1.EvidenceRef) {
	for _, it := range list {
		out = append(out, &labelv1.EvidenceRef{Id: it.ID.String(), Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date.String()})
	}
	return out
}

func submission(s *store.Statement) *labelv1.Submission {
	return &labelv1.Submission{
		Statement: &labelv1.EvidenceRef{Id: s.ID.String(), Type: s.Type, Signer: s.Signer, Number: s.Number, Date: s.Date.String()},
		Device:    s.Device.String(), Carrier: s.Carrier, Key: s.Key, Received: timestamp(s.Received),
	}
}

func organization(o *label.Organization) *labelv1.Organization {
	out := &labelv1.Organization{Id: o.ID, Name: o.Name, Url: o.URL, Contact: o.Contact, Affiliates: o.Affiliates, Enrolled: timestamp(o.Enrolled)}
	for _, f := range o.Formerly {
		out.FormerAffiliates = append(out.FormerAffiliates, &labelv1.FormerAffiliate{Id: f.ID, Until: f.Until.String()})
	}
	for _, r := range o.Roles {
		out.Roles = append(out.Roles, roleOf[r])
	}
	out.Suspended, out.SuspendedFor = timestamp(o.Suspended), o.SuspendedFor
	return out
}

func person(p *label.Person) *labelv1.Person {
	return &labelv1.Person{
		Id: p.ID, Organization: p.Organization, Name: p.Name, Machine: p.Machine, Added: timestamp(p.Added), AddedBy: actor(&p.AddedBy),
		Left: timestamp(p.Left), LeftFor: p.LeftFor,
	}
}

// actor is nil of nobody.
func actor(a *label.Actor) *labelv1.Actor {
	if a == nil || a.Organization == "" {
		return nil
	}
	return &labelv1.Actor{Organization: a.Organization, Person: a.Person, Key: a.Key}
}

func key(k *label.Key) *labelv1.Key {
	return &labelv1.Key{
		Id: k.ID, Organization: k.Organization, Pem: k.PEM, Algorithm: k.Algorithm,
		From: timestamp(k.From), Revoked: timestamp(k.Revoked), RevokedFor: k.RevokedFor,
		Compromised: timestamp(k.Compromised), OwnersWord: k.OwnersWord, Person: k.Person, AddedBy: actor(k.AddedBy), Enrolled: timestamp(k.Enrolled),
	}
}

func accreditation(a *store.Accreditation) *labelv1.Accreditation {
	out := &labelv1.Accreditation{
		Lab: a.Lab.ID, Number: a.Number, Body: a.Body, Standards: a.Standards, Categories: a.Categories,
		Methods: texts(a.Methods), From: a.Interval.From.String(), To: a.Interval.To.String(), LogIndex: a.Index,
		Suspended: a.Suspended, Narrowed: a.Narrowed, Recorded: timestamp(a.Recorded),
	}
	if !a.Event.IsZero() {
		out.Event = a.Event.String()
	}
	return out
}

func schemeMessage(s *scheme.Scheme, full bool) *labelv1.Scheme {
	ref := s.Ref()
	out := &labelv1.Scheme{
		Id: s.ID, Version: s.Version, Name: s.Name, About: s.About, Standard: s.Standard, Edition: s.Edition,
		TermMonths: int32(s.TermMonths), Sha256: ref.SHA256.String(), InForceFrom: s.InForce.From.String(),
		Presentation: presentationOf[s.Presentation.As],
	}
	if !s.InForce.Until.IsZero() {
		out.InForceUntil = s.InForce.Until.String()
	}
	for _, l := range s.Levels {
		out.Levels = append(out.Levels, &labelv1.SchemeLevel{Number: int32(l.Number), Name: l.Name, About: l.About})
	}
	if full {
		for i := range s.Criteria {
			c := &s.Criteria[i]
			out.Criteria = append(out.Criteria, &labelv1.Criterion{Id: c.ID, Level: int32(c.Level), Title: c.Title, Why: c.Why, Provisions: c.Provisions, Rule: c.Rule, Methods: texts(c.Methods)})
		}
	}
	return out
}

// page returns the part of a list that a request asks for.
func page(r interface {
	GetPageSize() int32
	GetPageToken() string
}) authority.Page {
	return authority.Page{Size: int(r.GetPageSize()), Token: r.GetPageToken()}
}
