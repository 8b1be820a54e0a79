package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// testPerson does what somebody does who heard of labels: looks for a camera,
// asks whether its label was valid when it was bought, reports a copy of it, and
// compares two products. It uses the keyboard and the pointer only, on a desktop,
// and on a phone that runs no scripts.
func testPerson(t *testing.T, b *chromium) {
	for _, how := range []struct {
		name   string
		size   chromedp.Action[chromedp.Void]
		script bool
	}{{"desktop", desktop(), true}, {"phone without script", phone(360), false}} {
		t.Run(how.name, func(t *testing.T) {
			w := newWorld(t)
			camera, _ := w.camera(), w.plug()
			w.Clock.Set(labeltest.Start.AddDate(0, 0, 3))
			w.change(labeltest.Operator, camera, label.Suspend, "complaint", nil)
			w.Clock.Set(labeltest.Start.AddDate(0, 0, 5))
			w.catchUp()
			tb := b.open(t)
			tb.begin(t, serve(t, w.h))
			tb.do(how.size)
			call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !how.script})

			// Home, and to the first result.
			tb.sees(tb.load(chromedp.Navigate(tb.server+"/")), "Is this product", "Look it up")
			tb.do(chromedp.Click(chromedp.CSS("#q")), chromedp.KeyEvent("porch camera"))
			tb.sees(tb.load(chromedp.KeyEvent(kb.Enter)), "1 label.", "Suspended")
			tb.sees(tb.load(chromedp.Click(chromedp.CSS(".results h2 a"))), "SUSPENDED label", "Northlight Porch Camera 2", camera.Label.ID.Pretty())

			// The day of the purchase, in the browser's order: month, day, year.
			tb.do(chromedp.Focus(chromedp.CSS("#at")), chromedp.KeyEvent("11032026"))
			tb.sees(tb.load(chromedp.KeyEvent(kb.Enter)), "As of 3 November 2026", "It was valid")
			tb.sees(tb.load(chromedp.Click(chromedp.CSS(".state a.go"))), "SUSPENDED label")

			// A report that the browser sends only when it is whole.
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("a.go[href^='/report']"))), "Report a problem")
			if got := ask[string](tb, `document.querySelector("#label").value`); got != string(camera.Label.ID) {
				t.Errorf("the form is about %q", got)
			}
			tb.do(chromedp.Click(chromedp.CSS("form.report button")))
			if !ask[bool](tb, `document.querySelector("#kind-copied").matches(":invalid") && document.querySelector("#text").matches(":invalid")`) {
				t.Error("an empty form counts as filled in")
			}
			tb.do(chromedp.Click(chromedp.CSS("label[for=kind-copied]")),
				chromedp.Click(chromedp.CSS("#text")), chromedp.KeyEvent("It is on a lamp."),
				chromedp.Click(chromedp.CSS("#where")), chromedp.KeyEvent("Market hall"))
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("form.report button"))), "Thank you", camera.Label.ID.Pretty())
			list, _, err := w.Authority.Complaints(w.Caller(labeltest.Operator), "", authority.Page{})
			if err != nil || len(list) != 1 || list[0].Label != camera.Label.ID || list[0].Kind != authority.Copied || list[0].Text != "It is on a lamp." || list[0].Where != "Market hall" {
				t.Errorf("the operator reads %+v (%v)", list, err)
			}
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("main a[href^='/l/']"))), "SUSPENDED label")

			// Two products of the manufacturer side by side.
			tb.do(chromedp.Click(chromedp.CSS("section[aria-labelledby=basis] summary")))
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("dd a[href^='/m/']"))), "2 labels.")
			for _, c := range []string{".results li:nth-child(1) input", ".results li:nth-child(2) input"} {
				tb.do(chromedp.Click(chromedp.CSS(c)))
			}
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("form.list button"))), "Labels side by side", "Plug Mini", "Porch Camera 2")
			if n := ask[int](tb, `document.querySelectorAll("th[scope=col]").length`); n != 2 {
				t.Errorf("%d labels are compared", n)
			}
			tb.sees(tb.load(chromedp.Click(chromedp.CSS("header a"))), "Is this product")
			report(t, languages[0], tb.take())
		})
	}
}

