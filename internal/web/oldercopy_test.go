package web_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// An olderCopy is an authority whose store was put back from an older copy.
type olderCopy struct {
	*authority.Authority
	lapse authority.Lapse
}

func (b olderCopy) Behind() authority.Lapse { return b.lapse }

// TestBehindNothingIsSaidOfLabels asks an older copy at every address for a label that
// was suspended since: none says that it is valid, and none that it was never issued.
func TestBehindNothingIsSaidOfLabels(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.catchUp()
	since := w.Clock.Now().UTC()
	h := w.handler(olderCopy{w.Authority, authority.Lapse{
		Since: since, Err: label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "what happened since %s may be missing", since.Format(time.RFC3339)),
	}})
	id, unknown := string(p.Label.ID), string(unknownID(t))
	served := []string{
		"/", "/healthz", "/icon.svg", "/favicon.ico", "/opensearch.xml", "/api", "/api/openapi.json",
		"/log/checkpoint", "/log/tile/0/000.p/2", "/log/tile/entries/000.p/2", "/keys/label.pub", "/keys/log.vkey", "/.well-known/labeld.json", "/.well-known/gs1resolver",
		"/l/" + id + "/bundle", "/l/" + id + "/device", "/l/" + id + "/proof", "/l/" + id + "/package", "/l/" + id + "/qr.svg", "/l/" + id + "/qr.png", "/l/" + id + "/picture",
	}
	closed := []string{
		"/?q=camera", "/l/" + id, "/L/" + id, "/l/" + id + "/", "/l/" + id + "?at=2026-11-03", "/l/" + id + "?gtin=" + camera, "/l/" + id + ".json",
		"/l/" + id + "/badge.svg", "/l/" + id + "/badge.html", "/l/" + id + "/art.zip", "/l/" + id + "/art/portrait.svg",
		"/01/" + camera, "/01/" + camera + "?linkType=linkset", "/m/" + labeltest.Maker, "/m/" + labeltest.Maker + "/" + p.Label.Device.Model,
		"/compare?id=" + id, "/find?q=" + id, "/report", "/report?label=" + id, "/sitemap.xml", "/sitemap/1.xml",
		"/feeds/" + labeltest.Maker + ".atom", "/surveillance/plans.json", "/surveillance/autumn.json",
		"/api/products/" + camera, "/api/products?manufacturer=" + labeltest.Maker + "&model=" + p.Label.Device.Model, "/api/changes", "/api/changes.atom", "/api/products/lookup",
		// What a later release of this service may have.
		"/later", "/l/" + id + "/later", "/api/later",
		// They may be of the time that is missing.
		"/l/" + unknown, "/l/" + unknown + "/bundle", "/l/" + unknown + "/qr.svg", "/01/4006381333931",
	}
	for path := range theContract().paths { // each that the API has is thought of
		path = strings.NewReplacer("{id}", id, "{gtin}", camera).Replace(path)
		if !slices.Contains(served, path) && !slices.ContainsFunc(closed, func(c string) bool { c, _, _ = strings.Cut(c, "?"); return c == path }) {
			t.Errorf("nobody has asked for %s", path)
		}
	}
	for _, target := range served {
		if r := get(h, target); r.Code != 200 && !strings.HasSuffix(target, "/picture") { // none was sent
			t.Errorf("%s: %d %s", target, r.Code, r.Body)
		}
	}
	for _, target := range closed {
		for _, accept := range []string{browser, jsonType} {
			r := get(h, target, "Accept", accept)
			if target == "/api/products/lookup" {
				post := httptest.NewRequest("POST", target, strings.NewReader(`{"gtins":["`+camera+`"]}`))
				post.Header.Set("Content-Type", jsonType)
				r = httptest.NewRecorder()
				h.ServeHTTP(r, post)
			}
			checkAnswer(t, r)
			body := r.Body.String()
			if r.Code != 503 || r.Header().Get("Cache-Control") != "no-store" || r.Header().Get("Retry-After") != "60" {
				t.Errorf("%s as %s: %d, %v", target, accept, r.Code, r.Header())
			}
			want := `"reason":"READ_ONLY"`
			if r.Header().Get("Content-Type") == htmlType {
				want = "Nothing can be said of labels now"
			}
			if !strings.Contains(body, want) || strings.Contains(body, "Valid label") || strings.Contains(body, "never issued") || strings.Contains(body, `"active"`) {
				t.Errorf("%s as %s says %s", target, accept, body)
			}
		}
	}
	for _, lang := range languages { // to people in their language, with the day
		r := get(h, in(lang, "/l/"+id), "Accept", browser)
		if lang != "en" && strings.Contains(r.Body.String(), "Nothing can be said") || !strings.Contains(r.Body.String(), "2026") {
			t.Errorf("in %s: %s", lang, r.Body)
		}
	}
}
