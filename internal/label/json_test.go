package label_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := label.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeRefuses(t *testing.T) {
	valid := string(encode(t, report()))
	replace := func(from, to string) string {
		if !strings.Contains(valid, from) {
			t.Fatalf("%s is not in %s", from, valid)
		}
		return strings.Replace(valid, from, to, 1)
	}
	for _, c := range []struct {
		name, doc string
		reason    label.Reason
		field     string
		text      string
	}{
		{"empty", "", label.ReasonMalformed, "", "not valid JSON"},
		{"white space", " \n", label.ReasonMalformed, "", "not valid JSON"},
		{"truncated", valid[:len(valid)-1], label.ReasonMalformed, "", "not valid JSON at byte"},
		{"truncated deep", valid[:strings.Index(valid, "5.1-2")+3], label.ReasonMalformed, "verdicts[1].provision", "not valid JSON at byte"},
		{"trailing data", valid + "{}", label.ReasonMalformed, "", "not valid JSON"},
		{"trailing bracket", valid + "}", label.ReasonMalformed, "", "not valid JSON"},
		{"comment", replace("{", "{/* hello */"), label.ReasonMalformed, "", "not valid JSON"},
		{"trailing comma", valid[:len(valid)-1] + ",}", label.ReasonMalformed, "", "not valid JSON"},
		{"byte order mark", "\ufeff" + valid, label.ReasonMalformed, "", "not valid JSON"},
		{"invalid UTF-8", replace("AUR-1", "AUR\xff"), label.ReasonMalformed, "number", "not valid JSON"},
		{"lone surrogate", replace("AUR-1", `AUR\ud800`), label.ReasonMalformed, "number", "not valid JSON"},
		{"raw control character", replace("AUR-1", "AUR\n1"), label.ReasonMalformed, "number", "not valid JSON"},

		{"duplicate", replace(`"lab":`, `"lab":"x","lab":`), label.ReasonDuplicateKey, "lab", "twice"},
		{"duplicate in an object", replace(`"version":`, `"version":"1","version":`), label.ReasonDuplicateKey, "firmware[0].version", "twice"},
		{"duplicate in an array", replace(`"provision":"5.1-2"`, `"provision":"5.1-2","provision":"5.1-2"`), label.ReasonDuplicateKey, "verdicts[1].provision", "twice"},
		{"duplicate fact", replace(`"tls_min_version":`, `"tls_min_version":1,"tls_min_version":`), label.ReasonDuplicateKey, "facts.tls_min_version", "twice"},
		{"duplicate in a fact", replace(`"tls1.2"`, `{"a":[{"b":1,"b":2}]}`), label.ReasonDuplicateKey, "facts.tls_min_version.a[0].b", "twice"},
		{"duplicate by escape", replace(`"lab":`, `"l\u0061b":"x","lab":`), label.ReasonDuplicateKey, "lab", "twice"},

		{"unknown", replace(`"lab":`, `"laboratory":"x","lab":`), label.ReasonUnknownField, "laboratory", "no such member"},
		{"unknown in an object", replace(`"version":`, `"sha512":"x","version":`), label.ReasonUnknownField, "firmware[0].sha512", "no such member"},
		{"unknown in an array", replace(`"provision":"5.1-2"`, `"provision":"5.1-2","note":"x"`), label.ReasonUnknownField, "verdicts[1].note", "no such member"},
		{"another letter case", replace(`"lab":`, `"Lab":`), label.ReasonUnknownField, "Lab", "no such member"},

		{"number for text", replace(`"AUR-1"`, `1`), label.ReasonMalformed, "number", "found a JSON number where a string is expected"},
		{"text for array", replace(`["P05-1"]`, `"P05-1"`), label.ReasonMalformed, "samples", "found a JSON string where an array is expected"},
		{"array for object", replace(`{"provision":"5.1-1","verdict":"pass"}`, `[]`), label.ReasonMalformed, "verdicts[0]", "found a JSON array where an object is expected"},
		{"number for date", replace(`"2026-09-14"`, `20260914`), label.ReasonMalformed, "period.from", "found a JSON number where a string is expected"},
		{"object for array", replace(`["P05-1"]`, `{}`), label.ReasonMalformed, "samples", "found a JSON object where an array is expected"},
		{"date", replace(`2026-09-14`, `14.9.2026`), label.ReasonMalformed, "period.from", `"14.9.2026" is not a date`},
		{"digest in capitals", replace(someDigest.String(), strings.ToUpper(someDigest.String())), label.ReasonMalformed, "firmware[0].sha256", "64 lower-case"},
		{"digest too short", replace(someDigest.String(), someDigest.String()[2:]), label.ReasonMalformed, "firmware[0].sha256", "64 lower-case"},
		{"digest of other digits", replace(someDigest.String(), "zz"+someDigest.String()[2:]), label.ReasonMalformed, "firmware[0].sha256", "64 lower-case"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := label.Decode([]byte(c.doc), new(label.TestReport))
			if e := wantRefusal(t, err, label.Invalid, c.reason, c.field); !strings.Contains(e.Text, c.text) {
				t.Errorf("it says %q, want %q", e.Text, c.text)
			}
		})
	}
	for number, text := range map[string]string{`"1"`: "found a JSON string where a whole number", "1.5": "where a whole number", "99999999999999999999": "where a whole number"} {
		doc := strings.Replace(string(encode(t, declaration())), `"ackDays":3`, `"ackDays":`+number, 1)
		e := wantRefusal(t, label.Decode([]byte(doc), new(label.Declaration)), label.Invalid, label.ReasonMalformed, "product.vulnerabilities.ackDays")
		if !strings.Contains(e.Text, text) {
			t.Errorf("of the number %s it says %q", number, e.Text)
		}
	}
	var yes struct {
		Yes bool      `json:"yes"`
		At  time.Time `json:"at"`
	}
	e := wantRefusal(t, label.Decode([]byte(`{"yes":1}`), &yes), label.Invalid, label.ReasonMalformed, "yes")
	if !strings.Contains(e.Text, "true or false") {
		t.Error(e.Text)
	}
	wantRefusal(t, label.Decode([]byte(`{"at":"today"}`), &yes), label.Invalid, label.ReasonMalformed, "at")
}

