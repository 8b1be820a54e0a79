package translog_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/transparency-dev/tessera/api"

	"labeld/internal/translog"
)

func TestBundle(t *testing.T) {
	entries := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte{0xff}, translog.MaxEntry), []byte("four")}
	var bundle []byte
	for _, e := range entries {
		var err error
		if bundle, err = translog.AppendBundleEntry(bundle, e); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(bundle, []byte("\x00\x03one\x00\x00\xff\xff\xff")) {
		t.Errorf("bundle begins % x", bundle[:10])
	}
	var theirs api.EntryBundle
	if err := theirs.UnmarshalText(bundle); err != nil || !slices.EqualFunc(theirs.Entries, entries, bytes.Equal) {
		t.Errorf("others read %d entries, %v", len(theirs.Entries), err)
	}
	rest := bundle
	for i, want := range entries {
		var got []byte
		var err error
		if got, rest, err = translog.ReadBundleEntry(rest); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("entry %d: %d bytes, %v", i, len(got), err)
		}
		if i == 0 {
			_ = append(got, "overrun"...) // must not reach the next entry
		}
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
	for _, bad := range []string{"", "\x00", "\x00\x01", "\x00\x03on", "\xff\xff"} {
		if entry, _, err := translog.ReadBundleEntry([]byte(bad)); !errors.Is(err, translog.ErrMalformed) {
			t.Errorf("%q: %q, %v", bad, entry, err)
		}
	}
}

// FuzzReadBundleEntry: putting the entry back gives the same bytes.
func FuzzReadBundleEntry(f *testing.F) {
	f.Add([]byte("\x00\x03one\x00\x03two"))
	f.Add([]byte("\x00\x00"))
	f.Add([]byte("\xff\xff"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		entry, rest, err := translog.ReadBundleEntry(b)
		if err != nil {
			if !errors.Is(err, translog.ErrMalformed) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		again, err := translog.AppendBundleEntry(nil, entry)
		if err != nil || !bytes.Equal(append(again, rest...), b) {
			t.Fatalf("%q is put together as %q, %v", b, again, err)
		}
	})
}
