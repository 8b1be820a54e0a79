package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"labeld/internal/label"
)

// An advice is what an error page says beside the refusal itself.
type advice struct {
	Title string
	Steps []string
}

var advices = map[label.Reason]advice{
	label.ReasonIDMalformed: {"That is not a label ID", []string{
		"The ID stands below the code on the label, in three groups of four. Hyphens may be left out, and capital and small letters are the same.",
		"The letter U never occurs in an ID, and no character but letters and digits.",
		"If the product shows something of another form as its label ID, the label may be an imitation.",
	}},
	label.ReasonIDCheck: {"One character is wrong", []string{
		"Go through it group by group. B and 8, S and 5, Z and 2, V and Y are often confused. O counts as 0; I and L count as 1.",
		"If it stands exactly like this on the product, the label is not genuine. Please report it.",
	}},
	label.ReasonUnknownLabel: {"No such label exists", []string{
		"A mistyped ID is almost always noticed as such. This one is well-formed, and was never issued.",
		"If it stands exactly like this on the product, do not trust the label, and please report where you saw it.",
	}},
	label.ReasonUnknownProduct: {"This product is not registered", []string{
		"It has no label of this authority. Most products have none.",
		"If this one shows a label all the same, type the label's ID instead of the barcode number.",
	}},
	label.ReasonUnlabelled: {"This product has no label", []string{
		"If it shows one all the same, do not trust it, and please report it.",
	}},
	reasonElsewhere: {"That label belongs to another site", []string{
		"We cannot say anything about labels of other sites. Somebody who prints imitations may also run a site that calls them genuine.",
		"If the product claims a label of this authority, the label is not genuine. Please report it.",
	}},
	label.ReasonMissing:   {"Nothing was typed", nil},
	label.ReasonMalformed: {"That cannot be right", []string{"Type the label ID (such as K7QM-4T2X-9PWH) or all digits of the number under the barcode."}},
	label.ReasonTooLarge:  {"That is too long", []string{"A label ID has twelve characters, a barcode number at most fourteen."}},
	reasonNoPage:          {"Nothing is here", []string{"To see a label, type its ID or the number under the barcode."}},
	reasonMethod:          {"That does not work here", nil},
}

// fallbacks are the advices for what is not the reader's doing.
var fallbacks = map[bool]advice{
	true:  {"Please try again", []string{"This is not about the label: the service cannot answer right now. Try again in a moment."}},
	false: {"Something went wrong here", []string{"This is our fault and says nothing about the label. Please try again later."}},
}

// atAdvices are those about the day that somebody asked about.
var atAdvices = map[bool]advice{
	true:  {"That day is still to come", []string{"Nobody knows yet how the label will stand then. How it stands now, and how long it is valid, is on its page."}},
	false: {"That is not a day", []string{"Choose a day, or write it like this: 2026-05-31."}},
}

func (h *Handler) renderProblem(p problem) ([]byte, error) {
	a, ok := advices[p.reason]
	if !ok {
		a = fallbacks[p.status < 500 || p.status == 503]
	}
	dated := p.field == "at"
	if dated {
		a = atAdvices[p.reason == label.ReasonInFuture]
	}
	return renderTemplate("problem", struct {
		frame
		Message string
		Steps   []string
		Typed   string
		Dated   bool   // not what was typed is wrong, but the day
		ID      string // what was typed, if it is not wrong
		Asked   string
		Base    string
	}{newFrame(a.Title, h.a.Trust().Authority), sentence(p.text), a.Steps, clip(p.typed), dated, clip(p.typed), "", h.base})
}

// maxTyped bounds what is repeated of what was typed, in characters.
const maxTyped = 100

func clip(s string) string {
	typed := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	return string(typed[:min(len(typed), maxTyped)])
}

// sentence makes a sentence of an error text.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
