package web_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// Every page speaks the language that is asked for, all of it, and its links
// keep one that was chosen.
func TestLanguages(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.change(labeltest.Operator, p, label.Review, "complaint", nil)
	id := string(p.Label.ID)
	pages := []string{"/", "/l/" + id, "/?sort=newest", "/?q=nothing+at+all", "/m/" + labeltest.Maker, "/m/" + labeltest.Maker + "/NL-C210",
		"/compare?id=" + id, "/report", "/l/" + id + "?at=2026-11-01", "/l/" + id + "?gtin=96385074", "/l/K7QM4T2X9PWX", "/l/x", "/nowhere"}
	english := map[string]string{}
	for _, target := range pages {
		english[target] = words(get(w.h, target).Body.String())
	}
	for _, l := range labeltest.Words(t).Languages() {
		dir := "ltr"
		if l.RightToLeft {
			dir = "rtl"
		}
		for _, target := range pages {
			byHeader := get(w.h, target, "Accept-Language", l.Tag+";q=0.9, en;q=0.1")
			checkAnswer(t, byHeader)
			page := byHeader.Body.String()
			if !strings.Contains(page, `<html lang="`+l.Tag+`" dir="`+dir+`">`) || byHeader.Header().Get("Content-Language") != l.Tag || !strings.Contains(byHeader.Header().Get("Vary"), "Accept-Language") {
				t.Errorf("%s in %s: %v", target, l.Tag, byHeader.Header())
			}
			if title := l.Text("site.title"); !strings.Contains(words(page), title) {
				t.Errorf("%s in %s lacks %q", target, l.Tag, title)
			}
			if (words(page) == english[target]) != (l.Tag == "en") {
				t.Errorf("%s in %s is like the English page", target, l.Tag)
			}
			join := "?"
			if strings.Contains(target, "?") {
				join = "&"
			}
			chosen := get(w.h, target+join+"lang="+l.Tag, "Accept-Language", "es")
			if chosen.Code != byHeader.Code || !strings.Contains(chosen.Body.String(), `<html lang="`+l.Tag+`"`) {
				t.Errorf("%s chosen in %s: %d", target, l.Tag, chosen.Code)
			}
			checkKeepsLanguage(t, target, l.Tag, chosen.Body.String())
		}
	}
}

// isolated is what no text around it can turn round, and paths are what has to be.
var (
	isolated = regexp.MustCompile(`(?s)<style>.*?</style>|<script.*?</script>|<pre dir="ltr">.*?</pre>|<bdi[^>]*>[^<]*</bdi>|<(?:span|code)[^>]* dir="ltr"[^>]*>[^<]*</(?:span|code)>`)
	paths    = regexp.MustCompile(`/[a-z0-9]+|[a-z0-9]+/`)
)

// TestPathsAreIsolated looks for paths that stand bare on a page that is read from right to
// left: the slash at their end would be shown at their beginning.
func TestPathsAreIsolated(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	w.catchUp()
	for _, target := range []string{"/", "/l/" + id, "/?q=northlight", "/m/" + labeltest.Maker + "/NL-C210", "/compare?id=" + id, "/report", "/l/K7QM4T2X9PWX"} {
		page := isolated.ReplaceAllString(get(w.h, in("ar", target)).Body.String(), "")
		if found := paths.FindAllString(tag.ReplaceAllString(page, " "), -1); found != nil {
			t.Errorf("%s shows %q bare", target, found)
		}
	}
}

var anchor = regexp.MustCompile(`<a [^>]*href="(/[^"]*)"`)

// inOneLanguage are addresses that are not pages, or pages in English only.
var inOneLanguage = regexp.MustCompile(`^/(keys|log|feeds|api|advisory|\.well-known)\b|^/l/[^/]*(/|\.json)`)

func checkKeepsLanguage(t *testing.T, target, tag, page string) {
	t.Helper()
	_, rest, _ := strings.Cut(page, "<body>")
	if i := strings.LastIndex(rest, "<nav"); i >= 0 {
		rest = rest[:i]
	}
	for _, m := range anchor.FindAllStringSubmatch(rest, -1) {
		href := html.UnescapeString(m[1])
		if !inOneLanguage.MatchString(href) && !strings.Contains(href, "lang="+tag) {
			t.Errorf("%s: the link %s loses the language %s", target, href, tag)
		}
	}
}

func TestLanguageOfOddRequests(t *testing.T) {
	w := newWorld(t)
	path := "/l/" + string(w.camera().Label.ID)
	for name, tt := range map[string]struct{ target, accept, want string }{
		"nothing":          {path, "", "en"},
		"unknown language": {path + "?lang=sv", "fi", "fi"},
		"no language":      {path + "?lang=%ff%00", "", "en"},
		"empty":            {path + "?lang=", "ja", "ja"},
		"two":              {path + "?lang=de&lang=fr", "", "de"},
		"a region":         {path + "?lang=fr-CA", "", "fr"},
		"a long header":    {path, strings.Repeat("x-y;q=0.1,", 2000) + "de", "en"},
		"a broken header":  {path, "de;q=2,,;;=", "en"},
		"as a script":      {path + "?lang=%3Cscript%3E", "", "en"},
	} {
		rec := get(w.h, tt.target, "Accept-Language", tt.accept)
		if got := rec.Header().Get("Content-Language"); rec.Code != http.StatusOK || got != tt.want {
			t.Errorf("%s: %d in %q, want %q", name, rec.Code, got, tt.want)
		}
	}
	if a, b := get(w.h, path).Header().Get("Etag"), get(w.h, path, "Accept-Language", "de").Header().Get("Etag"); a == b {
		t.Error("two languages have one ETag")
	}
	if got := get(w.h, path+".json", "Accept-Language", "de"); got.Header().Get("Content-Language") != "" || strings.Contains(got.Header().Get("Vary"), "Language") {
		t.Errorf("JSON has a language: %v", got.Header())
	}
}

