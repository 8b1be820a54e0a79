package issue_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/labels"
)

const origin = "labels.test/log"

var (
	now       = time.Date(2026, time.November, 2, 9, 30, 0, 123456789, time.UTC)
	authority = label.Party{ID: "authority", Name: "The Authority"}
	maker     = label.Party{ID: "northlight", Name: "Northlight"}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test unless err is a refusal with reason and field.
func wants(t testing.TB, err error, reason label.Reason, field, says string) {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a refusal with %s", err, err, reason)
	}
	if e.Reason != reason || e.Field != field || !strings.Contains(err.Error(), says) {
		t.Fatalf("got %s, field %q: %v\nwant %s, field %q: … %s …", e.Reason, e.Field, err, reason, field, says)
	}
}

// A setting is an issuer with its keys, and a camera that reaches level 3.
type setting struct {
	*issue.Issuer
	key    *envelope.Signer
	log    note.Verifier
	camera *example.Example
}

func url(id label.ID) string { return "https://labels.test/l/" + string(id) }

func programme(t testing.TB) *scheme.Programme {
	t.Helper()
	p, err := scheme.Load(labels.FS)
	must(t, err)
	return p
}

func set(t testing.TB, url func(label.ID) string, random io.Reader) *setting {
	t.Helper()
	s := &setting{key: labeltest.NewSigner(t)}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	log, err := translog.NewSigner(origin, priv)
	must(t, err)
	vkey, err := log.VKey()
	must(t, err)
	s.log, err = note.NewVerifier(vkey)
	must(t, err)
	s.Issuer = issue.New(authority, s.key, log, url, random)
	s.camera, err = example.Load(labels.FS, "camera", label.DateOf(now))
	must(t, err)
	return s
}

// read brings a statement through envelope and scheme.
func (s *setting) read(t testing.TB, p *scheme.Programme, kind string, predicate any) *scheme.Item {
	t.Helper()
	u, err := envelope.Open(labeltest.Seal(t, s.key, s.camera.Descriptor, kind, predicate))
	must(t, err)
	v, err := u.Verify([]*envelope.PublicKey{s.key.Public})
	must(t, err)
	it, err := p.Read(v)
	must(t, err)
	if it.Source() == scheme.Lab {
		it.Lab = label.LabRef{ID: "aurora-lab", Name: "Aurora", Accreditation: it.Number, Body: "Board"}
	}
	return it
}

// grant returns a grant of level 3 for the camera on the reports given.
func (s *setting) grant(t testing.TB, reports ...*label.TestReport) *scheme.Grant {
	t.Helper()
	p := programme(t)
	items := []*scheme.Item{s.read(t, p, label.TypeDeclaration, s.camera.Declaration)}
	for _, r := range reports {
		items = append(items, s.read(t, p, label.TypeTestReport, r))
	}
	d, err := p.Newest("four-level").Evaluate(s.camera.Device, label.DigestOf(s.camera.Descriptor), items, now)
	must(t, err)
	g, err := d.Grant(3)
	if err != nil {
		t.Fatalf("%v: %+v", err, d.Missing)
	}
	return g
}

// sign returns a function that signs what an issuer has prepared.
func sign(i *issue.Issuer) func(*issue.Unsigned, error) (*issue.Signed, error) {
	return func(u *issue.Unsigned, err error) (*issue.Signed, error) {
		if err != nil {
			return nil, err
		}
		return i.Sign(u)
	}
}

