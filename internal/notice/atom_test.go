package notice_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"labeld/internal/notice"
)

func TestFeed(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.FixedZone("", 3600))
	hostile := `<script>alert(1)</script> & "quotes" ]]>`
	b, err := notice.Feed("https://labels.test/", "Labels of "+hostile, "https://labels.test/feeds/maker.atom", at, []notice.Entry{
		{ID: "https://labels.test/notices/n1", Title: hostile, Link: "/l/K7QM", Updated: at, Summary: hostile, Category: notice.LabelSuspended},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "<script>") {
		t.Errorf("the feed has markup of strangers:\n%s", b)
	}
	var feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Links   []struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		} `xml:"link"`
		Entries []struct {
			Title   string `xml:"title"`
			Summary string `xml:"summary"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(b, &feed); err != nil {
		t.Fatal(err)
	}
	if feed.Updated != "2026-11-02T08:00:00Z" || feed.Author != "labels.test" || len(feed.Links) != 2 {
		t.Errorf("the feed is %+v", feed)
	}
	if len(feed.Entries) != 1 || feed.Entries[0].Title != hostile || feed.Entries[0].Summary != hostile || feed.Entries[0].Link.Href != "https://labels.test/l/K7QM" {
		t.Errorf("the entry is %+v", feed.Entries)
	}
}

func TestFeedRefusals(t *testing.T) {
	at := time.Now()
	good := notice.Entry{ID: "tag:a", Title: "t", Link: "/", Updated: at}
	for name, change := range map[string]func(*notice.Entry){
		"entries[0].id":      func(e *notice.Entry) { e.ID = "n1" },
		"entries[0].title":   func(e *notice.Entry) { e.Title = "" },
		"entries[0].updated": func(e *notice.Entry) { e.Updated = time.Time{} },
		"entries[0].link":    func(e *notice.Entry) { e.Link = "" },
	} {
		e := good
		change(&e)
		if _, err := notice.Feed("https://labels.test/", "t", "tag:b", at, []notice.Entry{e}); err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
