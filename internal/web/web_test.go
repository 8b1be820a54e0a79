package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/internal/web"
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
		{"/log/checkpoint", "", 200, textType, "public, max-age=1", labeltest.Origin + "\n2\n"},
		{"/log/tile/0/000.p/2", "", 200, "application/octet-stream", anHour, ""},
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
		{"/01/123", "", 400, htmlType, "no-store", "That cannot be right"},
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
		{"/find?q=12345678901234567890", "", 400, htmlType, "no-store", "That cannot be right"},
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
		{"/log/tile/0/000.p/3", "", 404, jsonType, "no-store", "the log does not reach that far"},
		{"/log/tile/entries/x999/999", "", 404, jsonType, "no-store", "the log does not reach that far"},
		{"/log/tile/0/0", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/64/000", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/0/000%2ep/2", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/../checkpoint", "", 404, jsonType, "no-store", `"NO_SUCH_PAGE"`},
		{"/log/tile/0/000.p/3", browser, 404, htmlType, "no-store", "reach that far"},

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
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
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
}

var htmlElement = regexp.MustCompile(`<html lang="[A-Za-z-]+" dir="(ltr|rtl)">`)

func TestCanonicalLink(t *testing.T) {
	w := newWorld(t)
	id := w.camera().Label.ID
	want := "<" + base + "/l/" + string(id) + `>; rel="canonical"`
	for _, target := range []string{"/l/" + string(id), "/L/" + id.Pretty(), "/l/" + strings.ToLower(string(id)) + ".json", "/l/" + string(id) + "/bundle"} {
		if got := get(w.h, target).Header().Get("Link"); got != want {
			t.Errorf("%s: Link is %q, want %q", target, got, want)
		}
	}
}

func TestNegotiation(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	for _, tt := range []struct {
		accept []string
		json   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{browser}, false},
		{[]string{"application/json"}, true},
		{[]string{"Application/JSON; charset=utf-8"}, true},
		{[]string{"application/json, text/plain, */*"}, true},
		{[]string{"application/json, */*;q=0.1"}, true},
		{[]string{"application/*"}, true},
		{[]string{"application/*;q=0.5, text/*;q=0.6"}, false},
		{[]string{"text/html;q=0.5", "application/json;q=0.6"}, true},
		{[]string{"text/html;q=0.5, application/json;Q=0.500"}, false},
		{[]string{"text/html, application/json"}, false},
		{[]string{"text/*, application/json"}, true},
		{[]string{"*/*, application/json;q=0"}, false},
		{[]string{"application/*, application/json;q=0"}, false},
		{[]string{"text/html;q=0, */*;q=0.1"}, true},
		{[]string{"text/html;q=0.1 , */* ; q=0.2"}, true},
		{[]string{"application/json;q=2"}, false},
		{[]string{"application/json;q=1.001"}, false},
		{[]string{"application/json;q=0.1234"}, false},
		{[]string{"application/json;q="}, false},
		{[]string{"application/json;q=-1"}, false},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json;v=1;q=0.4, text/html;q=0.3"}, true},
		{[]string{"image/png"}, false},
		{[]string{";;;,,,q=1,/"}, false},
	} {
		var header []string
		for _, a := range tt.accept {
			header = append(header, "Accept", a)
		}
		rec := get(w.h, target, header...)
		if got := rec.Header().Get("Content-Type") == jsonType; got != tt.json {
			t.Errorf("Accept %q gives JSON: %v, want %v", tt.accept, got, tt.json)
		}
		if got := rec.Header().Values("Vary"); !slices.Equal(got, []string{"Accept, Accept-Language, Accept-Encoding"}) {
			t.Errorf("Vary is %q", got)
		}
	}
}

func TestConditional(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	first := get(w.h, target)
	etag := first.Header().Get("Etag")
	for _, tt := range []struct {
		header string
		status int
	}{
		{etag, 304},
		{"W/" + etag, 304},
		{`"x", ` + etag, 304},
		{`"a,b" ,W/"c",,` + etag + ` , "d"`, 304},
		{"*", 304},
		{" * ", 304},
		{`"x"`, 200},
		{strings.Trim(etag, `"`), 200},
		{`"` + etag, 200},
		{`"x" *`, 200},
		{`"`, 200},
		{`W/`, 200},
		{``, 200},
	} {
		rec := get(w.h, target, "If-None-Match", tt.header)
		if rec.Code != tt.status {
			t.Errorf("If-None-Match %q gives %d, want %d", tt.header, rec.Code, tt.status)
		}
		if rec.Code != http.StatusNotModified {
			continue
		}
		if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
			t.Errorf("304 has content")
		}
		for _, name := range []string{"Etag", "Cache-Control", "Vary", "Link"} {
			if got, want := rec.Header().Get(name), first.Header().Get(name); got != want {
				t.Errorf("304 has %s %q, 200 has %q", name, got, want)
			}
		}
	}
	other := get(w.h, target+".json")
	if other.Header().Get("Etag") == etag || other.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("the page and the JSON share an ETag, or the JSON at its own address varies with Accept: %v", other.Header())
	}
	if again := get(w.h, target, "Accept", jsonType); again.Body.String() != other.Body.String() {
		t.Error("JSON at the page's address differs from .json")
	}
}