func TestLabel(t *testing.T) {
	s := set(t, url, rand.Reader)
	if s.Public() != s.key.Public || s.Authority() != authority {
		t.Error("the issuer is not who it was made to be")
	}
	g := s.grant(t, s.camera.Report)
	ids := map[label.ID]bool{}
	for range 2 {
		signed, err := sign(s.Issuer)(s.Label(g, s.camera.Descriptor, maker))
		must(t, err)
		l := signed.Label
		ids[l.ID] = true
		if l.URL != url(l.ID) || l.Authority != authority || l.Maker != maker || l.Level.Number != 3 || !l.Issued.Equal(now.Truncate(time.Second)) {
			t.Errorf("issued %+v", l)
		}
		// What the log records is the envelope, and what it holds is the label.
		env, err := label.ParseEnvelope(signed.Leaf)
		must(t, err)
		if len(env.Signatures) != 1 || !slices.Equal(env.Payload, signed.Envelope.Payload) {
			t.Errorf("the leaf holds %d signatures, payload %s", len(env.Signatures), env.Payload)
		}
		u, err := envelope.OpenEnvelope(env)
		must(t, err)
		got, key, err := verify.Statement(u, s.camera.Descriptor, []*envelope.PublicKey{s.key.Public})
		must(t, err)
		if !reflect.DeepEqual(got, l) || key != s.key.Public.ID {
			t.Errorf("under %s the leaf says\n%+v\nand what was issued\n%+v", key, got, l)
		}
		// One signature, which is the real key's, is nobody else's.
		stranger := labeltest.NewSigner(t).Public
		if _, _, err = verify.Statement(u, s.camera.Descriptor, []*envelope.PublicKey{stranger}); err == nil {
			t.Error("a stranger's key verifies the label")
		}
	}
	if len(ids) != 2 {
		t.Error("two labels have one ID")
	}
}

