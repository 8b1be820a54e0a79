package statuslist_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"labeld/internal/label"
	"labeld/internal/statuslist"
)

// FuzzOpen gives Open any bytes. Only what was signed is opened.
func FuzzOpen(f *testing.F) {
	k := newKey(f, elliptic.P256())
	l := statuslist.New(100)
	l.Set(7, statuslist.Suspended)
	genuine := sign(f, l, k)
	f.Add(genuine)
	f.Add(append(slices.Clone(genuine), '\n'))
	f.Add(forge(f, k, with(goodHeader(k), "alg", "none"), "{}"))
	f.Add(forge(f, k, with(goodHeader(k), "typ", "JWT"), "{}"))
	f.Add([]byte(`{"payload":"e30","signatures":[]}`))
	f.Add([]byte(".."))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := open(raw, k, now)
		if err != nil {
			wantError(t, err)
			return
		}
		// Base64 has bits and line breaks that do not count, and ECDSA a second
		// signature; what is signed is the genuine header and payload.
		want, have := bytes.Split(genuine, []byte(".")), bytes.Split(bytes.TrimSpace(raw), []byte("."))
		if v, _ := got.Get(7); v != statuslist.Suspended || len(have) != 3 ||
			!bytes.Equal(decoded(t, have[0]), decoded(t, want[0])) || !bytes.Equal(decoded(t, have[1]), decoded(t, want[1])) {
			t.Errorf("%q is opened", raw)
		}
	})
}

// FuzzPayload gives Open any payload under a good signature: what is opened
// has whole bytes within the bounds, and comes back the same when signed again.
func FuzzPayload(f *testing.F) {
	k := newKey(f, elliptic.P256())
	for _, c := range []object{
		goodClaims(2, "eNo76fITAAPfAgc"),
		goodClaims(1, "eNrbuRgAAhcBXQ"),
		goodClaims(2, b64.EncodeToString(deflate(f, make([]byte, 4096)))),
		with(goodClaims(2, ""), "status_list", object{}),
	} {
		b, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"sub":"","sub":""}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := open(forge(t, k, goodHeader(k), string(payload)), k, now)
		if err != nil {
			wantError(t, err)
			return
		}
		n := got.Len()
		if n%4 != 0 || n > statuslist.MaxPlaces || !got.Expires.After(now) {
			t.Fatalf("a list of %d places until %s", n, got.Expires)
		}
		again, err := open(sign(t, got.List, k), k, now)
		if err != nil || again.Len() != n {
			t.Fatalf("signed again, %d places become %v, %v", n, again, err)
		}
		for i := range min(n, 1<<16) {
			before, _ := got.Get(i)
			if after, _ := again.Get(i); after != before {
				t.Fatalf("signed again, place %d is %s and was %s", i, after, before)
			}
		}
	})
}

// wantError requires that a refusal is one that can be shown.
func wantError(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*label.Error](err); !ok || e.Reason == "" || e.Text == "" || e.Kind == label.Internal {
		t.Errorf("refused with %#v", err)
	}
}
