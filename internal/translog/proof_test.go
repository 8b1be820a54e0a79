package translog_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/proof"

	"labeld/internal/translog"
)

// withExtra returns a copy of a proof with extra data.
func withExtra(p translog.Proof, extra string) translog.Proof {
	p.Extra = []byte(extra)
	return p
}

func TestProofRoundTrip(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	for _, size := range []int{1, 2, 3, 100, 257} {
		l := newTestLog(t, size)
		for _, index := range []int64{0, int64(size) / 2, int64(size) - 1} {
			p := l.proof(t, index, s)
			for _, p := range []translog.Proof{p, withExtra(p, "x"), withExtra(p, "two lines\n\nof extra\n")} {
				text := p.Format()
				got, err := translog.ParseProof(text)
				if err != nil {
					t.Fatalf("%v in\n%s", err, text)
				}
				if !bytes.Equal(got.Format(), text) {
					t.Fatalf("formats again as\n%s, was\n%s", got.Format(), text)
				}
				c, err := got.Verify(translog.LeafHash(testEntry(int(index))), testOrigin, v)
				if err != nil || c != (translog.Checkpoint{Origin: testOrigin, Tree: l.tree}) {
					t.Fatalf("verifies as %v, %v", c, err)
				}

				// The formats library reads and writes the same.
				var theirs proof.TLogProof
				if err := theirs.Unmarshal(text); err != nil {
					t.Fatal(err)
				}
				hashes := make([]translog.Hash, len(theirs.Hashes))
				for i, h := range theirs.Hashes {
					hashes[i] = h
				}
				if theirs.Index != uint64(index) || len(hashes) != len(p.Hashes) ||
					len(hashes) > 0 && !reflect.DeepEqual(hashes, p.Hashes) ||
					!bytes.Equal(theirs.Checkpoint, p.Checkpoint) || !bytes.Equal(theirs.ExtraData, p.Extra) {
					t.Fatalf("others read %+v from\n%s", theirs, text)
				}
				if !bytes.Equal(theirs.Marshal(), text) {
					t.Fatalf("others write\n%s, we\n%s", theirs.Marshal(), text)
				}
			}
		}
	}
}

// TestProofTampered changes a proof at each place in many ways. None may
// verify; and since the parser accepts one encoding only, none may be just
// another spelling either.
func TestProofTampered(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	l := newTestLog(t, 11)
	leaf := translog.LeafHash(testEntry(6))
	text := l.proof(t, 6, s).Format()
	check := func(p translog.Proof) error {
		_, err := p.Verify(leaf, testOrigin, v)
		return err
	}
	p, err := translog.ParseProof(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := check(p); err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, at int, bad []byte) {
		t.Helper()
		p, err := translog.ParseProof(bad)
		if err == nil {
			err = check(p)
		}
		if !errors.Is(err, translog.ErrMalformed) && !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("%s at byte %d: error %v in\n%s", what, at, err, bad)
		}
	}
	for i, c := range text {
		for bit := range 8 {
			bad := bytes.Clone(text)
			bad[i] ^= 1 << bit
			refuse("flip", i, bad)
		}
		for _, b := range []byte("\x00\t\n\r +-/09=Aaghw\xff") {
			if b != c {
				bad := bytes.Clone(text)
				bad[i] = b
				refuse("overwrite", i, bad)
			}
			bad := append(append(bytes.Clone(text[:i]), b), text[i:]...)
			refuse("insert", i, bad)
		}
		refuse("cut", i, text[:i])
		refuse("delete", i, append(bytes.Clone(text[:i]), text[i+1:]...))
	}
	for _, b := range []byte("\x00\n\r A=") {
		refuse("append", len(text), append(bytes.Clone(text), b))
	}
}

// TestProofSplice: parts of honest proofs do not make another.
func TestProofSplice(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	other, _ := testKey(t, "other.example/log", 1)
	l := newTestLog(t, 11)
	p, next := l.proof(t, 6, s), l.proof(t, 7, s)
	l.append(t, testEntry(11))
	later := l.proof(t, 6, s)
	leaf := translog.LeafHash(testEntry(6))

	for what, bad := range map[string]translog.Proof{
		"other index":       {Index: 7, Hashes: p.Hashes, Checkpoint: p.Checkpoint},
		"other path":        {Index: 6, Hashes: next.Hashes, Checkpoint: p.Checkpoint},
		"later checkpoint":  {Index: 6, Hashes: p.Hashes, Checkpoint: later.Checkpoint},
		"other log":         l.proof(t, 6, other),
		"no checkpoint":     {Index: 6, Hashes: p.Hashes},
		"negative index":    {Index: -6, Hashes: p.Hashes, Checkpoint: p.Checkpoint},
		"index out of tree": {Index: 1 << 60, Hashes: p.Hashes, Checkpoint: p.Checkpoint},
	} {
		c, err := bad.Verify(leaf, testOrigin, v)
		if !errors.Is(err, translog.ErrUnverified) && !errors.Is(err, translog.ErrMalformed) {
			t.Errorf("%s: error %v", what, err)
		}
		if c != (translog.Checkpoint{}) {
			t.Errorf("%s: %v comes with the error", what, c)
		}
	}
	if _, err := p.Verify(translog.LeafHash(testEntry(7)), testOrigin, v); !errors.Is(err, translog.ErrUnverified) {
		t.Errorf("other entry: %v", err)
	}
	if _, err := withExtra(later, "x").Verify(leaf, testOrigin, v); err != nil {
		t.Errorf("extra data is unsigned and must not matter: %v", err)
	}
}

