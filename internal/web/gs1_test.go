package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// These tests are named after what GS1 requires of a conformant resolver
// (GS1-Conformant Resolver standard 1.2.0), as far as it applies to one that
// knows GTINs only. Compressed URIs, which the standard asks to be read, are
// not.

const camera = "09522104000171"

type linkset struct {
	Linkset []map[string]json.RawMessage `json:"linkset"`
}

func readLinkset(t *testing.T, r *httptest.ResponseRecorder) linkset {
	t.Helper()
	if r.Code != http.StatusOK || r.Header().Get("Content-Type") != "application/linkset+json" {
		t.Fatalf("status %d, %s", r.Code, r.Header().Get("Content-Type"))
	}
	var l linkset
	if err := json.Unmarshal(r.Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestResolverAnswersGETHEADAndOPTIONS(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := do(w.h, method, "/01/"+camera)
		if r.Code != http.StatusTemporaryRedirect || r.Header().Get("Location") != "/l/"+string(p.Label.ID) {
			t.Errorf("%s: %d to %s", method, r.Code, r.Header().Get("Location"))
		}
		if method == http.MethodHead && r.Body.Len() > 0 {
			t.Error("HEAD has a body")
		}
	}
	r := do(w.h, http.MethodOptions, "/01/"+camera)
	if r.Code != http.StatusNoContent || !strings.Contains(r.Header().Get("Allow"), "OPTIONS") || !strings.Contains(r.Header().Get("Access-Control-Allow-Methods"), "GET") {
		t.Errorf("OPTIONS: %d, %v", r.Code, r.Header())
	}
}

func TestResolverSupportsCORS(t *testing.T) {
	w := newWorld(t)
	w.camera()
	for _, path := range []string{"/01/" + camera, "/01/bad", "/01/" + camera + "?linkType=linkset", "/.well-known/gs1resolver"} {
		r := get(w.h, path)
		if r.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.Header().Get("Access-Control-Expose-Headers"), "Link") {
			t.Errorf("%s: %v", path, r.Header())
		}
	}
}

// TestEncodedWithoutNeed asks for addresses with digits and letters that are
// percent-encoded, which are the same addresses.
func TestEncodedWithoutNeed(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	encoded := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	}
	for plain, odd := range map[string]string{
		"/01/" + camera:                              "/01/%30" + camera[1:],
		"/01/" + camera + "/":                        "/%30%31/" + encoded(camera) + "/",
		"/01/" + camera + "/10/LOT1/21/S.1":          "/01/" + camera + "/%310/%4COT1/2%31/S%2e%31",
		"/01/" + camera + "/21/S%2F1":                "/01/" + camera + "/%32%31/%53%2F%31",
		"/01/" + camera + "?17=271231&x=%26":         "/01/" + camera + "?1%37=2%371231&%78=%26",
		"/01/" + camera + "?linkType=linkset":        "/01/%30" + camera[1:] + "?link%54ype=%6cinkset",
		"/01/" + camera + "?21=S":                    "/01/" + camera + "?%32%31=S", // refused either way
		"/l/" + id:                                   "/%6c/" + encoded(id),
		"/l/" + id + ".json":                         "/l/" + encoded(id+".json"),
		"/l/" + id + "/qr.svg?gtin=" + camera:        "/l/" + encoded(id) + "/qr%2Esvg?g%74in=" + encoded(camera),
		"/l/" + id + "/bundle":                       "/l/" + encoded(id) + "/%62undle",
		"/m/" + labeltest.Maker:                      "/m/" + encoded(labeltest.Maker),
		"/api/products/" + camera:                    "/api/products/" + encoded(camera),
		"/find?q=https://x.example/01/" + camera:     "/find?q=https://x.example/%2530%2531/" + url.QueryEscape(encoded(camera)),
		"/find?q=" + url.QueryEscape(base+"/l/"+id):  "/find?q=" + url.QueryEscape(base+"/l/"+encoded(id)),
		"/feeds/" + labeltest.Maker + ".atom":        "/feeds/" + encoded(labeltest.Maker+".atom"),
		"/keys/log.vkey":                             "/keys/log%2Evkey",
		"/01/" + camera + "?linkType=gs1:safetyInfo": "/01/" + camera + "?linkType=gs1%3A%73afetyInfo",
	} {
		a, b := get(w.h, plain), get(w.h, odd)
		if a.Code != b.Code || a.Code < 400 && a.Body.String() != b.Body.String() || a.Header().Get("Location") != b.Header().Get("Location") {
			t.Errorf("%s: %d to %q; %s: %d to %q", plain, a.Code, a.Header().Get("Location"), odd, b.Code, b.Header().Get("Location"))
		}
	}
}

