package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
)

// do sends a request with headers given as name, value, name, value ...
func do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	// The target is taken as a server reads it from the wire: httptest.NewRequest
	// would refuse some of the hostile ones.
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	r := &http.Request{Method: method, URL: u, RequestURI: target, Header: http.Header{}, Host: "labels.test"}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r.WithContext(context.Background()))
	return rec
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, target, header...)
}

// unknownID is well-formed and was never issued.
func unknownID(t testing.TB) label.ID {
	t.Helper()
	return must[label.ID](t)(label.NewID(bytes.NewReader(make([]byte, 11))))
}

// mistyped returns an ID with its last character changed.
func mistyped(id label.ID) string {
	last := "0"
	if id[11] == '0' {
		last = "1"
	}
	return string(id[:11]) + last
}

const (
	htmlType = "text/html; charset=utf-8"
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
	browser  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

	aMinute = "public, max-age=60"
	anHour  = "public, max-age=3600"
	seconds = "public, max-age=10, must-revalidate"
)

func TestRoutes(t *testing.T) {
	w := newWorld(t)
	camera := w.camera()
	id := string(camera.Label.ID)
	toy := w.Example("toy")
	if err := w.register(toy.Device); err != nil { // and it has no label
		t.Fatal(err)
	}
	unlabelled := string(toy.Device.GTINs[0])
	labelled := string(camera.Label.Device.GTINs[0])
	unknown := string(unknownID(t))
	odd := strings.ToLower(id[:2]) + "-" + id[2:7] + "-" + strings.NewReplacer("1", "l", "0", "o").Replace(id[7:])

	tests := []struct {
		target string
		accept string
		status int
		typ    string
		cache  string
		holds  string // in the body
	}{
		{"/", "", 200, htmlType, aMinute, "Look it up"},
		{"/l/" + id, "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + id, browser, 200, htmlType, seconds, "Valid label"},
		{"/l/" + id, jsonType, 200, jsonType, seconds, `{"id":"` + id + `"`},
		{"/L/" + id, "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + id + "/", "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + odd, "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + strings.ReplaceAll(camera.Label.ID.Pretty(), "-", "%20"), "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + id + "?utm=x", "", 200, htmlType, seconds, "Valid label"},
		{"/l/" + id + ".json", browser, 200, jsonType, seconds, `"state":"active"`},
		{"/L/" + odd + ".json", "", 200, jsonType, seconds, `"state":"active"`},
		{"/l/" + id + "/bundle", "", 200, label.BundleType, seconds, string(camera.Bundle)},
		{"/l/" + id + "/device", "", 200, jsonType, seconds, string(camera.Device)},
		{"/l/" + id + "/proof", "", 200, textType, seconds, "c2sp.org/tlog-proof@v1\n"},
		{"/l/" + id + "/package", "", 200, label.PackageType, seconds, label.TypePackage},
		{"/l/" + id + "/qr.svg", "", 200, "image/svg+xml", anHour, "HTTPS://LABELS.TEST/L/" + id},
		{"/l/" + id + "/qr.png", "", 200, "image/png", anHour, "PNG"},
		{"/keys/label.pub", "", 200, "application/x-pem-file", aMinute, "-----BEGIN PUBLIC KEY-----"},
		{"/keys/log.vkey", "", 200, textType, aMinute, labeltest.Origin + "+"},
		{"/.well-known/labeld.json", "", 200, jsonType, aMinute, label.TypeTrust},
		{"/log/checkpoint", "", 200, textType, "public, max-age=1", labeltest.Origin + "\n3\n"},
		{"/log/tile/0/000.p/3", "", 200, "application/octet-stream", anHour, ""},
		{"/log/tile/entries/000.p/1", "", 200, "application/octet-stream", anHour, "payloadType"},
		{"/healthz", "", 200, textType, "no-store", "ok\n"},

		// Ways on.
		{"/01/" + labelled, "", 307, textType, seconds, "/l/" + id},
		{"/01/" + labelled[1:], "", 307, textType, seconds, "/l/" + id},
		{"/find?q=" + id, "", 303, textType, "no-store", "/l/" + id},
		{"/find?q=+" + odd + "+", "", 303, textType, "no-store", "/l/" + id},
		{"/find?q=" + url.QueryEscape(qr.Payload(base, camera.Label.ID)), "", 303, textType, "no-store", "/l/" + id},
		{"/find?q=" + url.QueryEscape(base+"/l/"+id+"/package?x#y"), "", 303, textType, "no-store", "/l/" + id},
		{"/find?q=" + labelled[1:], "", 303, textType, "no-store", "/01/" + labelled},
		{"/find?q=9-522104+000171", "", 303, textType, "no-store", "/01/09522104000171"},
		{"/find?q=" + url.QueryEscape("https://id.example.com/01/09522104000171/21/7?x"), "", 303, textType, "no-store", "/01/09522104000171"},
		{"/find?q=" + unknown, "", 303, textType, "no-store", "/l/" + unknown}, // all digits, and yet an ID

		// Three ways for an ID to be wrong.
		{"/l/K7QM", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/l/", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/l/" + mistyped(camera.Label.ID), "", 400, htmlType, "no-store", "One character is wrong"},
		{"/l/" + unknown, "", 404, htmlType, "no-store", "No such label exists"},
		{"/l/K7QM.json", browser, 400, jsonType, "no-store", `{"error":{"reason":"ID_MALFORMED","field":"id","message":"`},
		{"/l/" + mistyped(camera.Label.ID), jsonType, 400, jsonType, "no-store", `{"error":{"reason":"ID_CHECK_CHARACTER","field":"id","message":"`},
		{"/l/" + unknown + ".json", "", 404, jsonType, "no-store", `{"error":{"reason":"UNKNOWN_LABEL","field":"id","message":"`},
		{"/l/" + unknown + "/bundle", "*/*", 404, jsonType, "no-store", `"UNKNOWN_LABEL"`},
		{"/l/" + unknown + "/qr.svg", "", 404, jsonType, "no-store", `"UNKNOWN_LABEL"`},
		{"/l/K7QM/qr.png", "image/*", 400, jsonType, "no-store", `"ID_MALFORMED"`},
		{"/find?q=" + mistyped(camera.Label.ID), "", 400, htmlType, "no-store", `value="` + mistyped(camera.Label.ID) + `"`},

		// And for a product.
		{"/01/123", "", 400, htmlType, "no-store", "That is not a whole barcode number"},
		{"/01/09522104000172", "", 400, htmlType, "no-store", "check digit"},
		{"/01/", "", 400, htmlType, "no-store", "That cannot be shown"},
		{"/01/4006381333931", "", 404, htmlType, "no-store", "This product is not registered"},
		{"/01/4006381333931", jsonType, 404, jsonType, "no-store", `"UNKNOWN_PRODUCT"`},
		{"/01/" + unlabelled, "", 404, htmlType, "no-store", "This product has no label"},
		{"/01/" + unlabelled, jsonType, 404, jsonType, "no-store", `"UNLABELLED"`},

		// The picture of this site.
		{"/icon.svg", "", 200, "image/svg+xml", "public, max-age=3600", "<svg"},
		{"/favicon.ico", "", 200, "image/svg+xml", "public, max-age=3600", "<svg"},

		// And for a search.
		{"/find", "", 400, htmlType, "no-store", "Nothing was typed"},
		{"/find?q=%20", "", 400, htmlType, "no-store", "Nothing was typed"},
		{"/find?q=--", "", 400, htmlType, "no-store", "That cannot be right"},
		{"/find?q=hello", "", 303, textType, "no-store", "/?q=hello"},
		{"/find?q=K7QM-4T2X-9PW", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/find?q=%ff%fe", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/find?q=http%3A%2F%2F", "", 400, htmlType, "no-store", "That cannot be right"},
		{"/find?q=12345678901234567890", "", 400, htmlType, "no-store", "That is not a whole barcode number"},
		{"/find?q=" + url.QueryEscape("https://labels.example.net/l/"+id), "", 400, htmlType, "no-store", "That label belongs to another site"},
		{"/find?q=" + strings.Repeat("A", 3000), "", 413, htmlType, "no-store", "That is too long"},

		// Nothing there.
		{"/nothing", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/nothing", jsonType, 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/l", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/icon.png", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/" + id + "/nothing", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/" + id + ".JSON", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/log/", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/0/000", "", 404, jsonType, "no-store", "the log does not reach that far"},
		{"/log/tile/0/000.p/4", "", 404, jsonType, "no-store", "the log does not reach that far"},
		{"/log/tile/entries/x999/999", "", 404, jsonType, "no-store", "the log does not reach that far"},
		{"/log/tile/0/0", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/64/000", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/0/000%2ep/3", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/../checkpoint", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/0/000.p/4", browser, 404, htmlType, "no-store", "reach that far"},

		// Tricks with paths.
		{"//l/" + id, "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l//" + id, "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/../l/" + id, "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/..", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/%2e%2e/" + id, "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/" + id + "%2Fbundle%2F..", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/" + id + "%00", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/l/%ff%fe", jsonType, 400, jsonType, "no-store", `"ID_MALFORMED"`},
		{"/l/" + id + "%0d%0aX-Evil:1", "", 400, htmlType, "no-store", "That is not a label ID"},
		{"/l/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "", 404, htmlType, "no-store", "Nothing is here"},
		{"/l/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "", 400, htmlType, "no-store", "&lt;img src=x onerror=alert(1)&gt;"},
		{"/find?q=%22%3E%3Cscript%3E", "", 303, textType, "no-store", "/?q=%22%3E%3Cscript%3E"},
	}
	for _, tt := range tests {
		name := tt.target
		if tt.accept != "" {
			name += " as " + tt.accept
		}
		t.Run(name, func(t *testing.T) {
			rec := get(w.h, tt.target, "Accept", tt.accept)
			head := rec.Header()
			if rec.Code != tt.status || head.Get("Content-Type") != tt.typ || head.Get("Cache-Control") != tt.cache {
				t.Errorf("got %d, %q, %q; want %d, %q, %q", rec.Code, head.Get("Content-Type"), head.Get("Cache-Control"), tt.status, tt.typ, tt.cache)
			}
			if body := rec.Body.String(); !strings.Contains(body, tt.holds) {
				t.Errorf("the body lacks %q:\n%s", tt.holds, body[max(0, strings.Index(body, "<main>")):])
			}
			checkAnswer(t, rec)
			if loc := head.Get("Location"); rec.Code/100 == 3 && loc != tt.holds {
				t.Errorf("leads to %q, want %q", loc, tt.holds)
			}
			// HEAD is GET without the body.
			short := do(w.h, http.MethodHead, tt.target, "Accept", tt.accept)
			if short.Code != rec.Code || short.Body.Len() != 0 || fmt.Sprint(short.Header()) != fmt.Sprint(head) {
				t.Errorf("HEAD gives %d, %d bytes, %v; GET gives %d, %v", short.Code, short.Body.Len(), short.Header(), rec.Code, head)
			}
			// And nothing else is answered.
			post := do(w.h, http.MethodPost, tt.target, "Accept", tt.accept)
			if post.Code != http.StatusMethodNotAllowed || post.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("POST gives %d, Allow %q", post.Code, post.Header().Get("Allow"))
			}
			checkAnswer(t, post)
		})
	}
}

var attribute = regexp.MustCompile(`(?i)<script [^t]|<script>|<iframe|<object|<embed|\son[a-z]+=|style="|javascript:`)

// checkAnswer checks what holds for every answer.
func checkAnswer(t testing.TB, rec *httptest.ResponseRecorder) {
	t.Helper()
	head := rec.Header()
	refer := "no-referrer"
	if strings.Contains(rec.Body.String(), `action="/report`) || strings.Contains(rec.Body.String(), "Thank you") {
		refer = "same-origin" // or the browser would not say that the form is ours
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": refer} {
		if got := head.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	csp := head.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "img-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, rule) {
			t.Errorf("the Content-Security-Policy lacks %q: %s", rule, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || len(head.Values("Set-Cookie")) > 0 {
		t.Errorf("unsafe: %v", head)
	}
	if rec.Code != http.StatusNotModified && rec.Body.Len() > 0 {
		if n := head.Get("Content-Length"); n != strconv.Itoa(rec.Body.Len()) {
			t.Errorf("Content-Length is %q for %d bytes", n, rec.Body.Len())
		}
	}
	body := rec.Body.String()
	if rec.Code == http.StatusOK && head.Get("Cache-Control") != "no-store" {
		sum := sha256.Sum256(rec.Body.Bytes())
		if etag := head.Get("Etag"); rec.Body.Len() > 0 && etag != `"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"` {
			t.Errorf("the ETag %s is not of the body", etag)
		}
	}
	if head.Get("Content-Type") != htmlType || body == "" {
		return
	}
	// The one style sheet is the one that the policy names; nothing else runs.
	_, rest, _ := strings.Cut(body, "<style>")
	css, rest, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	if !ok || !strings.Contains(csp, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the Content-Security-Policy does not name the page's style sheet: %s", csp)
	}
	if bad := attribute.FindString(rest); bad != "" && !strings.Contains(html.UnescapeString(rest), "onerror") {
		t.Errorf("the page has %q", bad)
	}
	if !htmlElement.MatchString(body) || head.Get("Content-Language") == "" || strings.Count(body, "<h1") != 1 || !strings.Contains(body, "<title>") {
		t.Error("the page lacks a language, a title or its one first heading")
	}
	checkHeadings(t, body)
}

// checkHeadings checks that no level of headings is skipped.
func checkHeadings(t testing.TB, page string) {
	t.Helper()
	last := 0
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		level := int(m[1][0] - '0')
		if last > 0 && level > last+1 { // a label's state stands before its title
			t.Errorf("a heading of level %d follows one of level %d", level, last)
		}
		last = level
	}
}

var heading = regexp.MustCompile(`<h([1-6])[ >]`)

var htmlElement = regexp.MustCompile(`<html lang="[A-Za-z-]+" dir="(ltr|rtl)">`)
