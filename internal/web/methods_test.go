package web_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/labeltest"
	"labeld/internal/web"
)

// TestMethods asks every kind of address what it takes, and holds it to that: what
// it names it answers, and nothing else, for pages of other origins too.
func TestMethods(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for _, target := range []string{
		"/", "/?q=x", "/l/" + id, "/L/" + id, "/l/" + id + ".json", "/l/" + id + "/qr.svg", "/01/" + camera, "/m/" + labeltest.Maker, "/find?q=x", "/compare",
		"/log/checkpoint", "/log/tile/0/000.p/2", "/status-list", "/healthz", "/.well-known/labeld.json", "/.well-known/gs1resolver", "/keys/log.vkey",
		"/api", "/api/openapi.json", "/api/products/" + camera, "/api/products?manufacturer=x&model=y", "/api/changes", "/api/changes.atom",
		"/api/products/lookup", "/report", "/nothing",
	} {
		want := "GET, HEAD, OPTIONS"
		switch target {
		case "/api/products/lookup":
			want = "POST, OPTIONS"
		case "/report":
			want = "GET, HEAD, POST, OPTIONS"
		}
		o := do(w.h, http.MethodOptions, target, "Origin", "https://shop.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
		if o.Code != http.StatusNoContent || o.Header().Get("Allow") != want {
			t.Errorf("OPTIONS %s: %d, Allow %q, want %q", target, o.Code, o.Header().Get("Allow"), want)
		}
		pages, headers, origin := want, "Accept, Accept-Language, Content-Type, If-None-Match", "*"
		if target == "/report" {
			pages, headers, origin = "", "", ""
		}
		if h := o.Header(); h.Get("Access-Control-Allow-Methods") != pages || h.Get("Access-Control-Allow-Headers") != headers || h.Get("Access-Control-Allow-Origin") != origin || h["Access-Control-Allow-Credentials"] != nil {
			t.Errorf("OPTIONS %s tells pages of other origins %v", target, h)
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get"} {
			r := do(w.h, method, target)
			takes := slices.Contains(strings.Split(want, ", "), method)
			if got := r.Code != http.StatusMethodNotAllowed; got != takes {
				t.Errorf("%s %s: %d; it takes %s", method, target, r.Code, want)
			}
			if !takes && r.Header().Get("Allow") != want {
				t.Errorf("%s %s: Allow %q, want %q", method, target, r.Header().Get("Allow"), want)
			}
		}
	}
}

// TestMethodsOfTheContract holds the description of the API to what addresses take.
func TestMethodsOfTheContract(t *testing.T) {
	w := newWorld(t)
	for path, operations := range theContract().paths {
		allow := strings.Split(do(w.h, http.MethodOptions, strings.NewReplacer("{gtin}", camera, "{id}", "K7QM4T2X9PWH").Replace(path)).Header().Get("Allow"), ", ")
		for method := range operations {
			if !slices.Contains(allow, strings.ToUpper(method)) {
				t.Errorf("%s takes %q, and is described with %s", path, allow, method)
			}
		}
	}
}

// TestLookUpFromAnotherOrigin posts JSON as a browser does for a page of a shop.
func TestLookUpFromAnotherOrigin(t *testing.T) {
	w := newWorld(t)
	w.camera()
	r := httptest.NewRequest(http.MethodPost, "/api/products/lookup", strings.NewReader(`{"gtins":["`+camera+`"]}`))
	for name, v := range map[string]string{"Content-Type": "application/json", "Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"} {
		r.Header.Set(name, v)
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || rec.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d, %v", rec.Code, rec.Header())
	}
}

// TestReportOfAnotherOrigin posts the form as browsers do for a page of somebody
// who wants reports in the name of its readers.
func TestReportOfAnotherOrigin(t *testing.T) {
	w := newWorld(t)
	if r := get(w.h, "/report"); r.Header().Get("Referrer-Policy") != "same-origin" {
		t.Errorf("by the Referrer-Policy %q a browser posts the form with Origin: null", r.Header().Get("Referrer-Policy"))
	}
	client, taken := 0, 0
	for _, tt := range []struct {
		header []string
		taken  bool
	}{
		{nil, true}, // no browser
		{[]string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, true},
		{[]string{"Sec-Fetch-Site", "none"}, true},
		{[]string{"Origin", "https://example.com"}, true}, // the host that is asked
		{[]string{"Origin", base}, true},                  // behind a proxy that asks by another name
		{[]string{"Origin", base, "Sec-Fetch-Site", "same-origin"}, true},
		{[]string{"Sec-Fetch-Site", "cross-site"}, false},
		{[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://shop.labels.test"}, false},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
		{[]string{"Origin", "null"}, false},
		{[]string{"Origin", "https://evil.example"}, false},
		{[]string{"Origin", base + ".evil.example"}, false},
	} {
		client++
		r := httptest.NewRequest(http.MethodPost, "/report", strings.NewReader(url.Values{"kind": {"other"}, "text": {"It is so."}}.Encode()))
		r.Header.Set("Content-Type", formType)
		r.RemoteAddr = "192.0.2." + strconv.Itoa(client) + ":1"
		for i := 0; i < len(tt.header); i += 2 {
			r.Header.Set(tt.header[i], tt.header[i+1])
		}
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, r)
		checkAnswer(t, rec)
		if tt.taken {
			taken++
			if rec.Code != http.StatusOK {
				t.Errorf("%q: %d", tt.header, rec.Code)
			}
		} else if rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "sent from a page of another site") || !strings.Contains(rec.Body.String(), base+"/report") {
			t.Errorf("%q: %d %s", tt.header, rec.Code, rec.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/report", strings.NewReader("kind=other&text=So"))
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Origin", "https://elsewhere.example")
	r.Header.Set("Accept-Language", "de")
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	if body := rec.Body.String(); rec.Code != http.StatusForbidden || !strings.Contains(body, "Das Formular wurde nicht angenommen") ||
		strings.Contains(body, "another site") || !strings.Contains(body, `href="/report?lang=de"`) {
		t.Errorf("in German: %d %s", rec.Code, body)
	}
	if list, _, err := w.Authority.Complaints(w.Caller(labeltest.Operator), "", authority.Page{}); err != nil || len(list) != taken {
		t.Errorf("%d reports were taken, want %d (%v)", len(list), taken, err)
	}
}

// TestTransport looks for Strict-Transport-Security, which belongs over TLS and
// nowhere else (RFC 6797, 7.2), refusals and redirects included.
func TestTransport(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for age, want := range map[time.Duration]string{0: "max-age=31536000", time.Hour: "max-age=3600", -1: ""} {
		h := must[*web.Handler](t)(web.New(web.Config{
			Authority: w.Authority, Base: base, Log: slog.New(slog.DiscardHandler), Art: labeltest.Studio(t), Words: labeltest.Words(t), TransportAge: age,
		}))
		for _, target := range []string{"/", "/l/" + id, "/l/none", "/01/" + camera, "/report", "/api/changes", "/nothing"} {
			for _, method := range []string{"GET", "OPTIONS", "DELETE"} {
				r := httptest.NewRequest(method, target, nil)
				for over, want := range map[*tls.ConnectionState]string{nil: "", {}: want} {
					r.TLS = over
					rec := httptest.NewRecorder()
					if h.ServeHTTP(rec, r); rec.Header().Get("Strict-Transport-Security") != want || len(rec.Header()["Strict-Transport-Security"]) > 1 {
						t.Errorf("%s %s, over TLS: %v: %q, want %q", method, target, over != nil, rec.Header()["Strict-Transport-Security"], want)
					}
				}
			}
		}
	}
}
