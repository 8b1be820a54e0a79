package verify_test

import (
	"bytes"
	"reflect"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
)

// FuzzParsePackage gives any bytes to the verifier, which must accept nothing
// but what was issued.
func FuzzParsePackage(f *testing.F) {
	w, plug, camera := issued(f)
	labels := map[label.ID]*label.Label{}
	for _, pkg := range [][]byte{plug, camera} {
		r, err := w.Trust.Verify(pkg, at, at)
		must(f, err)
		labels[r.Label.ID] = r.Label
		f.Add(pkg)
		p := open(f, pkg)
		f.Add([]byte(p.Bundle))
		f.Add([]byte(p.Proof))
	}
	f.Add([]byte(`{"type":"https://labeld.dev/package/v1","bundle":{},"device":"","proof":""}`))
	f.Add([]byte(`{"type":"https://labeld.dev/package/v1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, verr := w.Trust.Verify(b, at, at)
		if verr == nil && !reflect.DeepEqual(r.Label, labels[r.Label.ID]) {
			t.Errorf("accepted a label that was never issued: %+v", r.Label)
		}
		p, err := verify.ParsePackage(b)
		if err != nil {
			if verr == nil {
				t.Error("verified what does not parse")
			}
			return
		}
		if p.Bundle == nil {
			return // nothing to write
		}
		once := parts(t, p)
		if twice := parts(t, open(t, once)); !bytes.Equal(once, twice) {
			t.Errorf("written and read, the package changes from\n%s\nto\n%s", once, twice)
		}
	})
}

// FuzzParseTrust reads any bytes as a trust file: what is accepted can be
// written and read again.
func FuzzParseTrust(f *testing.F) {
	w := labeltest.New(f, nil)
	good, err := label.Encode(w.Trust)
	must(f, err)
	f.Add(good)
	f.Add([]byte(`{"type":"https://labeld.dev/trust/v1","labelKeys":[{}],"log":{}}`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := verify.ParseTrust(b)
		if err != nil {
			if label.KindOf(err) == label.Internal {
				t.Errorf("refused with the bare error %v", err)
			}
			return
		}
		once, err := label.Encode(tr)
		must(t, err)
		again, err := verify.ParseTrust(once)
		must(t, err)
		twice, err := label.Encode(again)
		must(t, err)
		if !bytes.Equal(once, twice) {
			t.Errorf("written and read, the trust changes from\n%s\nto\n%s", once, twice)
		}
	})
}
