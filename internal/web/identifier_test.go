package web_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// identifierJS returns the identifiers of the page that a line breaks inside of,
// although a line has room for them. It finds them by what they look like, and
// not by their markup, so that one that a page forgets to keep whole is found.
const identifierJS = `(() => {
	const looks = /(?<![\w/.@-])([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}|\d{8,14}|CVE-\d+-\w+|GHSA(?:-\w+)+|(?:NL|AUR)(?:-[A-Z0-9]+)+)(?![\w-])/g
	const broken = []
	const check = (range, block, text) => {
		const lines = new Map() // by their middle, for letters of one line may differ in height
		for (const r of range.getClientRects()) if (r.width) {
			const middle = Math.round((r.top + r.bottom) / 8)
			lines.set(middle, (lines.get(middle) ?? 0) + r.width)
		}
		while (/^inline/.test(getComputedStyle(block).display)) block = block.parentElement
		if (block.localName == "dd") block = block.parentElement // it may have a line to itself
		const s = getComputedStyle(block), room = block.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight)
		const wants = [...lines.values()].reduce((a, b) => a + b, 0)
		if (lines.size > 1 && wants <= room) broken.push(text + " is broken, though it takes " + Math.ceil(wants) + " px and a line has " + Math.floor(room))
	}
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	for (let n; n = walk.nextNode(); ) {
		if (n.parentElement.closest("pre, script, style, textarea") || !n.parentElement.checkVisibility()) continue
		for (const m of n.data.matchAll(looks)) {
			const range = new Range()
			range.setStart(n, m.index)
			range.setEnd(n, m.index + m[0].length)
			check(range, n.parentElement, m[0])
		}
	}
	for (const e of document.querySelectorAll(".id")) {
		const range = new Range()
		range.selectNodeContents(e)
		check(range, e, e.textContent)
	}
	return [...new Set(broken)]
})()`

// checkIdentifiers checks that no identifier is broken that a line has room for.
// People compare them sign by sign with what a product shows.
func (tb *tab) checkIdentifiers(at room) {
	tb.t.Helper()
	for _, what := range ask[[]string](tb, identifierJS) {
		tb.find("identifier", "%d px, text at %d %%: %s", at.width, at.percent, what)
	}
}

// testIdentifiers looks in every language and on every width of phones at the
// label that has the most of them: beside a picture, with notices, opened out,
// and compared with a barcode number.
func testIdentifiers(t *testing.T, b *chromium) {
	w := newWorld(t)
	p := w.camera()
	w.Picture(w.Example("camera"))
	p = must[*authority.Published](t)(w.Authority.Lookup(p.Label.ID)) // with its picture
	advisory := func(a label.AdvisoryRef) *label.Status {
		a.Title, a.Issues = "Strangers can watch the picture", []string{"CVE-2026-10011", "GHSA-2222-3333-4444", "CVE-2026-10012", "CVE-2026-10013"}
		return &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}
	}
	h := w.handler(w.tell(p, advisory(label.AdvisoryRef{ID: "NL-SA-2026-0001", State: "affected", Severity: "critical"}), advisory(label.AdvisoryRef{ID: "NL-SA-2026-0002", State: "affected", FixedIn: "2.4.1"})))
	tb := b.open(t)
	tb.begin(t, serve(t, h))
	for _, lang := range languages {
		tb.load(chromedp.Navigate(tb.server + in(lang, "/l/"+string(p.Label.ID)+"?gtin=4006381333931")))
		tb.unfold()
		for _, width := range []int64{320, 360, 390} {
			tb.do(phone(width))
			tb.checkIdentifiers(room{width: width, percent: 100})
		}
		b.picture(tb, "identifiers", lang, "390")
		report(t, lang, tb.take())
	}
}

// TestIdentifierKeepsPunctuation has no line begin with the comma or the stop
// that belongs to an identifier.
func TestIdentifierKeepsPunctuation(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	a := label.AdvisoryRef{ID: "NL-SA-1", State: "affected", Title: "Strangers can watch", Issues: []string{"CVE-2026-1", "CVE-2026-2"}}
	h := w.handler(w.tell(p, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}))
	for _, lang := range languages {
		body := get(h, in(lang, "/l/"+string(p.Label.ID)+"?gtin=4006381333931")).Body.String()
		if i := stranded.FindString(joined.ReplaceAllString(body, "")); i != "" {
			t.Errorf("%s: %s", lang, i)
		}
		if !strings.Contains(body, `<span class="one"><bdi class="id">CVE-2026-1</bdi>`) {
			t.Errorf("%s: the list of weaknesses may break before a comma", lang)
		}
	}
}

var (
	joined = regexp.MustCompile(`<span class="one">.*?[,.;:)،؛。、，；：）]+</span>`)
	// stranded is an identifier that nothing joins to the punctuation after it.
	stranded = regexp.MustCompile(`class="id"[^>]*>[^<]*</(bdi|span)>(</strong>|</a>)?[,.;:)،؛。、，；：）]`)
)
