package label

import (
	"slices"
	"strings"
)

// An AdvisoryRef says what a published advisory means for a label's device.
type AdvisoryRef struct {
	ID       string   `json:"id"` // as its publisher numbers it
	Version  string   `json:"version,omitempty"`
	Title    string   `json:"title"`
	URL      string   `json:"url,omitempty"`
	SHA256   Digest   `json:"sha256"`        // of the document
	Issues   []string `json:"issues"`        // CVE and other numbers; of many the first MaxAdvisedIssues
	More     int      `json:"more,omitzero"` // how many issues are left out
	Severity string   `json:"severity,omitempty"`
	State    string   `json:"state"`              // affected, fixed, not-affected, under-investigation
	FixedIn  string   `json:"fixedIn,omitempty"`  // firmware version from which on all of it is fixed
	Advice   Advice   `json:"advice"`             // what the owner of a device should do
	Words    string   `json:"words,omitempty"`    // what the publisher says to that, in its own words
	Language string   `json:"language,omitempty"` // of title and words, a tag of BCP 47; empty where the document does not say
}

// StandInTitle returns what a reference says instead of a title where the document has
// none, or one that is too long: a status is signed for readers of all languages, and
// has to have one. Whoever shows it to people asks [AdvisoryRef.Titled] first.
func StandInTitle(id string) string {
	if title := standIn + " " + id; len(title) <= MaxText {
		return title
	}
	return standIn
}

const standIn = "Security notice"

// Titled reports whether the title is the publisher's.
func (a *AdvisoryRef) Titled() bool { return a.Title != standIn && a.Title != standIn+" "+a.ID }

// Open reports whether owners are waiting for a remedy.
func (a *AdvisoryRef) Open() bool {
	return a.State == "under-investigation" || a.State == "affected" && a.FixedIn == ""
}

// Concerns reports whether owners should read the advisory: it does not find the
// product unaffected.
func (a *AdvisoryRef) Concerns() bool { return a.State != "not-affected" }

// What an advisory may say of a device, and how grave its issues may be.
var (
	advisoryStates     = []string{"affected", "fixed", "not-affected", "under-investigation"}
	advisorySeverities = []string{"", "none", "low", "medium", "high", "critical"}
)

// Validate holds a reference to the limits that keep the log entry of its status
// below [MaxStatusEntry]. JSON writes a quotation mark or a backslash in two
// bytes; what needs neither may have none.
func (a *AdvisoryRef) Validate() error {
	for _, f := range []struct {
		field, value string
		limit        int
		check        func(field, s string, limit int) error
	}{
		{"id", a.ID, MaxText, checkText},
		{"version", a.Version, MaxVersion, checkOptional},
		{"title", a.Title, MaxText, checkText},
		{"url", a.URL, MaxAdvisoryURL, checkPlain},
		{"fixedIn", a.FixedIn, MaxVersion, checkOptional},
	} {
		if err := f.check(f.field, f.value, f.limit); err != nil {
			return err
		}
	}
	if err := a.checkAdvice(); err != nil {
		return err
	}
	if err := checkURL("url", a.URL); err != nil {
		return err
	}
	if a.SHA256.IsZero() {
		return invalid(ReasonMissing, "sha256", "is required: of the document")
	}
	if len(a.Issues) > MaxAdvisedIssues {
		return tooMany("issues", len(a.Issues), MaxAdvisedIssues)
	}
	for i, s := range a.Issues {
		if err := CheckIssueName(index("issues", i), s); err != nil {
			return err
		}
	}
	if a.More < 0 || a.More > 0 && len(a.Issues) < MaxAdvisedIssues {
		return invalid(ReasonOutOfRange, "more", "is how many issues there are beyond the %d that are named", MaxAdvisedIssues)
	}
	if !slices.Contains(advisorySeverities, a.Severity) {
		return invalid(ReasonOutOfRange, "severity", "is %q; must be none, low, medium, high or critical", a.Severity)
	}
	if !slices.Contains(advisoryStates, a.State) {
		return invalid(ReasonOutOfRange, "state", "is %q; must be one of %s", a.State, strings.Join(advisoryStates, ", "))
	}
	return nil
}

// CheckIssueName requires the name of a weakness: a CVE number, or the number of
// another system.
func CheckIssueName(field, s string) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required: the number of the weakness, such as CVE-2026-12345")
	}
	return checkPlain(field, s, MaxIssueName)
}

// checkPlain is checkOptional for a text that is no prose.
func checkPlain(field, s string, limit int) error {
	if strings.ContainsAny(s, "\"\\") {
		return invalid(ReasonMalformed, field, "has a quotation mark or a backslash; remove it")
	}
	return checkOptional(field, s, limit)
}
