package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/search"
	"labeld/internal/web"
)

// A declaration is how a package declares a vocabulary, in its source.
type declaration struct {
	constants []string // texts of the constants of a type
	list      []string // texts of a variable that is a list
	count     int      // how many constants of a type there are, whatever they are
}

// declared reads how a package declares the words of a type, or a list of words. Where
// the owner of a vocabulary exports no list of it, this is the list that cannot be
// forgotten.
func declared(t *testing.T, dir, name string) (d declaration) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) (string, bool) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			same := false // as the constant before, of which iota goes on
			for _, spec := range group.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				if typ, ok := v.Type.(*ast.Ident); ok || v.Values != nil {
					same = ok && typ.Name == name
				}
				if group.Tok == token.CONST && same {
					d.count += len(v.Names)
					for _, value := range v.Values {
						if s, ok := text(value); ok {
							d.constants = append(d.constants, s)
						}
					}
				}
				if len(v.Names) != 1 || v.Names[0].Name != name || len(v.Values) != 1 {
					continue
				}
				if list, ok := v.Values[0].(*ast.CompositeLit); ok {
					for _, e := range list.Elts {
						if s, ok := text(e); ok {
							d.list = append(d.list, s)
						}
					}
				}
			}
		}
	}
	return d
}

func texts[T ~string](list []T) (out []string) {
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// without returns a list without some words.
func without(list []string, words ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(words, s) })
}

// TestVocabulariesAreWhole holds every table of words to the list of whoever owns the
// words, and every message that it names to the languages.
func TestVocabulariesAreWhole(t *testing.T) {
	owners := map[string][]string{
		"states":     texts(label.States),
		"actions":    without(texts(label.Actions), string(label.Advise)), // which has "advisories"
		"advisories": declared(t, "../label", "advisoryStates").list,
		"remedies":   declared(t, "../label", "Advice").constants,
		"severities": declared(t, "../label", "advisorySeverities").list,
		"bounds":     declared(t, "../label", "Bound").constants,
		"assurances": declared(t, "../label", "Assurance").constants,
		"sources":    texts(label.Sources),
		"components": label.ComponentKinds,
		"sorts":      texts(search.Sorts),
		"complaints": authority.ComplaintKinds,
		"updates":    {"automatic", "manual", "none"}, // label.Product
		"documents":  texts(label.Sources),
		"announced":  {notice.LabelWithdrawn, notice.LabelSuperseded}, // the others are told when they happen
	}
	silent := map[string][]string{"remedies": {string(label.AdviceFollow)}, "severities": {"", "none"}} // of which nothing is to be said
	tables := web.Vocabularies()
	for name, table := range tables {
		want, ok := owners[name]
		if !ok || len(want) == 0 {
			t.Errorf("the table %s has no owner", name)
			continue
		}
		for _, word := range want {
			keys, ok := table[word]
			if !ok {
				t.Errorf("%s lacks %q", name, word)
				continue
			}
			delete(table, word)
			for _, key := range keys {
				if key == "" && slices.Contains(silent[name], word) {
					continue
				}
				checkMessage(t, name+": "+word, key)
			}
		}
		for word := range table {
			t.Errorf("%s has %q, which its owner does not", name, word)
		}
	}
	if want := declared(t, "../label", "Kind").count; len(web.Statuses) != want || want == 0 {
		t.Errorf("%d kinds of errors have an HTTP status; there are %d", len(web.Statuses), want)
	}
	for kind := range tables["announced"] {
		if !slices.ContainsFunc(notice.Kinds, func(k notice.Kind) bool { return k.Name == kind && k.Public }) {
			t.Errorf("%s is in no feed", kind)
		}
	}
}

// checkMessage fails the test where a language has no message of that name.
func checkMessage(t *testing.T, what, key string) {
	t.Helper()
	for _, l := range labeltest.Words(t).Languages() {
		func() {
			defer func() {
				if p := recover(); p != nil && strings.Contains(p.(string), "no message") {
					t.Errorf("%s in %s: %v", what, l.Tag, p)
				}
			}()
			l.Text(key) // it may panic for want of arguments, which is no fault here
		}()
	}
}

// TestStatesHaveLooks holds the classes and signs of states to the style sheet and to the
// template of signs, and each state to a look of its own.
func TestStatesHaveLooks(t *testing.T) {
	style, err := os.ReadFile("page/style.css")
	if err != nil {
		t.Fatal(err)
	}
	frame, err := os.ReadFile("page/frame.html")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for state, look := range web.StateLooks() {
		class, sign := look[0], look[1]
		if !strings.Contains(string(style), "\n."+class+" {") {
			t.Errorf("%s has the class %q, which the style sheet does not", state, class)
		}
		if sign != "hourglass" && !strings.Contains(string(frame), `eq . "`+sign+`"`) { // it is the last of the template
			t.Errorf("%s has the sign %q, which the template of signs does not", state, sign)
		}
		for _, s := range []string{"class " + class, "sign " + sign} {
			if seen[s] != "" {
				t.Errorf("%s and %s have the same %s", state, seen[s], s)
			}
			seen[s] = state
		}
	}
}

// TestContractHasTheVocabularies holds the enumerations of the OpenAPI document to the
// lists of whoever owns the words.
func TestContractHasTheVocabularies(t *testing.T) {
	actions := texts(label.Actions)
	for place, want := range map[string][]string{
		"State":                       texts(label.States),
		"Status/properties/action":    actions,
		"Change/properties/change":    append([]string{"issued", "gtin", "unavailable"}, actions...),
		"Assurance":                   declared(t, "../label", "Assurance").constants,
		"Label/properties/expiresFor": declared(t, "../label", "Bound").constants,
		"Support":                     declared(t, "../label", "SupportState").constants,
		"Advisory/properties/state":   declared(t, "../label", "advisoryStates").list,
		"Advisory/properties/advice":  declared(t, "../label", "Advice").constants,
		"Device/properties/components/items/properties/kind": label.ComponentKinds,
		"Promises/properties/updates":                        {"automatic", "manual", "none"},
		"Criterion/properties/by":                            append([]string{"none"}, texts(label.Sources)...),
	} {
		got := theContract().enumeration(t, "components/schemas/"+place)
		slices.Sort(got)
		if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
			t.Errorf("%s is one of %q in the contract, and should be one of %q", place, got, want)
		}
	}
}