func TestDecodeDepth(t *testing.T) {
	deep := `{"facts":{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}`
	if err := label.Decode([]byte(deep), new(label.TestReport)); label.ReasonOf(err) != label.ReasonMalformed {
		t.Errorf("20,000 levels: %v", err)
	}
}

// TestDecodeLoose requires that unknown members are the one thing in which the
// two differ.
func TestDecodeLoose(t *testing.T) {
	var s label.Statement
	doc := `{"_type":"T","extra":{"a":[1,{"b":null}]},"subject":[{"name":"n","uri":"u","digest":{"sha256":"x"}}],"predicateType":"P","predicate":{}}`
	if err := label.DecodeLoose([]byte(doc), &s); err != nil {
		t.Fatal(err)
	}
	if s.Type != "T" || len(s.Subject) != 1 || s.Subject[0].Digest["sha256"] != "x" || string(s.Predicate) != "{}" {
		t.Errorf("read %+v", s)
	}
	for name, c := range map[string]struct {
		doc    string
		reason label.Reason
		field  string
	}{
		"duplicate":                      {`{"_type":"T","_type":"T"}`, label.ReasonDuplicateKey, "_type"},
		"duplicate in an unknown member": {`{"extra":{"a":1,"a":2}}`, label.ReasonDuplicateKey, "extra.a"},
		"duplicate unknown member":       {`{"extra":1,"extra":1}`, label.ReasonDuplicateKey, "extra"},
		"duplicate in raw JSON":          {`{"predicate":{"a":{"b":1,"b":1}}}`, label.ReasonDuplicateKey, "predicate.a.b"},
		"invalid UTF-8":                  {"{\"extra\":\"\xff\"}", label.ReasonMalformed, "extra"},
		"trailing data":                  {`{} {}`, label.ReasonMalformed, ""},
		"another letter case":            {`{"Subject":[]}`, "", ""},
	} {
		var s label.Statement
		err := label.DecodeLoose([]byte(c.doc), &s)
		if c.reason == "" {
			if err != nil || s.Subject != nil {
				t.Errorf("%s: read %+v, %v", name, s, err)
			}
			continue
		}
		t.Run(name, func(t *testing.T) { wantRefusal(t, err, label.Invalid, c.reason, c.field) })
	}
}

