package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A chromium is one browser, in which tests open tabs.
type chromium struct {
	ctx context.Context
	axe string // source of axe-core; empty where it is missing
	dir string // for pictures
}

// flags are those under which a browser runs anywhere, asks nobody for anything,
// and does not rest in tabs that nobody looks at.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-extensions", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("disable-background-timer-throttling", true),
	chromedp.Flag("disable-backgrounding-occluded-windows", true),
	chromedp.Flag("disable-renderer-backgrounding", true),
	chromedp.Flag("force-color-profile", "srgb"),
	chromedp.Flag("lang", "en-US"),
}

// missing skips a test for want of something, or fails it where that has to be
// there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s; in CI it has to be there", what)
	}
	t.Skip(what)
}

// startChromium starts a browser that ends with the test.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	i := slices.IndexFunc(browsers, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 {
		missing(t, "there is no Chromium here; no page was opened in a browser")
	}
	path := must[string](t)(exec.LookPath(browsers[i]))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(slices.Clone(flags), chromedp.ExecPath(path))...)
	t.Cleanup(stop)
	// A browser that is newer than the description of its protocol says things
	// that are not in it, which is not worth a word.
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	b := &chromium{ctx: ctx, dir: os.Getenv("LABELD_SCREENSHOTS")}
	if b.dir == "" {
		b.dir = filepath.Join(os.TempDir(), "labeld-screenshots")
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.axe = findAxe(t)
	return b
}

var browsers = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// findAxe returns the source of axe-core: the file that LABELD_AXE names, or
// one where "npm install --global axe-core" puts it.
func findAxe(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("LABELD_AXE"); path != "" {
		return string(must[[]byte](t)(os.ReadFile(path)))
	}
	for _, dir := range []string{"/usr/local/lib", "/usr/lib"} {
		if b, err := os.ReadFile(dir + "/node_modules/axe-core/axe.min.js"); err == nil {
			return string(b)
		}
	}
	return ""
}

// A finding is something wrong with a page.
type finding struct {
	rule   string
	detail string
}

// A tab is a page that is looked at.
type tab struct {
	open context.Context // until the tab is closed

	// Of the visit.
	t   testing.TB
	ctx context.Context

	mu      sync.Mutex // the browser tells of what happens at any time
	server  string     // where all has to come from
	refused string     // the address of the page itself, where an error is in order
	found   []finding
}

// visitTime bounds how long a tab is used for one visit, so that a browser that
// hangs is noticed.
const visitTime = time.Minute

// open opens an empty tab that has nothing in common with others.
func (b *chromium) open(t testing.TB) *tab {
	t.Helper()
	tb := &tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(tb.hear))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	tb.open = ctx
	return tb
}

// begin begins a visit to pages that come from a server: with all that can be
// set of a tab as it is with most people.
func (tb *tab) begin(t testing.TB, server string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.open, visitTime)
	t.Cleanup(cancel)
	tb.mu.Lock()
	tb.t, tb.ctx, tb.server, tb.refused, tb.found = t, ctx, server, "", nil
	tb.mu.Unlock()
	call(tb, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	tb.text(100)
	tb.media("screen", "light")
	tb.do(phone(360))
}

