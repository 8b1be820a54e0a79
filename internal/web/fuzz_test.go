package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
)

// Whatever path is asked for, the answer is one of the documented ones.
func FuzzPath(f *testing.F) {
	w := newWorld(f)
	id := string(w.camera().Label.ID)
	for _, s := range []string{
		"/", "/l/" + id, "/L/" + id + ".json", "/l/" + id + "/bundle", "/l/" + id + "/qr.svg", "/l/../" + id, "//l/", "/l/%2e%2e",
		"/01/09522104000171", "/log/checkpoint", "/log/tile/0/000.p/2", "/log/tile/entries/x001/000.p/7", "/find?q=" + id,
		"/find?q=%ff", "/find?q=https://labels.example.org/l/" + id, "/find?q=/01/", "/find?q=lamp+3", "/l/\x00", "/l/" + id + "//",
		"/api/changes?after=2-0000000000000000", "/api/changes?after=2", "/api/products/lookup", "/%30%31/%309522104000171/1%30/A?%31%37=271231",
	} {
		f.Add(s, "text/html")
	}
	f.Fuzz(func(t *testing.T, target, accept string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{"Accept": {accept}}}
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, r)
		if !slices.Contains([]int{200, 303, 307, 400, 404, 405, 410, 413, 429}, rec.Code) {
			t.Errorf("%q gives %d", target, rec.Code)
		}
		head := rec.Header()
		if rec.Code >= 400 && head.Get("Content-Type") == jsonType {
			var e struct {
				Error struct{ Reason, Field, Message string }
			}
			if err := label.Decode([]byte(strings.ToLower(rec.Body.String())), new(label.JSON)); err != nil {
				t.Errorf("%q: %v in %s", target, err, rec.Body)
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || e.Error.Reason == "" || e.Error.Message == "" {
				t.Errorf("%q: %v in %s", target, err, rec.Body)
			}
		}
		loc := head.Get("Location")
		if (rec.Code/100 == 3) != (loc != "") || loc != "" && !strings.HasPrefix(loc, "/l/") && !strings.HasPrefix(loc, "/01/") && !strings.HasPrefix(loc, "/?q=") {
			t.Errorf("%q gives %d and leads to %q", target, rec.Code, loc)
		}
		for name, values := range head {
			if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("%q breaks the header %s", target, name)
			}
		}
		if head.Get("X-Content-Type-Options") != "nosniff" || head.Get("Content-Security-Policy") == "" || head.Get("Cache-Control") == "" {
			t.Errorf("%q: headers are missing: %v", target, head)
		}
	})
}

// Whatever is accepted, a label is a page or JSON, and saying so again gives
// the same answer.
func FuzzAccept(f *testing.F) {
	w := newWorld(f)
	target := "/l/" + string(w.camera().Label.ID)
	for _, s := range []string{"", "*/*", browser, jsonType, "text/html;q=0.5,application/json;q=0.50", ";;q=,", "application/json;q=0.0001", `a/b;c="d,e";q=1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		typ := get(w.h, target, "Accept", accept).Header().Get("Content-Type")
		if typ != htmlType && typ != jsonType {
			t.Fatalf("Accept %q gives %q", accept, typ)
		}
		if again := get(w.h, target, "Accept", accept+",image/png").Header().Get("Content-Type"); again != typ {
			t.Errorf("Accept %q gives %q, with a type beside it that we have not, %q", accept, typ, again)
		}
		// Naming a type with full weight is never held against it, and refusing
		// the other one settles the matter.
		if got := get(w.h, target, "Accept", "application/json, text/html;q=0").Header().Get("Content-Type"); got != jsonType {
			t.Errorf("got %q", got)
		}
	})
}