// A cache must never keep a valid label beyond its end: its expiry, or one that
// was announced.
func TestExpiry(t *testing.T) {
	w := newWorld(t)
	plug, camera := w.plug(), w.camera()
	end := w.Clock.Now().UTC().AddDate(0, 1, 0).Truncate(time.Second)
	w.change(labeltest.Maker, camera, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = end })
	for _, l := range []struct {
		p     *authority.Published
		end   time.Time
		state label.State
	}{{camera, end, label.Withdrawn}, {plug, plug.Label.Expires, label.Expired}} {
		page := "/l/" + string(l.p.Label.ID)
		for _, tt := range []struct {
			left  time.Duration
			cache string
			state label.State
		}{
			{time.Hour, seconds, label.Active},
			{10*time.Second + time.Millisecond, seconds, label.Active},
			{9500 * time.Millisecond, "public, max-age=9, must-revalidate", label.Active},
			{4500 * time.Millisecond, "public, max-age=4, must-revalidate", label.Active},
			{time.Millisecond, "public, max-age=0, must-revalidate", label.Active},
			{0, seconds, l.state},
		} {
			w.Clock.Set(l.end.Add(-tt.left))
			rec := get(w.h, page+".json")
			var got web.Label
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.State != tt.state || rec.Header().Get("Cache-Control") != tt.cache {
				t.Errorf("%v before it is %s: %s, %q; want %s, %q", tt.left, l.state, got.State, rec.Header().Get("Cache-Control"), tt.state, tt.cache)
			}
			code := "/01/" + string(l.p.Label.Device.GTINs[0])
			if cache := get(w.h, code).Header().Get("Cache-Control"); cache != tt.cache {
				t.Errorf("%v before it is %s, the way to it is kept as %q, want %q", tt.left, l.state, cache, tt.cache)
			}
		}
	}
}

