package web

import (
	"slices"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// A Label is a label as JSON. The package comment documents it.
type Label struct {
	ID           label.ID           `json:"id"`
	PrettyID     string             `json:"prettyId"`
	URL          string             `json:"url"`
	At           time.Time          `json:"at,omitzero"`
	Held         *GTINMatch         `json:"held,omitempty"`
	State        label.State        `json:"state"`
	Because      *Status            `json:"because,omitempty"`
	ExpiringSoon bool               `json:"expiringSoon"`
	UnderReview  bool               `json:"underReview"`
	Review       *Status            `json:"review,omitempty"`
	Scheduled    *Status            `json:"scheduled,omitempty"`
	Successor    *Successor         `json:"successor,omitempty"`
	Support      label.SupportState `json:"support"`
	Advisories   []*Status          `json:"advisories,omitempty"`
	Scheme       label.SchemeRef    `json:"scheme"`
	Level        label.Level        `json:"level"`
	Assurance    label.Assurance    `json:"assurance"`
	Device       label.Device       `json:"device"`
	MovedGTINs   []label.GTIN       `json:"movedGtins,omitempty"`
	Taken        []FormerLabel      `json:"taken,omitempty"`
	Maker        label.Party        `json:"maker"`
	Firmware     *label.Firmware    `json:"firmware,omitempty"`
	Labs         []label.LabRef     `json:"labs,omitempty"`
	Issued       time.Time          `json:"issued"`
	Expires      time.Time          `json:"expires"`
	ExpiresFor   label.Bound        `json:"expiresFor"`
	Ends         time.Time          `json:"ends"`
	SupportEnd   label.Date         `json:"supportEnd"`
	Product      label.Product      `json:"product"`
	Declared     []DeclaredFact     `json:"declared,omitempty"`
	Criteria     []label.Criterion  `json:"criteria"`
	Rulings      []Ruling           `json:"rulings,omitempty"`
	LogIndex     int64              `json:"logIndex"`
	History      []*Status          `json:"history,omitempty"`
	Links        Links              `json:"links"`
}

// A Successor is the label that took the place of another, or was announced to, as
// JSON.
type Successor struct {
	label.LabelLink
	LowerLevel bool        `json:"lowerLevel"`
	State      label.State `json:"state,omitempty"` // how it stands itself; absent where that cannot be told
}

func successorOf(p *authority.Published) *Successor {
	link := p.Link()
	if link == nil {
		return nil
	}
	s := &Successor{LabelLink: *link, LowerLevel: link.Below(p.Label.Level.Number)}
	if p.Successor != nil {
		s.State = p.Successor.State
	}
	return s
}

// A FormerLabel is a label of a product that had a number before it was moved to another, as
// JSON.
type FormerLabel struct {
	GTIN    label.GTIN  `json:"gtin"`
	Moved   time.Time   `json:"moved"`
	ID      label.ID    `json:"id"`
	URL     string      `json:"url"`
	Product string      `json:"product"`
	State   label.State `json:"state"`
}

func formerLabels(list []authority.Taken) (out []FormerLabel) {
	for _, t := range list {
		out = append(out, FormerLabel{t.GTIN, t.Moved, t.ID, t.URL, t.Product, t.State})
	}
	return out
}

// A GTINMatch says whether a number under a barcode is of the label's product, as JSON.
type GTINMatch struct {
	GTIN  label.GTIN `json:"gtin"`
	Same  bool       `json:"same"`
	Moved bool       `json:"moved,omitzero"` // it was, until the authority moved it to another manufacturer
}

// A DeclaredFact is what the manufacturer declared of something that shoppers are
// told, as JSON.
type DeclaredFact struct {
	label.DeclaredFact
	Text string `json:"text,omitempty"` // in words; absent where the programme has none any more
}

// A Status is one thing that happened to a label, as JSON.
type Status struct {
	Number    int                `json:"number"`
	Action    label.Action       `json:"action"`
	Reason    string             `json:"reason"`
	Title     string             `json:"title,omitempty"`
	Text      string             `json:"text"`
	Author    string             `json:"author,omitempty"` // organization whose words the text is
	Recorded  time.Time          `json:"recorded"`
	Effective time.Time          `json:"effective"`
	LogIndex  int64              `json:"logIndex"`
	Successor *label.LabelLink   `json:"successor,omitempty"`
	Advisory  *label.AdvisoryRef `json:"advisory,omitempty"`
}

// A Ruling is what became of an appeal that the label rests on, as JSON.
type Ruling struct {
	Accepted []string     `json:"accepted"`
	Text     string       `json:"text"`
	Decided  time.Time    `json:"decided"`
	LogIndex int64        `json:"logIndex"`
	SHA256   label.Digest `json:"sha256"`

	Ended *RulingEnd `json:"takenBack,omitempty"` // why it does not count any more; absent where it does
}

// A RulingEnd says why a ruling does not count any more, as JSON.
type RulingEnd struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // code
	Title  string    `json:"title,omitempty"`
	Text   string    `json:"text,omitempty"`
}