// TestLabelRefuses has the linter see labels that would not verify. Nothing
// comes back that could be committed.
func TestLabelRefuses(t *testing.T) {
	good := set(t, url, rand.Reader)
	grant := good.grant(t, good.camera.Report)
	other := *good.camera.Device
	other.Model = "NL-C211"
	otherDescriptor, err := other.Canonical()
	must(t, err)
	for _, row := range []struct {
		name   string
		issuer *issue.Issuer
		grant  *scheme.Grant
		device []byte
		maker  label.Party
		reason label.Reason
		field  string
		says   string
	}{
		{"no URL", set(t, func(label.ID) string { return "" }, rand.Reader).Issuer, grant, good.camera.Descriptor, maker,
			label.ReasonMissing, "bundle.predicate.url", "would not verify and was not signed"},
		{"a URL with a line break", set(t, func(label.ID) string { return "https://labels.test/\nl" }, rand.Reader).Issuer, grant, good.camera.Descriptor, maker,
			label.ReasonMalformed, "bundle.predicate.url", "would not verify and was not signed"},
		{"a URL that is too long", set(t, func(label.ID) string { return "https://labels.test/" + strings.Repeat("l", label.MaxProse) }, rand.Reader).Issuer, grant, good.camera.Descriptor, maker,
			label.ReasonTooLarge, "bundle.predicate.url", "would not verify and was not signed"},
		{"another maker", good.Issuer, grant, good.camera.Descriptor, label.Party{ID: "merrimake", Name: "Merrimake"},
			label.ReasonWrongSigner, "bundle.predicate.manufacturer.id", "would not verify and was not signed"},
		{"a maker without a name", good.Issuer, grant, good.camera.Descriptor, label.Party{ID: maker.ID},
			label.ReasonMissing, "bundle.predicate.manufacturer.name", "would not verify and was not signed"},
		{"another device", good.Issuer, grant, otherDescriptor, maker,
			label.ReasonUnknownSubject, "device", "would not verify and was not signed"},
		{"no device", good.Issuer, grant, nil, maker,
			label.ReasonMalformed, "device", "would not verify and was not signed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			signed, err := sign(row.issuer)(row.issuer.Label(row.grant, row.device, row.maker))
			if signed != nil {
				t.Error("something was signed")
			}
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	signed, err := sign(good.Issuer)(good.Label(new(scheme.Grant), good.camera.Descriptor, maker))
	if signed != nil || err == nil || !strings.Contains(err.Error(), "empty grant") {
		t.Errorf("an empty grant gave %v, error %v", signed, err)
	}
	dry := set(t, url, iotest.ErrReader(io.ErrUnexpectedEOF))
	signed, err = sign(dry.Issuer)(dry.Label(grant, good.camera.Descriptor, maker))
	if signed != nil || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "drawing a label ID") {
		t.Errorf("without randomness the issuer gave %v, error %v", signed, err)
	}
}

// TestLabelTooLarge has evidence and texts that are each within their limits
// and together more than a log entry may hold.
func TestLabelTooLarge(t *testing.T) {
	s := set(t, url, rand.Reader)
	prose := strings.Repeat(`"`, label.MaxProse) // two bytes each in JSON
	p := &s.camera.Declaration.Product
	p.UpdateHelp, p.Password, p.Setup = prose, prose, prose
	var reports []*label.TestReport
	for i, v := range s.camera.Report.Verdicts {
		r := *s.camera.Report
		r.Verdicts, r.Number = []label.Verdict{v}, strings.Repeat(`"`, label.MaxText-2)+string(rune('a'+i%26))+string(rune('a'+i/26))
		if i > 0 {
			r.Facts = nil
		}
		reports = append(reports, &r)
	}
	signed, err := sign(s.Issuer)(s.Label(s.grant(t, reports...), s.camera.Descriptor, maker))
	if signed != nil {
		t.Errorf("a leaf of %d bytes was signed", len(signed.Leaf))
	}
	wants(t, err, label.ReasonTooLarge, "statement", "at most 49152 are allowed")
	if label.KindOf(err) != label.TooLarge {
		t.Errorf("refused with kind %d", label.KindOf(err))
	}
}

func TestAccreditation(t *testing.T) {
	s := set(t, url, rand.Reader)
	a := &label.Accreditation{
		Lab: label.Party{ID: "aurora-lab", Name: "Aurora"}, Number: "T-1", Body: "Board", Standards: []string{"en303645"}, Categories: []string{"*"},
		Methods: []label.Method{"functional-test"}, Interval: label.Period{From: label.DateOf(now), To: label.DateOf(now).AddMonths(24)}, Keys: []string{label.DigestOf([]byte("b")).String(), label.DigestOf([]byte("a")).String()},
		Requests: []label.RequestRef{{Organization: "authority", Key: label.DigestOf([]byte("k")).String(), SHA256: label.DigestOf([]byte("request"))}},
	}
	signed, err := sign(s.Issuer)(s.Accreditation(a, now.In(time.FixedZone("east", 3600))))
	must(t, err)
	if signed.Label != nil || a.Recorded != now.Truncate(time.Second) {
		t.Errorf("signed a label %v, recorded at %s", signed.Label, a.Recorded)
	}
	env, err := label.ParseEnvelope(signed.Leaf)
	must(t, err)
	u, err := envelope.OpenEnvelope(env)
	must(t, err)
	v, err := u.Verify([]*envelope.PublicKey{s.key.Public})
	must(t, err)
	got, err := envelope.Predicate[label.Accreditation](v)
	must(t, err)
	if !reflect.DeepEqual(got, a) || v.PredicateType() != label.TypeAccreditation || !slices.Equal(v.Subjects(), []label.Digest{label.DigestOf([]byte("aurora-lab"))}) {
		t.Errorf("the leaf says %s of %v: %+v", v.PredicateType(), v.Subjects(), got)
	}

	if !slices.IsSorted(got.Keys) {
		t.Errorf("its keys are %s", got.Keys)
	}
	for i := range 1000 {
		a.Keys = append(a.Keys, label.DigestOf([]byte{byte(i), byte(i >> 8)}).String())
	}
	signed, err = sign(s.Issuer)(s.Accreditation(a, now))
	if signed != nil {
		t.Error("an accreditation was signed that the log cannot hold")
	}
	wants(t, err, label.ReasonTooLarge, "statement", "would be a log entry of")
}

func TestCheckpoint(t *testing.T) {
	s := set(t, url, rand.Reader)
	tree := translog.Tree{N: 7, Hash: translog.LeafHash([]byte("root"))}
	for _, want := range []translog.Tree{translog.Empty(), tree} {
		signed, err := s.Checkpoint(want, now)
		must(t, err)
		head, err := translog.OpenCheckpoint(signed, origin, s.log)
		must(t, err)
		if head.Origin != origin || head.Tree != want {
			t.Errorf("signed %+v, want %+v", head, want)
		}
	}
	if signed, err := s.Checkpoint(translog.Tree{N: 0, Hash: tree.Hash}, now); err == nil {
		t.Errorf("signed an impossible head: %s", signed)
	}
}
