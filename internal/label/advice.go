package label

import (
	"regexp"
	"slices"
	"strings"
)

// An Advice is what the owner of a device should do because of an advisory, as a
// code: whoever shows it says it in the language of the reader.
type Advice string

// What an owner should do.
const (
	AdviceAwait        Advice = "await"          // nothing yet: it is being found out whether the product is affected
	AdviceHasFix       Advice = "has-fix"        // nothing: the version has the fix
	AdviceUnaffected   Advice = "unaffected"     // nothing: the product is not affected
	AdviceUpdateTo     Advice = "update-to"      // update to the version in FixedIn, or a later one
	AdviceUpdate       Advice = "update"         // update: the document does not say in an order to which version
	AdviceFollow       Advice = "follow"         // what the publisher says in its own words
	AdviceNoUpdateYet  Advice = "no-update-yet"  // there is no update yet
	AdviceNoFixPlanned Advice = "no-fix-planned" // there will be none: the weakness stays
	AdviceAsk          Advice = "ask"            // the document does not say; ask the manufacturer
)

// inEnglish has a sentence for each advice.
var inEnglish = map[Advice]string{
	AdviceAwait:        "Wait for news: it is being looked into.",
	AdviceHasFix:       "No action is needed: this version has the fix.",
	AdviceUnaffected:   "No action is needed: this product is not affected.",
	AdviceUpdateTo:     "Update to version {version} or later.",
	AdviceUpdate:       "An update is available.",
	AdviceFollow:       "",
	AdviceNoUpdateYet:  "No update is available yet.",
	AdviceNoFixPlanned: "No fix is planned: the weakness will stay.",
	AdviceAsk:          "The notice does not say what to do; ask the manufacturer.",
}

// quoting are the advices that a publisher's words can go with.
var quoting = []Advice{AdviceUpdate, AdviceFollow, AdviceNoUpdateYet, AdviceNoFixPlanned}

// languageTag is the form of the tags that are taken over. It leaves out "i-default"
// and the like, which name no language.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// LanguageTag returns a tag of a language, and nothing for what is none.
func LanguageTag(s string) string {
	if languageTag.MatchString(s) {
		return s
	}
	return ""
}

// InEnglish says what to do in English sentences, the publisher's words marked as
// such. Pages say it in the language of their reader.
func (a *AdvisoryRef) InEnglish() string {
	text := strings.Replace(inEnglish[a.Advice], "{version}", a.FixedIn, 1)
	if a.Words == "" {
		return text
	}
	return strings.TrimSpace(text + " The publisher of the notice advises: " + a.Words)
}

// checkAdvice holds advice, words and their language to each other.
func (a *AdvisoryRef) checkAdvice() error {
	switch _, known := inEnglish[a.Advice]; {
	case a.Advice == "":
		return invalid(ReasonMissing, "advice", "is required: what the owner of a device should do")
	case !known:
		return invalid(ReasonOutOfRange, "advice", "is %q, which is no advice that is known here", a.Advice)
	case a.Advice == AdviceUpdateTo && a.FixedIn == "":
		return invalid(ReasonMissing, "fixedIn", "is required: the advice is to update to it")
	case a.Words == "" && a.Advice == AdviceFollow:
		return invalid(ReasonMissing, "words", "are required: the advice is to follow them")
	case a.Words != "" && !slices.Contains(quoting, a.Advice):
		return invalid(ReasonOutOfRange, "words", "go with no advice that is %s", a.Advice)
	case a.Language != LanguageTag(a.Language):
		return invalid(ReasonMalformed, "language", "is not a tag of a language, such as de")
	}
	return checkOptional("words", a.Words, MaxAdvice)
}
