package label_test

import (
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
)

func TestTestReportValidate(t *testing.T) {
	type r = *label.TestReport
	rules := []rule[r]{
		{"no lab", func(r r) { r.Lab = "" }, label.ReasonMissing, "lab"},
		{"lab is no identifier", func(r r) { r.Lab = "Aurora Lab" }, label.ReasonMalformed, "lab"},
		{"no number", func(r r) { r.Number = "" }, label.ReasonMissing, "number"},
		{"number with a new line", func(r r) { r.Number = "A\n1" }, label.ReasonMalformed, "number"},
		{"no standard", func(r r) { r.Standard = "" }, label.ReasonMissing, "standard"},
		{"standard is no identifier", func(r r) { r.Standard = "EN 303 645" }, label.ReasonMalformed, "standard"},
		{"no edition", func(r r) { r.Edition = "" }, label.ReasonMissing, "edition"},
		{"no methods", func(r r) { r.Methods = nil }, label.ReasonMissing, "methods"},
		{"method without a name", func(r r) { r.Methods = []label.Method{""} }, label.ReasonMalformed, "methods[0]"},
		{"method twice", func(r r) { r.Methods = []label.Method{"a", "b", "a"} }, label.ReasonExists, "methods[2]"},
		{"method of a verdict twice", func(r r) { r.Verdicts[0].Methods = []label.Method{"a", "a"} }, label.ReasonExists, "verdicts[0].methods[1]"},
		{"working paper of a verdict without digest", func(r r) { r.Verdicts[0].Evidence = []label.EvidenceRef{{Name: "a"}} }, label.ReasonMissing, "verdicts[0].evidence[0].sha256"},
		{"no firmware", func(r r) { r.Firmware = nil }, label.ReasonMissing, "firmware"},
		{"second image without a name", func(r r) { r.Firmware = append(r.Firmware, r.Firmware[0]); r.Firmware[0].Name = "main" }, label.ReasonMissing, "firmware[1].name"},
		{"two images of one name", func(r r) {
			r.Firmware[0].Name = "main"
			r.Firmware = append(r.Firmware, r.Firmware[0])
		}, label.ReasonExists, "firmware[1].name"},
		{"no first day", func(r r) { r.Period.From = label.Date{} }, label.ReasonMissing, "period"},
		{"no last day", func(r r) { r.Period.To = label.Date{} }, label.ReasonMissing, "period"},
		{"period reversed", func(r r) { r.Period.From = r.Period.To.AddDays(1) }, label.ReasonOutOfRange, "period.to"},
		{"no firmware version", func(r r) { r.Firmware[0].Version = "" }, label.ReasonMissing, "firmware[0].version"},
		{"no firmware digest", func(r r) { r.Firmware[0].SHA256 = label.Digest{} }, label.ReasonMissing, "firmware[0].sha256"},
		{"empty sample", func(r r) { r.Samples = []string{"P05-1", ""} }, label.ReasonMissing, "samples[1]"},
		{"empty evidence name", func(r r) { r.Evidence[0].Name = "" }, label.ReasonMissing, "evidence[0].name"},
		{"nothing was changed", func(r r) { r.Changed = &label.Change{Text: "It is better now."} }, label.ReasonOutOfRange, "changed.what"},
		{"packaging was changed", func(r r) { r.Changed = &label.Change{What: "packaging", Text: "Green."} }, label.ReasonOutOfRange, "changed.what"},
		{"changed without a word", func(r r) { r.Changed = &label.Change{What: label.ChangedFirmware} }, label.ReasonMissing, "changed.text"},
		{"no verdicts", func(r r) { r.Verdicts = nil }, label.ReasonMissing, "verdicts"},
		{"no provision", func(r r) { r.Verdicts[1].Provision = "" }, label.ReasonMissing, "verdicts[1].provision"},
		{"provision twice", func(r r) { r.Verdicts[2].Provision = r.Verdicts[0].Provision }, label.ReasonExists, "verdicts[2].provision"},
		{"provision of two words", func(r r) { r.Verdicts[1].Provision = "5.1 1" }, label.ReasonMalformed, "verdicts[1].provision"},
		{"provision in other letters", func(r r) { r.Verdicts[1].Provision = "５.1-1" }, label.ReasonMalformed, "verdicts[1].provision"},
		{"provision at length", func(r r) { r.Verdicts[1].Provision = strings.Repeat("5", 65) }, label.ReasonMalformed, "verdicts[1].provision"},
		{"a fact in capitals", func(r r) { r.Facts["TLS"] = label.JSON("1") }, label.ReasonMalformed, "facts"},
		{"a fact that is null", func(r r) { r.Facts["a"] = label.JSON("null") }, label.ReasonFactType, "facts.a"},
		{"a fact that is an object", func(r r) { r.Facts["a"] = label.JSON("{}") }, label.ReasonFactType, "facts.a"},
		{"a fact that is a list of numbers", func(r r) { r.Facts["a"] = label.JSON(`["x",1]`) }, label.ReasonFactType, "facts.a"},
		{"a fact that is a list of null", func(r r) { r.Facts["a"] = label.JSON("[null]") }, label.ReasonFactType, "facts.a"},
		{"two facts that are wrong", func(r r) { r.Facts["b"], r.Facts["a"] = label.JSON("{}"), label.JSON("[[]]") }, label.ReasonFactType, "facts.a"},
		{"no verdict", func(r r) { r.Verdicts[0].Verdict = "" }, label.ReasonOutOfRange, "verdicts[0].verdict"},
		{"unknown verdict", func(r r) { r.Verdicts[0].Verdict = "PASS" }, label.ReasonOutOfRange, "verdicts[0].verdict"},
		{"not applicable without reason", func(r r) { r.Verdicts[1].Reason = "" }, label.ReasonMissing, "verdicts[1].reason"},
		{"fail without reason", func(r r) { r.Verdicts[2].Reason = "" }, label.ReasonMissing, "verdicts[2].reason"},
		{"inconclusive without reason", func(r r) { r.Verdicts[0].Verdict = label.Inconclusive }, label.ReasonMissing, "verdicts[0].reason"},
		{"reason of white space", func(r r) { r.Verdicts[1].Reason = " \t" }, label.ReasonMissing, "verdicts[1].reason"},
		{"reason with an invisible character", func(r r) { r.Verdicts[1].Reason = "no\u202epassword" }, label.ReasonMalformed, "verdicts[1].reason"},
	}
	checkRules(t, report, rules)
	checkAccepted(t, report, map[string]func(r){
		"only what is required": func(r r) { r.Samples, r.Facts, r.Evidence = nil, nil, nil },
		"facts of each type": func(r r) {
			r.Facts = label.Facts{"a": label.JSON("true"), "b": label.JSON("-1.5"), "c": label.JSON(`""`), "d": label.JSON("[ ]"), "e": label.JSON(`["x", "y"]`)}
		},
		"a long provision":     func(r r) { r.Verdicts[0].Provision = strings.Repeat("5", 64) },
		"one day":              func(r r) { r.Period.From = r.Period.To },
		"methods of a verdict": func(r r) { r.Verdicts[0].Methods = []label.Method{"source-review"} },
		"papers of a verdict":  func(r r) { r.Verdicts[0].Evidence = []label.EvidenceRef{{Name: "a", SHA256: someDigest}} },
		"several images": func(r r) {
			r.Firmware[0].Name = "main"
			r.Firmware = append(r.Firmware, label.Firmware{Name: "radio", Version: "7", SHA256: someDigest})
		},
		"pass with a reason":    func(r r) { r.Verdicts[0].Reason = "Twice." },
		"changed firmware":      func(r r) { r.Changed = &label.Change{What: label.ChangedFirmware, Text: "Updates are signed."} },
		"changed configuration": func(r r) { r.Changed = &label.Change{What: label.ChangedConfiguration, Text: "Telnet is off."} },
		"changed hardware":      func(r r) { r.Changed = &label.Change{What: label.ChangedHardware, Text: "No test points."} },
		"corrects a report":     func(r r) { r.Corrects = someDigest },
		"inconclusive": func(r r) {
			r.Verdicts[0] = label.Verdict{Provision: "5.1-1", Verdict: label.Inconclusive, Reason: "No sample left."}
		},
	})
}

