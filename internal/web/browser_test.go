package web_test

import (
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var browserAll = flag.Bool("browser.all", false, "look at every page in every way and language; without it, at most of them in the first")

// report fails a test for what was found.
func report(t *testing.T, lang string, found []finding) {
	t.Helper()
	told := map[finding]bool{}
	for _, f := range found {
		if !told[f] {
			told[f] = true
			t.Errorf("%s: %s: %s", lang, f.rule, f.detail)
		}
	}
}

// TestBrowser opens every page in a browser, in every state, at the widths of
// phones and of a desktop, by light, in the dark and on paper, with large text,
// without script and by keyboard; has axe-core judge it by WCAG 2.2 AA; and
// leaves pictures for people to look at, in $LABELD_SCREENSHOTS or a folder for
// temporary files. Before that it uses the pages as people do.
//
// It wants a Chromium, and axe-core: $LABELD_AXE names axe.min.js of the npm
// package. What is missing is not tested, except in CI, where it fails.
func TestBrowser(t *testing.T) {
	b := startChromium(t)
	t.Run("axe", func(t *testing.T) {
		if b.axe == "" {
			missing(t, "there is no axe-core (LABELD_AXE names its axe.min.js); accessibility was judged by our own checks only")
		}
	})
	t.Run("bad page", func(t *testing.T) { testBadPage(t, b) })
	t.Run("artwork", func(t *testing.T) { testArtwork(t, b) })
	t.Run("first screen", func(t *testing.T) { testFirstScreen(t, b) })
	t.Run("identifiers", func(t *testing.T) { testIdentifiers(t, b) })
	t.Run("person", func(t *testing.T) { testPerson(t, b) })
	t.Run("page", func(t *testing.T) {
		tabs := b.tabs(t)
		for _, v := range visits() {
			t.Run(v.name, func(t *testing.T) {
				if v.care == seldom && !*browserAll {
					t.Skip("it is opened with -browser.all")
				}
				t.Parallel()
				h, path := v.open(newWorld(t))
				server := serve(t, h)
				tb := <-tabs
				defer func() { tabs <- tb }()
				for i, lang := range languages {
					if i > 0 && v.source {
						break
					}
					if i == 0 || *browserAll {
						report(t, lang, b.look(t, tb, &v, lang, server, path))
					} else if v.care == everyLanguage {
						report(t, lang, b.glance(t, tb, &v, lang, server, path))
					}
				}
			})
		}
	})
	t.Logf("pictures are in %s", b.dir)
}

// tabs opens as many tabs as there is work for.
func (b *chromium) tabs(t *testing.T) chan *tab {
	t.Helper()
	tabs := make(chan *tab, max(2, runtime.GOMAXPROCS(0)))
	for range cap(tabs) {
		tabs <- b.open(t)
	}
	return tabs
}

// look looks at a page in every way, and returns what is wrong with it.
func (b *chromium) look(t *testing.T, tb *tab, v *visit, lang, server, path string) []finding {
	tb.begin(t, server)
	tb.visit(v, lang, path)
	whole := tb.read(lang)
	b.pictures(tb, v, lang)
	tb.unfold()
	tb.checkWidths(rooms)
	tb.do(desktop())
	tb.checkKeyboard()
	tb.checkStorage()
	if v.label {
		tb.checkPaper()
	}
	found := tb.take()
	found = append(found, b.judge(tb, v.label)...)

	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	tb.do(phone(360))
	tb.visit(v, lang, path)
	if plain := tb.read(lang); plain != whole {
		tb.find("without script", "the page says\n%s\nand with script\n%s", plain, whole)
	}
	return append(found, tb.take()...)
}

// glance looks at a page in a language: whether it is in it, and has room for it.
func (b *chromium) glance(t *testing.T, tb *tab, v *visit, lang, server, path string) []finding {
	tb.begin(t, server)
	tb.visit(v, lang, path)
	tb.read(lang)
	b.picture(tb, v.name, lang, "360")
	tb.unfold()
	tb.checkWidths(rooms[:2])
	return append(tb.take(), b.judge(tb, false)...)
}

// pictures takes pictures of a page as people see it.
func (b *chromium) pictures(tb *tab, v *visit, lang string) {
	tb.t.Helper()
	b.picture(tb, v.name, lang, "360")
	tb.do(desktop())
	b.picture(tb, v.name, lang, "1280")
	if v.label && (*browserAll || v.care == everyLanguage) {
		tb.do(phone(360))
		tb.media("screen", "dark")
		b.picture(tb, v.name, lang, "dark")
		tb.do(paper())
		tb.media("print", "dark")
		b.picture(tb, v.name, lang, "paper")
		tb.media("screen", "light")
	}
}

// judge has axe-core judge the page on a phone, and a label's in its other
// colours.
func (b *chromium) judge(tb *tab, label bool) []finding {
	tb.t.Helper()
	if b.axe == "" {
		return nil
	}
	ask[chromedp.Void](tb, b.axe)
	tb.do(phone(360))
	tb.checkAxe("light", "document", everyRule)
	if label {
		tb.media("screen", "dark")
		tb.checkAxe("dark", "document", contrastRules)
		tb.media("print", "light")
		tb.checkAxe("paper", `".state"`, contrastRules)
		tb.media("screen", "light")
	}
	return tb.take()
}

// visit goes to the page: to an address, or by sending the form there.
func (tb *tab) visit(v *visit, lang, path string) {
	tb.t.Helper()
	url := tb.server + in(lang, path)
	want := v.status
	if want == 0 {
		want = http.StatusOK
	}
	expect := func(url string) {
		tb.mu.Lock()
		defer tb.mu.Unlock()
		if want >= 400 {
			tb.refused = url
		}
	}
	expect(url)
	got := tb.load(chromedp.Navigate(url))
	if v.form != nil {
		if got != http.StatusOK {
			tb.find("status", "the form is answered with %d", got)
		}
		expect(ask[string](tb, `document.querySelector("form[method=post]").action`))
		// What a browser would refuse to send is sent all the same.
		ask[chromedp.Void](tb, `(() => { const f = document.querySelector("form[method=post]"), v = `+quote(v.form)+`
			for (const name in v) f.elements[name].value = v[name][0] })()`)
		got = tb.load(chromedp.Evaluate[chromedp.Void](`document.querySelector("form[method=post]").submit()`))
	}
	if got != want {
		tb.find("status", "%d, want %d", got, want)
	}
}

// read checks what the page is made of, and returns what it says.
func (tb *tab) read(lang string) string {
	tb.t.Helper()
	p := ask[struct {
		Title, Lang, Dir, Text, Viewport string
		Scripts, Handlers, Frames, Shown []string
	}](tb, `(() => {
		const d = document, tag = e => e.outerHTML.slice(0, 100), all = q => [...d.querySelectorAll(q)]
		return {
			Title: d.title, Lang: d.documentElement.lang, Dir: getComputedStyle(d.documentElement).direction, Text: d.body.innerText,
			Viewport: d.querySelector("meta[name=viewport]")?.content ?? "",
			Scripts: all("script").filter(e => e.type != "application/ld+json").map(tag),
			Handlers: all("*").filter(e => [...e.attributes].some(a => a.name.startsWith("on") || /^\s*javascript:/i.test(a.value) && a.name != "value")).map(tag),
			Shown: all("body *").filter(e => {
				const s = getComputedStyle(e), r = e.getBoundingClientRect()
				return /absolute|fixed/.test(s.position) && r.right > 0 && r.left < innerWidth && !(s.overflow == "hidden" && r.width <= 1)
			}).map(tag),
			Frames: all("iframe, frame, object, embed, base, meta[http-equiv]").map(tag),
		}
	})()`)
	for rule, list := range map[string][]string{"script": p.Scripts, "event handler": p.Handlers, "foreign body": p.Frames, "hidden text shows": p.Shown} {
		for _, tag := range list {
			tb.find(rule, "%s", tag)
		}
	}
	dir := "ltr"
	if rightToLeft[lang] {
		dir = "rtl"
	}
	if p.Lang != lang || p.Dir != dir {
		tb.find("language", "the page is in %q and runs %s, want %q and %s", p.Lang, p.Dir, lang, dir)
	}
	if strings.TrimSpace(p.Title) == "" || strings.TrimSpace(p.Text) == "" {
		tb.find("empty", "title %q, text %q", p.Title, p.Text)
	}
	if !strings.Contains(p.Viewport, "width=device-width") || strings.Contains(p.Viewport, "maximum-scale") || strings.Contains(p.Viewport, "user-scalable") {
		tb.find("viewport", "%q", p.Viewport)
	}
	return p.Text
}

// checkPaper checks that ink is dark and paper is white, whatever the screen was.
func (tb *tab) checkPaper() {
	tb.t.Helper()
	tb.media("print", "dark")
	if got := ask[string](tb, `(s => s.color + " on " + s.backgroundColor)(getComputedStyle(document.body))`); got != "rgb(0, 0, 0) on rgb(255, 255, 255)" {
		tb.find("paper", "it prints %s", got)
	}
	tb.media("screen", "light")
}

// unfold opens what is folded up.
func (tb *tab) unfold() {
	tb.t.Helper()
	ask[chromedp.Void](tb, `document.querySelectorAll("details").forEach(d => d.open = true)`)
}

// A room is the width of a screen, and the size of text in percent.
type room struct {
	width, percent int64
	always         bool // without -browser.all too
}

// rooms are those in which a page has to fit, the smallest first.
var rooms = []room{{320, 200, true}, {320, 100, true}, {360, 100, true}, {360, 200, false}, {1280, 100, true}, {1280, 200, false}}

// everyday is a room that everything fits into, tables too.
var everyday = room{1280, 100, true}

// checkWidths checks that nobody has to scroll sideways, in either direction of
// writing. In small rooms a table is scrolled by itself.
func (tb *tab) checkWidths(list []room) {
	tb.t.Helper()
	for _, at := range list {
		if !at.always && !*browserAll {
			continue
		}
		if tb.do(phone(at.width)); at.width > 1000 {
			tb.do(desktop())
		}
		tb.text(at.percent)
		w := ask[struct {
			Size        string
			Own, Turned []string
		}](tb, fmt.Sprintf(wideJS, at.width))
		if w.Size != fmt.Sprintf("%dpx", 16*at.percent/100) {
			tb.find("text size", "%s where the reader chose %d %%", w.Size, at.percent)
		}
		for _, out := range w.Own {
			tb.find("width", "%d px, text at %d %%: %s", at.width, at.percent, out)
		}
		if n := ask[int](tb, `[...document.querySelectorAll("[role=region]")].filter(e => e.scrollWidth > e.clientWidth).length`); n > 0 && at == everyday {
			tb.find("width", "%d px are not enough for %d tables", at.width, n)
		}
		tb.checkIdentifiers(at)
		for _, out := range w.Turned {
			tb.find("width", "%d px, text at %d %%, written the other way: %s", at.width, at.percent, out)
		}
	}
	tb.text(100)
}

// wideJS says how a page is wider than it may be, as it is and if it were written
// in the other direction, and what sticks out of it.
const wideJS = `(() => {
	const root = document.documentElement, dir = root.getAttribute("dir"), width = %d
	const name = e => "<" + e.localName + (e.className ? " class=" + (e.className.baseVal ?? e.className) : "") + ">"
	const scrolls = e => { for (let p = e.parentElement; p && p != document.body; p = p.parentElement) if (getComputedStyle(p).overflowX != "visible") return true }
	const wide = () => {
		const got = document.scrollingElement.scrollWidth, box = root.getBoundingClientRect(), out = {}, sticks = new Set()
		if (got <= width) return []
		for (const e of document.body.querySelectorAll("*")) {
			const r = e.getBoundingClientRect(), by = Math.round(Math.max(r.right - box.right, box.left - r.left))
			if (!r.width || by <= 0 || scrolls(e)) continue
			sticks.add(e)
			if (!sticks.has(e.parentElement)) out[name(e)] ??= name(e) + " " + e.textContent.trim().slice(0, 40) + " sticks out by " + by + " px"
		}
		return Object.keys(out).length ? Object.values(out).slice(0, 6) : ["the page is " + got + " px wide"]
	}
	const answer = {Size: getComputedStyle(root).fontSize, Own: wide()}
	root.dir = getComputedStyle(root).direction == "rtl" ? "ltr" : "rtl"
	answer.Turned = wide()
	if (dir === null) root.removeAttribute("dir"); else root.dir = dir
	return answer
})()`

// checkStorage checks that the page keeps nothing with its reader.
func (tb *tab) checkStorage() {
	tb.t.Helper()
	for _, c := range call(tb, network.GetCookies, network.GetCookiesParams{}).Cookies {
		tb.find("cookie", "%s", c.Name)
	}
	if n := ask[int](tb, `localStorage.length + sessionStorage.length`); n > 0 {
		tb.find("storage", "%d values are kept", n)
	}
}

// stopsJS lists where the Tab key has to stop, in the order of the document.
const stopsJS = `(() => {
	const groups = new Set()
	window.stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(e => {
		if (e.tabIndex < 0 || e.disabled || e.type == "hidden" || !e.checkVisibility({visibilityProperty: true})) return false
		if (e.type != "radio") return true
		const group = [...e.form.elements[e.name]], first = group.find(r => r.checked) ?? group[0]
		return e == first
	})
	window.stopName = e => e ? "<" + e.localName + (e.id ? " id=" + e.id : "") + "> " + (e.textContent.trim() || e.name || "").slice(0, 40) : "nothing"
	document.activeElement?.blur()
	window.scrollTo(0, 0)
	return stops.length
})()`

// stopJS says where the Tab key has stopped.
const stopJS = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect()
	return {
		At: stops.indexOf(e), Name: stopName(e), Outline: s.outlineStyle + " " + s.outlineWidth + " " + s.outlineColor,
		Visible: e.matches(":focus-visible") && (s.outlineStyle == "auto" || s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 2),
		InView: r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth,
	}
})()`

type stop struct {
	At              int
	Name, Outline   string
	Visible, InView bool
}

// checkKeyboard checks that the Tab key leads to every link and control, in the
// order of the document, and that one sees where one is.
func (tb *tab) checkKeyboard() {
	tb.t.Helper()
	n := ask[int](tb, stopsJS)
	if positive := ask[int](tb, `stops.filter(e => e.tabIndex > 0).length`); positive > 0 {
		tb.find("keyboard", "%d elements jump the queue", positive)
	}
	next := 0
	for range 6*n + 6 { // a date has several stops within it
		if next == n {
			return
		}
		tb.do(chromedp.KeyEvent(kb.Tab))
		at := ask[stop](tb, stopJS)
		switch {
		case at.At == next:
			next++
			if !at.Visible {
				tb.find("focus", "%s has focus and does not show it (outline %s)", at.Name, at.Outline)
			}
			if !at.InView {
				tb.find("focus", "%s has focus and cannot be seen", at.Name)
			}
		case next == 0 || at.At != next-1:
			tb.find("keyboard", "after %d of %d stops Tab leads to %s, and not to %s", next, n, at.Name, ask[string](tb, fmt.Sprintf("stopName(stops[%d])", next)))
			return
		}
	}
	tb.find("keyboard", "Tab reaches %d of %d links and controls", next, n)
}

// everyRule asks axe-core for what WCAG 2.2 asks for at level AA. The rule about
// the size of targets is new in 2.2, and off unless it is asked for.
// contrastRules are those that depend on colours.
const (
	everyRule     = `runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, rules: {"target-size": {enabled: true}}`
	contrastRules = `runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

// checkAxe has axe-core judge a part of the page as it is shown.
func (tb *tab) checkAxe(how, part, rules string) {
	tb.t.Helper()
	for _, v := range ask[[]struct{ Rule, Help, Element, HTML, Why string }](tb, `axe.run(`+part+`, {`+rules+`, resultTypes: ["violations"], preload: false}).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => ({
			Rule: v.id, Help: v.help, Element: n.target.join(" "), HTML: n.html.slice(0, 120), Why: [...n.any, ...n.all, ...n.none].map(c => c.message).join("; "),
		}))))`) {
		tb.find("axe "+how, "%s: %s: %s %s: %s", v.Rule, v.Help, v.Element, v.HTML, v.Why)
	}
}
