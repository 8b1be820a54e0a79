package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/web"
)

func TestCanonicalLink(t *testing.T) {
	w := newWorld(t)
	id := w.camera().Label.ID
	want := "<" + base + "/l/" + string(id) + `>; rel="canonical"`
	for _, target := range []string{"/l/" + string(id), "/L/" + id.Pretty(), "/l/" + strings.ToLower(string(id)) + ".json", "/l/" + string(id) + "/bundle"} {
		if got := get(w.h, target).Header().Get("Link"); got != want {
			t.Errorf("%s: Link is %q, want %q", target, got, want)
		}
	}
}

func TestNegotiation(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	for _, tt := range []struct {
		accept []string
		json   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{browser}, false},
		{[]string{"application/json"}, true},
		{[]string{"Application/JSON; charset=utf-8"}, true},
		{[]string{"application/json, text/plain, */*"}, true},
		{[]string{"application/json, */*;q=0.1"}, true},
		{[]string{"application/*"}, true},
		{[]string{"application/*;q=0.5, text/*;q=0.6"}, false},
		{[]string{"text/html;q=0.5", "application/json;q=0.6"}, true},
		{[]string{"text/html;q=0.5, application/json;Q=0.500"}, false},
		{[]string{"text/html, application/json"}, false},
		{[]string{"text/*, application/json"}, true},
		{[]string{"*/*, application/json;q=0"}, false},
		{[]string{"application/*, application/json;q=0"}, false},
		{[]string{"text/html;q=0, */*;q=0.1"}, true},
		{[]string{"text/html;q=0.1 , */* ; q=0.2"}, true},
		{[]string{"application/json;q=2"}, false},
		{[]string{"application/json;q=1.001"}, false},
		{[]string{"application/json;q=0.1234"}, false},
		{[]string{"application/json;q="}, false},
		{[]string{"application/json;q=-1"}, false},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json;v=1;q=0.4, text/html;q=0.3"}, true},
		{[]string{"image/png"}, false},
		{[]string{";;;,,,q=1,/"}, false},
	} {
		var header []string
		for _, a := range tt.accept {
			header = append(header, "Accept", a)
		}
		rec := get(w.h, target, header...)
		if got := rec.Header().Get("Content-Type") == jsonType; got != tt.json {
			t.Errorf("Accept %q gives JSON: %v, want %v", tt.accept, got, tt.json)
		}
		if got := rec.Header().Values("Vary"); !slices.Equal(got, []string{"Accept, Accept-Language, Accept-Encoding"}) {
			t.Errorf("Vary is %q", got)
		}
	}
}

func TestConditional(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	first := get(w.h, target)
	etag := first.Header().Get("Etag")
	for _, tt := range []struct {
		header string
		status int
	}{
		{etag, 304},
		{"W/" + etag, 304},
		{`"x", ` + etag, 304},
		{`"a,b" ,W/"c",,` + etag + ` , "d"`, 304},
		{"*", 304},
		{" * ", 304},
		{`"x"`, 200},
		{strings.Trim(etag, `"`), 200},
		{`"` + etag, 200},
		{`"x" *`, 200},
		{`"`, 200},
		{`W/`, 200},
		{``, 200},
	} {
		rec := get(w.h, target, "If-None-Match", tt.header)
		if rec.Code != tt.status {
			t.Errorf("If-None-Match %q gives %d, want %d", tt.header, rec.Code, tt.status)
		}
		if rec.Code != http.StatusNotModified {
			continue
		}
		if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
			t.Errorf("304 has content")
		}
		for _, name := range []string{"Etag", "Cache-Control", "Vary", "Link"} {
			if got, want := rec.Header().Get(name), first.Header().Get(name); got != want {
				t.Errorf("304 has %s %q, 200 has %q", name, got, want)
			}
		}
	}
	other := get(w.h, target+".json")
	if other.Header().Get("Etag") == etag || other.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("the page and the JSON share an ETag, or the JSON at its own address varies with Accept: %v", other.Header())
	}
	if again := get(w.h, target, "Accept", jsonType); again.Body.String() != other.Body.String() {
		t.Error("JSON at the page's address differs from .json")
	}
}

// A cache must never keep a valid label beyond its end: its expiry, or one that
// was announced.
func TestExpiry(t *testing.T) {
	w := newWorld(t)
	plug, camera := w.plug(), w.camera()
	end := w.Clock.Now().UTC().AddDate(0, 1, 0).Truncate(time.Second)
	w.change(labeltest.Maker, camera, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = end })
	for _, l := range []struct {
		p     *authority.Published
		end   time.Time
		state label.State
	}{{camera, end, label.Withdrawn}, {plug, plug.Label.Expires, label.Expired}} {
		page := "/l/" + string(l.p.Label.ID)
		for _, tt := range []struct {
			left  time.Duration
			cache string
			state label.State
		}{
			{time.Hour, seconds, label.Active},
			{10*time.Second + time.Millisecond, seconds, label.Active},
			{9500 * time.Millisecond, "public, max-age=9, must-revalidate", label.Active},
			{4500 * time.Millisecond, "public, max-age=4, must-revalidate", label.Active},
			{time.Millisecond, "public, max-age=0, must-revalidate", label.Active},
			{0, seconds, l.state},
		} {
			w.Clock.Set(l.end.Add(-tt.left))
			rec := get(w.h, page+".json")
			var got web.Label
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.State != tt.state || rec.Header().Get("Cache-Control") != tt.cache {
				t.Errorf("%v before it is %s: %s, %q; want %s, %q", tt.left, l.state, got.State, rec.Header().Get("Cache-Control"), tt.state, tt.cache)
			}
			code := "/01/" + string(l.p.Label.Device.GTINs[0])
			if cache := get(w.h, code).Header().Get("Cache-Control"); cache != tt.cache {
				t.Errorf("%v before it is %s, the way to it is kept as %q, want %q", tt.left, l.state, cache, tt.cache)
			}
		}
	}
}
