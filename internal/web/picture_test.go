package web_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/web"
)

// TestPicture has the picture of a product arrive after its label was looked at.
func TestPicture(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	id, file := string(p.Label.ID), w.Example("camera").Picture
	links := func() web.Links {
		t.Helper()
		var l web.Label
		if err := json.Unmarshal(get(w.h, "/l/"+id+".json").Body.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Device.Picture != label.DigestOf(file) {
			t.Errorf("the device in the JSON names the picture %s", l.Device.Picture)
		}
		return l.Links
	}
	if rec := get(w.h, "/l/"+id+"/picture"); rec.Code != http.StatusNotFound || rec.Header().Get("Cache-Control") != "no-store" ||
		!strings.Contains(rec.Body.String(), `"NO_SUCH_PAGE"`) || !strings.Contains(rec.Body.String(), "its manufacturer sent none") {
		t.Errorf("before it was sent: %d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if got := links().Picture; got != "" {
		t.Errorf("before it was sent the JSON leads to %s", got)
	}
	w.Picture(w.Example("camera"))
	if got := links().Picture; got != base+"/l/"+id+"/picture" {
		t.Errorf("the JSON leads to %q", got)
	}
	for _, target := range []string{"/l/" + id + "/picture", "/L/" + strings.ToLower(id) + "/picture", "/l/" + p.Label.ID.Pretty() + "/picture"} {
		rec := get(w.h, target)
		head := rec.Header()
		if rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), file) {
			t.Fatalf("%s: %d, %d bytes", target, rec.Code, rec.Body.Len())
		}
		for name, want := range map[string]string{
			"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*",
		} {
			if head.Get(name) != want {
				t.Errorf("%s has %s %q, want %q", target, name, head.Get(name), want)
			}
		}
		if !strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s has the policy %q", target, head.Get("Content-Security-Policy"))
		}
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("If-None-Match", head.Get("ETag"))
		again := httptest.NewRecorder()
		if w.h.ServeHTTP(again, r); head.Get("ETag") == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s gives %d to who has %s", target, again.Code, head.Get("ETag"))
		}
		only := httptest.NewRecorder()
		if w.h.ServeHTTP(only, httptest.NewRequest(http.MethodHead, target, nil)); only.Code != http.StatusOK || only.Body.Len() != 0 || only.Header().Get("Content-Length") != head.Get("Content-Length") {
			t.Errorf("HEAD of %s: %d %v", target, only.Code, only.Header())
		}
	}
	w.Restart()
	w.h = w.handler(w.Authority)
	if rec := get(w.h, "/l/"+id+"/picture"); !bytes.Equal(rec.Body.Bytes(), file) {
		t.Errorf("after a restart: %d, %d bytes", rec.Code, rec.Body.Len())
	}
}

// TestPictureIsOfItsType has a picture that is no PNG, whatever it may be called.
func TestPictureIsOfItsType(t *testing.T) {
	w := newWorld(t)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	e := w.Example("plug")
	e.Picture, e.Device.Picture = photo.Bytes(), label.DigestOf(photo.Bytes())
	p := w.issue(e, 1)
	w.Picture(e)
	rec := get(w.h, "/l/"+string(p.Label.ID)+"/picture")
	if rec.Header().Get("Content-Type") != "image/jpeg" || !bytes.Equal(rec.Body.Bytes(), photo.Bytes()) {
		t.Errorf("%d, %s", rec.Code, rec.Header().Get("Content-Type"))
	}
}

func TestNoPicture(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	e.Device.Picture = label.Digest{}
	id := string(w.issue(e, 1).Label.ID)
	for target, want := range map[string]struct {
		status int
		says   string
	}{
		"/l/" + id + "/picture":                      {404, `"NO_SUCH_PAGE"`}, // its descriptor names none
		"/l/" + id + "/picture/":                     {404, "Nothing is here"},
		"/l/" + id + "/picture.png":                  {404, "Nothing is here"},
		"/l/" + string(unknownID(t)) + "/picture":    {404, `"UNKNOWN_LABEL"`},
		"/l/0000-0000/picture":                       {400, `"ID_MALFORMED"`},
		"/l/" + strings.Repeat("0", 99) + "/picture": {400, `"ID_MALFORMED"`},
	} {
		if rec := get(w.h, target); rec.Code != want.status || !strings.Contains(rec.Body.String(), want.says) {
			t.Errorf("%s: %d, want %d and %q\n%.300s", target, rec.Code, want.status, want.says, rec.Body)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/l/"+id+"/picture", nil)
	r.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	if w.h.ServeHTTP(rec, r); rec.Code != 404 || !strings.Contains(rec.Body.String(), "<title>") || !strings.Contains(rec.Body.String(), "There is no picture of this label") {
		t.Errorf("a browser gets %d %.300s", rec.Code, rec.Body)
	}
}