// members returns the names of a struct's JSON members, in order.
func members(v any) (names []string) {
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// The JSON is what the package comment shows, member for member.
func TestDocumentedJSON(t *testing.T) {
	doc := must[[]byte](t)(os.ReadFile("doc.go"))
	for indent, v := range map[string]any{"  ": web.Label{}, "\t": web.Status{}} {
		var want []string
		for _, m := range regexp.MustCompile(`(?m)^//\t`+indent+`"(\w+)":`).FindAllSubmatch(doc, -1) {
			want = append(want, string(m[1]))
		}
		if got := members(v); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("members\n%q, documented\n%q", got, want)
		}
	}
	w := newWorld(t)
	p := w.camera()
	var l web.Label
	if err := label.Decode(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if l.PrettyID != p.Label.ID.Pretty() || l.LogIndex != p.Index || l.SupportEnd != p.Label.Product.SupportEnd || l.State != label.Active {
		t.Errorf("got %+v", l)
	}
	for _, link := range []string{l.URL, l.Links.Bundle, l.Links.Device, l.Links.Proof, l.Links.Package, l.Links.QR} {
		path, ok := strings.CutPrefix(link, base)
		if rec := get(w.h, path); !ok || rec.Code != http.StatusOK {
			t.Errorf("the link %s gives %d", link, rec.Code)
		}
	}
	self := w.plug()
	if body := get(w.h, "/l/"+string(self.Label.ID)+".json").Body.String(); strings.Contains(body, "null") {
		t.Errorf("what does not apply is null: %s", body)
	}
}

// What a verifier downloads is enough to verify.
func TestVerifiable(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	trust := must[*verify.Trust](t)(verify.ParseTrust(get(w.h, "/.well-known/labeld.json").Body.Bytes()))
	rec := get(w.h, "/l/"+string(p.Label.ID)+"/package")
	if got, want := rec.Header().Get("Content-Disposition"), `attachment; filename="label-`+string(p.Label.ID)+`.json"`; got != want {
		t.Errorf("Content-Disposition is %q, want %q", got, want)
	}
	r := must[*verify.Result](t)(trust.Verify(rec.Body.Bytes(), w.Clock.Now(), w.Clock.Now()))
	if r.Label.ID != p.Label.ID {
		t.Errorf("the package is of %s", r.Label.ID)
	}
	block, _ := pem.Decode(get(w.h, "/keys/label.pub").Body.Bytes())
	if block == nil || label.DigestOf(block.Bytes).String() != trust.LabelKeys[0].ID {
		t.Error("label.pub is not the key in use")
	}
	if vkey := get(w.h, "/keys/log.vkey").Body.String(); vkey != trust.Log.VKey+"\n" {
		t.Errorf("log.vkey is %q", vkey)
	}
	img := must[[]byte](t)(func() ([]byte, error) { return get(w.h, "/l/"+string(p.Label.ID)+"/qr.png").Body.Bytes(), nil }())
	if text := must[string](t)(qr.Decode(bytes.NewReader(img))); text != qr.Payload(base, p.Label.ID) {
		t.Errorf("the code says %q", text)
	}
	if _, err := png.Decode(bytes.NewReader(img)); err != nil {
		t.Error(err)
	}
}

// withoutData takes the data for machines out of a page, and reads it: it is no
// script, and holds no character that could end it.
func withoutData(t *testing.T, page string) (rest string, data map[string]any) {
	t.Helper()
	before, rest, ok := strings.Cut(page, `<script type="application/ld+json">`)
	text, after, end := strings.Cut(rest, "</script>")
	if !ok || !end || strings.Contains(text, "<") {
		t.Fatalf("the page has no data for machines, or more than that: %s", text)
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatalf("the data for machines: %v", err)
	}
	return before + after, data
}

// A manufacturer's texts cannot break out of the page.
func TestHostileTexts(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(1)> {{.Style}} &lt;b&gt;`
	e.Device.Name, e.Device.Brand, e.Device.Model = evil, `</title><b>`, "\" onmouseover=\"alert(2)"
	e.Device.HardwareRevision = "</style>"
	e.Declaration.Product.Password = "</span><script src=//evil.example/x></script>"
	e.Declaration.Product.Setup = "שלום javascript:alert(1)"
	e.Declaration.Product.Page = `https://evil.example/"onclick="x`
	e.Declaration.Product.Vulnerabilities.Contact = "https://evil.example/<script>"
	p := w.issue(e, 1)
	rec := get(w.h, "/l/"+string(p.Label.ID))
	body, data := withoutData(t, rec.Body.String())
	if about, _ := data["about"].(map[string]any); about["model"] != e.Device.Model {
		t.Errorf("the data for machines says %v", about)
	}
	for _, bad := range []string{"<script", "<img src=x", "<b>", `" on`, `"onclick`, `'on`, "</title><b"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(html.UnescapeString(body), evil) {
		t.Error("the page does not show the name as it is")
	}
	if n := strings.Count(body, "<style>") + strings.Count(body, "</style>"); n != 2 {
		t.Errorf("%d style tags", n)
	}
	var l web.Label
	if err := label.Decode(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil || l.Device.Name != evil {
		t.Errorf("JSON has the name %q, %v", l.Device.Name, err)
	}

	// What no escaping helps against never gets in.
	for _, name := range []string{"Cam\u202eera", "Cam\u2066era", "Cam\u200bera", "Cam\nera"} {
		d := *w.Example("camera").Device
		d.Name = name
		if err := w.register(&d); label.KindOf(err) != label.Invalid {
			t.Errorf("a device named %q is registered: %v", name, err)
		}
	}
}

// A page tells what a shopper has to know.
func TestPage(t *testing.T) {
	w := newWorld(t)
	camera, plug := w.camera(), w.plug()
	for _, tt := range []struct {
		id    label.ID
		holds []string
		lacks []string
	}{
		{camera.Label.ID, []string{
			"Northlight Porch Camera 2", "NL-C210", "Camera", "9522104000171", "Is this the product you hold?",
			"Valid label", "17 October 2028", "too old after that", "Level 3 of 4: <bdi>Secure by design</bdi>", `aria-label="3 of 4 steps"`,
			"a laboratory has searched the software", "Tested by a laboratory", camera.Label.Labs[0].Name, camera.Label.Labs[0].Accreditation, "3.8.2",
			"Security updates until", "1 July 2032", "There is no default password", "They install by themselves",
			`href="mailto:security@northlight.example.com"`, "within 3 days",
			"No password is shared between units", "Declaration of conformity", "AUR-2026-0417",
			"cosign verify-blob-attestation --key label.pub --bundle bundle.json --type https://labeld.dev/label/v1 --insecure-ignore-tlog device.json",
			"labelctl verify", `alt="QR code of this label`,
		}, []string{"Stated by the manufacturer itself", "EXPIRED"}},
		{plug.Label.ID, []string{
			"Stated by the manufacturer itself", "Level 1 of 4: <bdi>Basics</bdi>", "They do not install by themselves", "Smart plug",
		}, []string{"<strong>Tested by a laboratory"}},
	} {
		body := html.UnescapeString(get(w.h, "/l/"+string(tt.id)).Body.String())
		for _, s := range tt.holds {
			if !strings.Contains(body, s) {
				t.Errorf("the page lacks %q", s)
			}
		}
		for _, s := range tt.lacks {
			if strings.Contains(body, s) {
				t.Errorf("the page has %q", s)
			}
		}
		for _, m := range regexp.MustCompile(`<a href="(https|mailto):[^>]*>`).FindAllString(body, -1) {
			if !strings.Contains(m, `rel="nofollow noopener"`) {
				t.Errorf("a link away lacks rel: %s", m)
			}
		}
		for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]*|#[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if id, ok := strings.CutPrefix(m[1], "#"); ok {
				if !strings.Contains(body, `id="`+id+`"`) {
					t.Errorf("nothing is at %s", m[1])
				}
			} else if rec := get(w.h, m[1]); rec.Code != http.StatusOK {
				t.Errorf("the page's link %s gives %d", m[1], rec.Code)
			}
		}
	}
}

