package rpc_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/rpc"
)

// A vocabulary is the words of a type, and how the contract has them.
type vocabulary struct {
	dir, typ string            // where the words are declared
	values   map[string]string // the value of each word, by name
	unsaid   []string          // words that no answer has
}

// vocabularies has the words of each enum of the contract, but for QRFormat, which is of
// requests only ([TestCodesAreDrawn]).
var vocabularies = map[protoreflect.Name]vocabulary{
	"LabelState":    {"../label", "State", names(rpc.StateOf), nil},
	"LabelAction":   {"../label", "Action", names(rpc.ActionOf), nil},
	"SupportState":  {"../label", "SupportState", names(rpc.SupportOf), nil},
	"Assurance":     {"../label", "Assurance", names(rpc.AssuranceOf), nil},
	"ExpiryBound":   {"../label", "Bound", names(rpc.BoundOf), nil},
	"FindingState":  {"../scheme", "State", names(rpc.FindingOf), nil},
	"Role":          {"../label", "Role", names(rpc.RoleOf), nil},
	"ActOutcome":    {"../label", "ActOutcome", names(rpc.ActOutcomeOf), nil},
	"Presentation":  {"../label", "Presentation", names(rpc.PresentationOf), nil},
	"RulingOutcome": {"../label", "RulingOutcome", names(rpc.RulingOutcomes), nil},
	// No criterion asks for a ruling, and no gap is filled by one.
	"EvidenceSource": {"../label", "Source", names(rpc.SourceOf), []string{string(label.SourceAuthority)}},
}

func names[W ~string, V fmt.Stringer](m map[W]V) map[string]string {
	out := map[string]string{}
	for w, v := range m {
		out[string(w)] = v.String()
	}
	return out
}

// TestVocabulariesAreComplete holds each enum of the contract against the words that it
// has the values of, as the source declares them: a word without a value would be told as
// UNSPECIFIED, and a value without a word never.
func TestVocabulariesAreComplete(t *testing.T) {
	seen := 0
	protoregistry.GlobalTypes.RangeEnums(func(et protoreflect.EnumType) bool {
		d := et.Descriptor()
		if d.ParentFile().Package() != "label.v1" || d.Name() == "QRFormat" {
			return true
		}
		seen++
		voc, ok := vocabularies[d.Name()]
		if !ok {
			t.Errorf("the enum %s is in no row of vocabularies", d.Name())
			return true
		}
		for _, w := range words(t, voc.dir, voc.typ) {
			if voc.values[w] == "" && !slices.Contains(voc.unsaid, w) {
				t.Errorf("the %s %q has no value of %s", voc.typ, w, d.Name())
			}
		}
		zero := d.Values().ByNumber(0)
		if zero == nil || !strings.HasSuffix(string(zero.Name()), "_UNSPECIFIED") {
			t.Errorf("zero is no unspecified %s", d.Name())
			return true
		}
		prefix := strings.TrimSuffix(string(zero.Name()), "UNSPECIFIED")
		of := map[string]string{}
		for w, v := range voc.values {
			if of[v] != "" {
				t.Errorf("%s stands for %q and for %q", v, w, of[v])
			}
			of[v] = w
			suffix := strings.ToUpper(strings.ReplaceAll(w, "-", "_"))
			if v != prefix+suffix && !strings.HasSuffix(suffix, strings.TrimPrefix(v, prefix)) {
				t.Errorf("%q is told as %s", w, v)
			}
		}
		for i := range d.Values().Len() {
			if v := d.Values().Get(i); v.Number() != 0 && of[string(v.Name())] == "" {
				t.Errorf("%s stands for no %s", v.Name(), voc.typ)
			}
		}
		return true
	})
	if seen != len(vocabularies) {
		t.Errorf("%d enums are in the contract, and %d in the table", seen, len(vocabularies))
	}
}

// TestRolesComeBack turns each role into a value and back, and refuses values that stand
// for none: who asks for the organizations of a role that is not known must not get all.
func TestRolesComeBack(t *testing.T) {
	for role, v := range rpc.RoleOf {
		if got, err := rpc.RoleFrom("role", v); got != role || err != nil {
			t.Errorf("%s comes back as %q, %v", v, got, err)
		}
	}
	for _, v := range []labelv1.Role{-1, 0, 99} {
		if got, err := rpc.RoleFrom("role", v); err == nil || label.ReasonOf(err) != label.ReasonOutOfRange {
			t.Errorf("%d comes back as %q, %v", v, got, err)
		}
	}
	w := labeltest.New(t, nil)
	api := labelv1.NewAuthorityServiceClient(serve(t, w))
	operator := as(t, w, labeltest.Operator)
	_, err := api.ListOrganizations(operator, &labelv1.ListOrganizationsRequest{Role: 99})
	wants(t, err, codes.InvalidArgument, label.ReasonOutOfRange, "role")
	for v, want := range map[labelv1.Role][]string{
		labelv1.Role_ROLE_UNSPECIFIED:  {labeltest.Lab, labeltest.ToyMaker, labeltest.Maker, labeltest.Operator},
		labelv1.Role_ROLE_MANUFACTURER: {labeltest.ToyMaker, labeltest.Maker},
	} {
		r, err := api.ListOrganizations(operator, &labelv1.ListOrganizationsRequest{Role: v})
		var ids []string
		for _, o := range r.GetOrganizations() {
			ids = append(ids, o.GetId())
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("of the role %s are %v (%v), want %v", v, ids, err, want)
		}
	}
}

// TestCodesAreDrawn asks for a label with its code in each format. One that is not known
// is refused before the label is issued, and not after.
func TestCodesAreDrawn(t *testing.T) {
	w := labeltest.New(t, nil)
	api := labelv1.NewLabelServiceClient(serve(t, w))
	maker := as(t, w, labeltest.Maker)
	device := w.Submit(w.Example("camera")).String()
	size := w.Authority.LogSize()
	_, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: 3, Qr: 99})
	wants(t, err, codes.InvalidArgument, label.ReasonOutOfRange, "qr")
	if w.Authority.LogSize() != size {
		t.Error("a label was issued, and its manufacturer told that it was not")
	}
	starts := map[labelv1.QRFormat]string{
		labelv1.QRFormat_QR_FORMAT_UNSPECIFIED: "", labelv1.QRFormat_QR_FORMAT_PNG: "\x89PNG\r\n", labelv1.QRFormat_QR_FORMAT_SVG: "<svg ",
	}
	for _, n := range slices.Sorted(maps.Keys(labelv1.QRFormat_name)) {
		f := labelv1.QRFormat(n)
		start, ok := starts[f]
		r, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: 3, Qr: f})
		if code := string(r.GetLabel().GetQr()); !ok || err != nil || !strings.HasPrefix(code, start) || (code == "") != (start == "") {
			t.Errorf("as %s the code begins with %.20q (%v)", f, code, err)
		}
	}
}
