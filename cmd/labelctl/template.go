package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// A form is what the templates of reports and declarations have in common: one
// edition of a standard and the fact dictionary.
//
// Its text parses as it is, with empty values that a check then asks for. A line
// that begins with "#:" explains; one that begins with "#" alone is an entry
// that counts once the sign is removed.
type form struct {
	p       *scheme.Programme
	std     *scheme.Standard
	edition string
	org     string // organization ID, may be empty
	b       bytes.Buffer
}

// newForm returns an empty form for a standard and edition. Those that are not named are
// those of the programme's first scheme.
func newForm(p *scheme.Programme, standard, edition, org string) (*form, error) {
	for _, s := range p.Judging(time.Now()) {
		if standard == "" {
			standard = s.Standard
		}
		if standard == s.Standard && edition == "" {
			edition = s.Edition
		}
	}
	std := p.Standards[standard]
	if std == nil {
		return nil, usagef("--standard: no standard %q is in the catalogue; there is %s", standard, strings.Join(slices.Sorted(maps.Keys(p.Standards)), ", "))
	}
	var editions []string
	for _, e := range std.Editions {
		editions = append(editions, e.ID)
	}
	if edition == "" && len(editions) > 0 {
		edition = editions[len(editions)-1]
	}
	if !std.Edition(edition) {
		return nil, usagef("--edition: %s has no edition %q in the catalogue; there is %s", std.Name, edition, strings.Join(editions, ", "))
	}
	return &form{p: p, std: std, edition: edition, org: org}, nil
}

func (f *form) line(format string, args ...any) { fmt.Fprintf(&f.b, format+"\n", args...) }

// explain writes a text as lines of explanation.
func (f *form) explain(indent, text string) {
	line := indent + "#:"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 100 {
			f.line("%s", line)
			line = indent + "#:"
		}
		line += " " + word
	}
	f.line("%s", line)
}

// scalar writes a text so that YAML reads it as that text.
func scalar(s string) string {
	b, err := yaml.Marshal(s)
	if err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(string(b), "\n")
}

// provisions writes an entry for every provision of the edition.
func (f *form) provisions(list string) {
	clauses := map[string]string{}
	for _, c := range f.std.Clauses {
		clauses[c.ID] = c.Title
	}
	f.line("%s:", list)
	clause := ""
	for _, v := range f.std.In(f.edition) {
		if v.Clause != clause {
			clause = v.Clause
			f.line("")
			f.explain("  ", "Clause "+clause+": "+clauses[clause])
		}
		f.line("")
		in := v.Editions[f.edition]
		asked := in.Status
		if in.When != "" {
			asked += ", when " + in.When
		}
		f.explain("  ", v.ID+" ("+asked+"): "+v.Title)
		f.line("  - provision: %s", scalar(v.ID))
		f.line("    verdict:")
		f.line("    reason: \"\"")
	}
}

// facts writes a commented entry for every fact that a party may state.
func (f *form) facts(by scheme.Supplier) {
	f.line("")
	f.explain("", "Values, for the rules of a scheme. State what you know: remove the # before a name and put the value after it. What stays commented is not stated, which is not the same as false.")
	f.line("facts:")
	for _, name := range slices.Sorted(maps.Keys(f.p.Facts)) {
		fact := f.p.Facts[name]
		if fact.By != by && fact.By != scheme.ByEither {
			continue
		}
		f.line("")
		f.explain("  ", fact.About)
		f.line("  # %s: # %s", name, factValues(fact))
	}
}

// factValues says which values a fact may have.
func factValues(f *scheme.Fact) string {
	s := ""
	switch f.Type {
	case scheme.Bool:
		return "true or false"
	case scheme.Date:
		return "a day such as 2030-06-30"
	case scheme.Enum:
		return "one of " + strings.Join(f.Values, ", ")
	case scheme.List:
		return "a list of texts, such as [\"one\", \"two\"]"
	case scheme.Text:
		return "a text, in quotes"
	case scheme.Int:
		s = "a whole number"
	case scheme.Number:
		s = "a number"
	default:
		return "a value of a type that is " + unknown(f.Type)
	}
	if f.Unit != "" {
		s += " of " + f.Unit
	}
	if r := factRange(f); r != "" {
		s += ", " + r
	}
	return s
}

// factRange writes the range of a number.
func factRange(f *scheme.Fact) string {
	switch {
	case f.Min != nil && f.Max != nil:
		return fmt.Sprintf("%g to %g", *f.Min, *f.Max)
	case f.Min != nil:
		return fmt.Sprintf("at least %g", *f.Min)
	case f.Max != nil:
		return fmt.Sprintf("at most %g", *f.Max)
	}
	return ""
}

