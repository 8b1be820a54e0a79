package web_test

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// A page about a problem says whose doing it is: what the reader can fix is not
// called a fault of the service, and only what passes is to be tried again.
func TestWhoseDoingAProblemIs(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	w.catchUp()
	down := w.handler(failingAuthority{w.Authority, label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "the service is restarting; try again")})
	broken := w.handler(failingAuthority{w.Authority, errors.New("the disk is on fire")})
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
		{w.h, "/compare", 400, "<h1>Choose what to compare</h1>", "<p>Names 0 labels; choose one to 4 to put side by side.</p>"},
		{w.h, "/?level=high", 400, refused, "<p><code>level</code>: must be a number from 1 on.</p>"},
		{w.h, "/?q=camera&page=99", 400, "<h1>There is no such page</h1>", "<p>Must be 1 to 50; narrow the search to see more.</p>"},
		{w.h, "/?state=molten", 400, refused, "<p><code>state</code>: is no state of a label.</p>"},
		{w.h, "/l/" + id + "/art/%3Cb%3E.svg", 404, refused, "<p><code>format</code>: there is no format &#34;&lt;b&gt;&#34;; there are portrait, landscape, small.</p>"},
		{w.h, "/surveillance/plans.json?page=%3Cb%3E", 400, refused, "<p><code>page_token</code>: is not one that this call returned.</p>"},
		{w.h, "/01/", 400, refused, "<p><code>gtin</code>: a GTIN has 8, 12, 13 or 14 digits, &#34;&#34; has 0 characters.</p>"},
		{w.h, "/m/nobody", 404, maker, "<p>No manufacturer &#34;nobody&#34; is enrolled here.</p>"},
		{w.h, "/m/" + labeltest.Lab, 404, maker, "<p>No manufacturer &#34;" + labeltest.Lab + "&#34; is enrolled here.</p>"},
		{w.h, "/feeds/nobody.atom", 404, maker, "<p>No manufacturer"},
		{w.h, "/?q=%ff", 400, wrong, "<p>What was typed is not UTF-8 text.</p>"},
		{w.h, "/01/123", 400, "<h1>That is not a whole barcode number</h1>", "<p>A GTIN has 8, 12, 13 or 14 digits, &#34;123&#34; has 3 characters.</p>"},
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
	// Programs get the field by itself.
	if r := get(w.h, "/?level=high", "Accept", jsonType); r.Code != http.StatusBadRequest || r.Body.String() != `{"error":{"reason":"OUT_OF_RANGE","field":"level","message":"must be a number from 1 on"}}` {
		t.Errorf("a program is answered %d, %s", r.Code, r.Body)
	}
}

// TestProblemsSpeakTheReadersLanguage makes every mistake that people can make, in every
// language: what the service says to programs in English is on the English page only, the
// page says something of its own instead, and whom to tell of a label that looks wrong.
func TestProblemsSpeakTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	if err := w.register(w.Example("toy").Device); err != nil {
		t.Fatal(err)
	}
	w.catchUp()
	down := w.handler(failingAuthority{w.Authority, label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "the service is restarting; try again")})
	broken := w.handler(failingAuthority{w.Authority, errors.New("the disk is on fire")})
	type mistake struct {
		h      http.Handler
		target string
	}
	list := []mistake{{down, "/l/" + id}, {broken, "/l/" + id}}
	for _, target := range []string{
		"/l/K7QM", "/l/" + mistyped(label.ID(id)), "/l/" + string(unknownID(t)), "/l/" + id + "?at=foo", "/l/" + id + "?at=2036-01-01", "/l/" + id + "?at=2026-11-01&at=2026-11-02",
		"/l/" + id + "?gtin=9522104000172", "/l/" + id + "?gtin=952", "/l/" + id + "?gtin=2012345000001", "/l/" + id + "/art/none.svg", "/l/" + id + "/none",
		"/01/9522104000172", "/01/952", "/01/", "/01/9522104000171/99/x", "/01/9522104000171?linkType=gs1:none", "/01/4006381333931", "/01/" + string(w.Example("toy").Device.GTINs[0]),
		"/find?q=", "/find?q=K7QM-4T2X-9PWX", "/find?q=9522104000172", "/find?q=952210", "/find?q=2012345000001", "/find?q=" + strings.Repeat("A", 3000), "/find?q=labels.example.net/l/" + id, "/find?q=https://labels.test/x",
		"/?level=high", "/?page=99", "/?page=0", "/?state=molten", "/?sort=none", "/?checked=none", "/?category=none", "/?scheme=none", "/?maker=nobody", "/?q=%ff", "/?q=" + strings.Repeat("a", 500),
		"/compare", "/compare?id=1&id=2&id=3&id=4&id=5", "/compare?id=K7QM", "/m/nobody", "/m/" + labeltest.Maker + "/none", "/nowhere",
	} {
		list = append(list, mistake{w.h, target})
	}
	for _, m := range list {
		r := get(m.h, m.target, "Accept", jsonType)
		var refusal struct {
			Error struct{ Reason, Message string } `json:"error"`
		}
		if err := json.Unmarshal(r.Body.Bytes(), &refusal); err != nil || r.Code < 400 {
			t.Errorf("%.60s: %d %s", m.target, r.Code, r.Body)
			continue
		}
		headings := map[string]bool{}
		for _, l := range labeltest.Words(t).Languages() {
			r := get(m.h, in(l.Tag, m.target), "Accept", browser)
			checkAnswer(t, r)
			page := html.UnescapeString(r.Body.String())
			if strings.Contains(words(r.Body.String()), refusal.Error.Message[1:]) != (l.Tag == "en") && refusal.Error.Reason != "INTERNAL" {
				t.Errorf("%.60s in %s says %q, or does not in English:\n%s", m.target, l.Tag, refusal.Error.Message, words(page))
			}
			if l.Tag != "en" && strings.Contains(page, `lang="en" dir`) {
				t.Errorf("%.60s in %s has English in it", m.target, l.Tag)
			}
			if !strings.Contains(page, `href="/report`) {
				t.Errorf("%.60s in %s does not lead to the form for reports", m.target, l.Tag)
			}
			_, heading, _ := strings.Cut(page, "<h1>")
			heading, _, _ = strings.Cut(heading, "</h1>")
			headings[heading] = true
		}
		if len(headings) != len(languages) {
			t.Errorf("%.60s: the headings are %v", m.target, headings)
		}
	}
}