// sees checks that the page came as it should and says what it should.
func (tb *tab) sees(status int, says ...string) {
	tb.t.Helper()
	if status != http.StatusOK {
		tb.t.Fatalf("the page is answered with %d", status)
	}
	text := ask[string](tb, "document.body.innerText")
	for _, s := range says {
		if !strings.Contains(text, s) {
			tb.t.Fatalf("the page does not say %q:\n%s", s, text)
		}
	}
}

// testArtwork opens the artwork of a label in every format, and keeps pictures
// of it.
func testArtwork(t *testing.T, b *chromium) {
	w := newWorld(t)
	path := "/l/" + string(w.camera().Label.ID) + "/art/"
	tb := b.open(t)
	tb.begin(t, serve(t, w.h))
	tb.do(desktop())
	for _, format := range artFormats {
		if status := tb.load(chromedp.Navigate(tb.server + path + format + ".svg")); status != http.StatusOK {
			t.Fatalf("%s: %d", format, status)
		}
		size := ask[struct{ W, H, Scripts int }](tb, `(r => ({W: Math.ceil(r.width), H: Math.ceil(r.height), Scripts: document.querySelectorAll("script, foreignObject, image, a").length}))(document.documentElement.getBoundingClientRect())`)
		if size.W < 50 || size.H < 50 || size.Scripts > 0 {
			t.Errorf("%s: the drawing is %+v", format, size)
		}
		b.picture(tb, "art", format, "svg")
		for _, as := range []string{"png", "pdf"} {
			rec := get(w.h, path+format+"."+as)
			if rec.Code != http.StatusOK {
				t.Fatalf("%s as %s: %d", format, as, rec.Code)
			}
			b.keep(t, rec.Body.Bytes(), "art-"+format+"."+as)
		}
	}
	report(t, languages[0], tb.take())
}

var artFormats = []string{"portrait", "landscape", "small"}

// badPage has everything that TestBrowser is to find.
const badPage = `<!doctype html><html lang="xx"><head><title> </title><meta name="viewport" content="width=device-width, user-scalable=no">
<style>a { outline: none !important } p { width: 60rem; color: #999; background: #fff } button { display: block; width: 9px; height: 9px; padding: 0; border: 0 } i { position: absolute }</style></head>
<body onload="console.error('loaded'); localStorage.setItem('a', 'b')">
<p class="state">Pale <a href="/x" tabindex="2">One</a> <a href="/y">Two</a> </p><div><button></button><button></button></div><div style="width:9rem">It is K7QM-4T2X-9PWH</div>
<script>document.body.append("Only with script"); alert(1)</script><iframe></iframe><i>Above all</i>
<img src="//127.0.0.2:1/x"></body></html>`

// testBadPage sees that what is wrong is found.
func testBadPage(t *testing.T, b *chromium) {
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", htmlType)
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte(badPage))
	}))
	found := b.look(t, b.open(t), &visit{name: "bad page", label: true}, languages[0], server, "/")
	rules := map[string]string{}
	for _, f := range found {
		rules[f.rule] += f.detail + "\n"
	}
	for _, want := range []string{
		"script", "event handler", "foreign body", "hidden text shows", "script ran", "cookie", "storage", "request elsewhere", "console", "status", "language", "viewport", "empty",
		"paper", "width", "identifier", "keyboard", "focus", "without script", "axe light", "axe dark", "axe paper",
	} {
		if rules[want] == "" && (b.axe != "" || !strings.HasPrefix(want, "axe")) {
			t.Errorf("%s: nothing was found", want)
		}
	}
	for _, want := range []string{"color-contrast", "button-name", "target-size", "image-alt", "meta-viewport"} {
		if b.axe != "" && !strings.Contains(rules["axe light"], want) {
			t.Errorf("axe-core does not find %s", want)
		}
	}
}
