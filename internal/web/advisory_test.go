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
		"You need version 3.8.4 or later Porch Camera 2:", "3 November 2026: Security notice: affected, fixed in version 3.8.4.",
	}, nil)
	wants(t, "the page of the day before", words(get(w.h, path+"?at=2026-11-02").Body.String()), []string{"It was valid"}, []string{"3.8.4", "Security notice"})
	for _, name := range []string{"", "x.json", label.DigestOf(csaf).String(), label.DigestOf(nil).String() + ".json"} {
		if rec := get(w.h, "/advisory/"+name); rec.Code != http.StatusNotFound {
			t.Errorf("/advisory/%s: %d", name, rec.Code)
		}
	}
}

// TestAdviceIsToldApart has every advice said in the language of the page, and what
// the publisher says quoted beside it, marked with its own.
func TestAdviceIsToldApart(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	path := "/l/" + string(p.Label.ID)
	tell := func(a label.AdvisoryRef) http.Handler {
		a.ID, a.Title, a.SHA256 = "NL-SA-1", "Zuschauer unerwünscht", label.DigestOf(nil)
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		return w.handler(w.tell(p, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}))
	}
	h := tell(label.AdvisoryRef{State: "affected", Advice: label.AdviceNoFixPlanned, Words: "Ziehen Sie den <Stecker>.", Language: "de-CH"})
	for lang, want := range map[string][]string{
		"en": {"This product is affected, and no fix is planned", "What to do: The weakness will stay.", "The publisher of the notice advises: Ziehen Sie den"},
		"fr": {"Ce produit est touché, et aucune correction n’est prévue", "Que faire : La faille restera.", "L’auteur de l’avis recommande : Ziehen Sie den"},
		"ja": {"修正の予定はありません", "対処方法：弱点は修正されずに残ります。", "助言：Ziehen Sie den"},
	} {
		page := get(h, in(lang, path)).Body.String()
		wants(t, lang, words(page), want, []string{"there is no fix yet"})
		wants(t, lang, page, []string{`<bdi lang="de-CH">Ziehen Sie den &lt;Stecker&gt;.</bdi>`, `<bdi lang="de-CH">Zuschauer unerwünscht</bdi>`}, nil)
	}
	wants(t, "JSON", get(h, path+".json").Body.String(), []string{`"advice":"no-fix-planned","words":"Ziehen Sie den <Stecker>.","language":"de-CH"`}, []string{`"action":"No`})
	// Where the document does not say of which language it is, the page does not either.
	page := get(tell(label.AdvisoryRef{State: "affected", Advice: label.AdviceFollow, Words: "Unplug it."}), in("de", path)).Body.String()
	wants(t, "the page", page, []string{`<bdi lang="">Unplug it.</bdi>`}, []string{"Was zu tun ist"})
	for _, a := range []label.Advice{label.AdviceAwait, label.AdviceHasFix, label.AdviceUnaffected, label.AdviceUpdateTo, label.AdviceUpdate, label.AdviceNoUpdateYet, label.AdviceNoFixPlanned, label.AdviceAsk} {
		page := get(tell(label.AdvisoryRef{State: "affected", FixedIn: "2.0", Advice: a}), in("fi", path)).Body.String()
		wants(t, string(a), words(page), []string{"Mitä tehdä: "}, nil)
	}
}
