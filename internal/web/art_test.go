package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
)

func TestArt(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	id := string(p.Label.ID)
	for target, want := range map[string]struct{ typ, begins, has string }{
		"/l/" + id + "/art/portrait.svg":                                   {"image/svg+xml", "<svg ", "Level 3 of 4"},
		"/L/" + strings.ToLower(id) + "/art/small.svg?lang=ja":             {"image/svg+xml", "<svg ", "レベル 3／4"},
		"/l/" + id + "/art/landscape.svg?palette=high-contrast&lang=fr,de": {"image/svg+xml", "<svg ", "Niveau 3 sur 4"},
		"/l/" + p.Label.ID.Pretty() + "/art/small.pdf?palette=one-colour":  {"application/pdf", "%PDF-1.7", "/FontFile2"},
		"/l/" + id + "/art/small.png":                                      {"image/png", "\x89PNG", "pHYs"},
		"/l/" + id + "/art.zip?format=small&palette=one-colour":            {"application/zip", "PK", "manifest.json"},
		"/l/" + id + "/art/portrait.svg?lang=de%2Car":                      {"image/svg+xml", "<svg ", "المستوى 3 من 4"},
	} {
		rec := get(w.h, target)
		body := rec.Body.String()
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != want.typ || !strings.HasPrefix(body, want.begins) || !strings.Contains(body, want.has) {
			t.Errorf("%s: %d, %s, %.60q", target, rec.Code, rec.Header().Get("Content-Type"), body)
			continue
		}
		if got := rec.Header().Get("Cache-Control"); got != "public, max-age=10, must-revalidate" {
			t.Errorf("%s may be kept %q: a suspended label must not be printed", target, got)
		}
		if again := get(w.h, target); again.Body.String() != body || again.Header().Get("ETag") != rec.Header().Get("ETag") {
			t.Errorf("%s differs when asked for again", target)
		}
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("If-None-Match", rec.Header().Get("ETag"))
		second := httptest.NewRecorder()
		if w.h.ServeHTTP(second, r); second.Code != http.StatusNotModified {
			t.Errorf("%s gives %d to who has it", target, second.Code)
		}
	}
}

// The code in the artwork leads to the label, and the pack is whole.
func TestArtPack(t *testing.T) {
	w := newWorld(t)
	p := w.plug()
	rec := get(w.h, "/l/"+string(p.Label.ID)+"/art.zip?format=small")
	if got := rec.Header().Get("Content-Disposition"); got != `attachment; filename="label-`+string(p.Label.ID)+`-art.zip"` {
		t.Errorf("it is to be saved as %q", got)
	}
	m, files, err := art.Unpack(rec.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Declared by the manufacturer", p.Label.Device.Model, p.Label.ID.Pretty(), "Level 1 of 4"} {
		if !strings.Contains(m.Alt, word) {
			t.Errorf("the alt text has no %q: %s", word, m.Alt)
		}
	}
	for _, palette := range []string{"colour", "one-colour", "high-contrast"} {
		got, err := qr.Decode(bytes.NewReader(files[string(p.Label.ID)+"-small-"+palette+".png"]))
		if err != nil || got != qr.Payload(base, p.Label.ID) {
			t.Errorf("%s: the code reads %q, %v", palette, got, err)
		}
	}
}

func TestArtRefuses(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for target, want := range map[string]struct {
		status int
		says   string
	}{
		"/l/" + id + "/art/poster.svg":                {404, "there is no format \\\"poster\\\"; there are portrait, landscape, small"},
		"/l/" + id + "/art/small.exe":                 {404, "there is no artwork as \\\"exe\\\"; there are svg, pdf, png"},
		"/l/" + id + "/art/small":                     {404, "there is no artwork as"},
		"/l/" + id + "/art/":                          {404, "there is no format"},
		"/l/" + id + "/art/../small.svg":              {404, "there is no format"},
		"/l/" + id + "/art.tar":                       {404, "Nothing is here"},
		"/l/" + id + "/art/small.svg?palette=neon":    {404, "there is no palette"},
		"/l/" + id + "/art/small.svg?lang=tlh":        {404, "there is no artwork in language"},
		"/l/" + id + "/art/small.svg?lang=en,":        {404, "there is no artwork in language"},
		"/l/" + id + "/art/small.svg?lang=en,fr,de":   {400, "has 3 languages, at most 2"},
		"/l/" + id + "/art/small.svg?lang=en&lang=fr": {400, "is given 2 times"},
		"/l/" + id + "/art/small.svg?colour=red":      {400, "artwork is chosen by palette, lang"},
		"/l/" + id + "/art/small.svg?lang=%zz":        {400, "is not written as a query is"},
		"/l/" + id + "/art.zip?format=poster":         {404, "there is no format"},
		"/l/0000-0000-0000/art.zip":                   {400, ""},
		"/l/" + string(unknownID(t)) + "/art.zip":     {404, "was issued here"},
	} {
		rec := get(w.h, target)
		if rec.Code != want.status || !strings.Contains(rec.Body.String(), want.says) || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %d %s", target, rec.Code, rec.Body, want.status, want.says)
		}
	}
}

// Only a label that counts is printed, and with the end that is known now.
func TestArtFollowsState(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	target := "/l/" + string(p.Label.ID) + "/art/small.svg"
	if rec := get(w.h, target); rec.Code != 200 {
		t.Fatal(rec.Body)
	}
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	if rec := get(w.h, target); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), "the label is suspended, and only an active label may be printed") {
		t.Errorf("a suspended label: %d %s", rec.Code, rec.Body)
	}
	w.change(labeltest.Operator, p, label.Reinstate, "resolved", nil)
	if rec := get(w.h, target); rec.Code != 200 {
		t.Errorf("a reinstated label: %d %s", rec.Code, rec.Body)
	}
	end := w.Clock.Now().Add(90 * 24 * time.Hour).Truncate(24 * time.Hour)
	w.change(p.Label.Maker.ID, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = end })
	last := end.Add(-time.Second).Format("2 January 2006")
	if rec := get(w.h, target); rec.Code != 200 || !strings.Contains(rec.Body.String(), "Valid to "+last) {
		t.Errorf("a label to be withdrawn: %d, wants %s", rec.Code, last)
	}
	w.pass(91 * 24 * time.Hour)
	if rec := get(w.h, target); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), "the label is withdrawn") {
		t.Errorf("a withdrawn label: %d %s", rec.Code, rec.Body)
	}
}

// BenchmarkArt measures artwork that was drawn before, as BenchmarkLabel does
// label views.
func BenchmarkArt(b *testing.B) {
	w := newWorld(b)
	benchmarkAnswer(b, w.h.Handler, "/l/"+string(w.camera().Label.ID)+"/art/portrait.svg")
}