// TestFacts requires that facts are read as any map of values is, and refused with the
// same words.
func TestFacts(t *testing.T) {
	for _, doc := range []string{
		`null`, `{}`, ` { } `, `{"a":1}`, `{"a":"x","b":[1, {"c": null}],"\u0063":true,"d":{"e" : 1},"f":null}`, `{"":0}`,
		`[]`, `"a"`, `7`, ``, `{`, `{"a"`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a":1}}`, `{a:1}`, `{"a":01}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":1}`, `{"a":{"b":1,"b":2}}`, "{\"a\":\"\xff\"}", "{\"\xff\":1}",
	} {
		var facts struct{ F label.Facts }
		var plain struct{ F map[string]label.JSON }
		in := []byte(`{"F":` + doc + `}`)
		err, want := label.Decode(in, &facts), label.Decode(in, &plain)
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Errorf("%s: %v, a map says %v", doc, err, want)
		}
		if err == nil && !reflect.DeepEqual(map[string]label.JSON(facts.F), plain.F) {
			t.Errorf("%s is read as %s, a map reads %s", doc, facts.F, plain.F)
		}
	}
}

func TestEncode(t *testing.T) {
	// Members in declaration order, facts in the order of their names, no
	// white space, nothing escaped that need not be.
	f := label.Facts{"b": label.JSON(`2`), "a": label.JSON(`"<&>\u00e9"`), "c": label.JSON(`[ 1 ]`)}
	for range 20 {
		if got := string(encode(t, f)); got != `{"a":"<&>é","b":2,"c":[1]}` {
			t.Fatal(got)
		}
	}
	if got := string(encode(t, label.Verdict{Provision: "5.1-1", Verdict: label.Pass})); got != `{"provision":"5.1-1","verdict":"pass"}` {
		t.Error(got)
	}
	if b, err := label.Encode(label.NewDate(10000, 1, 1)); err == nil {
		t.Errorf("wrote %s", b)
	}
}

// TestCanonical holds to examples of RFC 8785, sections 3.2.2 to 3.2.4.
func TestCanonical(t *testing.T) {
	in := "{\n  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n" +
		"  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}"
	want := `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
	b := []byte(in)
	got, err := label.Canonical(b)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if string(b) != in {
		t.Error("the input was changed")
	}
	// Names are sorted by UTF-16 code units, where the emoji comes before U+FB33.
	got, err = label.Canonical([]byte(`{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"1":4}`))
	if err != nil || string(got) != "{\"1\":4,\"€\":3,\"\U0001f600\":2,\"\ufb33\":1}" {
		t.Errorf("got %s, %v", got, err)
	}
	_, err = label.Canonical([]byte(`{"a":1,"a":1}`))
	wantRefusal(t, err, label.Invalid, label.ReasonDuplicateKey, "a")
	_, err = label.Canonical([]byte(`{"a":`))
	if label.ReasonOf(err) != label.ReasonMalformed {
		t.Error(err)
	}
}

func TestDigest(t *testing.T) {
	const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-4: "abc"
	d := label.DigestOf([]byte("abc"))
	if d.String() != hex || d.IsZero() || !(label.Digest{}).IsZero() {
		t.Errorf("got %s", d)
	}
	if got, err := label.ParseDigest(hex); err != nil || got != d {
		t.Errorf("got %s, %v", got, err)
	}
	if b := encode(t, d); string(b) != `"`+hex+`"` {
		t.Errorf("wrote %s", b)
	}
	for _, s := range []string{"", hex[1:], hex + "0", strings.ToUpper(hex), "g" + hex[1:], "sha256:" + hex} {
		_, err := label.ParseDigest(s)
		wantRefusal(t, err, label.Invalid, label.ReasonMalformed, "")
	}
}

// TestDigestOfNothing writes 64 zeros where a digest may be left out: as absent as
// the zero Digest is in Go, and yet signed.
func TestDigestOfNothing(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	for member, into := range map[string]any{"corrects": new(label.TestReport), "device": new(label.Event), "statement": new(label.Event), "picture": new(label.Device)} {
		err := label.DecodeSigned([]byte(`{"`+member+`":"`+zeros+`"}`), into)
		if label.KindOf(err) != label.Invalid || !strings.HasPrefix(err.Error(), member+": ") {
			t.Errorf("%s of zeros: %v", member, err)
		}
	}
}