func TestParseProofRefuses(t *testing.T) {
	const header = "c2sp.org/tlog-proof@v1\n"
	checkpoint := testOrigin + "\n3\n" + someRoot + "\n\n" + nodSignature
	good := header + "index 1\n" + someRoot + "\n\n" + checkpoint
	if _, err := translog.ParseProof([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"nothing":              "",
		"other version":        strings.Replace(good, "@v1", "@v2", 1),
		"header only":          header,
		"no index":             header + someRoot + "\n\n" + checkpoint,
		"empty index":          header + "index \n\n" + checkpoint,
		"index without space":  header + "index1\n\n" + checkpoint,
		"index twice":          header + "index 1\nindex 1\n\n" + checkpoint,
		"index with zero":      header + "index 01\n\n" + checkpoint,
		"index negative":       header + "index -1\n\n" + checkpoint,
		"index over limit":     header + "index 4611686018427387904\n\n" + checkpoint,
		"index over 64 bits":   header + "index 18446744073709551617\n\n" + checkpoint,
		"extra after index":    header + "index 1\nextra eA==\n\n" + checkpoint,
		"extra twice":          header + "extra eA==\nextra eA==\nindex 1\n\n" + checkpoint,
		"extra empty":          header + "extra \nindex 1\n\n" + checkpoint,
		"extra stray bits":     header + "extra eB==\nindex 1\n\n" + checkpoint,
		"extra unpadded":       header + "extra eA\nindex 1\n\n" + checkpoint,
		"unknown line":         header + "hello\nindex 1\n\n" + checkpoint,
		"hash too short":       header + "index 1\neA==\n\n" + checkpoint,
		"hash stray bits":      strings.Replace(good, "ek=", "el=", 1),
		"carriage returns":     strings.ReplaceAll(good, "\n", "\r\n"),
		"two empty lines":      strings.Replace(good, "\n\n", "\n\n\n", 1),
		"no empty line":        strings.Replace(good, "\n\n", "\n", 1),
		"no checkpoint":        header + "index 1\n\n",
		"unsigned checkpoint":  header + "index 1\n\n" + testOrigin + "\n3\n" + someRoot + "\n",
		"checkpoint malformed": header + "index 1\n\n" + testOrigin + "\n03\n" + someRoot + "\n\n" + nodSignature,
		"trailing newline":     good + "\n",
		"endless":              header + "index 1\n" + strings.Repeat(someRoot+"\n", 1<<20/45),
	} {
		if p, err := translog.ParseProof([]byte(text)); !errors.Is(err, translog.ErrMalformed) {
			t.Errorf("%s: %v, %v", what, p, err)
		}
	}
}

// FuzzParseProof: what parses formats to the same bytes, and reads the same to
// the formats library.
func FuzzParseProof(f *testing.F) {
	s, _ := testKey(f, testOrigin, 1)
	l := newTestLog(f, 11)
	for _, p := range []translog.Proof{l.proof(f, 0, s), l.proof(f, 10, s), newTestLog(f, 1).proof(f, 0, s)} {
		f.Add(p.Format())
		f.Add(withExtra(p, "extra").Format())
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 1\n\n" + testOrigin + "\n3\n" + someRoot + "\nextension\n\n" + nodSignature))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra \nindex 01\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := translog.ParseProof(text)
		if err != nil {
			if !errors.Is(err, translog.ErrMalformed) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if again := p.Format(); !bytes.Equal(again, text) {
			t.Fatalf("%q formats as %q", text, again)
		}
		for line := range bytes.Lines(text) {
			if len(line) >= 1<<16 {
				return // the formats library reads no longer lines
			}
		}
		var theirs proof.TLogProof
		if err := theirs.Unmarshal(text); err != nil || !bytes.Equal(theirs.Marshal(), text) {
			t.Fatalf("%q is to others %+v, %v", text, theirs, err)
		}
	})
}

// TestDocumentedProof holds the proof in the package comment to the one that
// Example prints.
func TestDocumentedProof(t *testing.T) {
	indented := func(file, from string) string {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		_, rest, _ := strings.Cut(string(src), from)
		for line := range strings.Lines(rest) {
			line = strings.TrimLeft(line, "/ \t")
			b.WriteString(line)
			if strings.HasPrefix(line, "— ") {
				break
			}
		}
		return b.String()
	}
	doc := indented("doc.go", `"three":`)
	example := indented("example_test.go", "// Output:")
	doc, example = strings.TrimSpace(doc), strings.TrimSpace(example)
	if doc == "" || doc != example {
		t.Errorf("doc.go shows\n%s\nand the example prints\n%s", doc, example)
	}
	p, err := translog.ParseProof([]byte(doc + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Index != 1 {
		t.Errorf("documented proof is of entry %d", p.Index)
	}
}
