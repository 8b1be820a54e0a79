package label

import "time"

// A Label is what the authority says of a device: that it reached a level of a
// scheme, on which evidence, until when. Predicate of [TypeLabel]; it is
// public, logged, and complete enough to explain itself offline.
type Label struct {
	ID         ID              `json:"id"`
	URL        string          `json:"url"`       // where it can be checked; what the QR code holds
	Authority  Party           `json:"authority"` // who issued it
	Scheme     SchemeRef       `json:"scheme"`
	Level      Level           `json:"level"`
	Assurance  Assurance       `json:"assurance"`
	Device     Device          `json:"device"`
	Maker      Party           `json:"manufacturer"`       // by name
	Firmware   *Firmware       `json:"firmware,omitempty"` // that was tested, by whose version owners know it
	Modules    []Firmware      `json:"modules,omitempty"`  // the other images that were on the samples
	Labs       []LabRef        `json:"labs,omitempty"`
	Evidence   []LabelEvidence `json:"evidence"`
	Criteria   []Criterion     `json:"criteria"`
	Issued     time.Time       `json:"issued"`  // UTC, whole seconds
	Expires    time.Time       `json:"expires"` // UTC, whole seconds; not valid from this instant on
	ExpiresFor Bound           `json:"expiresFor"`
	Product    Product         `json:"product"` // the manufacturer's words for shoppers
	Facts      []LabelFact     `json:"facts,omitempty"`
}

