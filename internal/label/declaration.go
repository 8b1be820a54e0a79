package label

// A Declaration is what a manufacturer answers for: a first-party declaration
// of conformity (ISO/IEC 17050-1). Predicate of [TypeDeclaration].
type Declaration struct {
	Manufacturer string    `json:"manufacturer"` // organization ID of the signer
	Number       string    `json:"number"`       // the manufacturer's own number for it
	Standard     string    `json:"standard"`     // such as en303645
	Edition      string    `json:"edition"`      // such as V2.1.1
	Date         Date      `json:"date"`         // the day it was made
	Signatory    Signatory `json:"signatory"`
	Claims       []Verdict `json:"claims"`          // implementation conformance statement
	Facts        Facts     `json:"facts,omitempty"` // declared values and features
	Product      Product   `json:"product"`         // what shoppers need to know
}

// A Signatory is the person who signs for the manufacturer.
type Signatory struct {
	Name     string `json:"name"`
	Function string `json:"function"`
}

// Product is what a manufacturer tells shoppers, and answers for.
type Product struct {
	Page            string    `json:"page,omitempty"`       // public product page, https
	SupportEnd      Date      `json:"supportEnd"`           // last day of security updates
	Updates         string    `json:"updates"`              // automatic, manual or none
	UpdateHelp      string    `json:"updateHelp,omitempty"` // how to get updates that are not automatic
	Password        string    `json:"password,omitempty"`   // how to change the default password
	Setup           string    `json:"setup,omitempty"`      // how to set the device up securely
	Vulnerabilities Reporting `json:"vulnerabilities"`
	SBOM            bool      `json:"sbom"` // a software bill of materials is kept

	Language     string       `json:"language,omitempty"`     // of UpdateHelp, Password and Setup; English where absent
	Translations Translations `json:"translations,omitempty"` // of these sentences, into other languages
}

// Reporting says how to report a vulnerability and what to expect then.
type Reporting struct {
	Contact    string `json:"contact"`             // https or mailto URL
	Policy     string `json:"policy,omitempty"`    // https URL of the disclosure policy
	AckDays    int    `json:"ackDays,omitzero"`    // days until a report is acknowledged
	StatusDays int    `json:"statusDays,omitzero"` // days between status updates
}

// Validate checks what can be known without registry and catalogue.
func (d *Declaration) Validate() error {
	if err := checkSlug("manufacturer", d.Manufacturer); err != nil {
		return err
	}
	if err := checkText("number", d.Number, MaxText); err != nil {
		return err
	}
	if err := checkSlug("standard", d.Standard); err != nil {
		return err
	}
	if err := checkText("edition", d.Edition, MaxText); err != nil {
		return err
	}
	if d.Date.IsZero() {
		return invalid(ReasonMissing, "date", "is required")
	}
	if err := checkText("signatory.name", d.Signatory.Name, MaxText); err != nil {
		return err
	}
	if err := checkText("signatory.function", d.Signatory.Function, MaxText); err != nil {
		return err
	}
	if err := checkVerdicts("claims", d.Claims); err != nil {
		return err
	}
	for i := range d.Claims {
		if len(d.Claims[i].Methods)+len(d.Claims[i].Evidence) > 0 {
			return invalid(ReasonOutOfRange, index("claims", i), "has methods or evidence, which only verdicts of a laboratory's report have")
		}
	}
	if err := checkFacts(d.Facts); err != nil {
		return err
	}
	return Within("product", d.Product.validate())
}

func (p *Product) validate() error {
	if p.SupportEnd.IsZero() {
		return invalid(ReasonMissing, "supportEnd", "is required: the last day of security updates")
	}
	switch p.Updates {
	case "automatic", "manual", "none":
	default:
		return invalid(ReasonOutOfRange, "updates", "must be automatic, manual or none")
	}
	if p.Updates == "manual" && p.UpdateHelp == "" {
		return invalid(ReasonMissing, "updateHelp", "is required where updates are manual: tell people how to get them")
	}
	for _, f := range []struct{ field, value string }{
		{"updateHelp", p.UpdateHelp}, {"password", p.Password}, {"setup", p.Setup},
	} {
		if err := checkOptional(f.field, f.value, MaxProse); err != nil {
			return err
		}
	}
	if err := p.checkLanguages(); err != nil {
		return err
	}
	if err := checkURL("page", p.Page); err != nil {
		return err
	}
	if err := checkURL("vulnerabilities.policy", p.Vulnerabilities.Policy); err != nil {
		return err
	}
	if err := checkContact("vulnerabilities.contact", p.Vulnerabilities.Contact); err != nil {
		return err
	}
	if n := p.Vulnerabilities.AckDays; n < 0 || n > 365 {
		return invalid(ReasonOutOfRange, "vulnerabilities.ackDays", "must be 0 to 365 days")
	}
	if n := p.Vulnerabilities.StatusDays; n < 0 || n > 365 {
		return invalid(ReasonOutOfRange, "vulnerabilities.statusDays", "must be 0 to 365 days")
	}
	return nil
}
