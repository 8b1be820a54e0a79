package translog_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

const timedOrigin = "labels.example.org/log"

// TestHeadIsTimed has the checkpoint checked by us, and its timestamp by
// another implementation of tlog-cosignature.
func TestHeadIsTimed(t *testing.T) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := translog.NewSigner(timedOrigin, priv)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 2, 9, 0, 0, 5, time.UTC)
	tree := translog.Tree{N: 7, Hash: translog.LeafHash([]byte("root"))}
	signed, err := s.Head(tree, at)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := s.VKey()
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	head, err := translog.OpenCheckpoint(signed, timedOrigin, v)
	if err != nil || head.Tree != tree {
		t.Fatalf("%+v, %v", head, err)
	}
	timer, err := translog.NewTimer(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := timer.At(signed); err != nil || !got.Equal(at.Truncate(time.Second)) {
		t.Errorf("signed at %s, %v", got, err)
	}

	other, err := fnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(other))
	if err != nil {
		t.Fatalf("another implementation: %v", err)
	}
	if got, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || !got.Equal(at.Truncate(time.Second)) {
		t.Errorf("another implementation reads %s, %v", got, err)
	}

	// Neither signature can stand for the other, or be altered.
	plain, err := translog.SignCheckpoint(head, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := timer.At(plain); !errors.Is(err, translog.ErrUnverified) {
		t.Errorf("a head without time: %v", err)
	}
	for i := range signed {
		bad := bytes.Clone(signed)
		bad[i] ^= 1
		if got, err := timer.At(bad); err == nil && !got.Equal(at.Truncate(time.Second)) {
			t.Fatalf("with byte %d changed the time is %s", i, got)
		}
	}
}

func TestSignerRefuses(t *testing.T) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := translog.NewSigner("a b", priv); err == nil {
		t.Error("an origin with a space was accepted")
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := translog.NewSigner(timedOrigin, ec); err == nil {
		t.Error("an ECDSA key was accepted")
	}
	s, err := translog.NewSigner(timedOrigin, priv)
	if err != nil {
		t.Fatal(err)
	}
	if signed, err := s.Head(translog.Tree{N: 0, Hash: translog.LeafHash(nil)}, time.Now()); err == nil {
		t.Errorf("signed an impossible head: %s", signed)
	}
	for _, vkey := range []string{"", "x", "a+00000000+" + base64.StdEncoding.EncodeToString([]byte{1, 2})} {
		if _, err := translog.NewTimer(vkey); err == nil {
			t.Errorf("a timer was made of %q", vkey)
		}
	}
}
