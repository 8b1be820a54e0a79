package web_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestFeedOfWhatIsAnnounced keeps a label that will be withdrawn from being told as one
// that was.
func TestFeedOfWhatIsAnnounced(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = labeltest.Start.AddDate(0, 3, 0) })
	body := get(w.h, "/feeds/"+labeltest.Maker+".atom").Body.String()
	for _, want := range []string{"<title>Label will be withdrawn: Northlight Porch Camera 2", "It takes effect on 2 February 2027."} {
		if !strings.Contains(body, want) {
			t.Errorf("the feed lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Label withdrawn") {
		t.Error("the feed says that it was withdrawn")
	}
}

func TestFeed(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
	r := get(w.h, "/feeds/"+labeltest.Maker+".atom")
	if r.Code != http.StatusOK || !strings.HasPrefix(r.Header().Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("status %d, %s", r.Code, r.Header().Get("Content-Type"))
	}
	var feed struct {
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Summary string `xml:"summary"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(r.Body.Bytes(), &feed); err != nil {
		t.Fatal(err)
	}
	if len(feed.Entries) != 1 {
		t.Fatalf("the feed has %d entries, want 1", len(feed.Entries))
	}
	e := feed.Entries[0]
	if want := "Label suspended: Northlight Porch Camera 2 (" + p.Label.ID.Pretty() + ")"; e.Title != want {
		t.Errorf("the title is %q, want %q", e.Title, want)
	}
	if e.Link.Href != p.Label.URL || !strings.Contains(e.Summary, "found not to do what the label says") {
		t.Errorf("the entry is %+v", e)
	}
	for path, code := range map[string]int{
		"/feeds/" + labeltest.ToyMaker + ".atom": http.StatusOK, // nothing to tell
		"/feeds/" + labeltest.Lab + ".atom":      http.StatusNotFound,
		"/feeds/nobody.atom":                     http.StatusNotFound,
		"/feeds/" + labeltest.Maker:              http.StatusNotFound,
		"/feeds/..%2f.atom":                      http.StatusNotFound,
	} {
		if r := get(w.h, path); r.Code != code {
			t.Errorf("%s: status %d, want %d", path, r.Code, code)
		}
	}
}
