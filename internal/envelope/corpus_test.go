package envelope_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// The corpus in testdata/corpus is for every implementation; its README.md says
// how to use it. This file walks it, corpus_make_test.go makes it.

const corpusDir = "testdata/corpus"

// A corpusCase is one entry of cases.json.
type corpusCase struct {
	Name   string       `json:"name"`
	File   string       `json:"file"`
	Key    string       `json:"key"` // file of the one enrolled key, or "" for none
	Accept bool         `json:"accept"`
	Reason label.Reason `json:"reason"`
	Field  string       `json:"field"`
	About  string       `json:"about"`
}

// receive does with a document what the corpus asks for: it opens, verifies and
// reads it.
func receive(raw []byte, keys ...*envelope.PublicKey) error {
	v, err := openAndVerify(raw, keys...)
	if err != nil {
		return err
	}
	switch v.PredicateType() {
	case label.TypeTestReport, label.TypeTestReportV1:
		_, err = envelope.SubmittedReport(v)
	case label.TypeDeclaration:
		_, err = envelope.Submitted[label.Declaration](v)
	default:
		err = errors.New("the corpus has reports and declarations only")
	}
	return err
}

func corpusCases(t testing.TB) (cases []corpusCase) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpusDir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := label.Decode(b, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func corpusFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpusDir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func corpusKey(t testing.TB, name string) *envelope.PublicKey {
	t.Helper()
	k, err := envelope.ParsePublicKey(corpusFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestCorpus(t *testing.T) {
	if *update {
		writeCorpus(t)
	}
	accepted := 0
	for _, c := range corpusCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			var keys []*envelope.PublicKey
			if c.Key != "" {
				keys = append(keys, corpusKey(t, c.Key))
			}
			err := receive(corpusFile(t, c.File), keys...)
			if c.Accept {
				accepted++
				if err != nil {
					t.Fatalf("%s: %v", c.About, err)
				}
				return
			}
			e, ok := errors.AsType[*label.Error](err)
			if !ok {
				t.Fatalf("%s: got %v, want %s at %q", c.About, err, c.Reason, c.Field)
			}
			if e.Reason != c.Reason || e.Field != c.Field {
				t.Fatalf("%s: got %s at %q (%s), want %s at %q", c.About, e.Reason, e.Field, e.Text, c.Reason, c.Field)
			}
		})
	}
	if accepted < 20 {
		t.Errorf("%d cases are accepted", accepted)
	}
}

// TestCorpusIsComplete requires that cases.json says what its maker says, and
// that it names every file in the corpus once.
func TestCorpusIsComplete(t *testing.T) {
	var want []corpusCase
	names := map[string]bool{"README.md": true, "cases.json": true, "device.json": true}
	for name := range testKeys(t) {
		names["keys/"+name+".pub"] = true
	}
	for _, m := range makers() {
		want = append(want, m.entry())
		if file := m.entry().File; names[file] {
			t.Errorf("two cases are called %s", file)
		} else {
			names[file] = true
		}
	}
	if got := corpusCases(t); !slices.Equal(got, want) {
		t.Errorf("cases.json is not what corpus_make_test.go makes; run go test -run TestCorpus -update")
	}
	err := filepath.WalkDir(corpusDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(corpusDir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !names[rel] {
			t.Errorf("no case uses %s", rel)
		}
		delete(names, rel)
		info, err := d.Info()
		if err == nil && info.Size() > 16<<10 && rel != "cases.json" {
			t.Errorf("%s has %d bytes; keep cases small", rel, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		t.Errorf("%s is missing", name)
	}
	if got := corpusFile(t, "device.json"); string(got) != string(subject) {
		t.Errorf("device.json is %s", got)
	}
	if _, err := label.ParseDevice(subject); err != nil {
		t.Errorf("device.json: %v", err)
	}
}

// TestCorpusOversized is the case that is too large to keep.
func TestCorpusOversized(t *testing.T) {
	raw := corpusFile(t, "accept/dsse-v1.json")
	k := corpusKey(t, "keys/ecdsa-p256.pub")
	raw = append(raw, strings.Repeat(" ", label.MaxStatement-len(raw))...)
	if err := receive(raw, k); err != nil {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
	wantRefusal(t, receive(append(raw, ' '), k), label.TooLarge, label.ReasonTooLarge, "statement")
}

// writeCorpus makes all files anew. The keys are made for it and forgotten.
func writeCorpus(t *testing.T) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	keys, err := makeKeys()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(corpusDir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"keys", "accept", "refuse"} {
		if err := os.RemoveAll(filepath.Join(corpusDir, dir)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		write("keys/"+name+".pub", []byte(keys[name].public.PEM))
	}
	write("device.json", subject)
	var cases []corpusCase
	for _, m := range makers() {
		write(m.entry().File, m.document(t, keys))
		cases = append(cases, m.entry())
	}
	b, err := json.MarshalIndent(cases, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write("cases.json", append(b, '\n'))
}

// FuzzOpen starts from the corpus. Whatever verifies is the payload that was
// signed, and comes back from the store the same.
func FuzzOpen(f *testing.F) {
	keys := map[string]*envelope.PublicKey{}
	for _, c := range corpusCases(f) {
		f.Add(corpusFile(f, c.File))
		if c.Key != "" && keys[c.Key] == nil {
			keys[c.Key] = corpusKey(f, c.Key)
		}
	}
	all := slices.Collect(maps.Values(keys))
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := envelope.Open(raw)
		if err != nil {
			if k := label.KindOf(err); k != label.Invalid && k != label.TooLarge {
				t.Fatalf("refused with kind %d: %v", k, err)
			}
			return
		}
		if u.ID() != label.DigestOf(u.Envelope().Payload) {
			t.Fatalf("the ID of %s is %s", u.Envelope().Payload, u.ID())
		}
		for _, h := range u.Hints() {
			if len(h) != 64 || strings.Trim(h, "0123456789abcdef") != "" {
				t.Fatalf("%q is hinted", h)
			}
		}
		u.Claimed()
		encoded, err := u.Envelope().Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := label.ParseEnvelope(encoded); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		v, err := u.Verify(all)
		if err != nil {
			if r := label.ReasonOf(err); r != label.ReasonBadSignature {
				t.Fatalf("refused for %s", r)
			}
			return
		}
		if v.ID() != u.ID() || string(v.Raw()) != string(raw) || v.PredicateType() != u.PredicateType() {
			t.Fatalf("%+v is verified as %+v", u, v)
		}
	})
}

// FuzzParseEnvelope requires that there is one encoding of an envelope, which
// Open reads as well.
func FuzzParseEnvelope(f *testing.F) {
	for _, c := range corpusCases(f) {
		if u, err := envelope.Open(corpusFile(f, c.File)); err == nil {
			b, err := u.Envelope().Encode()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Add([]byte(`{"payloadType":"","payload":"","signatures":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := label.ParseEnvelope(b)
		if err != nil {
			return
		}
		if again, err := e.Encode(); err != nil || string(again) != string(b) {
			t.Fatalf("%s is written as %s, %v", b, again, err)
		}
		if !strings.Contains(string(b), `"payload":"`+base64.StdEncoding.EncodeToString(e.Payload)+`"`) {
			t.Fatalf("%s was read as the payload %q", b, e.Payload)
		}
		if u, err := envelope.Open(b); err == nil && u.ID() != label.DigestOf(e.Payload) {
			t.Fatalf("%s is opened as another statement", b)
		}
	})
}
