package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"labeld/internal/label"
)

// TestDictionary holds the dictionary to what it was when values were first
// packed behind it: without that, no database could be read.
func TestDictionary(t *testing.T) {
	const want = "fec90f885ce367ea7c9420952755594717c6e5598ce20daf7652fe463a2a5d3e"
	if sum := sha256.Sum256(dictionary); hex.EncodeToString(sum[:]) != want {
		t.Errorf("the dictionary is another one, with the digest %x", sum)
	}
}

var packed = []string{
	"", "a", "{}", `{"payload":""}`, `{"payload":"eyJhIjoxfQ=="}`, `{"payload":"eyJhIjoxfQ==","payload":"eyJhIjoxfQ=="}`,
	`{"payload":"eyJhIjoxfQ=`, `{"payload":"eyJhIjoxfR=="}`, `{"payload":"eyJhIjoxfQ"}`, "{\"payload\":\"eyJh\nIjoxfQ==\"}", `{"payload":"_-_-"}`, `{"payload": "eyJhIjoxfQ=="}`,
	strings.Repeat("x", 1<<12), strings.Repeat(`{"provision":"5.1-1","verdict":"pass"},`, 1000),
}

func FuzzPack(f *testing.F) {
	for _, s := range packed {
		f.Add([]byte(s))
	}
	f.Add(bytes.Repeat([]byte("x"), label.MaxMessage)) // the most that anybody sends
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > label.MaxMessage {
			return
		}
		if got, err := unpack(Pack(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q comes back as %q, %v", b, got, err)
		}
		if got, err := unpackQuick(PackQuick(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q comes back as %q, %v", b, got, err)
		}
	})
}

// FuzzUnpack reads what nobody packed.
func FuzzUnpack(f *testing.F) {
	for _, s := range packed {
		f.Add([]byte(Pack([]byte(s))))
		f.Add([]byte(PackQuick([]byte(s))))
		f.Add(encoder().EncodeAll([]byte(s), nil)) // in no parts
	}
	plain, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain.EncodeAll([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05abc"), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		unpack(b)
		unpackQuick(b)
	})
}
