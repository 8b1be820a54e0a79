package web

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"labeld/internal/label"
)

// An advisoryNotice is what the page says about a security advisory.
type advisoryNotice struct {
	*label.AdvisoryRef
	Class, Sign string
	Headline    string
	Severity    string
	Do          template.HTML // what the owner should do
	Quote       template.HTML // what the publisher says to that
	Untitled    template.HTML // stands for the title of a document that has none
	About       template.HTML
	Publisher   string // name of the organization that published it
	Page        link
	rank        int    // 0 is the gravest
	author      string // ID of the organization that published it
}

// noConcern is the rank of advisories about other products.
const noConcern = 3

// notices returns the advisories that concern the product, the gravest and then
// the latest first, and those that turned out not to.
func notices(lang *pageLanguage, advisories []*label.Status) (concern, others []advisoryNotice) {
	var list []advisoryNotice
	for _, s := range slices.Backward(advisories) {
		list = append(list, newAdvisoryNotice(lang, s))
	}
	slices.SortStableFunc(list, func(a, b advisoryNotice) int { return cmp.Compare(a.rank, b.rank) })
	n := slices.IndexFunc(list, func(n advisoryNotice) bool { return n.rank == noConcern })
	if n < 0 {
		n = len(list)
	}
	return list[:n], list[n:]
}

// newAdvisoryNotice returns what the page says about the advisory of a status.
func newAdvisoryNotice(lang *pageLanguage, s *label.Status) advisoryNotice {
	a := s.Advisory
	n := advisoryNotice{AdvisoryRef: a, Class: classCaution, Sign: signAlert, author: s.Author()}
	if !a.Titled() {
		n.Untitled = lang.HTML("notice.untitled", "id", identifier(a.ID))
	}
	day := lang.day(label.DateOf(s.Recorded))
	if len(a.Issues) == 0 {
		n.About = lang.HTML("notice.about", "id", identifier(a.ID), "date", day)
	} else {
		var issues []template.HTML
		for _, s := range a.Issues {
			issues = append(issues, identifier(s))
		}
		list := lang.list(issues)
		if a.More > 0 {
			list = lang.HTML("notice.issues-more", "issues", list, "count", a.More)
		}
		n.About = lang.HTML("notice.about-issues", "id", identifier(a.ID), "issues", list, "date", day)
	}
	if key := severities[strings.ToLower(a.Severity)]; key != "" {
		n.Severity = lang.Text("notice.severity", "severity", lang.Text(key))
	}
	if a.URL != "" {
		n.Page = newLink(a.URL)
	}
	switch {
	case !a.Concerns():
		n.Class, n.Sign, n.Headline, n.rank = classGood, signCheck, lang.Text("notice.not-affected"), noConcern
	case a.State == "under-investigation":
		n.Sign, n.Headline, n.rank = signLens, lang.Text("notice.investigating"), 2
	case a.FixedIn != "":
		n.Headline, n.rank = lang.Text("notice.version", "version", a.FixedIn), 1
	case a.State == "fixed":
		n.Headline, n.rank = lang.Text("notice.fixed"), 1
	case a.Advice == label.AdviceNoFixPlanned:
		n.Class, n.Headline = classStop, lang.Text("notice.unplanned")
	default:
		n.Class, n.Headline = classStop, lang.Text("notice.affected")
	}
	n.addRemedy(lang)
	return n
}

// addRemedy says in the language of the reader what the owner should do, and quotes
// beside it the words of the publisher, in the publisher's language.
func (n *advisoryNotice) addRemedy(lang *pageLanguage) {
	if key := remedies[n.Advice]; key == "notice.update-to" {
		n.Do = lang.HTML("notice.update-to", "version", n.FixedIn)
	} else if key != "" {
		n.Do = lang.HTML(key)
	}
	if n.Words != "" {
		n.Quote = lang.HTML("notice.words", "words", quotation(n.Words, n.Language))
	}
}

// Original is the title, in the language of the document; or what stands for it in the
// reader's language, where the document has none.
func (n *advisoryNotice) Original() template.HTML {
	if n.Untitled != "" {
		return n.Untitled
	}
	return quotation(n.Title, n.Language)
}
