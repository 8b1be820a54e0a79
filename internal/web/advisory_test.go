package web_test

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// A published advisory is on the page of the label that it is about, from then
// on, and its document is served as it came, with the type of its form.
func TestPublishedAdvisory(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	path := "/l/" + string(p.Label.ID)
	w.pass(24 * time.Hour)
	csaf := w.Example("camera").Advisory
	vex := must[[]byte](t)(os.ReadFile("../store/testdata/openvex.json"))
	for _, tt := range []struct {
		typ      string
		document []byte
	}{
		{"application/csaf+json", csaf},
		{"application/openvex+json", vex},
	} {
		address := "/advisory/" + label.DigestOf(tt.document).String() + ".json"
		if rec := get(w.h, address); rec.Code != http.StatusNotFound {
			t.Errorf("%s before it is published: %d", tt.typ, rec.Code)
		}
		w.Advise(labeltest.Maker, tt.document)
		rec := get(w.h, address)
		checkAnswer(t, rec)
		if !bytes.Equal(rec.Body.Bytes(), tt.document) || rec.Header().Get("Content-Type") != tt.typ || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d bytes, %v", tt.typ, rec.Body.Len(), rec.Header())
		}
		page := get(w.h, path).Body.String()
		wants(t, "the page", page, []string{`href="` + address + `"`}, nil)
		checkLinks(t, w.h, page)
	}
	wants(t, "the page", words(get(w.h, path).Body.String()), []string{
		"You need version 3.8.4 or later Porch Camera 2:", "3 November 2026: Security notice: affected, mended from version 3.8.4 on.",
	}, nil)
	wants(t, "the page of the day before", words(get(w.h, path+"?at=2026-11-02").Body.String()), []string{"It was valid"}, []string{"3.8.4", "Security notice"})
	for _, name := range []string{"", "x.json", label.DigestOf(csaf).String(), label.DigestOf(nil).String() + ".json"} {
		if rec := get(w.h, "/advisory/"+name); rec.Code != http.StatusNotFound {
			t.Errorf("/advisory/%s: %d", name, rec.Code)
		}
	}
}
