package advisory

import (
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
)

// A csafDocument is a CSAF document, as far as it is used. The schema has been
// checked when it is read, so what is required is there.
type csafDocument struct {
	Document struct {
		Category     string `json:"category"`
		Language     string `json:"lang"`
		Title        string `json:"title"`
		Distribution struct {
			TLP struct {
				Label string `json:"label"`
			} `json:"tlp"`
		} `json:"distribution"`
		Publisher struct {
			Category string `json:"category"`
			Name     string `json:"name"`
		} `json:"publisher"`
		References []struct {
			Category string `json:"category"`
			URL      string `json:"url"`
		} `json:"references"`
		Tracking struct {
			ID      string `json:"id"`
			Version string `json:"version"`
			Status  string `json:"status"`
			Initial moment `json:"initial_release_date"`
			Current moment `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	Tree            csafTree            `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Title        string              `json:"title"`
	Status       map[string][]string `json:"product_status"`
	Flags        []scope             `json:"flags"`
	Remediations []csafRemediation   `json:"remediations"`
	Threats      []csafThreat        `json:"threats"`
	Scores       []csafScore         `json:"scores"`
}

type csafRemediation struct {
	scope
	Category Category `json:"category"`
	Details  string   `json:"details"`
	URL      string   `json:"url"`
}

type csafThreat struct {
	scope
	Category string `json:"category"`
}

// A csafScore has no CVSS 4.0: the schema of CSAF 2.0 has no place for it.
type csafScore struct {
	Products []string `json:"products"`
	V2       *cvss    `json:"cvss_v2"`
	V3       *cvss    `json:"cvss_v3"`
}

type cvss struct {
	Base float64 `json:"baseScore"`
}

// csafStatuses are the lists of product_status that say how a product stands.
// What a maker recommends may be affected all the same, so that says nothing.
var csafStatuses = []struct {
	list   string
	status Status
}{
	{"first_affected", Affected}, {"known_affected", Affected}, {"last_affected", Affected},
	{"under_investigation", UnderInvestigation},
	{"first_fixed", Fixed}, {"fixed", Fixed},
	{"known_not_affected", NotAffected},
}

func parseCSAF(b []byte, decoded any, now time.Time) (*Advisory, error) {
	var in csafDocument
	top := decoded.(map[string]any) // it has document.csaf_version
	if err := checkDates("document.tracking", top["document"].(map[string]any)["tracking"]); err != nil {
		return nil, err
	}
	if err := checkDates("vulnerabilities", top["vulnerabilities"]); err != nil {
		return nil, err
	}
	if err := checkSchema(decoded); err != nil {
		return nil, err
	}
	if err := label.DecodeLoose(b, &in); err != nil {
		return nil, err
	}
	a, err := in.head(now)
	if err != nil {
		return nil, err
	}
	publisher := ""
	if in.Document.Publisher.Category == "vendor" {
		publisher = in.Document.Publisher.Name
	}
	t, err := grow(&in.Tree, publisher)
	if err != nil {
		return nil, err
	}
	if len(in.Vulnerabilities) == 0 {
		return nil, invalid(label.ReasonMissing, "vulnerabilities", "at least one is required: without one the document says nothing about a device")
	}
	if len(in.Vulnerabilities) > MaxIssues {
		return nil, tooMany("vulnerabilities", MaxIssues)
	}
	seen, total := map[string]bool{}, 0
	for i := range in.Vulnerabilities {
		field := at("vulnerabilities", i)
		issue, err := t.issue(field, &in.Vulnerabilities[i])
		if err != nil {
			return nil, err
		}
		if seen[issue.ID] {
			return nil, invalid(label.ReasonExists, field, "%s stands here twice; merge the two", issue.ID)
		}
		seen[issue.ID] = true
		if total += len(issue.Products); total > MaxStatuses {
			return nil, tooMany(field+".product_status", MaxStatuses)
		}
		if in.Document.Category == "csaf_vex" {
			if err := t.justified(field, &in.Vulnerabilities[i], &issue); err != nil {
				return nil, err
			}
		}
		a.Issues = append(a.Issues, issue)
	}
	return a, nil
}

// head reads what is said about the document itself.
func (in *csafDocument) head(now time.Time) (*Advisory, error) {
	d, tracking := &in.Document, &in.Document.Tracking
	if err := checkLine("document.tracking.id", tracking.ID); err != nil {
		return nil, err
	}
	if len(tracking.Version) > label.MaxVersion {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "document.tracking.version", "is %d bytes, at most %d are accepted", len(tracking.Version), label.MaxVersion)
	}
	if tracking.Status != "final" && tracking.Status != "interim" {
		return nil, invalid(label.ReasonOutOfRange, "document.tracking.status", "is %s; send the document once it is released as interim or final", tracking.Status)
	}
	if tlp := d.Distribution.TLP.Label; tlp != "" && tlp != "WHITE" {
		return nil, invalid(label.ReasonOutOfRange, "document.distribution.tlp.label",
			"is %s, and what is sent here is published; send the document once it may be (TLP:WHITE)", tlp)
	}
	initial, current := time.Time(tracking.Initial), time.Time(tracking.Current)
	if err := checkMoment("document.tracking.initial_release_date", initial, now); err != nil {
		return nil, err
	}
	if err := checkMoment("document.tracking.current_release_date", current, now); err != nil {
		return nil, err
	}
	if current.Before(initial) {
		return nil, invalid(label.ReasonOutOfRange, "document.tracking.current_release_date", "is before the initial release")
	}
	a := &Advisory{
		Format:    CSAF,
		ID:        tracking.ID,
		Version:   tracking.Version,
		Title:     clip(label.Readable(d.Title), label.MaxText),
		Publisher: clip(label.Readable(d.Publisher.Name), label.MaxText),
		Language:  label.LanguageTag(d.Language),
		Published: initial,
		Updated:   current,
		Final:     tracking.Status == "final",
	}
	for _, r := range d.References {
		// Of a page and the file itself, readers want the page.
		if link := webURL(r.URL); link != "" && r.Category == "self" && (a.URL == "" || strings.HasSuffix(a.URL, ".json")) {
			a.URL = link
		}
	}
	return a, nil
}

// issue reads one vulnerability.
func (t *tree) issue(field string, v *csafVulnerability) (Issue, error) {
	is := Issue{ID: issueName(v.CVE), Title: clip(label.Readable(v.Title), label.MaxText)}
	if is.ID == "" && len(v.IDs) > 0 {
		is.ID = issueName(v.IDs[0].Text)
	}
	if is.ID == "" {
		return is, invalid(label.ReasonMissing, field+".cve", "is required, or an entry in ids: what has no number cannot be followed up")
	}
	named := field + ".cve"
	if v.CVE == "" {
		named = field + ".ids[0].text"
	}
	if err := label.CheckIssueName(named, is.ID); err != nil {
		return is, err
	}
	if err := t.rate(field, v, &is); err != nil {
		return is, err
	}
	place := map[string]int{} // product ID to index in is.Products
	for _, l := range csafStatuses {
		ids := v.Status[l.list]
		list := field + ".product_status." + l.list
		if err := t.known(list, ids); err != nil {
			return is, err
		}
		for i, id := range ids {
			j, again := place[id]
			switch {
			case !again:
				place[id] = len(is.Products)
				is.Products = append(is.Products, ProductStatus{Product: *t.products[id], Status: l.status})
			case is.Products[j].Status != l.status:
				return is, invalid(label.ReasonExists, at(list, i), "product %s is said to be %s and %s", clip(label.Readable(id), label.MaxText), is.Products[j].Status, l.status)
			}
		}
	}
	if len(place) == 0 {
		return is, invalid(label.ReasonMissing, field+".product_status", "is required: which products are affected, fixed, not affected or under investigation")
	}
	if err := t.remedies(field, v, &is, place); err != nil {
		return is, err
	}
	for i := range is.Products {
		is.Products[i].findFixes()
	}
	return is, nil
}

// remedies adds to every product what can be done about it.
func (t *tree) remedies(field string, v *csafVulnerability, is *Issue, place map[string]int) error {
	for i := range v.Remediations {
		r := &v.Remediations[i]
		ids, err := t.expand(at(field+".remediations", i), r.scope)
		if err != nil {
			return err
		}
		remedy := Remedy{r.Category, clip(label.Readable(r.Details), label.MaxProse), webURL(r.URL)}
		if len(ids) == 0 { // about all of them
			if err := t.spend(at(field+".remediations", i), len(is.Products)); err != nil {
				return err
			}
			for j := range is.Products {
				is.Products[j].Remedies = append(is.Products[j].Remedies, remedy)
			}
		}
		for _, id := range ids {
			if j, ok := place[id]; ok {
				is.Products[j].Remedies = append(is.Products[j].Remedies, remedy)
			}
		}
	}
	return nil
}

// rate finds the highest base score.
func (t *tree) rate(field string, v *csafVulnerability, is *Issue) error {
	for i, s := range v.Scores {
		if err := t.known(at(field+".scores", i)+".products", s.Products); err != nil {
			return err
		}
		score, worst := 0.0, Critical
		switch {
		case s.V3 != nil:
			score = s.V3.Base
		case s.V2 != nil:
			score, worst = s.V2.Base, High // CVSS 2.0 has no higher band
		}
		band := severityOf(score)
		if band.Worse(worst) {
			band = worst
		}
		if band.Worse(is.Severity) {
			is.Severity = band
		}
		is.Score = max(is.Score, score)
	}
	return nil
}

// severityOf is the qualitative scale of CVSS 3.1, section 5.
func severityOf(score float64) Severity {
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	case score > 0:
		return Low
	}
	return None
}

