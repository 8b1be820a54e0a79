package web_test

import (
	"bytes"
	"encoding/pem"
	"image/png"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/verify"
	"labeld/internal/web"
)

// members returns the names of a struct's JSON members, in order.
func members(v any) (names []string) {
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// The JSON is what the package comment shows, member for member.
func TestDocumentedJSON(t *testing.T) {
	doc := must[[]byte](t)(os.ReadFile("doc.go"))
	for indent, v := range map[string]any{"  ": web.Label{}, "\t": web.Status{}} {
		var want []string
		for _, m := range regexp.MustCompile(`(?m)^//\t`+indent+`"(\w+)":`).FindAllSubmatch(doc, -1) {
			want = append(want, string(m[1]))
		}
		if got := members(v); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("members\n%q, documented\n%q", got, want)
		}
	}
	w := newWorld(t)
	p := w.camera()
	var l web.Label
	if err := label.Decode(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if l.PrettyID != p.Label.ID.Pretty() || l.LogIndex != p.Index || l.SupportEnd != p.Label.Product.SupportEnd || l.State != label.Active {
		t.Errorf("got %+v", l)
	}
	for _, link := range []string{l.URL, l.Links.Bundle, l.Links.Device, l.Links.Proof, l.Links.Package, l.Links.QR} {
		path, ok := strings.CutPrefix(link, base)
		if rec := get(w.h, path); !ok || rec.Code != http.StatusOK {
			t.Errorf("the link %s gives %d", link, rec.Code)
		}
	}
	self := w.plug()
	if body := get(w.h, "/l/"+string(self.Label.ID)+".json").Body.String(); strings.Contains(body, "null") {
		t.Errorf("what does not apply is null: %s", body)
	}
}

// What a verifier downloads is enough to verify.
func TestVerifiable(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	trust := must[*verify.Trust](t)(verify.ParseTrust(get(w.h, "/.well-known/labeld.json").Body.Bytes()))
	rec := get(w.h, "/l/"+string(p.Label.ID)+"/package")
	if got, want := rec.Header().Get("Content-Disposition"), `attachment; filename="label-`+string(p.Label.ID)+`.json"`; got != want {
		t.Errorf("Content-Disposition is %q, want %q", got, want)
	}
	r := must[*verify.Result](t)(trust.Verify(rec.Body.Bytes(), w.Clock.Now(), w.Clock.Now()))
	if r.Label.ID != p.Label.ID {
		t.Errorf("the package is of %s", r.Label.ID)
	}
	block, _ := pem.Decode(get(w.h, "/keys/label.pub").Body.Bytes())
	if block == nil || label.DigestOf(block.Bytes).String() != trust.LabelKeys[0].ID {
		t.Error("label.pub is not the key in use")
	}
	if vkey := get(w.h, "/keys/log.vkey").Body.String(); vkey != trust.Log.VKey+"\n" {
		t.Errorf("log.vkey is %q", vkey)
	}
	img := must[[]byte](t)(func() ([]byte, error) { return get(w.h, "/l/"+string(p.Label.ID)+"/qr.png").Body.Bytes(), nil }())
	if text := must[string](t)(qr.Decode(bytes.NewReader(img))); text != qr.Payload(base, p.Label.ID) {
		t.Errorf("the code says %q", text)
	}
	if _, err := png.Decode(bytes.NewReader(img)); err != nil {
		t.Error(err)
	}
}
