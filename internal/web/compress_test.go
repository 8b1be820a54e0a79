package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"
)

func TestCompression(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	plain := get(w.h, target)
	for accept, zipped := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "br": false, "identity": false} {
		r := get(w.h, target, "Accept-Encoding", accept)
		if got := r.Header().Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding: %s gives gzip: %v, want %v", accept, got, zipped)
		}
		if !zipped {
			continue
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil || string(b) != plain.Body.String() {
			t.Errorf("the compressed page is another (%v)", err)
		}
		etag := r.Header().Get("Etag")
		if etag == plain.Header().Get("Etag") || etag == "" {
			t.Errorf("the compressed page has the ETag %s, as the plain one", etag)
		}
		again := get(w.h, target, "Accept-Encoding", accept, "If-None-Match", etag)
		if again.Code != http.StatusNotModified || again.Header().Get("Content-Encoding") != "" || again.Header().Get("Vary") != r.Header().Get("Vary") {
			t.Errorf("asked again: %d, %v", again.Code, again.Header())
		}
	}
}

// TestPagesAreLight holds every page to 14 KiB as it is sent, so that a phone
// has it in the first round trips.
func TestPagesAreLight(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/", "/l/" + string(w.camera().Label.ID), "/l/" + string(w.plug().Label.ID), "/l/K7QM-4T2X-9PWH", "/l/none"} {
		r := get(w.h, target, "Accept-Encoding", "gzip", "Accept", "text/html")
		if n := r.Body.Len(); n > 14<<10 {
			t.Errorf("%s takes %d bytes", target, n)
		}
	}
}