func TestDeclarationValidate(t *testing.T) {
	type d = *label.Declaration
	rules := []rule[d]{
		{"no manufacturer", func(d d) { d.Manufacturer = "" }, label.ReasonMissing, "manufacturer"},
		{"manufacturer is no identifier", func(d d) { d.Manufacturer = "N" }, label.ReasonMalformed, "manufacturer"},
		{"no number", func(d d) { d.Number = "" }, label.ReasonMissing, "number"},
		{"no standard", func(d d) { d.Standard = "" }, label.ReasonMissing, "standard"},
		{"no edition", func(d d) { d.Edition = "" }, label.ReasonMissing, "edition"},
		{"no date", func(d d) { d.Date = label.Date{} }, label.ReasonMissing, "date"},
		{"no signatory", func(d d) { d.Signatory.Name = "" }, label.ReasonMissing, "signatory.name"},
		{"no function", func(d d) { d.Signatory.Function = "" }, label.ReasonMissing, "signatory.function"},
		{"claim twice", func(d d) { d.Claims[1].Provision = d.Claims[0].Provision }, label.ReasonExists, "claims[1].provision"},
		{"claim without reason", func(d d) { d.Claims[2].Reason = "" }, label.ReasonMissing, "claims[2].reason"},
		{"no support end", func(d d) { d.Product.SupportEnd = label.Date{} }, label.ReasonMissing, "product.supportEnd"},
		{"no updates", func(d d) { d.Product.Updates = "" }, label.ReasonOutOfRange, "product.updates"},
		{"unknown updates", func(d d) { d.Product.Updates = "sometimes" }, label.ReasonOutOfRange, "product.updates"},
		{"manual updates without help", func(d d) { d.Product.UpdateHelp = "" }, label.ReasonMissing, "product.updateHelp"},
		{"update help", func(d d) { d.Product.UpdateHelp = "a\x00" }, label.ReasonMalformed, "product.updateHelp"},
		{"password help", func(d d) { d.Product.Password = "a\u200b" }, label.ReasonMalformed, "product.password"},
		{"set-up help", func(d d) { d.Product.Setup = " a" }, label.ReasonMalformed, "product.setup"},
		{"page over http", func(d d) { d.Product.Page = "http://northlight.example/" }, label.ReasonMalformed, "product.page"},
		{"page without host", func(d d) { d.Product.Page = "https:///p" }, label.ReasonMalformed, "product.page"},
		{"page is a script", func(d d) { d.Product.Page = "javascript:alert(1)" }, label.ReasonMalformed, "product.page"},
		{"page with a password", func(d d) { d.Product.Page = "https://me:secret@northlight.example/" }, label.ReasonMalformed, "product.page"},
		{"page is no URL", func(d d) { d.Product.Page = "https://north light.example/" }, label.ReasonMalformed, "product.page"},
		{"page with an invisible character", func(d d) { d.Product.Page = "https://northlight.example/\u202e" }, label.ReasonMalformed, "product.page"},
		{"relative policy", func(d d) { d.Product.Vulnerabilities.Policy = "/vdp" }, label.ReasonMalformed, "product.vulnerabilities.policy"},
		{"no contact", func(d d) { d.Product.Vulnerabilities.Contact = "" }, label.ReasonMissing, "product.vulnerabilities.contact"},
		{"contact over http", func(d d) { d.Product.Vulnerabilities.Contact = "http://northlight.example/" }, label.ReasonMalformed, "product.vulnerabilities.contact"},
		{"contact is no address", func(d d) { d.Product.Vulnerabilities.Contact = "mailto:psirt" }, label.ReasonMalformed, "product.vulnerabilities.contact"},
		{"contact is a bare address", func(d d) { d.Product.Vulnerabilities.Contact = "psirt@northlight.example" }, label.ReasonMalformed, "product.vulnerabilities.contact"},
		{"contact with a name", func(d d) { d.Product.Vulnerabilities.Contact = "mailto:P <psirt@northlight.example>" }, label.ReasonMalformed, "product.vulnerabilities.contact"},
		{"contact is two", func(d d) { d.Product.Vulnerabilities.Contact = "mailto:a@x.example,b@x.example" }, label.ReasonMalformed, "product.vulnerabilities.contact"},
		{"negative days", func(d d) { d.Product.Vulnerabilities.AckDays = -1 }, label.ReasonOutOfRange, "product.vulnerabilities.ackDays"},
		{"too many days", func(d d) { d.Product.Vulnerabilities.AckDays = 366 }, label.ReasonOutOfRange, "product.vulnerabilities.ackDays"},
		{"negative status days", func(d d) { d.Product.Vulnerabilities.StatusDays = -1 }, label.ReasonOutOfRange, "product.vulnerabilities.statusDays"},
		{"too many status days", func(d d) { d.Product.Vulnerabilities.StatusDays = 366 }, label.ReasonOutOfRange, "product.vulnerabilities.statusDays"},
	}
	checkRules(t, declaration, rules)
	checkAccepted(t, declaration, map[string]func(d){
		"no claims": func(d d) { d.Claims = nil },
		"only what is required": func(d d) {
			d.Facts = nil
			d.Product = label.Product{
				SupportEnd: d.Product.SupportEnd, Updates: "automatic",
				Vulnerabilities: label.Reporting{Contact: "https://northlight.example/psirt"},
			}
		},
		"no updates at all": func(d d) { d.Product.Updates, d.Product.UpdateHelp = "none", "" },
		"a year":            func(d d) { d.Product.Vulnerabilities.AckDays, d.Product.Vulnerabilities.StatusDays = 365, 365 },
		"support has ended": func(d d) { d.Product.SupportEnd = label.NewDate(2000, 1, 1) },
	})
}