// serve serves a handler to browsers. Each request comes from an address of its
// own, as from many people.
func serve(t testing.TB, h http.Handler) string {
	var client atomic.Uint32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := client.Add(1)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", n>>16&0xff, n>>8&0xff, n&0xff)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// find notes something wrong.
func (tb *tab) find(rule, format string, args ...any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.note(rule, format, args...)
}

func (tb *tab) note(rule, format string, args ...any) {
	tb.found = append(tb.found, finding{rule, fmt.Sprintf(format, args...)})
}

// hear notes what the browser tells that no page of ours may give it reason to.
// It runs between the browser's messages, and must not ask the browser anything.
func (tb *tab) hear(ev any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		// The browser's own controls have images in data: addresses. Those of a
		// page would be against its policy, and noted as such.
		if url := ev.Request.URL; !strings.HasPrefix(url, tb.server+"/") && !tb.past(url) && !strings.HasPrefix(url, "data:") && url != "about:blank" {
			tb.note("request elsewhere", "%s %s", ev.Type, url)
		}
	case *network.EventResponseReceivedExtraInfo:
		for name := range ev.Headers {
			if strings.EqualFold(name, "Set-Cookie") {
				tb.note("cookie", "%s: %v", name, ev.Headers[name])
			}
		}
	case *page.EventJavascriptDialogOpening:
		tb.note("script ran", "it opened a dialog: %s", ev.Message)
		go chromedp.Call(tb.open, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
	case *runtime.EventExceptionThrown:
		tb.note("script ran", "%s", ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		tb.note("script ran", "it wrote to the console: %s", ev.Type)
	case *log.EventEntryAdded:
		expected := ev.Entry.Source == log.EntrySourceNetwork && ev.Entry.URL == tb.refused
		if !expected && !tb.past(ev.Entry.URL) && ev.Entry.Level != log.EntryLevelVerbose {
			tb.note("console", "%s: %s (%s)", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		}
	}
}

// past reports whether an address is that of an earlier visit, of which
// something may still be under way.
func (tb *tab) past(url string) bool {
	return strings.HasPrefix(url, "http://127.0.0.1:") && !strings.HasPrefix(url, tb.server+"/")
}

// take returns what was found so far, and forgets it.
func (tb *tab) take() []finding {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	list := tb.found
	tb.found = nil
	return list
}

// do has the browser do something, or ends the test.
func (tb *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	if err := chromedp.Do(tb.ctx, actions...); err != nil {
		tb.t.Fatal(err)
	}
}

// load does what makes a page load, and returns the status of the answer.
func (tb *tab) load(actions ...chromedp.Action[chromedp.Void]) int {
	tb.t.Helper()
	r, err := chromedp.RunResponse(tb.ctx, actions...)
	if err != nil {
		tb.t.Fatal(err)
	}
	return int(r.Status)
}

// call calls the browser, or ends the test.
func call[P, R any](tb *tab, cmd cdp.Command[P, R], params P) R {
	tb.t.Helper()
	r, err := chromedp.Call(tb.ctx, cmd, params)
	if err != nil {
		tb.t.Fatal(err)
	}
	return r
}

// ask evaluates an expression in the page, as its own scripts could, whatever
// its policy says of them.
func ask[T any](tb *tab, expression string) T {
	tb.t.Helper()
	v, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.t.Fatal(err)
	}
	return v
}

// quote writes a value as it stands in a script.
func quote(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// phone, desktop and paper are how wide a page is seen.
func phone(width int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, 740, chromedp.EmulatePortrait, chromedp.EmulateMobile, chromedp.EmulateTouch)
}

func paper() chromedp.Action[chromedp.Void] { return chromedp.EmulateViewport(794, 1123) } // A4

func desktop() chromedp.Action[chromedp.Void] { return chromedp.EmulateViewport(1280, 900) }

// media sets what the page is shown on: "screen" or "print", in a "light" or
// "dark" scheme.
func (tb *tab) media(on, scheme string) {
	tb.t.Helper()
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: on, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// text sets the size of text that the reader has chosen, in percent.
func (tb *tab) text(percent int64) {
	tb.t.Helper()
	call(tb, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 16 * percent / 100, Fixed: 13 * percent / 100}})
}

// picture keeps a picture of the whole page.
func (b *chromium) picture(tb *tab, name ...string) {
	tb.t.Helper()
	ask[float64](tb, "document.documentElement.getBoundingClientRect().height") // of what it is now
	yes := true
	img := call(tb, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes})
	b.keep(tb.t, img.Data, strings.Join(name, "-")+".png")
}

// keep keeps a file beside the pictures.
func (b *chromium) keep(t testing.TB, content []byte, name string) {
	t.Helper()
	name = strings.NewReplacer(", ", "-", " ", "-").Replace(strings.ToLower(name))
	if len(content) < 500 {
		t.Errorf("%s has %d bytes", name, len(content))
	}
	if err := os.WriteFile(filepath.Join(b.dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}
