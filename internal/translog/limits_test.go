package translog_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

// zeroes reads a tree whose stored hashes are all zero, of any size.
var zeroes = translog.NodeFunc(func(translog.Node) (translog.Hash, error) { return translog.Hash{}, nil })

// TestMaxSize works at the edge of the index arithmetic. Without the limit
// some of these calls would not return.
func TestMaxSize(t *testing.T) {
	const last = translog.MaxSize - 1
	for _, index := range []int64{0, 1 << 61, last} {
		proof, err := translog.Prove(translog.MaxSize, index, zeroes)
		if err != nil {
			t.Fatal(err)
		}
		if len(proof) > 62 {
			t.Errorf("path of %d has %d hashes, over the limit", index, len(proof))
		}
		if err := translog.VerifyInclusion(translog.Tree{N: translog.MaxSize}, index, translog.Hash{}, proof); !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("forged tree: %v", err)
		}
	}
	if n := translog.NodeAt(translog.Node{N: last}.Index()); n != (translog.Node{N: last}) {
		t.Errorf("last leaf comes back as %+v", n)
	}
	proof, err := translog.ProveConsistency(last, translog.MaxSize, zeroes)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{translog.MaxSize, translog.MaxSize + 1, math.MaxInt64} {
		tree := translog.Tree{N: size}
		if err := translog.VerifyConsistency(translog.Tree{N: last}, tree, proof); !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("size %d: %v", size, err)
		}
		if err := translog.VerifyInclusion(tree, last, translog.Hash{}, make([]translog.Hash, 62)); !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("size %d: %v", size, err)
		}
		_, _, err := translog.Append(tree, zeroes, make([][]byte, 1))
		if !errors.Is(err, translog.ErrTooLarge) {
			t.Errorf("append to size %d: %v", size, err)
		}
	}
	// One entry still fits: only the zero root is wrong.
	if _, _, err := translog.Append(translog.Tree{N: last}, zeroes, make([][]byte, 1)); !errors.Is(err, translog.ErrCorrupt) {
		t.Errorf("append to size %d: %v", int64(last), err)
	}
	if _, _, err := translog.Append(translog.Tree{N: -1}, zeroes, nil); err == nil {
		t.Error("append to a negative size")
	}
}

func TestMaxEntry(t *testing.T) {
	entry := make([]byte, translog.MaxEntry)
	if _, _, err := translog.Append(translog.Empty(), nil, [][]byte{entry}); err != nil {
		t.Error(err)
	}
	bundle, err := translog.AppendBundleEntry(nil, entry)
	if err != nil || len(bundle) != 2+len(entry) {
		t.Errorf("bundle of %d bytes, %v", len(bundle), err)
	}
	entry = append(entry, 0)
	if _, _, err := translog.Append(translog.Empty(), nil, [][]byte{{}, entry}); !errors.Is(err, translog.ErrTooLarge) {
		t.Errorf("append: %v", err)
	}
	if _, err := translog.AppendBundleEntry(nil, entry); !errors.Is(err, translog.ErrTooLarge) {
		t.Errorf("bundle: %v", err)
	}
}

func TestMaxExtra(t *testing.T) {
	s, _ := testKey(t, testOrigin, 1)
	p := newTestLog(t, 3).proof(t, 1, s)
	p.Extra = bytes.Repeat([]byte{7}, translog.MaxExtra)
	if _, err := translog.ParseProof(p.Format()); err != nil {
		t.Error(err)
	}
	p.Extra = append(p.Extra, 7)
	if _, err := translog.ParseProof(p.Format()); !errors.Is(err, translog.ErrMalformed) {
		t.Errorf("one byte more: %v", err)
	}
}

// TestMaxCheckpoint pads with extension lines, up to the limit exactly, the
// checkpoint of the largest proof there is.
func TestMaxCheckpoint(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	text := translog.Checkpoint{Origin: testOrigin, Tree: newTestLog(t, 3).tree}.Text()
	sign := func(size int) []byte {
		empty, err := note.Sign(&note.Note{Text: text + "\n"}, s)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: text + strings.Repeat("x", size-len(empty)) + "\n"}, s)
		if err != nil {
			t.Fatal(err)
		}
		if len(signed) != size {
			t.Fatalf("checkpoint of %d bytes, want %d", len(signed), size)
		}
		return signed
	}
	signed := sign(translog.MaxCheckpoint)
	if _, err := translog.OpenCheckpoint(signed, testOrigin, v); err != nil {
		t.Error(err)
	}
	largest := translog.Proof{
		Index:      translog.MaxSize,
		Hashes:     make([]translog.Hash, 62),
		Checkpoint: signed,
		Extra:      make([]byte, translog.MaxExtra),
	}
	if _, err := translog.ParseProof(largest.Format()); err != nil {
		t.Errorf("largest proof: %v", err)
	}
	largest.Hashes = make([]translog.Hash, 63)
	if _, err := translog.ParseProof(largest.Format()); !errors.Is(err, translog.ErrMalformed) {
		t.Errorf("one hash more: %v", err)
	}
	if _, err := translog.OpenCheckpoint(sign(translog.MaxCheckpoint+1), testOrigin, v); !errors.Is(err, translog.ErrMalformed) {
		t.Errorf("one byte more: %v", err)
	}
}

// TestSixteenSignatures: verifiers must take that many (c2sp.org/signed-note).
func TestSixteenSignatures(t *testing.T) {
	log, v := testKey(t, testOrigin, 1)
	signers := []note.Signer{log}
	for i := range 15 {
		s, _ := testKey(t, fmt.Sprintf("witness%d.example", i), byte(2+i))
		signers = append(signers, s)
	}
	tree := newTestLog(t, 3).tree
	signed, err := note.Sign(&note.Note{Text: translog.Checkpoint{Origin: testOrigin, Tree: tree}.Text()}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := translog.OpenCheckpoint(signed, testOrigin, v); err != nil || c.Tree != tree {
		t.Errorf("%v, %v", c, err)
	}
}

func TestMaxOrigin(t *testing.T) {
	for origin, ok := range map[string]bool{
		"labels.example":           true,
		"labels.example/log":       true,
		"bücher.example/labels":    true,
		strings.Repeat("o", 255):   true,
		strings.Repeat("o", 256):   false,
		"":                         false,
		"labels example":           false,
		"labels.example/a+b":       false,
		"labels.example\n":         false,
		"labels.example\u00a0":     false,
		"labels.example\x7f":       false,
		"labels.example\x00":       false,
		"labels.example\xff":       false,
		"labels.example\u2028/log": false,
	} {
		skey, vkey, err := translog.GenerateKey(bytes.NewReader(make([]byte, 32)), origin)
		if (err == nil) != ok {
			t.Errorf("GenerateKey(%q): %v", origin, err)
		}
		if err != nil {
			continue
		}
		s, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		c := translog.Checkpoint{Origin: origin, Tree: translog.Empty()}
		signed, err := translog.SignCheckpoint(c, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := translog.OpenCheckpoint(signed, origin, v); err != nil || got != c {
			t.Errorf("origin %q: %v, %v", origin, got, err)
		}
	}
}