// TestWorse holds the order in which outcomes stand against each other.
func TestWorse(t *testing.T) {
	order := []label.Outcome{label.Pass, label.NotApplicable, label.Inconclusive, label.Fail}
	for i, o := range order {
		for j, p := range order {
			if o.Worse(p) != (i > j) {
				t.Errorf("%s worse than %s: %v", o, p, o.Worse(p))
			}
		}
	}
}

func TestNewStatement(t *testing.T) {
	s, err := label.NewStatement("device.json", someDigest, label.TypeTestReport, verdicts()[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"device.json","digest":{"sha256":"` + someDigest.String() + `"}}],` +
		`"predicateType":"https://labeld.dev/test-report/v2","predicate":{"provision":"5.1-1","verdict":"pass"}}`
	if got := string(encode(t, s)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, err := label.EncodeStatement("device.json", someDigest, label.TypeTestReport, verdicts()[0]); err != nil || string(got) != want {
		t.Errorf("encoded at once it is %s, %v", got, err)
	}
	if s, err := label.NewStatement("x", someDigest, "T", label.NewDate(10000, 1, 1)); err == nil {
		t.Errorf("made %+v", s)
	}
	if b, err := label.EncodeStatement("x", someDigest, "T", label.NewDate(10000, 1, 1)); err == nil {
		t.Errorf("made %s", b)
	}
}

func TestParseEnvelope(t *testing.T) {
	e := &label.Envelope{
		PayloadType: label.PayloadType, Payload: []byte("{}\xff\xfe\xfd"),
		Signatures: []label.Signature{{KeyID: "not written", Sig: []byte{0xfb, 0xff}}, {Sig: []byte("b")}},
	}
	const want = `{"payloadType":"application/vnd.in-toto+json","payload":"e33//v0=","signatures":[{"sig":"+/8="},{"sig":"Yg=="}]}`
	b, err := e.Encode()
	if err != nil || string(b) != want {
		t.Fatalf("got  %s, %v\nwant %s", b, err, want)
	}
	back, err := label.ParseEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	if back.PayloadType != e.PayloadType || string(back.Payload) != string(e.Payload) || len(back.Signatures) != 2 ||
		!slices.Equal(back.Signatures[0].Sig, e.Signatures[0].Sig) || back.Signatures[0].KeyID != "" {
		t.Errorf("comes back as %+v", back)
	}
	for name, c := range map[string]struct {
		doc    string
		reason label.Reason
	}{
		"white space":     {want + "\n", label.ReasonNotCanonical},
		"members swapped": {`{"payload":"e33//v0=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"+/8="}]}`, label.ReasonNotCanonical},
		"escaped slash":   {strings.Replace(want, "n/v", `n\/v`, 1), label.ReasonNotCanonical},
		"loose base64":    {strings.Replace(want, "Yg==", "Yh==", 1), label.ReasonNotCanonical},
		"no signatures":   {`{"payloadType":"application/vnd.in-toto+json","payload":"e30="}`, label.ReasonNotCanonical},
		"key ID":          {strings.Replace(want, `{"sig":"Yg==`, `{"keyid":"a","sig":"Yg==`, 1), label.ReasonUnknownField},
		"member twice":    {strings.Replace(want, `{"payloadType"`, `{"payload":"e30=","payloadType"`, 1), label.ReasonDuplicateKey},
		"URL alphabet":    {strings.Replace(want, "+/8=", "-_8=", 1), label.ReasonMalformed},
		"no padding":      {strings.Replace(want, "Yg==", "Yg", 1), label.ReasonMalformed},
		"new line":        {strings.Replace(want, "Yg==", `Yg\n==`, 1), ""},
		"empty":           {"", label.ReasonMalformed},
		"trailing data":   {want + "{}", label.ReasonMalformed},
	} {
		if c.doc == want {
			t.Fatalf("%s changes nothing", name)
		}
		got, err := label.ParseEnvelope([]byte(c.doc))
		if err == nil {
			t.Errorf("%s: read as %+v", name, got)
		} else if c.reason != "" && label.ReasonOf(err) != c.reason {
			t.Errorf("%s: %s, %v", name, label.ReasonOf(err), err)
		}
	}
}
