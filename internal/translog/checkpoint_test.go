package translog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

// nod is a key of the test log whose signature is the word "nod" and whose
// verifier takes any. It lets tests, and the fuzzer, reach what lies behind
// the signature.
type nod struct{}

func (nod) Name() string                { return testOrigin }
func (nod) KeyHash() uint32             { return 0x01020304 }
func (nod) Sign([]byte) ([]byte, error) { return []byte("nod"), nil }
func (nod) Verify(_, _ []byte) bool     { return true }

const (
	nodSignature = "— " + testOrigin + " AQIDBG5vZA==\n"
	someRoot     = "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek="
	emptyRoot    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
)

func TestCheckpointText(t *testing.T) {
	root := newTestLog(t, 2).tree.Hash
	c := translog.Checkpoint{Origin: testOrigin, Tree: translog.Tree{N: 20852163, Hash: root}}
	if got, want := c.Text(), testOrigin+"\n20852163\n"+root.String()+"\n"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	signed, err := translog.SignCheckpoint(c, nod{})
	if err != nil {
		t.Fatal(err)
	}
	if want := c.Text() + "\n" + nodSignature; string(signed) != want {
		t.Errorf("checkpoint is %q, want %q", signed, want)
	}
}

func TestSignCheckpointRefuses(t *testing.T) {
	s, _ := testKey(t, testOrigin, 1)
	good := translog.Empty()
	for what, c := range map[string]translog.Checkpoint{
		"other origin":       {Origin: "other.example/log", Tree: good},
		"no origin":          {Tree: good},
		"two lines":          {Origin: testOrigin + "\n7", Tree: good},
		"negative size":      {Origin: testOrigin, Tree: translog.Tree{N: -1}},
		"size over limit":    {Origin: testOrigin, Tree: translog.Tree{N: translog.MaxSize + 1}},
		"zero tree":          {Origin: testOrigin},
		"root without leafs": {Origin: testOrigin, Tree: translog.Tree{Hash: newTestLog(t, 1).tree.Hash}},
	} {
		if signed, err := translog.SignCheckpoint(c, s); err == nil {
			t.Errorf("%s: signed as %q", what, signed)
		}
	}
}

