package authority_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/labels"
)

// TestProgrammeHasTheReasons starts a service on programmes that lack a reason which it
// gives itself, or in which that is no reason for what it is given for.
func TestProgrammeHasTheReasons(t *testing.T) {
	w := labeltest.New(t, nil)
	whole := maps.Clone(w.Programme.Reasons)
	refused := func(want string) {
		t.Helper()
		err := w.TryRestart()
		if label.ReasonOf(err) != label.ReasonUnknownReason || !strings.Contains(err.Error(), "reasons.yaml lacks "+want) {
			t.Errorf("without %s the service starts: %v", want, err)
		}
	}
	for code, needs := range map[string]string{
		"new-level": "action supersede", "new-hardware": "action supersede", "renewed": "action supersede", "reissued": "action supersede", "new-firmware": "action supersede",
		"response-time-missed": "action review", "lab-scope-lost": "action lapse", "key-compromised": "event key", "authority-error": "event separation",
	} {
		w.Programme.Reasons = maps.Clone(whole)
		delete(w.Programme.Reasons, code)
		refused(code + ",")
		other := *whole[code]
		_, what, _ := strings.Cut(needs, " ")
		other.Actions = slices.DeleteFunc(slices.Clone(other.Actions), func(a label.Action) bool { return string(a) == what })
		other.Events = slices.DeleteFunc(slices.Clone(other.Events), func(k label.EventKind) bool { return string(k) == what })
		w.Programme.Reasons[code] = &other
		refused(code + " (with the " + needs + "),")
	}
	w.Programme.Reasons = maps.Clone(whole)
	delete(w.Programme.Reasons, "renewed")
	delete(w.Programme.Reasons, "lab-scope-lost")
	refused("renewed, lab-scope-lost,")
	w.Programme.Reasons = whole
	w.Restart()
}

// TestReasonsAreInOnePlace looks for codes of reasons in the source: the package names
// them in reasons.go, where the programme is held to them, and nowhere else.
func TestReasonsAreInOnePlace(t *testing.T) {
	p, err := scheme.Load(labels.FS)
	must(t, err)
	names, err := filepath.Glob("*.go")
	must(t, err)
	elsewhere := map[string]string{"key-compromised": "distrust.go"} // the code of a doubt, which is another list
	inPlace := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		must(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			code, err := strconv.Unquote(lit.Value)
			must(t, err)
			switch {
			case p.Reasons[code] == nil || !strings.Contains(code, "-") && name != "reasons.go": // words such as "advisory" mean much else
			case name == "reasons.go":
				inPlace++
			case elsewhere[code] != name:
				t.Errorf("%s names the reason %q: move it to reasons.go, and say in ownReasons what it is a reason for", name, code)
			}
			return true
		})
	}
	if inPlace == 0 {
		t.Error("reasons.go names no reason")
	}
}
