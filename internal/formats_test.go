package internal_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/surveillance"
	"labeld/internal/verify"
)

// docs has the documents, and formats the examples that docs/formats.md and
// docs/predicates.md name.
var (
	docs    = filepath.Join("..", "docs")
	formats = filepath.Join(docs, "formats")
)

// A predicate is what a statement says.
type predicate interface{ Validate() error }

// predicates has the struct of each predicate type that is accepted.
var predicates = map[string]predicate{
	label.TypeTestReport:          &label.TestReport{},
	label.TypeDeclaration:         &label.Declaration{},
	label.TypeLabel:               &label.Label{},
	label.TypeStatus:              &label.Status{},
	label.TypeStatusRequest:       &label.StatusRequest{},
	label.TypeEvent:               &label.Event{},
	label.TypeDecision:            &label.Decision{},
	label.TypeAppeal:              &label.Appeal{},
	label.TypeRulingRequest:       &label.RulingRequest{},
	label.TypeRuling:              &label.Ruling{},
	label.TypeAccreditation:       &label.Accreditation{},
	label.TypeAssignment:          &label.Assignment{},
	label.TypeSchemeVersion:       &label.SchemeVersion{},
	label.TypeRegistryRequest:     &label.RegistryRequest{},
	label.TypeQuorum:              &label.Quorum{},
	label.TypeAuditHead:           &label.AuditHead{},
	label.TypeSurveillanceRequest: &surveillance.Request{},
	label.TypeSurveillancePlan:    &surveillance.Announcement{},
	label.TypeSurveillanceDraw:    &surveillance.Result{},
}

// parts has the structs within others, by the name that the documents give them.
var parts = map[string]any{
	"profile": label.Profile{}, "scope": label.Scope{},
	"party": label.Party{}, "period": label.Period{}, "device": label.Device{}, "component": label.Component{},
	"firmware": label.Firmware{}, "verdict": label.Verdict{}, "evidence reference": label.EvidenceRef{}, "change": label.Change{},
	"signatory": label.Signatory{}, "product": label.Product{}, "translation": label.Sentences{}, "reporting": label.Reporting{}, "scheme reference": label.SchemeRef{}, "data file": label.DataFile{},
	"level": label.Level{}, "laboratory": label.LabRef{}, "label evidence": label.LabelEvidence{}, "criterion": label.Criterion{},
	"label fact": label.LabelFact{}, "label link": label.LabelLink{}, "request reference": label.RequestRef{},
	"advisory reference": label.AdvisoryRef{}, "cause": label.Cause{}, "criterion found": label.CriterionFound{}, "missing": label.Missing{},
	"unused": label.Unused{}, "weights": surveillance.Weights{}, "drawn": surveillance.Drawn{},
	"exported audit trail": verify.TrailHead{}, "audit entry": label.TrailEntry{}, "actor": label.Actor{},
	"package": verify.Package{}, "logged statement": verify.LoggedStatement{}, "omitted statement": verify.OmittedStatement{}, "history": verify.History{},
	"trust file": verify.Trust{}, "trusted key": verify.TrustKey{}, "trusted log": verify.TrustLog{}, "freshness": verify.Freshness{},
}

// uri returns a predicate type as documents write it, without what all have in common.
func uri(predicateType string) string { return strings.TrimPrefix(predicateType, label.Base) }

