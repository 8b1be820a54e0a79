package web_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labeld/internal/labeltest"
	"labeld/internal/web"
)

var writeAddresses = flag.Bool("addresses.write", false, "write the table of addresses into the README")

// The table of addresses in the README stands between its head and the first empty line
// after it.
const addressHead = "| path | what |\n|---|---|\n"

// addressTable returns the table of addresses as the README has it. Rows that follow each
// other and have the same line of text share a row there.
func addressTable() string {
	var out strings.Builder
	out.WriteString(addressHead)
	var paths []string
	list := web.Routes()
	for i, r := range list {
		if r.Doc == "" {
			continue
		}
		path := r.Path
		if r.Query != "" {
			path += "?" + r.Query
		}
		paths = append(paths, "`"+path+"`")
		if i+1 < len(list) && list[i+1].Doc == r.Doc {
			continue
		}
		out.WriteString("| " + strings.Join(paths, ", ") + " | " + r.Doc + " |\n")
		paths = nil
	}
	return out.String()
}

// TestReadmeAddresses holds the README's table of addresses to the table of routes.
func TestReadmeAddresses(t *testing.T) {
	const name = "../../README.md"
	readme, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), addressHead)
	_, after, more := strings.Cut(rest, "\n\n")
	if !ok || !more {
		t.Fatal("the README has no table of addresses")
	}
	want := before + addressTable() + "\n" + after
	if string(readme) == want {
		return
	}
	if !*writeAddresses {
		t.Fatalf("the README's table of addresses is not that of the routes; go test ./internal/web -run %s -addresses.write writes it", t.Name())
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRoutesAreWhole looks for what a new row may lack.
func TestRoutesAreWhole(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	names, paths := map[string]bool{}, map[string]bool{}
	for _, r := range web.Routes() {
		if !name.MatchString(r.Name) || names[r.Name] {
			t.Errorf("%s has the name %q, which is no name for a metric or that of another row", r.Path, r.Name)
		}
		if p := r.Path + "?" + r.Query; paths[p] || !strings.HasPrefix(r.Path, "/") {
			t.Errorf("the path %s is there twice", p)
		}
		names[r.Name], paths[r.Path+"?"+r.Query] = true, true
		if (r.Doc == "") != strings.HasSuffix(r.Name, "-none") || strings.ContainsAny(r.Doc, "|\n") || r.Cache == "" {
			t.Errorf("%s has the line %q, and is kept by %q", r.Name, r.Doc, r.Cache)
		}
		if r.Settled && (r.JSON && r.Described || strings.HasPrefix(r.Path, "/api/") && r.Path != "/api/openapi.json") {
			t.Errorf("%s tells how labels stand, and is answered where that may be wrong", r.Name)
		}
	}
	if len(names) > 60 {
		t.Errorf("there are %d names of routes, which is many for a metric", len(names))
	}
}

// examplePaths makes addresses of the paths of routes.
var examplePaths = strings.NewReplacer("{id}", "K7QM4T2X9PWH", "{gtin}", camera, "{organization}", labeltest.Maker, "{model}", "NL/C210", "{format}", "small.svg",
	"{sha256}", strings.Repeat("0", 64), "{plan}", "autumn", "{number}", "1", "{tile}", "0/000.p/2", "{nothing}", "x")

// TestRoutesAreFound asks for an address of each row, and holds the answer to OPTIONS to
// the row.
func TestRoutesAreFound(t *testing.T) {
	w := newWorld(t)
	for _, r := range web.Routes() {
		target := examplePaths.Replace(r.Path)
		for _, path := range []string{target, r.Also} {
			if path == "" {
				continue
			}
			request := httptest.NewRequest(http.MethodGet, path, nil)
			if r.Name == "search" {
				request.URL.RawQuery = "q=camera"
			}
			if name, _, _ := web.RouteOf(request); name != r.Name {
				t.Errorf("%s leads to %s, and not to %s", path, name, r.Name)
			}
		}
		o := do(w.h, http.MethodOptions, target)
		cors := o.Header().Get("Access-Control-Allow-Methods")
		if o.Header().Get("Allow") != r.Allow || (cors == r.Allow) != r.CORS || !r.CORS && cors != "" {
			t.Errorf("OPTIONS %s: Allow %q, for pages of other origins %q", target, o.Header().Get("Allow"), cors)
		}
	}
	for target, want := range map[string][3]string{
		"/l/K7QM.json":             {"label-json", "K7QM", ""},
		"/L/K7QM/":                 {"label", "K7QM", ""},
		"/l/":                      {"label", "", ""},
		"/l/..":                    {"none", "", ""},
		"/l/K7QM/art/":             {"artwork", "K7QM", ""},
		"/l/K7QM/art/a/b.svg":      {"artwork", "K7QM", "a/b.svg"},
		"/l/K7QM/qr.svg/":          {"none", "K7QM", ""},
		"/m/":                      {"manufacturer", "", ""},
		"/m/maker/":                {"product", "maker", ""},
		"/m/maker/a/b":             {"product", "maker", "a/b"},
		"/?lang=de":                {"home", "", ""},
		"/api/products/":           {"api-product", "", ""},
		"/api/products/../changes": {"api-product", "../changes", ""},
		"/feeds/maker":             {"manufacturer-feed", "", ""},
		"/feeds/maker.atom":        {"manufacturer-feed", "maker", ""},
		"/sitemap/x":               {"sitemap", "", ""},
		"/log":                     {"none", "", ""},
		"/log/":                    {"log-none", "", ""},
		"/nothing":                 {"none", "", ""},
	} {
		name, first, second := web.RouteOf(httptest.NewRequest(http.MethodGet, target, nil))
		if got := [3]string{name, first, second}; got != want {
			t.Errorf("%s leads to %q, want %q", target, got, want)
		}
	}
}

// TestRoutesAreKept holds answers to what the table says of how long they may be kept.
func TestRoutesAreKept(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	w.Picture(w.Example("camera"))
	w.catchUp()
	query := map[string]string{
		"search": "?q=camera", "compare": "?id=" + id, "find": "?q=" + id, "api-models": "?manufacturer=" + labeltest.Maker + "&model=NL-C210",
		"digital-link": "?linkType=linkset",
	}
	other := map[string]string{"tile": anHour} // of a tile that is partial
	seen := 0
	for _, r := range web.Routes() {
		target := examplePaths.Replace(strings.NewReplacer("{id}", id, "{model}", "NL-C210").Replace(r.Path)) + query[r.Name]
		got := get(w.h, target)
		if got.Code != http.StatusOK && got.Code != http.StatusSeeOther {
			continue // there is none in this world, or it is posted
		}
		seen++
		want := r.Cache
		if other[r.Name] != "" {
			want = other[r.Name]
		}
		if cache := got.Header().Get("Cache-Control"); cache != want {
			t.Errorf("%s: the answer may be kept by %q, and by the table by %q", target, cache, want)
		}
	}
	if seen < 35 {
		t.Errorf("only %d routes answered", seen)
	}
}

// TestRoutesAndContract holds the table of routes and the OpenAPI document to each other.
func TestRoutesAndContract(t *testing.T) {
	rows := map[string]web.Route{}
	for _, r := range web.Routes() {
		if r.Described {
			rows[r.Path] = r
		} else if strings.HasPrefix(r.Path, "/api/") && r.Doc != "" && r.Path != "/api/openapi.json" {
			t.Errorf("%s is a call of the API, and not described in openapi.json", r.Path)
		}
	}
	for path, operations := range theContract().paths {
		r, ok := rows[path]
		if !ok {
			t.Errorf("openapi.json describes %s, which is no row of the table that says so", path)
			continue
		}
		delete(rows, path)
		var allow []string
		for _, method := range strings.Split(r.Allow, ", ") {
			if method != http.MethodHead && method != http.MethodOptions { // which all that is read have
				allow = append(allow, strings.ToLower(method))
			}
		}
		for method := range operations {
			if !slices.Contains(allow, method) {
				t.Errorf("openapi.json describes %s of %s, which is refused", method, path)
			}
		}
		if len(operations) != len(allow) {
			t.Errorf("openapi.json describes %d methods of %s; it takes %s", len(operations), path, r.Allow)
		}
	}
	for path := range rows {
		t.Errorf("openapi.json does not describe %s", path)
	}
}

// mostMethods is how many methods a type may have: one with more has become a package.
const mostMethods = 30

// TestTypesStaySmall counts the methods of the types of this package.
func TestTypesStaySmall(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	receiver := regexp.MustCompile(`(?m)^func \(\w* ?\*?(\w+)\)`)
	methods := map[string]int{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range receiver.FindAllSubmatch(b, -1) {
			methods[string(m[1])]++
		}
	}
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, at most %d are good for a reader", name, n, mostMethods)
		}
	}
	if methods["Handler"] == 0 {
		t.Error("no methods are counted")
	}
}
