package label

import (
	"net"
	"net/url"
	"strings"
	"time"
)

// A Label is what the authority says of a device: that it reached a level of a
// scheme, on which evidence, until when. Predicate of [TypeLabel]; it is
// public, logged, and complete enough to explain itself offline.
type Label struct {
	ID         ID              `json:"id"`
	URL        string          `json:"url"`       // where it can be checked; what the QR code holds
	Log        string          `json:"log"`       // origin of the log that has it; empty in labels of before
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
	return checkPage("url", p.URL)
}

// checkPage requires the address of an organization's page, or nothing.
func checkPage(field, s string) error {
	if len(s) > MaxText {
		return tooLarge(field, len(s), MaxText)
	}
	return checkURL(field, s)
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
	if err := checkLabelURL("url", l.URL, l.ID); err != nil {
		return err
	}
	if err := checkOptional("log", l.Log, MaxText); err != nil {
		return err
	}
	if err := l.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if err := l.Maker.Validate(); err != nil {
		return Within("manufacturer", err)
	}
	for _, f := range []struct{ field, value string }{
		{"scheme.version", l.Scheme.Version}, {"scheme.name", l.Scheme.Name},
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
	if err := l.validateTested(); err != nil {
		return err
	}
	if len(l.Evidence) == 0 {
		return invalid(ReasonMissing, "evidence", "a label rests on evidence")
	}
	for i := range l.Evidence {
		if err := l.Evidence[i].validate(); err != nil {
			return Within(index("evidence", i), err)
		}
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

// validateTested checks what the label says of the tests: images and laboratories.
func (l *Label) validateTested() error {
	if f := l.Firmware; f != nil {
		if err := f.validate(); err != nil {
			return Within("firmware", err)
		}
	}
	if l.Firmware == nil && len(l.Modules) > 0 {
		return invalid(ReasonMissing, "firmware", "is required where there are modules: the image whose version owners see")
	}
	for i := range l.Modules {
		err := l.Modules[i].validate()
		if err == nil {
			err = checkText("name", l.Modules[i].Name, MaxText)
		}
		if err != nil {
			return Within(index("modules", i), err)
		}
	}
	for i, lab := range l.Labs {
		err := checkSlug("id", lab.ID)
		for _, f := range []struct{ field, value string }{{"name", lab.Name}, {"accreditation", lab.Accreditation}, {"body", lab.Body}} {
			if err == nil {
				err = checkText(f.field, f.value, MaxText)
			}
		}
		if err != nil {
			return Within(index("labs", i), err)
		}
	}
	return nil
}

// validate checks how a statement is named. Of which types evidence can be is not for
// the label to say: later ones are named in the same way.
func (e *LabelEvidence) validate() error {
	if err := checkText("type", e.Type, MaxText); err != nil {
		return err
	}
	if err := checkSlug("signer", e.Signer); err != nil {
		return err
	}
	if err := checkText("number", e.Number, MaxText); err != nil {
		return err
	}
	switch {
	case e.Date.IsZero():
		return invalid(ReasonMissing, "date", "is required: the end of the tests, or the day of the declaration or ruling")
	case e.SHA256.IsZero():
		return invalid(ReasonMissing, "sha256", "is required: of the signed statement")
	}
	return nil
}

// checkLabelURL requires the address of a label: https, or http where a demonstration runs
// on the machine of whoever looks, and the path that ends in its ID.
func checkLabelURL(field, s string, id ID) error {
	if err := checkText(field, s, MaxLabelURL); err != nil {
		return err
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return invalid(ReasonMalformed, field, "must be an https URL without credentials; http is for demonstrations on loopback")
	case u.RawQuery != "" || u.Fragment != "" || !strings.HasSuffix(u.Path, "/l/"+string(id)):
		return invalid(ReasonMalformed, field, "must end in /l/%s, as addresses of labels do", id)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
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