// Many barcodes do not push the label's state off a small screen. They are
// shown as printed, without padding.
func TestManyBarcodes(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	e.Device.GTINs = nil
	for _, n := range []string{"96385074", "036000291452", "4006381333931", "10614141543219"} {
		e.Device.GTINs = append(e.Device.GTINs, must[label.GTIN](t)(label.ParseGTIN(n)))
	}
	slices.Sort(e.Device.GTINs)
	p := w.issue(e, 1)
	body := get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{"<summary>One of 4</summary>", "<li>96385074</li>", "<li>036000291452</li>", "<li>4006381333931</li>", "<li>10614141543219</li>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A label stays readable after the scheme that judged it was replaced: then the
// new version's words are not put into its mouth.
func TestOtherScheme(t *testing.T) {
	w := newWorld(t)
	p := w.plug()
	h := w.handler(replaced{w.Authority})
	body := get(h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{"Level 1 of 4: <bdi>Basics</bdi>", "<li>no-shared-passwords ", "<dd>smart-plug</dd>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "No password is shared") {
		t.Error("the page has words of another scheme")
	}
}

// Of several keys the one in use is shown, and who the authority is.
func TestReplacedKey(t *testing.T) {
	w := newWorld(t)
	old, inUse := labeltest.NewSigner(t).Public, w.Trust.LabelKeys[0]
	h := w.handler(trusted{w.Authority, &verify.Trust{
		Authority: label.Party{ID: labeltest.Operator, Name: "Test Authority", URL: "https://authority.example.org/"},
		LabelKeys: []verify.TrustKey{{ID: old.ID, PEM: old.PEM, Until: w.Clock.Now()}, inUse},
	}})
	if got := get(h, "/keys/label.pub").Body.String(); got != inUse.PEM {
		t.Errorf("label.pub is %q", got)
	}
	for _, target := range []string{"/", "/nothing"} {
		if !strings.Contains(get(h, target).Body.String(), `<a href="https://authority.example.org/" rel="nofollow noopener">`) {
			t.Errorf("%s does not lead to the authority", target)
		}
	}
}

// Details of our own faults stay in the log.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	secret := "page 7 of /var/lib/labeld is corrupt"
	for _, tt := range []struct {
		err    error
		status int
		logged bool
	}{
		{errors.New(secret), 500, true},
		{label.Errorf(label.Internal, label.ReasonInternal, "id", "%s", secret), 500, true},
		{label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "going"), 503, false},
		{label.Errorf(label.Denied, label.ReasonNotYours, "", "no"), 403, false},
		{label.Errorf(label.Unauthenticated, label.ReasonToken, "", "no"), 401, false},
		{label.Errorf(label.Precondition, label.ReasonLiveLabel, "", "no"), 409, false},
		{label.Errorf(label.Exists, label.ReasonExists, "", "no"), 409, false},
		{label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "no"), 413, false},
		{label.Errorf(99, "", "", "no"), 500, true},
	} {
		logged := new(lines)
		h := must[*web.Handler](t)(web.New(web.Config{Authority: failing{w.Authority, tt.err}, Base: base, Log: slog.New(slog.NewTextHandler(logged, nil)), Art: labeltest.Studio(t), Words: labeltest.Words(t)}))
		for _, target := range []string{"/l/" + id, "/l/" + id + ".json", "/l/" + id + "/qr.svg", "/01/09522104000171"} {
			rec := get(h, target)
			if rec.Code != tt.status {
				t.Errorf("%v at %s gives %d, want %d", tt.err, target, rec.Code, tt.status)
			}
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s shows %q", target, secret)
			}
			checkAnswer(t, rec)
		}
		if got := logged.String() != ""; got != tt.logged {
			t.Errorf("%v is logged: %q", tt.err, logged)
		}
		if rec := get(h, "/healthz"); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			t.Errorf("/healthz gives %d", rec.Code)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	w := newWorld(t)
	log, art := slog.New(slog.DiscardHandler), labeltest.Studio(t)
	for _, c := range []web.Config{
		{Base: base, Log: log, Art: art},
		{Authority: w.Authority, Base: base, Art: art},
		{Authority: w.Authority, Log: log, Art: art},
		{Authority: w.Authority, Base: base, Log: log},
		{Authority: w.Authority, Base: base + "/", Log: log, Art: art},
	} {
		if _, err := web.New(c); err == nil {
			t.Errorf("accepted %+v", c)
		}
	}
}