// justified holds a VEX to its profile (CSAF 2.0, 4.5): it says why a product is
// not affected, and what to do where it is.
func (t *tree) justified(field string, v *csafVulnerability, is *Issue) error {
	excused := map[string]bool{}
	excuse := func(field string, s scope) error {
		ids, err := t.expand(field, s)
		for _, id := range ids {
			excused[id] = true
		}
		return err
	}
	for i, f := range v.Flags {
		if err := excuse(at(field+".flags", i), f); err != nil {
			return err
		}
	}
	for i, th := range v.Threats {
		if th.Category != "impact" {
			continue
		}
		if err := excuse(at(field+".threats", i), th.scope); err != nil {
			return err
		}
	}
	for i, id := range v.Status["known_not_affected"] {
		if !excused[id] {
			return invalid(label.ReasonMissing, at(field+".product_status.known_not_affected", i),
				"a VEX says why a product is not affected, with a flag or a threat of category impact")
		}
	}
	unhelped := func(p ProductStatus) bool { return p.Status == Affected && len(p.Remedies) == 0 }
	if i := slices.IndexFunc(is.Products, unhelped); i >= 0 {
		return invalid(label.ReasonMissing, field+".remediations", "a VEX says what to do about an affected product; none is named for %s", is.Products[i].Name)
	}
	return nil
}

// findFixes fills in the versions from which on the fix is there. The end of
// an affected range is one if the maker offers an update.
func (p *ProductStatus) findFixes() {
	switch {
	case p.Status == Fixed:
		p.Fixes = p.Versions.lowest()
	case p.Status == Affected && slices.ContainsFunc(p.Remedies, func(r Remedy) bool { return r.Category == VendorFix }):
		p.Fixes = p.Versions.ends()
	}
}