func TestOpenCheckpoint(t *testing.T) {
	text := testOrigin + "\n3\n" + someRoot + "\n"
	foreign := "— witness.example/w AQIDBG5vZA==\n"
	for _, test := range []struct {
		what, signed string
		want         error
	}{
		{"plain", text + "\n" + nodSignature, nil},
		{"empty tree", testOrigin + "\n0\n" + emptyRoot + "\n\n" + nodSignature, nil},
		{"extension lines", text + "ext 1\next 2\n\n" + nodSignature, nil},
		{"witness after", text + "\n" + nodSignature + foreign, nil},
		{"witness before", text + "\n" + foreign + nodSignature, nil},
		{"largest size", testOrigin + "\n4611686018427387903\n" + someRoot + "\n\n" + nodSignature, nil},

		{"other log", "other.example/log\n3\n" + someRoot + "\n\n" + nodSignature, translog.ErrUnverified},
		{"origin with a space", testOrigin + " \n3\n" + someRoot + "\n\n" + nodSignature, translog.ErrUnverified},
		{"foreign signature only", text + "\n" + foreign, translog.ErrUnverified},
		{"other key, same name", text + "\n— " + testOrigin + " AQIDBW5vZA==\n", translog.ErrUnverified},

		{"nothing", "", translog.ErrMalformed},
		{"no signature", text, translog.ErrMalformed},
		{"no final newline", text + "\n" + strings.TrimSpace(nodSignature), translog.ErrMalformed},
		{"trailing empty line", text + "\n" + nodSignature + "\n", translog.ErrMalformed},
		{"trailing text", text + "\n" + nodSignature + "x\n", translog.ErrMalformed},
		{"carriage returns", strings.ReplaceAll(text+"\n"+nodSignature, "\n", "\r\n"), translog.ErrMalformed},
		{"not UTF-8", text + "\xff\n\n" + nodSignature, translog.ErrMalformed},
		{"signature twice", text + "\n" + nodSignature + nodSignature, translog.ErrMalformed},
		{"second signature by the log", text + "\n" + nodSignature + "— " + testOrigin + " AQIDBG5vZQ==\n", translog.ErrMalformed},
		{"witness twice", text + "\n" + nodSignature + foreign + foreign, translog.ErrMalformed},
		{"stray bits in signature", text + "\n" + strings.Replace(nodSignature, "ZA==", "ZB==", 1), translog.ErrMalformed},
		{"stray bits in foreign", text + "\n" + nodSignature + strings.Replace(foreign, "ZA==", "ZB==", 1), translog.ErrMalformed},
		{"no origin", "\n3\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"one line", testOrigin + "\n\n" + nodSignature, translog.ErrMalformed},
		{"two lines", testOrigin + "\n3\n\n" + nodSignature, translog.ErrMalformed},
		{"empty line in text", text + "\next\n\n" + nodSignature, translog.ErrMalformed},
		{"empty extension line", text + "\n\n" + nodSignature, translog.ErrMalformed},
		{"no size", testOrigin + "\n\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"leading zero", testOrigin + "\n03\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"plus sign", testOrigin + "\n+3\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"negative", testOrigin + "\n-3\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"minus zero", testOrigin + "\n-0\n" + emptyRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"size over limit", testOrigin + "\n4611686018427387904\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"size over 64 bits", testOrigin + "\n18446744073709551619\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
		{"stray bits in root", strings.Replace(text, "ek=", "el=", 1) + "\n" + nodSignature, translog.ErrMalformed},
		{"root unpadded", strings.Replace(text, "ek=", "ek", 1) + "\n" + nodSignature, translog.ErrMalformed},
		{"root of 33 bytes", strings.Replace(text, "ek=", "ekA", 1) + "\n" + nodSignature, translog.ErrMalformed},
		{"root of 31 bytes", strings.Replace(text, "+ek=", "+Q==", 1) + "\n" + nodSignature, translog.ErrMalformed},
		{"root in URL alphabet", strings.Replace(text, "+", "-", 1) + "\n" + nodSignature, translog.ErrMalformed},
		{"size 0 with a root", testOrigin + "\n0\n" + someRoot + "\n\n" + nodSignature, translog.ErrMalformed},
	} {
		c, err := translog.OpenCheckpoint([]byte(test.signed), testOrigin, nod{})
		if !errors.Is(err, test.want) || err == nil != (test.want == nil) {
			t.Errorf("%s: error %v, want %v", test.what, err, test.want)
		}
		if err != nil && c != (translog.Checkpoint{}) {
			t.Errorf("%s: %v comes with the error", test.what, c)
		}
	}
}

// TestCheckpointKeys uses real keys: only the log's own will do.
func TestCheckpointKeys(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	_, other := testKey(t, testOrigin, 2)
	c := translog.Checkpoint{Origin: testOrigin, Tree: newTestLog(t, 7).tree}
	signed, err := translog.SignCheckpoint(c, s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := translog.OpenCheckpoint(signed, testOrigin, v); err != nil || got != c {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := translog.OpenCheckpoint(signed, testOrigin, other); !errors.Is(err, translog.ErrUnverified) {
		t.Errorf("key of the same name: %v", err)
	}
	if _, err := translog.OpenCheckpoint(signed, "", v); !errors.Is(err, translog.ErrUnverified) {
		t.Errorf("no origin asked for: %v", err)
	}
	changed := bytes.Replace(signed, []byte("\n7\n"), []byte("\n8\n"), 1)
	if _, err := translog.OpenCheckpoint(changed, testOrigin, v); !errors.Is(err, translog.ErrUnverified) {
		t.Errorf("changed size: %v", err)
	}
}

// FuzzOpenCheckpoint: what opens is what was signed, reads the same to the
// formats library, and signs to the same bytes again.
func FuzzOpenCheckpoint(f *testing.F) {
	text := testOrigin + "\n3\n" + someRoot + "\n"
	f.Add([]byte(text + "\n" + nodSignature))
	f.Add([]byte(text + "extension\n\n" + nodSignature))
	f.Add([]byte(text + "\n" + nodSignature + "— witness.example/w AQIDBG5vZA==\n"))
	f.Add([]byte(testOrigin + "\n0\n" + emptyRoot + "\n\n" + nodSignature))
	f.Add([]byte(testOrigin + "\n03\n" + someRoot + "\n\n" + nodSignature + nodSignature))
	f.Add([]byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, signed []byte) {
		c, err := translog.OpenCheckpoint(signed, testOrigin, nod{})
		if err != nil {
			if !errors.Is(err, translog.ErrMalformed) && !errors.Is(err, translog.ErrUnverified) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if !bytes.HasPrefix(signed, []byte(c.Text())) {
			t.Fatalf("%q opens as %q", signed, c.Text())
		}
		theirs, extension, n, err := log.ParseCheckpoint(signed, testOrigin, nod{})
		if err != nil || theirs.Size != uint64(c.Tree.N) || !bytes.Equal(theirs.Hash, c.Tree.Hash[:]) {
			t.Fatalf("%q opens as %v, to others as %v, %v", signed, c, theirs, err)
		}
		if len(extension) > 0 || len(n.UnverifiedSigs) > 0 || n.Sigs[0].Base64 != "AQIDBG5vZA==" {
			return // what SignCheckpoint would not write
		}
		again, err := translog.SignCheckpoint(c, nod{})
		if err != nil || !bytes.Equal(again, signed) {
			t.Fatalf("%q signs again as %q, %v", signed, again, err)
		}
	})
}

var _ note.Signer = nod{}