// An independent client audits the log as it is served.
func TestLogJudged(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	for i := range translog.TileWidth + 20 {
		w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number = strconv.Itoa(i) })
	}
	s := httptest.NewServer(w.h)
	defer s.Close()
	root := must[*url.URL](t)(url.Parse(s.URL + "/log/"))
	fetch := must[*client.HTTPFetcher](t)(client.NewHTTPFetcher(root, s.Client()))
	v := must[note.Verifier](t)(note.NewVerifier(w.Trust.Log.VKey))
	if err := fsck.New(labeltest.Origin, v, fetch, leafHashes, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	cp, _, _, err := client.FetchCheckpoint(t.Context(), fetch.ReadCheckpoint, v, labeltest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if int64(cp.Size) != w.Authority.LogSize() || cp.Size <= translog.TileWidth {
		t.Fatalf("the checkpoint is of %d entries", cp.Size)
	}
	builder := must[*client.ProofBuilder](t)(client.NewProofBuilder(t.Context(), cp.Size, fetch.ReadTile))
	hashes := must[[][]byte](t)(builder.InclusionProof(t.Context(), uint64(p.Index)))
	w.Clock.Set(w.Clock.Now().Add(31 * time.Second)) // the label's own proof follows the log within a heartbeat
	ours := must[translog.Proof](t)(translog.ParseProof(get(w.h, "/l/"+string(p.Label.ID)+"/proof").Body.Bytes()))
	if len(hashes) != len(ours.Hashes) {
		t.Fatalf("the client's proof has %d hashes, ours %d", len(hashes), len(ours.Hashes))
	}
	for i := range hashes {
		if !bytes.Equal(hashes[i], ours.Hashes[i][:]) {
			t.Errorf("hash %d of the proof differs", i)
		}
	}
	for path, cache := range map[string]string{
		"tile/0/000":           "public, max-age=31536000, immutable",
		"tile/entries/000":     "public, max-age=31536000, immutable",
		"tile/0/001.p/2":       anHour,
		"tile/1/000.p/1":       anHour,
		"tile/entries/000.p/9": anHour,
	} {
		rec := get(w.h, "/log/"+path)
		if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != cache {
			t.Errorf("%s gives %d, %q", path, rec.Code, rec.Header().Get("Cache-Control"))
		}
		checkAnswer(t, rec)
	}
}

func leafHashes(bundle []byte) (hashes [][]byte, err error) {
	for len(bundle) > 0 {
		var entry []byte
		if entry, bundle, err = translog.ReadBundleEntry(bundle); err != nil {
			return nil, err
		}
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

// TestRuling shows a label that was granted after an appeal.
func TestRuling(t *testing.T) {
	w := newWorld(t)
	plug := w.Example("plug")
	w.Submit(plug)
	w.Rule(plug, w.Appeal(plug, 2), "settings-guarded", "developer-port-shut")
	p := w.Issue(plug, 2)
	page := get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{
		"The developer port is shut <small>(accepted by the authority, on appeal)</small>",
		"The manufacturer appealed, and the authority accepted “Only you can change security settings”, “The developer port is shut”: <bdi>As ruled in a test.</bdi>",
		"Ruling on an appeal",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	var l web.Label
	if err := json.Unmarshal(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Rulings) != 1 || l.Rulings[0].LogIndex != l.LogIndex+1 || len(l.Rulings[0].Accepted) != 2 {
		t.Errorf("the rulings are %+v", l.Rulings)
	}
}