// party writes the member that names the organization that signs.
func (f *form) party(member string) {
	f.explain("", "Your organization ID; may be left out, --as says it.")
	if f.org != "" {
		f.line("%s: %s", member, scalar(f.org))
	} else {
		f.line("# %s:", member)
	}
}

// methods writes which methods of assessment there are.
func (f *form) methods() {
	for _, m := range f.p.Methods {
		f.explain("", fmt.Sprintf("%s: %s", m.ID, m.About))
	}
}

const verdictHelp = "verdict is pass, fail, not-applicable or inconclusive; all but pass need a reason. Remove what you say nothing about."

// reportTemplate returns a test report to be filled in.
func reportTemplate(f *form) []byte {
	f.explain("", "A test report by "+f.std.Name+" "+f.edition+". Fill it in, then sign it: labelctl attest --results THIS-FILE --device DEVICE --out report.json")
	f.line("")
	f.party("lab")
	f.explain("", "Your own, unique number for this report.")
	f.line("number: \"\"")
	f.line("standard: %s", scalar(f.std.ID))
	f.line("edition: %s", scalar(f.edition))
	f.explain("", "By which methods of assessment you tested. A verdict that was reached in another way can name its own (methods).")
	f.methods()
	f.line("methods: []")
	f.explain("", "First and last day of testing, such as 2026-09-14.")
	f.line("period:\n  from:\n  to:")
	f.explain("", "What was tested: the version of each firmware image, in quotes, and its SHA-256; first the image whose version owners see. Where there are several, a name says which part of the device each is for.")
	f.line("firmware:\n  - version: \"\"\n    sha256:\n  # - name: \"\"\n  #   version: \"\"\n  #   sha256:")
	f.explain("", "Serial numbers of the units tested, in quotes.")
	f.line("samples:\n  # - \"\"")
	f.explain("", "Working papers that you keep: a name and the SHA-256 of each.")
	f.line("evidence:\n  # - name: \"\"\n  #   sha256:")
	f.explain("", "What was changed in the product since earlier reports found something wrong: firmware, configuration or hardware. Without it, what they found still counts beside this report.")
	f.line("# changed:\n#   what:\n#   text: \"\"")
	f.explain("", "Your own earlier report that this one corrects: the SHA-256 of that statement.")
	f.line("# corrects:")
	f.line("")
	f.explain("", verdictHelp)
	f.provisions("verdicts")
	f.facts(scheme.ByLab)
	return f.b.Bytes()
}

// declarationTemplate returns a declaration to be filled in.
func declarationTemplate(f *form) []byte {
	f.explain("", "A declaration of conformity by "+f.std.Name+" "+f.edition+". Fill it in, then sign it: labelctl declare --declaration THIS-FILE --device DEVICE --out declaration.json")
	f.line("")
	f.party("manufacturer")
	f.explain("", "Your own, unique number for this declaration.")
	f.line("number: \"\"")
	f.line("standard: %s", scalar(f.std.ID))
	f.line("edition: %s", scalar(f.edition))
	f.explain("", "The day it is made, such as 2026-10-20.")
	f.line("date:")
	f.explain("", "Who signs for the manufacturer.")
	f.line("signatory:\n  name: \"\"\n  function: \"\"")
	f.line("")
	f.explain("", "What shoppers are told, and you answer for.")
	f.line("product:")
	f.explain("  ", "Public page of the product, https; may be left out.")
	f.line("  page: \"\"")
	f.explain("  ", "Last day of security updates, such as 2031-12-31.")
	f.line("  supportEnd:")
	f.explain("  ", "automatic, manual or none. Where manual, updateHelp says how to get them.")
	f.line("  updates:\n  updateHelp: \"\"")
	f.explain("  ", "How to change the default password, and how to set the device up securely.")
	f.line("  password: \"\"\n  setup: \"\"")
	f.explain("  ", "The language of these three, as a tag of BCP 47 such as de, and translations for shoppers who read another. What has no language is in English.")
	f.line("  # language: de")
	f.line("  # translations:\n  #   fr: {updateHelp: \"\", password: \"\", setup: \"\"}")
	f.explain("  ", fmt.Sprintf("Where weaknesses are reported: an https or mailto URL, and a page with the policy, https. Days until a report is acknowledged, and between status updates. Texts have at most %d bytes.", label.MaxProse))
	f.line("  vulnerabilities:\n    contact: \"\"\n    policy: \"\"\n    ackDays:\n    statusDays:")
	f.explain("  ", "Whether a software bill of materials is kept: true or false.")
	f.line("  sbom: false")
	f.line("")
	f.explain("", verdictHelp)
	f.provisions("claims")
	f.facts(scheme.ByManufacturer)
	return f.b.Bytes()
}