// An Outline is what lists show of a label.
type Outline struct {
	ID     ID `json:"id"`
	Scheme struct {
		ID string `json:"id"`
	} `json:"scheme"`
	Level     Level     `json:"level"`
	Assurance Assurance `json:"assurance"`
	Device    struct {
		Brand    string `json:"brand"`
		Model    string `json:"model"`
		Name     string `json:"name"`
		Category string `json:"category"`
	} `json:"device"`
	Maker   Party     `json:"manufacturer"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Product struct {
		SupportEnd Date `json:"supportEnd"`
	} `json:"product"`
}

// Outline returns what lists show of a label.
func (l *Label) Outline() *Outline {
	o := &Outline{ID: l.ID, Level: l.Level, Assurance: l.Assurance, Maker: l.Maker, Issued: l.Issued, Expires: l.Expires}
	o.Scheme.ID, o.Product.SupportEnd = l.Scheme.ID, l.Product.SupportEnd
	o.Device.Brand, o.Device.Model, o.Device.Name, o.Device.Category = l.Device.Brand, l.Device.Model, l.Device.Name, l.Device.Category
	return o
}

// A Party is an organization as shown to people.
type Party struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Validate holds a party to what statements say of one. Its page stands in each
// of them, and is as short as a name.
func (p *Party) Validate() error {
	if err := checkText("id", p.ID, MaxText); err != nil {
		return err
	}
	if err := checkText("name", p.Name, MaxText); err != nil {
		return err
	}
	if len(p.URL) > MaxText {
		return tooLarge("url", len(p.URL), MaxText)
	}
	return checkURL("url", p.URL)
}

// A SchemeRef pins a scheme to the version that judged: levels of the same
// number mean different things in different versions.
type SchemeRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Name    string `json:"name"`
	SHA256  Digest `json:"sha256"` // of the scheme's data file
}

// Assurance says who checked.
type Assurance string

const (
	SelfDeclared Assurance = "self-declared" // the manufacturer answers for it
	LabTested    Assurance = "lab-tested"    // an accredited lab tested what this level asks to be tested
)

// A LabRef names a lab and the accreditation under which it reported.
type LabRef struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Accreditation string `json:"accreditation"` // number
	Body          string `json:"body"`          // accreditation body
}

// LabelEvidence names one statement the label rests on. The statement itself
// stays private; its digest shows later that it was this one.
type LabelEvidence struct {
	Type   string `json:"type"`   // predicate type
	Signer string `json:"signer"` // organization ID
	Number string `json:"number"`
	Date   Date   `json:"date"`   // end of the test period, or day of the declaration or ruling
	SHA256 Digest `json:"sha256"` // of the signed statement
}

// A Criterion is what one criterion of the level came to. One that does not
// apply is not met: its label says so, and which features of the product are why.
type Criterion struct {
	ID    string   `json:"id"`
	State string   `json:"state"`         // met or not-applicable
	By    string   `json:"by"`            // whose word that is: declaration, lab, authority (a ruling on an appeal), or none where it follows from the rule alone
	Why   []string `json:"why,omitempty"` // not-applicable: the features that make it so, such as uses_passwords=false
}

// What a criterion of a label comes to.
const (
	CriterionMet           = "met"
	CriterionNotApplicable = "not-applicable"
)

// Validate is the linter's view of a label: everything a reader relies on is
// there and agrees with itself.
func (l *Label) Validate() error {
	if id, err := ParseID(string(l.ID)); err != nil || id != l.ID {
		return invalid(ReasonIDMalformed, "id", "is not a label ID in normal form")
	}
	if err := checkText("url", l.URL, MaxProse); err != nil {
		return err
	}
	for _, f := range []struct{ field, value string }{
		{"authority.id", l.Authority.ID}, {"authority.name", l.Authority.Name},
		{"scheme.version", l.Scheme.Version}, {"scheme.name", l.Scheme.Name},
		{"manufacturer.id", l.Maker.ID}, {"manufacturer.name", l.Maker.Name},
	} {
		if err := checkText(f.field, f.value, MaxText); err != nil {
			return err
		}
	}
	if err := checkSlug("scheme.id", l.Scheme.ID); err != nil {
		return err
	}
	if l.Scheme.SHA256.IsZero() {
		return invalid(ReasonMissing, "scheme.sha256", "is required")
	}
	if err := l.Level.validate(); err != nil {
		return Within("level", err)
	}
	switch l.Assurance {
	case SelfDeclared:
	case LabTested:
		if len(l.Labs) == 0 {
			return invalid(ReasonMissing, "labs", "a lab-tested label names its labs")
		}
	default:
		return invalid(ReasonOutOfRange, "assurance", "must be %s or %s", SelfDeclared, LabTested)
	}
	if err := l.Device.Validate(); err != nil {
		return Within("device", err)
	}
	if l.Device.Manufacturer != l.Maker.ID {
		return invalid(ReasonWrongSigner, "manufacturer.id", "is not the device's manufacturer")
	}
	if len(l.Evidence) == 0 {
		return invalid(ReasonMissing, "evidence", "a label rests on evidence")
	}
	if len(l.Criteria) == 0 {
		return invalid(ReasonMissing, "criteria", "a label rests on criteria")
	}
	for i := range l.Criteria {
		if err := l.Criteria[i].validate(); err != nil {
			return Within(index("criteria", i), err)
		}
	}
	if l.Issued.IsZero() || l.Issued.Nanosecond() != 0 || l.Expires.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "issued", "times are whole seconds")
	}
	if !l.Expires.After(l.Issued) {
		return invalid(ReasonOutOfRange, "expires", "must be after issued")
	}
	switch l.ExpiresFor {
	case BoundSchemeTerm, BoundSupportEnd, BoundEvidenceExpiry, BoundGraceEnd:
	default:
		return invalid(ReasonOutOfRange, "expiresFor", "is not a known bound")
	}
	if err := checkLabelFacts(l.Facts); err != nil {
		return err
	}
	return Within("product", l.Product.validate())
}

func (c *Criterion) validate() error {
	if err := checkSlug("id", c.ID); err != nil {
		return err
	}
	switch c.By {
	case "declaration", "lab", "authority", "none":
	default:
		return invalid(ReasonOutOfRange, "by", "is %q; must be declaration, lab, authority or none", c.By)
	}
	switch {
	case c.State != CriterionMet && c.State != CriterionNotApplicable:
		return invalid(ReasonOutOfRange, "state", "is %q; a label's criteria are met or not-applicable", c.State)
	case (c.State == CriterionNotApplicable) != (len(c.Why) > 0):
		return invalid(ReasonMissing, "why", "goes with not-applicable, and only with it: the features that make it so")
	case len(c.Why) > MaxWhy:
		return tooMany("why", len(c.Why), MaxWhy)
	}
	for i, s := range c.Why {
		if err := checkText(index("why", i), s, MaxText); err != nil {
			return err
		}
	}
	return nil
}
