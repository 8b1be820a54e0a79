package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"testing"
)

// TestCompression asks for a page in the forms that a client may name. What names
// a coding counts before "*", whatever stands first, and a q that is none for
// nothing.
func TestCompression(t *testing.T) {
	w := newWorld(t)
	target := "/l/" + string(w.camera().Label.ID)
	plain := get(w.h, target)
	for accept, zipped := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "br": false, "identity": false, "": false,
		"*, gzip;q=0": false, "gzip;q=0, *": false, "gzip;q=0.5, *;q=0": true, "*;q=0, gzip": true, "GZip;Q=0.001": true, "x-gzip": true,
		"identity;q=0.5, gzip;q=0.2": false, "identity;q=0.2, gzip ; q=0.5": true, "identity;q=0, *": true, "*;q=0.5, gzip;q=0.1": false,
		"gzip;q=1.001": false, "gzip;q=0.0001": false, "gzip;q=.5": false, "gzip;q=-1": false, "gzip;q=": false, "gzip;q=0.000": false, "gzip;q=1.": true,
		"gzip;q=x, gzip;q=0.5": true, "gzipped": false, ",;,": false,
	} {
		r := get(w.h, target, "Accept-Encoding", accept)
		if r.Code != http.StatusOK || r.Header().Get("Vary") != "Accept, Accept-Language, Accept-Encoding" {
			t.Errorf("Accept-Encoding: %s gives %d, Vary %q", accept, r.Code, r.Header().Get("Vary"))
		}
		if got := r.Header().Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding: %s gives gzip: %v, want %v", accept, got, zipped)
		}
		if !zipped {
			continue
		}
		if gunzip(t, r.Body) != plain.Body.String() {
			t.Error("the compressed page is another")
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

// TestPlainRefused asks for what there is in no other form than plain, refusing
// that form.
func TestPlainRefused(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for _, target := range []string{"/healthz", "/l/" + id, "/l/" + id + "/qr.png", "/log/tile/0/000.p/2", "/report", "/nothing", "/find?q=" + id} {
		plain := get(w.h, target)
		for _, accept := range []string{"gzip, identity;q=0", "gzip;q=0.1, *;q=0", "identity;q=0, *;q=0.1"} {
			r := get(w.h, target, "Accept-Encoding", accept)
			if r.Code != plain.Code || r.Header().Get("Content-Encoding") != "gzip" || strconv.Itoa(r.Body.Len()) != r.Header().Get("Content-Length") {
				t.Errorf("%s, Accept-Encoding: %s: %d, %v", target, accept, r.Code, r.Header())
				continue
			}
			if b := gunzip(t, r.Body); b != plain.Body.String() {
				t.Errorf("%s, Accept-Encoding: %s: another body", target, accept)
			}
		}
		if r := get(w.h, target, "Accept-Encoding", "identity;q=0, br"); plain.Code == http.StatusOK && target != "/report" && r.Code != http.StatusNotAcceptable {
			t.Errorf("%s where neither form is taken: %d", target, r.Code)
		}
	}
}

// TestBundlesAreCompressed holds entry bundles, which are text, to be compressed
// where that is asked for, and hash tiles, which are not, to stay as they are.
func TestBundlesAreCompressed(t *testing.T) {
	w := newWorld(t)
	w.camera()
	plain := get(w.h, "/log/tile/entries/000.p/2")
	r := get(w.h, "/log/tile/entries/000.p/2", "Accept-Encoding", "gzip")
	if r.Header().Get("Content-Encoding") != "gzip" || r.Header().Get("Vary") != "Accept-Encoding" || plain.Header().Get("Vary") != "Accept-Encoding" || r.Body.Len() >= plain.Body.Len() {
		t.Fatalf("%d of %d bytes, %v", r.Body.Len(), plain.Body.Len(), r.Header())
	}
	if gunzip(t, r.Body) != plain.Body.String() {
		t.Error("the compressed bundle is another")
	}
	if r := get(w.h, "/log/tile/0/000.p/2", "Accept-Encoding", "gzip"); r.Header().Get("Content-Encoding") != "" {
		t.Error("hashes are compressed")
	}
}

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
