package rpc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// words returns the constants of a type of texts, as the source of a package has them: a
// word that is added there is found here, whether or not a list has it.
func words(t *testing.T, dir, typ string) (list []string) {
	t.Helper()
	for _, spec := range constants(t, dir) {
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typ {
			continue
		}
		for _, v := range spec.Values {
			lit, ok := v.(*ast.BasicLit)
			if !ok {
				t.Fatalf("a %s in %s is not written as a text", typ, dir)
			}
			w, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no constants of the type %s", dir, typ)
	}
	return list
}

// constants returns what is declared as constant in a package, outside of its tests.
func constants(t *testing.T, dir string) (list []*ast.ValueSpec) {
	t.Helper()
	for _, f := range sources(t, dir) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				list = append(list, s.(*ast.ValueSpec))
			}
		}
	}
	return list
}

// sources parses a package, without its tests.
func sources(t *testing.T, dir string) (list []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}
