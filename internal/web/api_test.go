package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/web"
)

func post(h http.Handler, target, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestLookUp(t *testing.T) {
	w := newWorld(t)
	c := theContract()
	p := w.camera()
	if err := w.register(w.Example("plug").Device); err != nil {
		t.Fatal(err)
	}
	plug := string(w.Example("plug").Device.GTINs[0])
	read := func(target string) (a web.Answer) {
		t.Helper()
		r := get(w.h, target)
		if r.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, r.Code, r.Body)
		}
		c.holds(t, "Answer", r.Body.Bytes())
		if err := json.Unmarshal(r.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := read("/api/products/" + camera[1:]); a.Result != "labelled" || a.Label.ID != p.Label.ID || a.GTIN != camera || a.Product.Model != "NL-C210" {
		t.Errorf("the camera: %+v", a)
	}
	if a := read("/api/products/" + plug); a.Result != "never-labelled" || a.Label != nil {
		t.Errorf("the plug: %+v", a)
	}
	if a := read("/api/products/09522104009990"); a.Result != "unknown-product" {
		t.Errorf("a product nobody knows: %+v", a)
	}
	w.pass(24 * time.Hour)
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	if a := read("/api/products/" + camera); a.Result != "other-state" || a.Label.State != label.Suspended {
		t.Errorf("suspended: %+v", a)
	}
	if a := read("/api/products/" + camera + "?at=2026-11-02"); a.Result != "labelled" {
		t.Errorf("the day before: %+v", a)
	}
	for target, code := range map[string]int{
		"/api/products/1": http.StatusBadRequest,
		"/api/products/" + camera + "?at=2999-01-01": http.StatusBadRequest,
		"/api/products/" + camera + "?at=yesterday":  http.StatusBadRequest,
		"/api/products": http.StatusBadRequest,
		"/api/products?manufacturer=nobody&model=x": http.StatusNotFound,
		"/api/nothing":                                 http.StatusNotFound,
		"/api/products/lookup":                         http.StatusMethodNotAllowed,
		"/api/products/../changes":                     http.StatusBadRequest,
		"/api/changes?after=x":                         http.StatusBadRequest,
		"/api/changes?after=-5":                        http.StatusBadRequest,
		"/api/changes?after=99":                        http.StatusGone,
		"/api/changes?limit=501":                       http.StatusBadRequest,
		"/api/changes?after=99999999999999999999999":   http.StatusBadRequest,
		"/api/products?manufacturer=a&model=b&model=c": http.StatusBadRequest,
	} {
		r := get(w.h, target)
		if r.Code != code {
			t.Errorf("%s: %d, want %d", target, r.Code, code)
		}
		c.holds(t, "Error", r.Body.Bytes())
	}
	r := get(w.h, "/api/products?manufacturer="+labeltest.Maker+"&model=NL-C210")
	c.holds(t, "Answers", r.Body.Bytes())
	if !strings.Contains(r.Body.String(), string(p.Label.ID)) {
		t.Errorf("by model: %s", r.Body)
	}
	c.holds(t, "Label", get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes())
}

func TestBulk(t *testing.T) {
	w := newWorld(t)
	c := theContract()
	p := w.camera()
	r := post(w.h, "/api/products/lookup", "application/json; charset=utf-8", `{"gtins":["`+camera+`","`+camera[1:]+`","09522104009990","12345670","nonsense"]}`)
	if r.Code != http.StatusOK {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	c.holds(t, "Answers", r.Body.Bytes())
	var answers struct{ Products []web.Answer }
	if err := json.Unmarshal(r.Body.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	var results []string
	for _, a := range answers.Products {
		results = append(results, a.GTIN+" "+a.Result)
	}
	want := []string{camera + " labelled", camera[1:] + " labelled", "09522104009990 unknown-product", "12345670 unknown-product", "nonsense malformed"}
	if !slices.Equal(results, want) || answers.Products[0].Label.ID != p.Label.ID {
		t.Errorf("the answers are %q, want %q", results, want)
	}
	many := func(n int) string { return `{"gtins":["` + strings.Repeat(camera+`","`, n-1) + camera + `"]}` }
	for name, q := range map[string]struct {
		typ, body string
		code      int
	}{
		"as many as can be": {"application/json", many(1000), http.StatusOK},
		"one too many":      {"application/json", many(1001), http.StatusRequestEntityTooLarge},
		"far too many":      {"application/json", many(9000), http.StatusRequestEntityTooLarge},
		"none":              {"application/json", `{"gtins":[]}`, http.StatusBadRequest},
		"a form":            {"application/x-www-form-urlencoded", "gtins=1", http.StatusBadRequest},
		"not JSON":          {"application/json", "gtins", http.StatusBadRequest},
		"unknown member":    {"application/json", `{"gtin":"1"}`, http.StatusBadRequest},
		"member twice":      {"application/json", `{"gtins":["1"],"gtins":["2"]}`, http.StatusBadRequest},
	} {
		r := post(w.h, "/api/products/lookup", q.typ, q.body)
		if r.Code != q.code {
			t.Errorf("%s: %d %.200s, want %d", name, r.Code, r.Body, q.code)
		}
	}
}

// TestChanges keeps in step with labels by the feed: every change once, in
// order, also after an interruption.
func TestChanges(t *testing.T) {
	w := newWorld(t)
	c := theContract()
	p := w.camera()
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	w.plug()
	w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	var seen []string
	next := ""
	for range 20 {
		r := get(w.h, "/api/changes?limit=2&after="+next)
		c.holds(t, "Changes", r.Body.Bytes())
		var page struct {
			Changes []web.Change
			Next    string
			More    bool
		}
		if err := json.Unmarshal(r.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, ch := range page.Changes {
			seen = append(seen, ch.Change+" "+string(ch.Label.ID))
		}
		if next = page.Next; !page.More {
			break
		}
	}
	if len(seen) != 4 || seen[0] != "issued "+string(p.Label.ID) || seen[1] != "suspend "+string(p.Label.ID) || seen[3] != "reinstate "+string(p.Label.ID) {
		t.Errorf("the changes are %q", seen)
	}
	r := get(w.h, "/api/changes?after="+next)
	if !strings.Contains(r.Body.String(), `"changes":[]`) || !strings.Contains(r.Body.String(), `"next":"`+next+`"`) {
		t.Errorf("after the last: %s", r.Body)
	}
	w.change(labeltest.Operator, p, label.Review, "complaint", nil)
	if r := get(w.h, "/api/changes?after="+next); strings.Count(r.Body.String(), `"change":`) != 1 {
		t.Errorf("after one more: %s", r.Body)
	}
	if r := get(w.h, "/api/changes.atom"); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "Review begun: Northlight Porch Camera 2") {
		t.Errorf("as a feed: %d %s", r.Code, r.Body)
	}
	// A number that is another manufacturer's from now on leads nowhere it led.
	w.Report(label.Event{Kind: label.GTINEvent, GTIN: camera, Manufacturer: labeltest.ToyMaker, Reason: "misuse"})
	r = get(w.h, "/api/changes?limit=500")
	c.holds(t, "Changes", r.Body.Bytes())
	if !strings.Contains(r.Body.String(), `"change":"gtin"`) || !strings.Contains(r.Body.String(), `"gtins":["`+camera+`"]`) {
		t.Errorf("after a GTIN was moved: %s", r.Body)
	}
	if r := get(w.h, "/api/changes.atom"); !strings.Contains(r.Body.String(), "GTIN "+camera+" belongs to another manufacturer") {
		t.Errorf("as a feed, after a GTIN was moved: %s", r.Body)
	}
	// Who asks for it is told of the label that had it, wherever they ask.
	for path, want := range map[string][]string{
		"/01/" + camera:           {"This number belongs to another manufacturer now", "no product that has it now has a label", "/l/" + string(p.Label.ID), "Porch Camera"},
		"/api/products/" + camera: {`"result":"moved"`, `"taken":[{"gtin":"` + camera, `"id":"` + string(p.Label.ID)},
	} {
		body := get(w.h, path).Body.String()
		for _, says := range want {
			if !strings.Contains(body, says) {
				t.Errorf("%s does not say %q: %s", path, says, body)
			}
		}
	}
	// The label that had the number vouches for it no more.
	path := "/l/" + string(p.Label.ID)
	wants(t, "held against the number that was moved, the page", words(get(w.h, path+"?gtin="+camera).Body.String()),
		[]string{"NUMBER MOVED", "was moved from this product to another manufacturer", "you may well hold this product", "Is this the product you hold?"}, []string{"ANOTHER PRODUCT", "may be copied. It"})
	wants(t, "held against a number that it never had, the page", words(get(w.h, path+"?gtin=9522104000355").Body.String()), []string{"ANOTHER PRODUCT"}, []string{"NUMBER MOVED"})
	if r := get(w.h, path); strings.Count(r.Body.String(), strings.TrimLeft(camera, "0")) != 1 {
		t.Error("the page has the number elsewhere than where it says whose it is")
	}
	if r := get(w.h, path); !strings.Contains(words(r.Body.String()), "The barcode number 9522104000171, with which the product was registered, belongs to another manufacturer now") {
		t.Error("the page does not say that the label has lost its number")
	}
	r = get(w.h, path+".json?gtin="+camera)
	c.holds(t, "Label", r.Body.Bytes())
	if body := r.Body.String(); !strings.Contains(body, `"held":{"gtin":"`+camera+`","same":false,"moved":true}`) || !strings.Contains(body, `"movedGtins":["`+camera+`"]`) || !strings.Contains(body, `"gtins":["09522104000249"]`) {
		t.Errorf("held against the number that was moved, as JSON: %s", body)
	}
	if r := get(w.h, path+".json?gtin=9522104000249"); !strings.Contains(r.Body.String(), `"held":{"gtin":"09522104000249","same":true}`) {
		t.Errorf("held against its own number, as JSON: %s", r.Body)
	}
	if r := get(w.h, path+".json?gtin=1"); r.Code != http.StatusBadRequest {
		t.Errorf("held against what is no number, as JSON: %d", r.Code)
	}
	if r := get(w.h, path+"/qr.svg?gtin="+camera); r.Code != http.StatusNotFound {
		t.Errorf("a code with the number: %d", r.Code)
	}
	// One that has lost them all has none, and says so.
	w.Report(label.Event{Kind: label.GTINEvent, GTIN: "09522104000249", Manufacturer: labeltest.ToyMaker, Reason: "misuse"})
	r = get(w.h, path+".json")
	c.holds(t, "Label", r.Body.Bytes())
	if body := r.Body.String(); strings.Contains(body, `"gtins"`) || !strings.Contains(body, `"movedGtins":["`+camera+`","09522104000249"]`) {
		t.Errorf("without a number, as JSON: %s", body)
	}
	if body := words(get(w.h, path).Body.String()); strings.Count(body, "belongs to another manufacturer now") != 2 || !strings.Contains(body, "The barcode number 9522104000249, with which") {
		t.Error("the page of a label without a number does not name those that it had")
	}
	if body := get(w.h, path).Body.String(); !strings.Contains(body, `name="gtin"`) {
		t.Error("the page of a label without a number cannot be held against a barcode")
	}
}

// TestCursors goes on after cursors of logs that are not this one, or not any more,
// as a shop does whose authority restored its database from a backup.
func TestCursors(t *testing.T) {
	w := newWorld(t)
	read := func(query string) (next string, cursors []string) {
		t.Helper()
		r := get(w.h, "/api/changes"+query)
		var page struct {
			Changes []web.Change
			Next    string
		}
		if err := json.Unmarshal(r.Body.Bytes(), &page); err != nil || r.Code != http.StatusOK {
			t.Fatalf("%s: %d %s (%v)", query, r.Code, r.Body, err)
		}
		for _, c := range page.Changes {
			cursors = append(cursors, c.Cursor)
		}
		return page.Next, cursors
	}
	gone := func(cursor string) {
		t.Helper()
		r := get(w.h, "/api/changes?after="+cursor, "Accept", browser)
		if r.Code != http.StatusGone || r.Header().Get("Link") != "<"+base+`/api/changes>; rel="first"` || r.Header().Get("Cache-Control") != "no-store" ||
			!strings.Contains(r.Body.String(), `{"error":{"reason":"CURSOR_GONE","field":"after",`) || !strings.Contains(r.Body.String(), `"begin":"`+base+`/api/changes"`) {
			t.Errorf("after %s: %d %v %s", cursor, r.Code, r.Header(), r.Body)
		}
	}
	p := w.camera()
	before, _ := read("")
	if want := regexp.MustCompile(`^3-[0-9a-f]{16}$`); !want.MatchString(before) {
		t.Errorf("the cursor is %q", before)
	}
	backup := must[[]byte](t)(os.ReadFile(store.Path(w.Dir)))
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	last, lost := read("?after=" + before)
	if len(lost) != 2 || lost[1] != last {
		t.Fatalf("the changes have the cursors %q, the last is %q", lost, last)
	}
	if next, list := read("?after=" + lost[0]); next != last || len(list) != 1 || list[0] != last {
		t.Errorf("after the first of two: %q, %q", list, next)
	}
	feed := get(w.h, "/api/changes.atom").Body.String()
	for _, c := range lost {
		if !strings.Contains(feed, "<id>"+base+"/api/changes/"+c+"</id>") {
			t.Errorf("the feed has no entry %s:\n%s", c, feed)
		}
	}

	// The database is restored from the backup: what came after is beyond the head.
	restored := store.Path(w.Dir) + ".new"
	if err := os.WriteFile(restored, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(restored, store.Path(w.Dir)); err != nil {
		t.Fatal(err)
	}
	w.Restart()
	w.h = w.handler(w.Authority)
	gone(lost[0])
	gone(last)
	if next, list := read("?after=" + before); next != before || len(list) != 0 {
		t.Errorf("after what is still so: %q, %q", list, next)
	}
	// And goes on differently, to where the cursors were and beyond.
	for range 2 {
		w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
		w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	}
	gone(lost[0])
	gone(last)
	if _, list := read("?after=" + before); len(list) != 4 || slices.Contains(list, lost[0]) || slices.Contains(list, last) {
		t.Errorf("after what is still so: %q", list)
	}
	for _, c := range lost {
		if strings.Contains(get(w.h, "/api/changes.atom").Body.String(), c) {
			t.Errorf("the feed gives another change the ID of the entry %s", c)
		}
	}

	other := newWorld(t)
	other.plug()
	w.h = other.h
	gone(before)
	for _, c := range []string{"0", "1", "2", "4096", "0-0000000000000000", "9223372036854775807-0000000000000000"} {
		gone(c)
	}
	for _, c := range []string{"x", "-", "-1", "-1-0000000000000000", "2-", before + "0", "+" + before, "0" + before, "2-ABCDEF0000000000", "02", "%20" + before, "2-000000000000000g"} {
		if r := get(w.h, "/api/changes?after="+url.QueryEscape(c)); r.Code != http.StatusBadRequest {
			t.Errorf("after %s: %d %s", c, r.Code, r.Body)
		}
	}
}

// TestCursorOfNothing goes on from a log in which nothing was.
func TestCursorOfNothing(t *testing.T) {
	w := newWorld(t)
	empty := "0-e3b0c44298fc1c14"
	if r := get(w.h, "/api/changes?after="+empty); r.Code != http.StatusOK {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

// TestLimit has one client use its allowance up, and another not notice.
func TestLimit(t *testing.T) {
	w := newWorld(t)
	ask := func(client string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/api/products/"+camera, nil)
		r.RemoteAddr = client
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, r)
		return rec
	}
	var last *httptest.ResponseRecorder
	n := 0
	for ; n < 2000; n++ {
		if last = ask(fmt.Sprintf("[2001:db8::%x]:1", n)); last.Code != http.StatusOK { // one customer's network
			break
		}
	}
	if n < 300 || last.Code != http.StatusTooManyRequests {
		t.Fatalf("%d calls were answered, the next with %d", n, last.Code)
	}
	if s, err := strconv.Atoi(last.Header().Get("Retry-After")); err != nil || s < 1 || last.Header().Get("RateLimit-Policy") != `"api";q=300;w=60` || !strings.HasPrefix(last.Header().Get("RateLimit"), `"api";r=0;t=`) {
		t.Errorf("the headers are %v", last.Header())
	}
	if r := ask("192.0.2.1:1"); r.Code != http.StatusOK || !strings.HasPrefix(r.Header().Get("RateLimit"), `"api";r=299;`) {
		t.Errorf("another client: %d %v", r.Code, r.Header())
	}
	p := w.camera()
	for range 400 { // labels themselves are not counted
		if r := get(w.h, "/l/"+string(p.Label.ID)); r.Code != http.StatusOK {
			t.Fatal(r.Code)
		}
	}
}

func TestBadge(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	e.Device.Name = `"><script>alert(1)</script>`
	p := w.issue(e, 1)
	path := "/l/" + string(p.Label.ID)
	svg := get(w.h, path+"/badge.svg")
	checkAnswer(t, svg)
	if !strings.Contains(svg.Body.String(), "Level 1 of 4") || strings.Contains(svg.Body.String(), "<script") {
		t.Errorf("the badge is %s", svg.Body)
	}
	html := get(w.h, path+"/badge.html")
	if b, _ := io.ReadAll(html.Body); strings.Contains(string(b), "<script") || !strings.Contains(string(b), `<a href="`+p.Label.URL+`">`) || html.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("the snippet is %s", b)
	}
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	if svg := get(w.h, path+"/badge.svg").Body.String(); !strings.Contains(svg, "Not valid: suspended") {
		t.Errorf("the badge of a suspended label is %s", svg)
	}
}

func TestEveryPathOfTheContractIsServed(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.Picture(w.Example("camera"))
	for path, methods := range theContract().paths {
		target := strings.NewReplacer("{gtin}", camera, "{id}", string(p.Label.ID)).Replace(path)
		if path == "/api/products" {
			target += "?manufacturer=" + labeltest.Maker + "&model=NL-C210"
		}
		r := get(w.h, target)
		if _, ok := methods["post"]; ok {
			r = post(w.h, target, "application/json", `{"gtins":["`+camera+`"]}`)
		}
		if r.Code != http.StatusOK {
			t.Errorf("%s: %d", target, r.Code)
		}
	}
	if r := get(w.h, "/api"); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "/api/openapi.json") {
		t.Errorf("the page about it: %d", r.Code)
	}
}