// A link to another language of an error page stays on this host.
func TestLanguageLinksStayHere(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"//evil.example/x", "/%2F%2Fevil.example", "/x?next=//evil.example", "/" + strings.Repeat("a", 4000)} {
		body := get(w.h, target).Body.String()
		for _, m := range regexp.MustCompile(`href="([^"]*lang=[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if href := html.UnescapeString(m[1]); !strings.HasPrefix(href, "/") || strings.HasPrefix(href, "//") || len(href) > 400 {
				t.Errorf("%.60s: a link to %.60s", target, href)
			}
		}
		if !strings.Contains(body, "lang=de") {
			t.Errorf("%.60s has no other languages", target)
		}
	}
}

// Somebody types the number under the barcode of what they hold.
func TestHeldProduct(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	path := "/l/" + string(p.Label.ID)
	for gtin, want := range map[string]string{
		"9522104000171":     "is of the product that this label is about",
		"0 9522104-000249":  "is of the product that this label is about",
		"96385074":          "is of another product",
		"0+9522104+000249+": "is of the product that this label is about",
	} {
		rec := get(w.h, path+"?gtin="+strings.ReplaceAll(gtin, " ", "%20"))
		checkAnswer(t, rec)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, want %q", gtin, rec.Code, want)
		}
		if other := strings.Contains(rec.Body.String(), "<title>ANOTHER PRODUCT: "); other != strings.Contains(want, "another") {
			t.Errorf("%s: the title says otherwise", gtin)
		}
	}
	// Of another product the label is no good news, and of one whose label does
	// not count neither is that it is the same.
	green := regexp.MustCompile(`class="(?:state|held) good"`)
	if n := len(green.FindAllString(get(w.h, path+"?gtin=96385074").Body.String(), -1)); n != 0 {
		t.Errorf("the page about another product is green %d times", n)
	}
	if n := len(green.FindAllString(get(w.h, path+"?gtin=9522104000171").Body.String(), -1)); n != 2 {
		t.Errorf("the page about the same product is green %d times", n)
	}
	if rec := get(w.h, path+"?gtin=123"); rec.Code != http.StatusBadRequest {
		t.Errorf("no barcode number: %d", rec.Code)
	}
	if page := get(w.h, path).Body.String(); strings.Contains(page, "is of the product") || strings.Contains(page, "is of another product") {
		t.Error("the page compares with nothing")
	}
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	if page := get(w.h, path+"?gtin=9522104000171").Body.String(); !strings.Contains(page, "is of the product") || green.MatchString(page) {
		t.Error("the page of a suspended label is green where the product is the same")
	}
}

// A mistyped ID leads to the labels that may have been meant.
func TestDidYouMean(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	wrong := []byte(id)
	if wrong[3]++; wrong[3] > 'Z' || wrong[3] == 'I' || wrong[3] == 'L' || wrong[3] == 'O' || wrong[3] == 'U' || wrong[3] == ':' {
		wrong[3] = 'A' + (id[3]-'A'+1)%2
	}
	if string(wrong) == id {
		wrong[3] = '7'
	}
	rec := get(w.h, "/l/"+string(wrong))
	checkAnswer(t, rec)
	page := rec.Body.String()
	if rec.Code != http.StatusBadRequest || !strings.Contains(page, "Did you mean") || !strings.Contains(page, `href="/l/`+id+`"`) || !strings.Contains(page, "Northlight Porch Camera 2") {
		t.Errorf("%s for %s: %d\n%s", wrong, id, rec.Code, words(page))
	}
	if page := get(w.h, "/l/00000000000Z").Body.String(); strings.Contains(page, "Did you mean") {
		t.Error("something is proposed that does not exist")
	}
}

// A product's page lists all its labels, and no other's.
func TestProductPage(t *testing.T) {
	w := newWorld(t)
	camera, plug := w.camera(), w.plug()
	w.change(labeltest.Operator, camera, label.Suspend, "nonconformity", nil)
	rec := get(w.h, "/m/"+labeltest.Maker+"/NL-C210")
	checkAnswer(t, rec)
	wants(t, "the product's page", rec.Body.String(), []string{"<h1><bdi>Northlight Porch Camera 2</bdi></h1>", string(camera.Label.ID), "Suspended", `href="/m/northlight"`}, []string{string(plug.Label.ID)})
	checkLinks(t, w.h, rec.Body.String())
	for target, code := range map[string]int{
		"/m/" + labeltest.Maker + "/NL-C9999":          http.StatusNotFound,
		"/m/" + labeltest.Maker + "/":                  http.StatusNotFound,
		"/m/" + labeltest.Maker + "/%3Cscript%3E":      http.StatusNotFound,
		"/m/nobody/NL-C210":                            http.StatusNotFound,
		"/m/" + labeltest.Maker + "/NL-C210/something": http.StatusNotFound,
	} {
		if rec := get(w.h, target); rec.Code != code || strings.Contains(rec.Body.String(), "<script>") {
			t.Errorf("%s: %d, want %d", target, rec.Code, code)
		}
	}
}