// exampleOf returns the name of the file with the example of a predicate type.
func exampleOf(predicateType string) string {
	return strings.ReplaceAll(uri(predicateType), "/", "-") + ".json"
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// statement reads the example of a predicate type, and returns with it the bytes that
// were signed: the same without the white space.
func statement(t *testing.T, predicateType string) (st label.Statement, payload []byte) {
	t.Helper()
	text := read(t, formats, exampleOf(predicateType))
	if err := label.DecodeLoose(text, &st); err != nil {
		t.Fatalf("%s: %v", exampleOf(predicateType), err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return st, b.Bytes()
}

// decoded reads a predicate as whoever gets it signed does.
func decoded(predicateType string, text []byte) (predicate, error) {
	p := reflect.New(reflect.TypeOf(predicates[predicateType]).Elem()).Interface().(predicate)
	if err := label.DecodeSigned(text, p); err != nil {
		return p, err
	}
	if err := label.CheckLeftOut(text, p); err != nil {
		return p, err
	}
	return p, p.Validate()
}

// A section is what a document says under one heading.
type section struct {
	text    string
	members map[string]member
}

// A member is a row of the table of a section.
type member struct{ kind, required string }

var (
	heading = regexp.MustCompile("(?m)^##+ `?([^`\n]+)`?$")
	row     = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| (\\w+) \\|")
)

func sections(t *testing.T, name string) map[string]section {
	t.Helper()
	text := string(read(t, docs, name))
	found := map[string]section{}
	at := heading.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		s := section{text[m[1]:end], map[string]member{}}
		for _, r := range row.FindAllStringSubmatch(s.text, -1) {
			s.members[r[1]] = member{strings.TrimSpace(r[2]), r[3]}
		}
		found[text[m[2]:m[3]]] = s
	}
	return found
}

// kindOf names a type as the documents do.
func kindOf(typ reflect.Type) string {
	switch typ {
	case reflect.TypeFor[label.Digest]():
		return "digest"
	case reflect.TypeFor[label.Date]():
		return "date"
	case reflect.TypeFor[time.Time]():
		return "instant"
	case reflect.TypeFor[label.JSON]():
		return "bundle"
	case reflect.TypeFor[label.FactValue]():
		return "value"
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return kindOf(typ.Elem())
	case reflect.Slice:
		return "list of " + kindOf(typ.Elem())
	case reflect.Map:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.String:
		return "text"
	}
	for name, p := range parts {
		if reflect.TypeOf(p) == typ {
			return name
		}
	}
	return typ.String()
}

// checkMembers holds the table of a section to a struct: the same members, each of the
// same type, and absent only where it may be.
func checkMembers(t *testing.T, name string, s section, typ reflect.Type) {
	t.Helper()
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		tag := f.Tag.Get("json")
		if f.Anonymous || !f.IsExported() || tag == "-" {
			continue
		}
		json, options, _ := strings.Cut(tag, ",")
		known[json] = true
		m, ok := s.members[json]
		absent := strings.Contains(options, "omit")
		switch {
		case !ok:
			t.Errorf("%s: the member %s is in no row", name, json)
		case m.kind != kindOf(f.Type):
			t.Errorf("%s: the member %s is said to be of the type %s and is %s", name, json, m.kind, kindOf(f.Type))
		case absent != (m.required == "no" || m.required == "if"):
			t.Errorf("%s: of the member %s it is said that it is required: %s; it can be absent: %t", name, json, m.required, absent)
		}
	}
	for json := range s.members {
		if !known[json] {
			t.Errorf("%s: there is no member %s", name, json)
		}
	}
}

// checkRequired takes each member out of an example, which is to be refused then, or
// accepted, as the table says.
func checkRequired(t *testing.T, predicateType string, s section, example []byte) {
	t.Helper()
	for json, m := range s.members {
		rest, there := without(t, example, json)
		_, err := decoded(predicateType, rest)
		switch {
		case !there && (m.required == "yes" || m.required == "always"):
			t.Errorf("%s: the example has no member %s, which is required", uri(predicateType), json)
		case m.required == "yes" && err == nil:
			t.Errorf("%s: the member %s is required, and the example is accepted without", uri(predicateType), json)
		case m.required != "yes" && m.required != "if" && err != nil:
			t.Errorf("%s: the member %s is not required, and without it: %v", uri(predicateType), json, err)
		}
	}
}

func without(t *testing.T, object []byte, name string) (rest []byte, there bool) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatal(err)
	}
	_, there = members[name]
	delete(members, name)
	rest, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return rest, there
}

var (
	typeConst = regexp.MustCompile(`(?m)^\s(Type\w+)\s+= Base \+ "([^"]+)"`)
	tableRow  = regexp.MustCompile(`(?m)^\s\{Type: (Type\w+),`)
)

// knownTypes returns the types in the table of predicates.
func knownTypes(t *testing.T) (list []string) {
	t.Helper()
	source := string(read(t, "label", "predicate.go"))
	types := map[string]string{}
	for _, m := range typeConst.FindAllStringSubmatch(source, -1) {
		types[m[1]] = label.Base + m[2]
	}
	for _, m := range tableRow.FindAllStringSubmatch(source, -1) {
		list = append(list, types[m[1]])
	}
	if len(list) < len(predicates) || len(list) != len(types) {
		t.Fatalf("%d predicate types were found, and %d rows of their table", len(types), len(list))
	}
	return list
}

// TestPredicatesAreDocumented requires that every predicate type has a section with the
// role that signs it, a table that agrees with the code, and an example that is accepted.
func TestPredicatesAreDocumented(t *testing.T) {
	said := sections(t, "predicates.md")
	all := string(read(t, docs, "predicates.md"))
	signers := map[label.Role]string{label.RoleLab: "laboratory sign", label.RoleManufacturer: "manufacturer signs", label.RoleOperator: "perator"}
	for _, typ := range knownTypes(t) {
		p, err := label.PredicateOf(typ)
		if err != nil {
			t.Fatal(err)
		}
		if p.Former {
			if !strings.Contains(all, "`"+uri(typ)+"`") {
				t.Errorf("%s is read and no longer accepted, and docs/predicates.md does not name it", uri(typ))
			}
			continue
		}
		s, ok := said[uri(typ)]
		if !ok || predicates[typ] == nil {
			t.Errorf("%s has no section in docs/predicates.md, or no struct in this test", uri(typ))
			continue
		}
		who := signers[p.Signer]
		if p.Made != "" {
			who = "The authority signs it"
		}
		if !strings.Contains(s.text, who) || !strings.Contains(s.text, "`formats/"+exampleOf(typ)+"`") {
			t.Errorf("%s: the section does not say %q, or does not name its example", uri(typ), who)
		}
		checkMembers(t, uri(typ), s, reflect.TypeOf(predicates[typ]).Elem())
		st, _ := statement(t, typ)
		if st.Type != label.StatementV1 || st.PredicateType != typ || len(st.Subject) != 1 {
			t.Errorf("%s: the example is of the type %s, about %d subjects", uri(typ), st.PredicateType, len(st.Subject))
		}
		if _, err := decoded(typ, st.Predicate); err != nil {
			t.Errorf("%s: the example is refused: %v", uri(typ), err)
		}
		checkRequired(t, typ, s, st.Predicate)
	}
}