// TestMistakeInABarcode types the number of the camera with a digit that is wrong, one that
// is missing, and one that shops use: the page says which it is, and what was typed can be
// corrected.
func TestMistakeInABarcode(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for typed, heading := range map[string]string{
		"9522104000172": "One digit of the barcode number is wrong", "9 522104 000 172": "One digit of the barcode number is wrong",
		"952210400017": "One digit of the barcode number is wrong", "95221040001": "That is not a whole barcode number",
		"２０１２３４５０００００１": "This number is not of one product only",
	} {
		for _, path := range []string{"/find?q=", "/l/" + id + "?gtin="} {
			r := get(w.h, path+strings.ReplaceAll(url.QueryEscape(typed), "+", "%20"))
			if r.Code != http.StatusBadRequest {
				t.Errorf("%s%s: %d", path, typed, r.Code)
			}
			wants(t, path+typed, r.Body.String(), []string{"<h1>" + heading + "</h1>", `value="` + typed + `"`}, nil)
		}
	}
}

// TestArtworkOfADeadLabel asks for the artwork of labels that are not drawn any more: the
// page says why in the reader's language and leads to the label, and no word of it is
// about the address, with which nothing is wrong.
func TestArtworkOfADeadLabel(t *testing.T) {
	w := newWorld(t)
	suspended, withdrawn, revoked := w.camera(), w.plug(), w.Example("camera")
	labeltest.Variant(t, revoked, 2)
	r := w.Issue(revoked, 3)
	w.change(labeltest.Operator, suspended, label.Suspend, "complaint", nil)
	w.change(labeltest.Maker, withdrawn, label.Withdraw, "discontinued", nil)
	w.change(labeltest.Operator, r, label.Revoke, "nonconformity", nil)
	for state, p := range map[string]*authority.Published{"Suspended": suspended, "Withdrawn": withdrawn, "Revoked": r} {
		for _, path := range []string{"/art.zip", "/art/portrait.svg", "/art/small.png"} {
			target := "/l/" + string(p.Label.ID) + path
			rec := get(w.h, target, "Accept", browser)
			checkAnswer(t, rec)
			if rec.Code != http.StatusConflict {
				t.Errorf("%s: %d", target, rec.Code)
			}
			wants(t, target, rec.Body.String(), []string{"<h1>This label is not drawn for printing</h1>", "How this one stands: <strong>" + state + "</strong>.", `href="/l/` + string(p.Label.ID) + `"`}, []string{"in the address"})
		}
		rec := get(w.h, "/l/"+string(p.Label.ID)+"/art.zip?lang=de", "Accept", browser)
		wants(t, state, rec.Body.String(), []string{"<h1>Dieses Kennzeichen wird nicht zum Drucken gezeichnet</h1>", `href="/l/` + string(p.Label.ID) + `?lang=de"`}, []string{"der Adresse", "only an active label"})
	}
	rec := get(w.h, "/l/"+string(suspended.Label.ID), "Accept", browser, "Accept-Encoding", "identity;q=0, gzip;q=0")
	if rec.Code != http.StatusNotAcceptable || strings.Contains(rec.Body.String(), "in the address") {
		t.Errorf("in no form that there is: %d %s", rec.Code, rec.Body)
	}
}