func TestResolverValidatesTheURI(t *testing.T) {
	w := newWorld(t)
	w.camera()
	for path, code := range map[string]int{
		"/01/09522104000172":                      http.StatusBadRequest, // check digit
		"/01/notagtin":                            http.StatusBadRequest,
		"/01/":                                    http.StatusBadRequest,
		"/01/" + camera + "/8011/5":               http.StatusBadRequest,
		"/01/" + camera + "/21/S/10/B":            http.StatusBadRequest,
		"/01/" + camera + "?21=S":                 http.StatusBadRequest,
		"/01/" + camera + "?17=271300":            http.StatusBadRequest,
		"/01/09522104009990":                      http.StatusNotFound, // nobody registered it
		"/01/" + camera + "?linkType=gs1:recipe":  http.StatusNotFound,
		"/01/" + camera + "/":                     http.StatusTemporaryRedirect, // trailing slashes are tolerated
		"/01/" + camera[1:]:                       http.StatusTemporaryRedirect, // as GTIN-13
		"/01/" + camera + "/22/V/10/B/21/S%2F1":   http.StatusTemporaryRedirect,
		"/01/" + camera + "/235/T?3103=000195":    http.StatusTemporaryRedirect,
		"/01/" + camera + "/21/%0d%0aSet-Cookie:": http.StatusBadRequest,
	} {
		if r := get(w.h, path); r.Code != code {
			t.Errorf("%s: %d, want %d", path, r.Code, code)
		}
	}
}

func TestResolverAnswersWithALinkset(t *testing.T) {
	w := newWorld(t)
	w.camera()
	for name, r := range map[string]*httptest.ResponseRecorder{
		"linkType=linkset": get(w.h, "/01/"+camera+"?linkType=linkset"),
		"linkType=all":     get(w.h, "/01/"+camera+"?linkType=all"),
		"Accept":           get(w.h, "/01/"+camera+"/10/B", "Accept", "application/linkset+json, text/html;q=0.5"),
	} {
		l := readLinkset(t, r)
		if len(l.Linkset) != 1 || string(l.Linkset[0]["anchor"]) != `"`+labeltest.Base+"/01/"+camera+`"` {
			t.Errorf("%s: the anchor is %s", name, l.Linkset[0]["anchor"])
		}
		found := 0
		for rel, raw := range l.Linkset[0] {
			if rel == "anchor" {
				continue
			}
			var targets []struct{ Href, Title string }
			if err := json.Unmarshal(raw, &targets); err != nil || len(targets) == 0 {
				t.Fatalf("%s: %s leads to %s", name, rel, raw)
			}
			for _, to := range targets {
				if u, err := url.Parse(to.Href); err != nil || !u.IsAbs() || to.Title == "" || !strings.HasPrefix(rel, "https://gs1.org/voc/") {
					t.Errorf("%s: a link of the type %s is %+v", name, rel, to)
				}
				found++
			}
		}
		if found < 6 {
			t.Errorf("%s: %d links", name, found)
		}
		for _, want := range []string{"defaultLink", "certificationInfo", "safetyInfo", "support", "pip"} {
			if l.Linkset[0]["https://gs1.org/voc/"+want] == nil {
				t.Errorf("%s: there is no link gs1:%s", name, want)
			}
		}
	}
}

func TestResolverRedirectsToTheTypeThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	page := "/l/" + string(p.Label.ID)
	for query, to := range map[string]string{
		"":                                page,
		"?linkType=gs1:defaultLink":       page,
		"?linkType=gs1:certificationInfo": page,
		"?linkType=gs1:safetyInfo":        page + "#notices",
		"?linkType=https%3A%2F%2Fgs1.org%2Fvoc%2Fsupport": page + "#report",
		"?linkType=gs1:pip":                      p.Label.Product.Page,
		"?17=271231&utm_source=pack":             page + "?17=271231&utm_source=pack",
		"?linkType=gs1:safetyInfo&ref=card":      page + "?ref=card#notices",
		"?linkType=gs1:pip&x=%22%3E%3Cscript%3E": p.Label.Product.Page + "?x=%22%3E%3Cscript%3E",
	} {
		if r := get(w.h, "/01/"+camera+query); r.Code != http.StatusTemporaryRedirect || r.Header().Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", query, r.Code, r.Header().Get("Location"), to)
		}
	}
}

func TestResolverExposesTheLinkset(t *testing.T) {
	w := newWorld(t)
	w.camera()
	for _, path := range []string{"/01/" + camera, "/01/" + camera + "?linkType=linkset"} {
		links := strings.Join(get(w.h, path).Header().Values("Link"), ", ")
		for _, want := range []string{`rel="linkset"`, `type="application/linkset+json"`, `rel="http://www.w3.org/ns/json-ld#context"`} {
			if !strings.Contains(links, want) {
				t.Errorf("%s: the Link header is %s", path, links)
			}
		}
	}
}

func TestResolverDescribesItself(t *testing.T) {
	w := newWorld(t)
	var d struct {
		ResolverRoot         string   `json:"resolverRoot"`
		SupportedPrimaryKeys []string `json:"supportedPrimaryKeys"`
	}
	if err := json.Unmarshal(get(w.h, "/.well-known/gs1resolver").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.ResolverRoot != labeltest.Base || !slices.Equal(d.SupportedPrimaryKeys, []string{"01"}) {
		t.Errorf("the description is %+v", d)
	}
}

// TestResolverFollowsTheLabel leads to the successor of a superseded label.
func TestResolverFollowsTheLabel(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	st := w.change(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
	if r := get(w.h, "/01/"+camera); r.Header().Get("Location") != "/l/"+string(st.Successor.ID) {
		t.Errorf("leads to %s, the new label is %s", r.Header().Get("Location"), st.Successor.ID)
	}
}
