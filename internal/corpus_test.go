package internal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/verify"
)

// corpus has what releases signed and handed out, a directory for each release that added
// to the formats. What lies there stays as it is for ever, and every later release reads
// it as that one did.
var corpus = filepath.Join("testdata", "corpus")

// frozen has the SHA-256 of each directory of the corpus: of its files' names and digests,
// as corpusSum computes it. A directory is added, and never changed.
var frozen = map[string]string{
	"1": "5d7c53649352f77f6bf9c0cab20d2bcfbced5e5f515a22b4b8cfe511a8a17b2e",
}

// An expectation is what a package in the corpus yields.
type expectation struct {
	Package string    `json:"package"`
	At      time.Time `json:"at"`              // the present
	State   string    `json:"state,omitempty"` // of the label
	Told    string    `json:"told,omitempty"`  // the reason for which nobody can tell how it stands
	Refused string    `json:"refused,omitempty"`
}

// expect returns what a package yields now.
func expect(trust *verify.Trust, name string, pkg []byte, at time.Time) expectation {
	e := expectation{Package: name, At: at}
	r, err := trust.Verify(pkg, at, at)
	if err != nil {
		e.Refused = string(label.ReasonOf(err))
		return e
	}
	e.State = string(r.State)
	if err := r.Told(); err != nil {
		e.Told = string(label.ReasonOf(err))
	}
	return e
}

// releases returns the directories of the corpus, oldest first.
func releases(t *testing.T) (dirs []string) {
	t.Helper()
	list, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		dirs = append(dirs, d.Name())
	}
	return dirs
}

// corpusSum returns the SHA-256 of a line for each file: its name and its SHA-256.
func corpusSum(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		if err == nil {
			err = relErr
		}
		fmt.Fprintf(sum, "%s %x\n", filepath.ToSlash(name), sha256.Sum256(b))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// TestCorpusIsFrozen requires that what a release added to the corpus is as it was.
func TestCorpusIsFrozen(t *testing.T) {
	dirs := releases(t)
	for _, dir := range dirs {
		if sum := corpusSum(t, filepath.Join(corpus, dir)); frozen[dir] != sum {
			t.Errorf("corpus/%s has the sum %s, and is frozen as %q; add a directory, and change none", dir, sum, frozen[dir])
		}
	}
	if len(dirs) != len(frozen) {
		t.Errorf("the corpus has %q, and %d directories are frozen", dirs, len(frozen))
	}
}

// TestCorpus requires that all that was signed in the corpus verifies and is read as it
// was: evidence and requests by the keys of those who signed them, what the authority
// signed by the trust file, packages with the state that they had.
func TestCorpus(t *testing.T) {
	signed := map[string]bool{}
	for _, dir := range releases(t) {
		t.Run(dir, func(t *testing.T) {
			dir := filepath.Join(corpus, dir)
			trust, err := verify.ParseTrust(read(t, dir, "trust.json"))
			if err != nil {
				t.Fatal(err)
			}
			var keys []*envelope.PublicKey
			pems, err := filepath.Glob(filepath.Join(dir, "keys", "*.pub"))
			if err != nil || len(pems) == 0 {
				t.Fatal(err)
			}
			for _, f := range pems {
				k, err := envelope.ParsePublicKey(read(t, f))
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, k)
			}
			statements, err := os.ReadDir(filepath.Join(dir, "statements"))
			if err != nil || len(statements) == 0 {
				t.Fatal(err)
			}
			for _, f := range statements {
				typ, err := corpusStatement(keys, read(t, dir, "statements", f.Name()))
				if err != nil {
					t.Errorf("%s: %v", f.Name(), err)
				}
				signed[typ] = true
			}
			var expected []expectation
			if err := json.Unmarshal(read(t, dir, "expected.json"), &expected); err != nil || len(expected) == 0 {
				t.Fatal(err)
			}
			for _, e := range expected {
				if got := expect(trust, e.Package, read(t, dir, "packages", e.Package), e.At); got != e {
					t.Errorf("%+v, want %+v", got, e)
				}
			}
			list, err := trust.OpenList(bytes.TrimSpace(read(t, dir, "status-list.jwt")), expected[0].At)
			if err != nil {
				t.Fatal(err)
			}
			if list.Issued.IsZero() {
				t.Error("the status list is of no time")
			}
			if _, err := trust.OpenCheckpoint(read(t, dir, "checkpoint.txt")); err != nil {
				t.Error(err)
			}
			if base, _, err := qr.ParsePayload(strings.TrimSpace(string(read(t, dir, "qr.txt")))); err != nil || base != trust.URL {
				t.Errorf("the QR code leads to %s (%v)", base, err)
			}
			devices, err := filepath.Glob(filepath.Join(dir, "devices", "*.json"))
			if err != nil || len(devices) == 0 {
				t.Fatal(err)
			}
			for _, f := range devices {
				if _, err := label.ParseDevice(read(t, f)); err != nil {
					t.Errorf("%s: %v", f, err)
				}
			}
			exportedTrail(t, trust, read(t, dir, "audit.jsonl"), expected[0].At)
		})
	}
	for typ := range predicates {
		if !signed[typ] {
			t.Errorf("the corpus has no %s", uri(typ))
		}
	}
}