// rulingEnd returns why a ruling did not count any more at the instant for which a
// label is shown, or nil.
func rulingEnd(p *authority.Published, r *authority.Ruled) *authority.Fallen {
	if r.Fallen == nil || r.Fallen.At.After(p.At) {
		return nil
	}
	return r.Fallen
}

// criteriaOf returns the criteria of a label with what became of them since.
func criteriaOf(p *authority.Published) []label.Criterion {
	list := slices.Clone(p.Label.Criteria)
	for i := range list {
		list[i].State = criterionState(p, &p.Label.Criteria[i])
	}
	return list
}

// Links are the addresses of what proves a label, of its code, and of the
// product's picture where there is one.
type Links struct {
	Bundle  string `json:"bundle"`
	Device  string `json:"device"`
	Proof   string `json:"proof"`
	Package string `json:"package"`
	QR      string `json:"qr"`
	Picture string `json:"picture,omitempty"`
}

func (h *Handler) links(p *authority.Published) Links {
	u := qr.URL(h.base, p.Label.ID)
	l := Links{Bundle: u + "/bundle", Device: u + "/device", Proof: u + "/proof", Package: u + "/package", QR: u + "/qr.svg"}
	if p.Pictured {
		l.Picture = u + picturePath
	}
	return l
}

func (h *Handler) renderJSON(p shownLabel) (*body, error) {
	l := p.Label
	out := &Label{
		ID: l.ID, PrettyID: l.ID.Pretty(), URL: l.URL, State: p.State, Because: h.status(p, p.Because),
		ExpiringSoon: p.Soon, UnderReview: p.Review != nil, Review: h.status(p, p.Review), Scheduled: h.status(p, p.Scheduled), Successor: successorOf(p.Published),
		Support: p.Support, Advisories: h.statuses(p, p.Advisories),
		Scheme: l.Scheme, Level: l.Level, Assurance: l.Assurance, Device: l.Device, Maker: l.Maker,
		Firmware: l.Firmware, Labs: l.Labs, Issued: l.Issued, Expires: p.Expires, ExpiresFor: p.ExpiresFor, Ends: p.Ends(),
		SupportEnd: l.Product.SupportEnd, Product: l.Product, Criteria: criteriaOf(p.Published), LogIndex: p.Index,
		History: h.statuses(p, statusesAt(p.Published)), Links: h.links(p.Published),
	}
	out.Device.GTINs, out.MovedGTINs = p.GTINs, p.Moved
	out.Taken = formerLabels(p.Taken)
	if p.gtin != "" {
		out.Held = &GTINMatch{p.gtin, p.SpeaksOf(p.gtin), slices.Contains(p.Moved, p.gtin)}
	}
	for i := range p.Rulings {
		r := &p.Rulings[i]
		ruling := Ruling{Accepted: r.Accepted, Text: r.Text, Decided: r.Decided, LogIndex: r.Index, SHA256: r.Digest}
		if f := rulingEnd(p.Published, r); f != nil {
			ruling.Ended = &RulingEnd{f.At, f.Reason, f.Title, f.Text}
		}
		out.Rulings = append(out.Rulings, ruling)
	}
	for _, d := range l.Declared {
		out.Declared = append(out.Declared, DeclaredFact{d, h.a.Programme().Words(d)})
	}
	if p.past {
		out.At = p.At
	}
	b, err := label.Encode(out)
	if err != nil {
		return nil, err
	}
	return newBody(jsonType, b), nil
}

// statusesAt returns what had happened to a label by the instant it is shown at.
func statusesAt(p *authority.Published) []*label.Status {
	n := 0
	for n < len(p.Statuses) && !p.Statuses[n].Recorded.After(p.At) {
		n++
	}
	return p.Statuses[:n]
}

func (h *Handler) status(p shownLabel, s *label.Status) *Status {
	if s == nil {
		return nil
	}
	return &Status{
		Number: s.Number, Action: s.Action, Reason: s.Reason, Title: h.title(s), Text: s.Text,
		Recorded: s.Recorded, Effective: s.Effective, LogIndex: p.Indexes[s.Number-1],
		Successor: s.Successor, Advisory: s.Advisory,
	}
}

func (h *Handler) statuses(p shownLabel, list []*label.Status) []*Status {
	out := make([]*Status, len(list))
	for i, s := range list {
		out[i] = h.status(p, s)
	}
	return out
}

// title returns a status's reason in words for people, or nothing where the
// programme knows the code no more.
func (h *Handler) title(s *label.Status) string {
	if r := h.a.Programme().Reasons[s.Reason]; r != nil {
		return r.Title
	}
	return ""
}