func TestWithin(t *testing.T) {
	inner := label.Errorf(label.Denied, label.ReasonNotYours, "", "no")
	for _, c := range []struct{ inner, outer, want string }{
		{"", "device", "device"},
		{"name", "device", "device.name"},
		{"[2].name", "devices", "devices[2].name"},
	} {
		inner.Field = c.inner
		got := wantRefusalOf(t, label.Within(c.outer, inner))
		if got.Field != c.want || got.Kind != label.Denied || got.Reason != label.ReasonNotYours {
			t.Errorf("%q within %q is %+v", c.inner, c.outer, got)
		}
		if inner.Field != c.inner {
			t.Error("the inner error was changed")
		}
	}
	if err := label.Within("device", nil); err != nil {
		t.Errorf("no error within is %v", err)
	}
	if other := errors.New("other"); label.Within("device", other) != other {
		t.Error("an error that is no refusal was changed")
	}
}

func wantRefusalOf(t *testing.T, err error) *label.Error {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	return e
}

func TestErrorText(t *testing.T) {
	e := label.Errorf(label.TooLarge, label.ReasonTooLarge, "a[1].b", "is %d", 7)
	if e.Error() != "a[1].b: is 7" {
		t.Error(e.Error())
	}
	e.Field = ""
	if e.Error() != "is 7" {
		t.Error(e.Error())
	}
	wrapped := errors.Join(errors.New("x"), e)
	if label.KindOf(wrapped) != label.TooLarge || label.ReasonOf(wrapped) != label.ReasonTooLarge {
		t.Errorf("kind %d, reason %s", label.KindOf(wrapped), label.ReasonOf(wrapped))
	}
	if err := errors.New("x"); label.KindOf(err) != label.Internal || label.ReasonOf(err) != label.ReasonInternal {
		t.Error("an error that is no refusal is not ours to explain")
	}
}