// corpusStatement opens a statement as whoever gets it does: one signature is by a key
// that is known, and the predicate is accepted, and encoded as it was.
func corpusStatement(keys []*envelope.PublicKey, bundle []byte) (string, error) {
	u, err := envelope.Open(bundle)
	if err != nil {
		return "", err
	}
	typ := u.PredicateType()
	if _, err := u.Verify(keys); err != nil {
		return typ, err
	}
	var st label.Statement
	if err := label.DecodeLoose(u.Envelope().Payload, &st); err != nil {
		return typ, err
	}
	if predicates[typ] == nil { // a former type, which is read and no longer accepted
		_, err := label.PredicateOf(typ)
		return typ, err
	}
	p, err := decoded(typ, st.Predicate)
	if err != nil {
		return typ, err
	}
	again, err := label.Encode(p)
	if err != nil {
		return typ, err
	}
	if !bytes.Equal(again, st.Predicate) {
		return typ, fmt.Errorf("is encoded as %s, and was %s", again, st.Predicate)
	}
	return typ, nil
}

// exportedTrail reads an exported audit trail to its end, and returns what it begins with.
func exportedTrail(t *testing.T, trust *verify.Trust, export []byte, now time.Time) *verify.TrailHead {
	t.Helper()
	lines := bytes.Split(bytes.TrimSuffix(export, []byte("\n")), []byte("\n"))
	head, err := verify.ParseTrailHead(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	trail, err := trust.Trail(head, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range lines[1:] {
		if _, err := trail.Add(leaf); err != nil {
			t.Fatal(err)
		}
	}
	if trail.Size() < trail.Head.Size {
		t.Errorf("the trail has %d entries, and its head is of %d", trail.Size(), trail.Head.Size)
	}
	return head
}

// TestMembersAreFrozen requires that no member of a frozen predicate was added, taken
// away, renamed or made something else. What a predicate has to say besides is another
// predicate type, or another version of it.
func TestMembersAreFrozen(t *testing.T) {
	now := members()
	for _, dir := range releases(t) {
		for line := range strings.Lines(string(read(t, corpus, dir, "members.txt"))) {
			line = strings.TrimSpace(line)
			name, _, _ := strings.Cut(line, ":")
			if i := slices.IndexFunc(now, func(l string) bool { return strings.HasPrefix(l, name+":") }); i < 0 {
				t.Errorf("%s is gone", name)
			} else if now[i] != line {
				t.Errorf("%s\nwas    %s\nand is %s", name, line, now[i])
			}
		}
	}
}

// members returns a line for each predicate type, and for each object within one or within
// the files that are handed out: its members, each with its type as the documents name it,
// and with a question mark where it may be absent.
func members() (lines []string) {
	describe := func(name string, typ reflect.Type) {
		var list []string
		for _, f := range reflect.VisibleFields(typ) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || !f.IsExported() || member == "-" {
				continue
			}
			if strings.Contains(options, "omit") {
				member += "?"
			}
			list = append(list, member+" "+kindOf(f.Type))
		}
		lines = append(lines, name+": "+strings.Join(list, ", "))
	}
	for typ, p := range predicates {
		describe(uri(typ), reflect.TypeOf(p).Elem())
	}
	for name, p := range parts {
		describe(name, reflect.TypeOf(p))
	}
	slices.Sort(lines)
	return lines
}
