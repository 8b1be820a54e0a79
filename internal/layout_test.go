// Package internal_test holds the package table in README.md.
package internal_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "labeld/"

type pkg struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

var quoted = regexp.MustCompile("`([^`]+)`")

// table reads README.md: package to what it may import; nil for anything.
func table(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		name := quoted.FindStringSubmatch(cells[1])[1]
		allowed := []string{}
		if strings.Contains(cells[3], "anything") {
			allowed = nil
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if path := m[1]; strings.Contains(path, "/") || path == "labels" {
				allowed = append(allowed, path)
			} else {
				allowed = append(allowed, "internal/"+path)
			}
		}
		rows[name] = allowed
	}
	return rows
}

func TestImportsAreThoseOfTheTable(t *testing.T) {
	rows := table(t)
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		allowed, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in internal/README.md", name)
			continue
		}
		seen[name] = true
		anything := name == "internal/labeltest" || name == "cmd/labeld"
		for _, imp := range p.Imports {
			inner, ours := strings.CutPrefix(imp, module)
			if ours && !anything && !slices.Contains(allowed, inner) {
				t.Errorf("%s imports %s, which its row in internal/README.md does not allow", name, inner)
			}
			if inner == "internal/labeltest" {
				t.Errorf("%s imports labeltest, which is for tests", name)
			}
			if strings.HasPrefix(imp, "go.etcd.io/bbolt") && name != "internal/store" {
				t.Errorf("%s imports bbolt; only internal/store does", name)
			}
			grpcUser := strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "api/") || name == "internal/rpc" || name == "internal/labeltest"
			if strings.HasPrefix(imp, "google.golang.org/grpc") && !grpcUser {
				t.Errorf("%s imports grpc; only rpc, the contract and commands do", name)
			}
		}
	}
	for name := range rows {
		if !seen[name] {
			t.Errorf("internal/README.md has a row for %s, which does not exist", name)
		}
	}
}

// TestSource checks what holds for every file: a package comment in every
// package, and no process exit outside cmd.
func TestSource(t *testing.T) {
	for _, p := range packages(t) {
		documented := len(p.GoFiles) == 0
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			if strings.HasPrefix(p.ImportPath, module+"cmd/") {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "os" && sel.Sel.Name == "Exit" || x.Name == "log" && strings.HasPrefix(sel.Sel.Name, "Fatal")) {
					t.Errorf("%s: %s.%s ends the process; only commands do", path, x.Name, sel.Sel.Name)
				}
				return true
			})
		}
		if !documented {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
