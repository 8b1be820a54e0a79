package web_test

import (
	"errors"
	"net/http"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// A page about a problem says whose doing it is: what the reader can mend is not
// called a fault of the service, and only what passes is to be tried again.
func TestWhoseDoingAProblemIs(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	w.catchUp()
	down := w.handler(failing{w.Authority, label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "the service is restarting; try again")})
	broken := w.handler(failing{w.Authority, errors.New("the disk is on fire")})
	const (
		refused = "<h1>That cannot be shown</h1>"
		maker   = "<h1>No such manufacturer</h1>"
		wrong   = "<h1>That cannot be right</h1>"
		again   = "<h1>Please try again</h1>"
		ours    = "<h1>Something went wrong here</h1>"
	)
	for _, tt := range []struct {
		h       http.Handler
		target  string
		status  int
		heading string
		detail  string
	}{
		{w.h, "/compare", 400, refused, "<p><code>id</code>: names 0 labels; choose two to 4 to put side by side.</p>"},
		{w.h, "/?level=high", 400, refused, "<p><code>level</code>: must be a number from 1 on.</p>"},
		{w.h, "/?q=camera&page=99", 400, refused, "<p><code>page</code>: must be 1 to 50; narrow the search to see more.</p>"},
		{w.h, "/?state=molten", 400, refused, "<p><code>state</code>: is no state of a label.</p>"},
		{w.h, "/l/" + id + "/art/%3Cb%3E.svg", 404, refused, "<p><code>format</code>: there is no format &#34;&lt;b&gt;&#34;; there are portrait, landscape, small.</p>"},
		{w.h, "/surveillance/plans.json?page=%3Cb%3E", 400, refused, "<p><code>page_token</code>: is not one that this call returned.</p>"},
		{w.h, "/01/", 400, refused, "<p><code>gtin</code>: a GTIN has 8, 12, 13 or 14 digits, &#34;&#34; has 0 characters.</p>"},
		{w.h, "/m/nobody", 404, maker, "<p>No manufacturer &#34;nobody&#34; is enrolled here.</p>"},
		{w.h, "/m/" + labeltest.Lab, 404, maker, "<p>No manufacturer &#34;" + labeltest.Lab + "&#34; is enrolled here.</p>"},
		{w.h, "/feeds/nobody.atom", 404, maker, "<p>No manufacturer"},
		{w.h, "/?q=%ff", 400, wrong, "<p>What was typed is not UTF-8 text.</p>"},
		{w.h, "/01/123", 400, wrong, "<p>A GTIN has 8, 12, 13 or 14 digits, &#34;123&#34; has 3 characters.</p>"},
		{down, "/l/" + id, 503, again, "<p>The service is restarting; try again.</p>"},
		{broken, "/l/" + id, 500, ours, "<p>Something went wrong here; the operator&#39;s log has the detail.</p>"},
	} {
		r := get(tt.h, tt.target, "Accept", browser)
		checkAnswer(t, r)
		if r.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.target, r.Code, tt.status)
		}
		wants(t, tt.target, r.Body.String(), []string{tt.heading, tt.detail}, nil)
		checkLinks(t, w.h, r.Body.String())
	}
	// Elsewhere than in English the detail is marked as what it is.
	wants(t, "an Arabic page", get(w.h, "/?level=high&lang=ar").Body.String(), []string{
		`<p lang="en" dir="ltr" class="soft"><code>level</code>: must be a number from 1 on.</p>`,
	}, nil)
	// What the advice says in the reader's language is not said in English besides.
	wants(t, "an Arabic page", get(w.h, "/m/nobody?lang=ar").Body.String(), nil, []string{`lang="en" dir="ltr" class="soft"`})
	// Programs get the field by itself.
	if r := get(w.h, "/?level=high", "Accept", jsonType); r.Code != http.StatusBadRequest || r.Body.String() != `{"error":{"reason":"OUT_OF_RANGE","field":"level","message":"must be a number from 1 on"}}` {
		t.Errorf("a program is answered %d, %s", r.Code, r.Body)
	}
}
