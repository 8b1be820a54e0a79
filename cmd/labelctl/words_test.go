package main

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/scheme"
)

// checkComplete checks that a vocabulary has every value of its enumeration and every
// value of the list that owns the names, each once, and nothing else.
func checkComplete[N interface {
	enum
	protoreflect.Enum
}, V ~string](t *testing.T, v vocabulary[N, V], owned ...V) {
	t.Helper()
	var zero N
	numbers := zero.Descriptor().Values()
	for i := range numbers.Len() {
		d := numbers.Get(i)
		n := N(d.Number())
		if i := slices.IndexFunc(v, func(w wording[N, V]) bool { return w.number == n }); (i < 0) != (n == 0) {
			t.Errorf("%s has words: %v", d.Name(), i >= 0)
		}
	}
	var values []V
	for _, w := range v {
		if n, ok := v.number(w.value); !ok || n != w.number {
			t.Errorf("%s has the number %d", w.value, n)
		}
		if v.value(w.number) != w.value || v.text(w.value) != w.words || v.textOf(w.number) != w.words || v.name(w.number) != string(w.value) {
			t.Errorf("%v stands in its vocabulary twice", w)
		}
		values = append(values, w.value)
	}
	for _, list := range []*[]V{&values, &owned} {
		*list = slices.Clone(*list)
		slices.Sort(*list)
	}
	if !slices.Equal(values, owned) {
		t.Errorf("vocabulary has %v, values are %v", values, owned)
	}
	for _, got := range []string{v.textOf(99), v.name(99)} {
		if got != "unknown (99)" {
			t.Errorf("of a value of a later contract it says %q", got)
		}
	}
	if got := v.textOf(0); !strings.HasPrefix(got, "unknown (") || !strings.HasSuffix(got, "_UNSPECIFIED)") {
		t.Errorf("where there is no value it says %q", got)
	}
}

// TestVocabulariesAreComplete finds what the contract or package label has and
// nobody gave words.
func TestVocabulariesAreComplete(t *testing.T) {
	checkComplete(t, states, label.States...)
	checkComplete(t, actions, label.Actions...)
	checkComplete(t, bounds, label.BoundSchemeTerm, label.BoundSupportEnd, label.BoundEvidenceExpiry, label.BoundGraceEnd)
	checkComplete(t, assurances, label.SelfDeclared, label.LabTested)
	checkComplete(t, presentations, label.Presentations...)
	checkComplete(t, supports, label.Supported, label.SupportEnded)
	checkComplete(t, findings, "met", "unmet", "undetermined", "not-applicable")
	checkComplete(t, sources, scheme.Declaration, scheme.Lab)
	checkComplete(t, rulings, label.RulingOutcomes...)
	checkComplete(t, actOutcomes, label.ActOutcomes...)
	checkComplete(t, roles, label.Roles...)
}

// TestEverythingHasWords finds states without a sentence, events without an
// outcome and so on, and has what is unknown said to be unknown.
func TestEverythingHasWords(t *testing.T) {
	says := func(what, value, got string) {
		t.Helper()
		if isUnknown := value == "later"; got == "" || strings.Contains(got, "unknown (later)") != isUnknown {
			t.Errorf("of the %s %q it says %q", what, value, got)
		}
	}
	for _, s := range append(slices.Clone(label.States), "later") {
		a := &standing{Standing: label.Standing{State: s}}
		says("state", string(s), a.stateText())
		if s != label.NotIssued { // no label is verified before it was issued
			says("verdict on a label in state", string(s), verdict(a, a.At))
		}
	}
	for _, k := range append(slices.Clone(label.EventKinds), "later") {
		says("event", string(k), eventOutcome(&labelv1.Event{Kind: string(k)}))
	}
	for _, a := range append(slices.Clone(label.Actions), "later") {
		says("action", string(a), changeText(&label.Status{Action: a}))
	}
	for _, s := range []string{"affected", "fixed", "not-affected", "under-investigation", "later"} {
		says("advisory state", s, advisoryState(&label.AdvisoryRef{State: s}))
	}
	for _, by := range []string{string(scheme.Declaration), string(scheme.Lab), string(scheme.Authority), "none", "later"} {
		says("source", by, exemptionText(by))
	}
	for _, ft := range []scheme.FactType{scheme.Bool, scheme.Int, scheme.Number, scheme.Text, scheme.Date, scheme.List, scheme.Enum, "later"} {
		says("type of fact", string(ft), factValues(&scheme.Fact{Type: ft}))
	}
	for _, p := range []string{label.TypeTestReport, label.TypeDeclaration, "later"} {
		says("predicate type", p, evidenceKind(p))
	}
	for _, o := range []label.Outcome{label.Pass, label.Fail, label.NotApplicable, label.Inconclusive} {
		if spellings[string(o)] != o {
			t.Errorf("the verdict %s cannot be written as it is signed", o)
		}
	}
	later := labelv1.EvidenceSource(99)
	if got := shownBy(&labelv1.Finding{Required: later}); got != "unknown (99)" {
		t.Errorf("of a source of a later contract it says %q", got)
	}
}

// TestEveryActionHasACommand looks for the command by which somebody asks for an
// action. A label ends early by the rules of its scheme alone, and nobody asks for that.
func TestEveryActionHasACommand(t *testing.T) {
	root := newRoot(nil, nil, nil, nil)
	for _, a := range label.Actions {
		cmd, _, err := root.Find([]string{"label", string(a)})
		if found := err == nil && cmd.Name() == string(a); found == (a == label.Lapse) {
			t.Errorf("there is a command to %s a label: %v", a, found)
		}
	}
}

// TestWeightsInWords writes the weights of a plan by the lists that own their names, and
// those of names that are on no list too.
func TestWeightsInWords(t *testing.T) {
	got := weightsText(&labelv1.SurveillanceWeights{
		Risk: map[string]int32{"high": 4, "low": 1, "medium": 2, "extreme": 8}, Level: []int32{1, 2},
		Assurance: map[string]int32{"lab-tested": 1, "self-declared": 3},
	})
	if want := "risk low 1, medium 2, high 4, extreme 8; by level 1, 2; self-declared 3, lab-tested 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