func FuzzDecodeReport(f *testing.F) {
	valid := encode(f, report())
	f.Add(valid)
	f.Add(bytes.Replace(valid, []byte(`"lab":`), []byte(`"lab":"x","lab":`), 1))
	f.Add(bytes.Replace(valid, []byte(`"firmware":[`), []byte(`"firmware":[{},`), 1))
	f.Add(bytes.Replace(valid, []byte(`"tls1.2"`), []byte(`{"a":[1,2.50,{"b":null}]}`), 1))
	f.Add([]byte(`{"verdicts":[{"provision":"5.1-1","verdict":"fail"}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r label.TestReport
		if err := label.Decode(b, &r); err != nil {
			if label.KindOf(err) != label.Invalid {
				t.Fatalf("refused with kind %d: %v", label.KindOf(err), err)
			}
			return
		}
		if err := r.Validate(); err != nil {
			if k := label.KindOf(err); k != label.Invalid && k != label.TooLarge {
				t.Fatalf("refused with kind %d: %v", k, err)
			}
			return
		}
		// What is valid can be written, and read again to the same.
		first := encode(t, &r)
		var again label.TestReport
		if err := label.Decode(first, &again); err != nil {
			t.Fatalf("%s\nwas written as %s\nwhich is refused: %v", b, first, err)
		}
		if err := again.Validate(); err != nil {
			t.Fatal(err)
		}
		if second := encode(t, &again); !bytes.Equal(first, second) {
			t.Fatalf("first  %s\nsecond %s", first, second)
		}
	})
}

// TestCheckLeftOut requires that what reads as if it were not there is left out, and that
// nothing else is refused for it: what is required may be false, 0 or empty.
func TestCheckLeftOut(t *testing.T) {
	status := `{"label":"K7QM4T2X9PWH","action":"suspend","reason":"x","text":"x","made":"2026-11-02T09:00:00Z"`
	event := `{"kind":"lab","lab":"aurora-lab","number":"T-1","reason":"x","text":"x","made":"2026-11-02T09:00:00Z"`
	enrol := `{"act":"org.enrol","organization":"x","profile":{"name":"x"},"made":"2026-11-02T09:00:00Z"`
	declares := `{"manufacturer":"x","claims":[],"product":{"updates":"none","sbom":false,"vulnerabilities":{"contact":"https://x.example"}}`
	for _, c := range []struct {
		name, doc string
		into      any
		field     string
		says      string
	}{
		{"nothing empty", status + "}", new(label.StatusRequest), "", ""},
		{"level 0", status + `,"level":0}`, new(label.StatusRequest), "level", "is 0, which says nothing here; leave the member out"},
		{"no time", status + `,"effective":"0001-01-01T00:00:00Z"}`, new(label.StatusRequest), "effective", `is "0001-01-01T00:00:00Z", which says`},
		{"empty text", status + `,"successor":""}`, new(label.StatusRequest), "successor", "is empty, "},
		{"null for a text", status + `,"successor":null}`, new(label.StatusRequest), "successor", "is null, "},

		{"all categories", event + "}", new(label.Event), "", ""},
		{"some categories", event + `,"categories":["camera"]}`, new(label.Event), "", ""},
		{"no category", event + `,"categories":[]}`, new(label.Event), "categories", "is empty, "},
		{"categories null", event + `,"categories":null}`, new(label.Event), "categories", "is null, "},
		{"a category null", event + `,"categories":[null]}`, new(label.Event), "categories[0]", "is null, "},

		{"no machine", enrol + `,"machine":false}`, new(label.RegistryRequest), "machine", "is false, "},
		{"empty within", `{"act":"org.enrol","profile":{"name":"x","url":""}}`, new(label.RegistryRequest), "profile.url", "is empty, "},
		{"object null", `{"act":"org.enrol","accreditation":null}`, new(label.RegistryRequest), "accreditation", "is null, "},

		{"required and empty", declares + "}", new(label.Declaration), "", ""},
		{"required and null", strings.Replace(declares, "[]", "null", 1) + "}", new(label.Declaration), "claims", "is null, "},
		{"days 0", strings.Replace(declares, `"https://x.example"`, `"https://x.example","ackDays":0`, 1) + "}", new(label.Declaration), "product.vulnerabilities.ackDays", "is 0, "},
		{"no facts", declares + `,"facts":{}}`, new(label.Declaration), "facts", "is empty, "},
		{"facts that say none", declares + `,"facts":{"a":[],"b":false,"c":0,"d":""}}`, new(label.Declaration), "", ""},
		{"in a list", `{"verdicts":[{"provision":"5.1-1","verdict":"pass"},{"provision":"5.1-2","verdict":"pass","reason":""}]}`, new(label.TestReport), "verdicts[1].reason", "is empty, "},
		{"a level of before", `{"level":{"number":1,"of":4,"name":"x"}}`, new(label.Decision), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := label.DecodeSigned([]byte(c.doc), c.into); err != nil {
				t.Fatal(err)
			}
			err := label.CheckLeftOut([]byte(c.doc), c.into)
			if c.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := wantRefusal(t, err, label.Invalid, label.ReasonNotCanonical, c.field); !strings.Contains(e.Text, c.says) {
				t.Errorf("it says %q, want %q", e.Text, c.says)
			}
		})
	}
}

// TestInstants requires that instants in what is signed have one form, which refusals show.
func TestInstants(t *testing.T) {
	for text, ok := range map[string]bool{
		`"2026-11-02T09:00:00Z"`: true, `"2026-11-02T09:00:0\u0030Z"`: true, `"0001-01-01T00:00:00Z"`: true,
		`"2026-11-02T09:00:00.0Z"`: false, `"2026-11-02T09:00:00.5Z"`: false, `"2026-11-02T09:00:00,5Z"`: false, `"2026-11-02T10:00:00+01:00"`: false,
		`"2026-11-02T09:00:00+00:00"`: false, `"2026-11-02T09:00:00-00:00"`: false, `"2026-11-02t09:00:00z"`: false, `"2026-11-02 09:00:00Z"`: false,
		`"2026-11-02T9:00:00Z"`: false, `"2026-11-02"`: false, `"+2026-11-02T09:00:00Z"`: false, `"2026-11-31T09:00:00Z"`: false, `"2026-11-02T24:00:00Z"`: false,
		`"2026-11-02T09:00:60Z"`: false, `""`: false, `null`: false, `1793610000`: false, `{}`: false,
	} {
		var r label.StatusRequest
		err := label.DecodeSigned([]byte(`{"made":`+text+`}`), &r)
		if ok {
			if b := encode(t, r.Made); err != nil || string(b) != strings.ReplaceAll(text, `\u0030`, "0") {
				t.Errorf("%s: read as %s, %v", text, b, err)
			}
			continue
		}
		e, is := errors.AsType[*label.Error](err)
		if !is || e.Field != "made" || text != "null" && !strings.Contains(e.Text, "2026-11-02T09:00:00Z") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
