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
	Title        string             `json:"title"`
	Assurance    label.Assurance    `json:"assurance"`
	Device       label.Device       `json:"device"`
	MovedGTINs   []label.GTIN       `json:"movedGtins,omitempty"`
	Taken        []FormerLabel      `json:"taken,omitempty"`
	Maker        label.Party        `json:"manufacturer"`
	Firmware     *label.Firmware    `json:"firmware,omitempty"`
	Modules      []label.Firmware   `json:"modules,omitempty"`
	Labs         []label.LabRef     `json:"labs,omitempty"`
	Issued       time.Time          `json:"issued"`
	Expires      time.Time          `json:"expires"`
	ExpiresFor   label.Bound        `json:"expiresFor"`
	Ends         time.Time          `json:"ends"`
	SupportEnd   label.Date         `json:"supportEnd"`
	Product      label.Product      `json:"product"`
	Facts        []LabelFact        `json:"facts,omitempty"`
	Criteria     []label.Criterion  `json:"criteria"`
	Rulings      []Ruling           `json:"rulings,omitempty"`
	LogIndex     int64              `json:"logIndex"`
	History      []*Status          `json:"history,omitempty"`
	Links        Links              `json:"links"`
}

// A Successor is, as JSON, the label that took the place of another one, or that will.
type Successor struct {
	label.LabelLink
	LowerLevel bool        `json:"lowerLevel"`
	State      label.State `json:"state,omitempty"` // of that label; absent where it cannot be told
}

// successorOf returns the successor of a label, or nil.
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

// A GTINMatch says, as JSON, whether a barcode number is of the product of the label.
type GTINMatch struct {
	GTIN  label.GTIN `json:"gtin"`
	Same  bool       `json:"same"`
	Moved bool       `json:"moved,omitzero"` // it was, until the authority moved the number to another manufacturer
}

// A LabelFact is, as JSON, what a label says about something that pages tell shoppers.
type LabelFact struct {
	label.LabelFact
	Text string `json:"text,omitempty"` // in words; absent where the programme has none any more
}

// A Status is, as JSON, one thing that happened to a label.
type Status struct {
	Number    int                `json:"number"`
	Action    label.Action       `json:"action"`
	Reason    string             `json:"reason"`
	Title     string             `json:"title,omitempty"`
	Text      string             `json:"text"`
	Language  string             `json:"language,omitempty"` // of the text; English where absent
	Author    string             `json:"author,omitempty"`   // organization that wrote the text
	Recorded  time.Time          `json:"recorded"`
	Effective time.Time          `json:"effective"`
	LogIndex  int64              `json:"logIndex"`
	Successor *label.LabelLink   `json:"successor,omitempty"`
	Advisory  *label.AdvisoryRef `json:"advisory,omitempty"`
}

// A Ruling is, as JSON, the ruling on an appeal that the label is based on.
type Ruling struct {
	Accepted []string     `json:"accepted"`
	Text     string       `json:"text"`
	Language string       `json:"language,omitempty"` // of the text; English where absent
	Decided  time.Time    `json:"decided"`
	LogIndex int64        `json:"logIndex"`
	SHA256   label.Digest `json:"sha256"`

	Ended *RulingEnd `json:"takenBack,omitempty"` // why it does not count any more; absent where it does
}

// A RulingEnd says, as JSON, why a ruling does not count any more.
type RulingEnd struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"` // code
	Title  string    `json:"title,omitempty"`
	Text   string    `json:"text,omitempty"`
}

// rulingEnd returns why a ruling did not count any more at the instant for which a
// label is shown, or nil.
func rulingEnd(p *authority.Published, r *authority.LoggedRuling) *authority.VoidRuling {
	if r.Fallen == nil || r.Fallen.At.After(p.At) {
		return nil
	}
	return r.Fallen
}

// criteriaOf returns the criteria of a label with the states that they have now.
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

// links returns the links of a label.
func (h *labelHandler) links(p *authority.Published) Links {
	u := qr.URL(h.base, p.Label.ID)
	l := Links{Bundle: u + "/bundle", Device: u + "/device", Proof: u + "/proof", Package: u + "/package", QR: u + "/qr.svg"}
	if p.Pictured {
		l.Picture = u + picturePath
	}
	return l
}

// renderJSON renders a label as JSON.
func (h *labelHandler) renderJSON(p shownLabel) (*body, error) {
	l := p.Label
	out := &Label{
		ID: l.ID, PrettyID: l.ID.Pretty(), URL: l.URL, State: p.State, Because: h.status(p, p.Because),
		ExpiringSoon: p.Soon, UnderReview: p.Review != nil, Review: h.status(p, p.Review), Scheduled: h.status(p, p.Scheduled), Successor: successorOf(p.Published),
		Support: p.Support, Advisories: h.statuses(p, p.Advisories),
		Scheme: l.Scheme, Level: l.Level, Title: h.words.title(l), Assurance: l.Assurance, Device: l.Device, Maker: l.Maker,
		Firmware: l.Firmware, Modules: l.Modules, Labs: l.Labs, Issued: l.Issued, Expires: p.Expires, ExpiresFor: p.ExpiresFor, Ends: p.Ends(),
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
		ruling := Ruling{Accepted: r.Accepted, Text: r.Text, Language: r.Language, Decided: r.Decided, LogIndex: r.Index, SHA256: r.Digest}
		if f := rulingEnd(p.Published, r); f != nil {
			ruling.Ended = &RulingEnd{f.At, f.Reason, f.Title, f.Text}
		}
		out.Rulings = append(out.Rulings, ruling)
	}
	for _, f := range l.Facts {
		out.Facts = append(out.Facts, LabelFact{f, h.words.programme.Words(f)})
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

// statusesAt returns what had happened to a label by the instant for which it is shown.
func statusesAt(p *authority.Published) []*label.Status {
	n := 0
	for n < len(p.Statuses) && !p.Statuses[n].Recorded.After(p.At) {
		n++
	}
	return p.Statuses[:n]
}

// status returns a status as JSON, or nil for none.
func (h *labelHandler) status(p shownLabel, s *label.Status) *Status {
	if s == nil {
		return nil
	}
	return &Status{
		Number: s.Number, Action: s.Action, Reason: s.Reason, Title: h.words.reason(s), Text: s.Text, Language: s.Language, Author: s.Author(),
		Recorded: s.Recorded, Effective: s.Effective, LogIndex: p.Indexes[s.Number-1],
		Successor: s.Successor, Advisory: s.Advisory,
	}
}

func (h *labelHandler) statuses(p shownLabel, list []*label.Status) []*Status {
	out := make([]*Status, len(list))
	for i, s := range list {
		out[i] = h.status(p, s)
	}
	return out
}
