package web

import (
	"html/template"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// A barcode number can be moved from one product to another. The labels of the products
// that had it before are its former labels.

// A FormerLabel is, as JSON, the label of a product that had a number before the number was
// moved to another product.
type FormerLabel struct {
	GTIN    label.GTIN  `json:"gtin"`
	Moved   time.Time   `json:"moved"`
	ID      label.ID    `json:"id"`
	URL     string      `json:"url"`
	Product string      `json:"product"`
	State   label.State `json:"state"`
}

// formerLabels returns labels as JSON.
func formerLabels(list []authority.FormerLabel) (out []FormerLabel) {
	for _, t := range list {
		out = append(out, FormerLabel{t.GTIN, t.Moved, t.ID, t.URL, t.Product, t.State})
	}
	return out
}

// A formerLabelWarning warns of a product that had a number of this one before the number
// was moved: somebody with an older box may hold that product, and would otherwise read
// only about this one.
type formerLabelWarning struct {
	Class, Sign string
	Headline    string
	Text        template.HTML
}

// newFormerLabelWarning returns the warning of a label, in the form of that label's own
// page; nil where nothing is wrong with it.
func newFormerLabelWarning(p shownLabel, t authority.FormerLabel) *formerLabelWarning {
	lang := p.language
	b := summarize(lang, t.State, &t.Standing)
	if b.Class == summaryGood {
		return nil
	}
	display := stateDisplays[t.State]
	f := formerLabelWarning{Class: display.class, Sign: display.sign, Headline: lang.Text("label.taken-title", "state", b.Text), Text: formerLabelTexts(lang, []authority.FormerLabel{t})[0]}
	if t.State == label.Active {
		f.Class, f.Sign = classCaution, signAlert
	}
	if p.past {
		f.Class = classPast
	}
	return &f
}

// formerLabelTexts say how labels stand that had a number before it was moved.
func formerLabelTexts(lang *pageLanguage, taken []authority.FormerLabel) (list []template.HTML) {
	for _, t := range taken {
		list = append(list, lang.HTML("label.taken", "gtin", identifier(printedGTIN(t.GTIN)), "date", lang.day(label.DateOf(t.Moved)),
			"label", lang.a("/l/"+string(t.ID), pretty(t.ID)), "product", bdi(t.Product), "state", summarize(lang, t.State, &t.Standing).Text))
	}
	return list
}
