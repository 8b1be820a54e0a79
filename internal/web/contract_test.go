package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"labeld/internal/web"
)

// A contract is the OpenAPI document: what programs that are made from it rely on.
// Its schemas are JSON Schema 2020-12.
type contract struct {
	document  map[string]any
	paths     map[string]map[string]any // operations by path and method
	templates map[string]*regexp.Regexp // paths with parameters, and what has their form

	mu       sync.Mutex // guards the two below, because worlds run in parallel
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema // by place in the document
}

// theContract is read once.
var theContract = sync.OnceValue(func() *contract {
	f, err := os.Open("api/openapi.json")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		panic(err)
	}
	c := &contract{
		document: doc.(map[string]any), paths: map[string]map[string]any{}, templates: map[string]*regexp.Regexp{},
		compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{},
	}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource("openapi.json", doc); err != nil {
		panic(err)
	}
	parameter := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for path, operations := range doc.(map[string]any)["paths"].(map[string]any) {
		c.paths[path] = operations.(map[string]any)
		if strings.Contains(path, "{") {
			c.templates[path] = regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
		}
	}
	return c
})

// judge returns why an answer is not of the schema at a place of the document.
func (c *contract) judge(place string, answer []byte) error {
	c.mu.Lock()
	s := c.compiled[place]
	if s == nil {
		var err error
		if s, err = c.compiler.Compile("openapi.json#" + place); err != nil {
			c.mu.Unlock()
			return err
		}
		c.compiled[place] = s
	}
	c.mu.Unlock()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// enumeration returns the words that a schema at a place of the document lists.
func (c *contract) enumeration(t *testing.T, place string) (words []string) {
	t.Helper()
	at := c.document
	for _, name := range strings.Split(place, "/") {
		next, ok := at[name].(map[string]any)
		if !ok {
			t.Fatalf("the contract has nothing at %s", place)
		}
		at = next
	}
	list, _ := at["enum"].([]any)
	for _, word := range list {
		words = append(words, word.(string))
	}
	return words
}

// holds fails the test unless an answer is of a schema.
func (c *contract) holds(t *testing.T, schema string, answer []byte) {
	t.Helper()
	if err := c.judge("/components/schemas/"+schema, answer); err != nil {
		t.Errorf("the answer is no %s: %v\n%s", schema, err, answer)
	}
}

// pathOf returns the path of the contract that an address is of.
func (c *contract) pathOf(address string) (string, bool) {
	if strings.HasPrefix(address, "/L/") {
		address = "/l/" + address[3:]
	}
	if rest, ok := strings.CutPrefix(address, "/l/"); ok && !strings.ContainsAny(strings.TrimSuffix(rest, "/"), "./") {
		return "/l/{id}.json", true // where it is JSON that Accept prefers
	}
	if _, ok := c.paths[address]; ok {
		return address, true
	}
	for path, form := range c.templates {
		if form.MatchString(address) {
			return path, true
		}
	}
	return "", false
}

// others are the forms of JSON that the contract does not describe, because each has
// an owner of its own: what is signed, and what others have standardised.
var others = regexp.MustCompile(`^(/\.well-known/(labeld\.json|gs1resolver)|/01/.*|/surveillance/.*\.json|/advisory/.*\.json|/[lL]/[^/]*/(bundle|device|package)|/api/openapi\.json)$`)

// check returns why an answer with JSON in it is none that the contract lets be at
// its address, for its method and with its status.
func (c *contract) check(method, address string, status int, answer []byte) error {
	if path, ok := c.pathOf(address); ok && status != http.StatusMethodNotAllowed && status != http.StatusNotAcceptable {
		operation, ok := c.paths[path][strings.ToLower(method)].(map[string]any)
		if !ok {
			return errUndescribed
		}
		responses := operation["responses"].(map[string]any)
		for _, name := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX"} {
			r, ok := responses[name].(map[string]any)
			if !ok {
				continue
			}
			place := "/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/" + strings.ToLower(method) + "/responses/" + name
			if ref, ok := r["$ref"].(string); ok {
				place = strings.TrimPrefix(ref, "#")
			}
			return c.judge(place+"/content/application~1json/schema", answer)
		}
		return errUndescribed
	}
	switch {
	case status >= 400:
		return c.judge("/components/schemas/Error", answer)
	case others.MatchString(address):
		return nil
	}
	return errUndescribed
}

type undescribed struct{}

func (undescribed) Error() string { return "the contract describes no such answer" }

var errUndescribed error = undescribed{}

// A site is a handler each of whose answers in JSON is held to the contract, whoever
// asks: every test of this package does.
type site struct {
	*web.Handler
	tb testing.TB
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.tb.(*testing.B); ok { // it measures the handler
		s.Handler.ServeHTTP(w, r)
		return
	}
	method, address := r.Method, r.URL.Path
	a := &answer{ResponseWriter: w, status: http.StatusOK}
	s.Handler.ServeHTTP(a, r)
	if b := a.body.Bytes(); len(b) > 0 && strings.Contains(w.Header().Get("Content-Type"), "json") {
		if w.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err == nil {
				b, err = io.ReadAll(z)
			}
			if err != nil {
				s.tb.Errorf("%s %s: %v", method, address, err)
				return
			}
		}
		if err := theContract().check(method, address, a.status, b); err != nil {
			s.tb.Errorf("%s %s: %d is not as openapi.json says: %v\n%s", method, address, a.status, err, b)
		}
	}
}

// An answer is what was written, and is written on.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

// TestContractSeesFaults has answers judged that a client made from the contract
// could not read.
func TestContractSeesFaults(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	path := "/l/" + id + ".json"
	good := get(w.h, path).Body.String()
	for name, c := range map[string]struct {
		method, address string
		status          int
		body            string
	}{
		"a member that is not described":    {"GET", path, 200, strings.Replace(good, `"state":`, `"news":1,"state":`, 1)},
		"a member that is missing":          {"GET", path, 200, strings.Replace(good, `"prettyId":`, `"because":`, 1)},
		"a word that is not described":      {"GET", path, 200, strings.Replace(good, `"active"`, `"molten"`, 1)},
		"no date":                           {"GET", path, 200, regexp.MustCompile(`"issued":"[^"]*"`).ReplaceAllString(good, `"issued":"today"`)},
		"by Accept too":                     {"GET", "/L/" + id + "/", 200, `{}`},
		"a status that is not described":    {"GET", path, 409, `{"error":{"reason":"X","message":"x"}}`},
		"a refusal in another form":         {"GET", "/nothing", 404, `{"message":"x"}`},
		"JSON at an address of its own":     {"GET", "/news.json", 200, `{}`},
		"an answer to another way to ask":   {"POST", "/api/products/lookup", 200, `{"changes":[]}`},
		"a failure in another form":         {"GET", "/api/changes", 503, `{}`},
		"no JSON":                           {"GET", "/api/changes", 200, `{"changes":[],`},
		"a refused method in another form":  {"PUT", "/api/changes", 405, `{}`},
		"the picture's refusal, not a form": {"GET", "/l/" + id + "/picture", 404, `[]`},
	} {
		if c.body == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if err := theContract().check(c.method, c.address, c.status, []byte(c.body)); err == nil {
			t.Errorf("%s is let through", name)
		}
	}
	if err := theContract().check("GET", path, 200, []byte(good)); err != nil {
		t.Error(err)
	}
}
