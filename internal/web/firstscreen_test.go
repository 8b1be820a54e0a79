package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// firstScreen is how much of a page a cheap phone of 360 x 640 shows before
// anybody scrolls.
const firstScreen = 640

// testFirstScreen holds a label's page to what a hurried person asks first: how
// it stands, how good it is, until when there are updates. The answers are
// on the first screen in every language, beside a picture too.
func testFirstScreen(t *testing.T, b *chromium) {
	w := newWorld(t)
	p := w.camera()
	w.Picture(w.Example("camera"))
	p = must[*authority.Published](t)(w.Authority.Lookup(p.Label.ID)) // with its picture
	a := label.AdvisoryRef{ID: "NL-SA-1", State: "affected", Title: "Strangers can watch the picture"}
	advised := w.handler(w.tell(p, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}))
	tb := b.open(t)
	tb.begin(t, serve(t, w.h))
	troubled := serve(t, advised)
	for _, lang := range languages {
		path := in(lang, "/l/"+string(p.Label.ID))
		tb.load(chromedp.Navigate(tb.server + path))
		tb.checkFirstScreen(t, lang, "#state", "#level", "#updates")
		b.picture(tb, "first screen", lang, "360")
		tb.load(chromedp.Navigate(troubled + path))
		tb.checkFirstScreen(t, lang, "#state", "#state small", "a[href='#notices']")
	}
}

func (tb *tab) checkFirstScreen(t *testing.T, lang string, answers ...string) {
	t.Helper()
	for _, answer := range answers {
		if end := ask[float64](tb, `document.querySelector(`+quote(answer)+`)?.getBoundingClientRect().bottom ?? 1e6`); end > firstScreen {
			t.Errorf("%s: %s ends at %.0f px, the first screen at %d", lang, answer, end, firstScreen)
		}
	}
}
