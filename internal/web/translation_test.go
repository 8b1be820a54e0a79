package web_test

import (
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestTranslatedSentences has readers of several languages told what the manufacturer says:
// in their language where it was translated, and otherwise in its own words, marked as what
// they are.
func TestTranslatedSentences(t *testing.T) {
	w := newWorld(t)
	plug := w.Example("plug")
	path := "/l/" + string(w.issue(plug, 1).Label.ID)
	german := plug.Declaration.Product.Translations["de"]
	wants(t, "the page in German", get(w.h, in("de", path)).Body.String(),
		[]string{`<span lang="de" dir="auto">` + german.Password, `<span lang="de" dir="auto">` + german.Setup, `<span lang="de" dir="auto">` + german.UpdateHelp}, []string{plug.Declaration.Product.Setup})
	for _, lang := range []string{"en", "fi"} {
		wants(t, "the page in "+lang, get(w.h, in(lang, path)).Body.String(),
			[]string{`<span lang="en" dir="auto">` + plug.Declaration.Product.Password, `<span lang="en" dir="auto">` + plug.Declaration.Product.Setup}, []string{german.Setup})
	}
	wants(t, "JSON", get(w.h, path+".json").Body.String(), []string{`"translations":{"de":{"updateHelp":"` + german.UpdateHelp}, nil)
}

// TestLanguageOfStatus has an operator suspend a label in German words.
func TestLanguageOfStatus(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	st := w.change(labeltest.Operator, p, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Text, r.Language = "Wir prüfen das Gerät.", "de" })
	if st.Language != "de" {
		t.Errorf("the status is in %q", st.Language)
	}
	w.pass(time.Minute)
	path := "/l/" + string(p.Label.ID)
	wants(t, "the page", get(w.h, in("fi", path)).Body.String(), []string{`<q lang="de">Wir prüfen das Gerät.</q>`}, nil)
	wants(t, "JSON", get(w.h, path+".json").Body.String(), []string{`"text":"Wir prüfen das Gerät.","language":"de"`}, nil)
	st = w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	if st.Language != "" {
		t.Errorf("what says no language is in %q", st.Language)
	}
	w.pass(time.Minute)
	wants(t, "the page", get(w.h, in("fi", path)).Body.String(), []string{`<q lang="en">`}, nil)
}