// TestPartsAreDocumented does the same for what is within predicates, for the package
// and for the trust file.
func TestPartsAreDocumented(t *testing.T) {
	said := sections(t, "members.md")
	maps.Copy(said, sections(t, "formats.md"))
	for name, p := range parts {
		s, ok := said[name]
		if !ok {
			t.Errorf("%s has no section", name)
			continue
		}
		checkMembers(t, name, s, reflect.TypeOf(p))
	}
}

// TestExamplesVerify verifies what is signed among the examples, by the trust file
// among them, and that the examples belong together.
func TestExamplesVerify(t *testing.T) {
	trust, err := verify.ParseTrust(read(t, formats, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	now := labeltest.Start.Add(time.Minute)
	pkg, err := trust.Verify(read(t, formats, "package.json"), now, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := pkg.Told(); err != nil || pkg.State != label.Suspended || len(pkg.Statuses) != 1 {
		t.Errorf("the label is %s after %d statuses (%v)", pkg.State, len(pkg.Statuses), err)
	}
	device := bytes.TrimSpace(read(t, formats, "device.json"))
	if _, err := label.ParseDevice(device); err != nil {
		t.Errorf("device.json: %v", err)
	}

	u, err := envelope.Open(read(t, formats, "bundle.json"))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := trust.Entry(u.Envelope(), device)
	if err != nil || issued.ID != pkg.Label.ID {
		t.Fatalf("bundle.json: label %s, and in the package %s (%v)", issued.ID, pkg.Label.ID, err)
	}
	if _, payload := statement(t, label.TypeLabel); !bytes.Equal(payload, u.Envelope().Payload) {
		t.Error("label-v1.json is not what bundle.json has signed")
	}
	var evidence []label.Digest
	for _, e := range issued.Evidence {
		evidence = append(evidence, e.SHA256)
	}
	for _, typ := range []string{label.TypeTestReport, label.TypeDeclaration} {
		if _, payload := statement(t, typ); !slices.Contains(evidence, label.DigestOf(payload)) {
			t.Errorf("the label names no evidence of the digest of %s", exampleOf(typ))
		}
	}
	if _, payload := statement(t, label.TypeStatusRequest); pkg.Statuses[0].Requests[0].SHA256 != label.DigestOf(payload) {
		t.Error("the status names another request than status-request-v1.json")
	}

	first := exportedTrail(t, trust, read(t, formats, "audit.jsonl"), now)
	_, payload := statement(t, label.TypeAuditHead)
	if env, err := envelope.Open(first.Head); err != nil || !bytes.Equal(env.Envelope().Payload, payload) {
		t.Errorf("audit.jsonl has not the head of audit-head-v1.json (%v)", err)
	}

	list, err := trust.OpenList(read(t, formats, "status-list.jwt"), now)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := list.Get(pkg.Index); !ok || v.String() != "suspended" {
		t.Errorf("the status list has the label as %s", v)
	}
	head, err := trust.OpenCheckpoint(read(t, formats, "checkpoint.txt"))
	if err != nil || head.Tree.N != pkg.Tree {
		t.Errorf("the checkpoint is of %d entries, and the package of %d (%v)", head.Tree.N, pkg.Tree, err)
	}
	code := strings.TrimSpace(string(read(t, formats, "qr.txt")))
	base, id, err := qr.ParsePayload(code)
	if err != nil || base != trust.URL || id != issued.ID || code != qr.Payload(trust.URL, id) {
		t.Errorf("the QR code leads to %s at %s (%v)", id, base, err)
	}
}

// TestFormatsNamesEveryExample requires that no example lies about that no document names.
func TestFormatsNamesEveryExample(t *testing.T) {
	text := string(read(t, docs, "formats.md")) + string(read(t, docs, "predicates.md"))
	files, err := os.ReadDir(formats)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(text, "`formats/"+f.Name()+"`") {
			t.Errorf("no document names formats/%s", f.Name())
		}
	}
}
