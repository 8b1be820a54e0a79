package authority_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/surveillance"
)

// payloadOf encodes a statement about a subject.
func payloadOf(t *testing.T, subject []byte, predicateType string, predicate any) []byte {
	t.Helper()
	labeltest.Address(predicate)
	b, err := label.EncodeStatement("subject", label.DigestOf(subject), predicateType, predicate)
	must(t, err)
	return b
}

// A naming is a form in which tools name the keys of signatures.
type naming struct {
	name  string
	keyid func(i int, signers []*envelope.Signer) string
}

var namings = []naming{
	{"no key IDs", func(int, []*envelope.Signer) string { return "" }},
	{"key IDs", func(i int, s []*envelope.Signer) string { return s[i].Public.ID }},
	{"digests of PEM texts", func(i int, s []*envelope.Signer) string { return label.DigestOf([]byte(s[i].Public.PEM)).String() }},
	{"unknown key IDs", func(i int, _ []*envelope.Signer) string {
		return label.DigestOf(fmt.Append(nil, "unknown", i)).String()
	}},
	{"each other's key IDs", func(i int, s []*envelope.Signer) string { return s[len(s)-1-i].Public.ID }},
	{"names", func(i int, _ []*envelope.Signer) string { return fmt.Sprint("our key ", i) }},
}

// signedBy writes an envelope with the signatures of several signers, in order.
func signedBy(t *testing.T, payload []byte, n naming, signers ...*envelope.Signer) []byte {
	t.Helper()
	var sigs []string
	for i, s := range signers {
		env, err := s.SealPayload(payload)
		must(t, err)
		sigs = append(sigs, fmt.Sprintf(`{"keyid":%q,"sig":%q}`, n.keyid(i, signers), base64.StdEncoding.EncodeToString(env.Signatures[0].Sig)))
	}
	return fmt.Appendf(nil, `{"payloadType":%q,"payload":%q,"signatures":[%s]}`, label.PayloadType, base64.StdEncoding.EncodeToString(payload), strings.Join(sigs, ","))
}

// A bench is a world whose lab has retired a key for another, with a device.
type bench struct {
	*labeltest.World
	t       *testing.T
	e       *example.Example
	retired *envelope.Signer // of the lab
	reports int
}

func newBench(t *testing.T) *bench {
	w := labeltest.New(t, nil)
	b := &bench{World: w, t: t, e: w.Example("camera"), retired: w.Signers[labeltest.Lab]}
	b.device(0)
	w.Signers[labeltest.Lab] = b.addKey(labeltest.Lab)
	_, err := w.RevokeKey(ctx, w.Caller(labeltest.Operator), b.retired.Public.ID, "replaced")
	must(t, err)
	return b
}

// device registers the n-th device, which the next reports are about.
func (b *bench) device(n int) {
	b.t.Helper()
	b.e = b.Example("camera")
	labeltest.Variant(b.t, b.e, n)
	_, _, err := b.Authority.Register(ctx, b.Caller(labeltest.Maker), b.e.Descriptor)
	must(b.t, err)
}

// addKey enrols a new key of an organization.
func (b *bench) addKey(org string) *envelope.Signer {
	b.t.Helper()
	s := labeltest.NewSigner(b.t)
	b.enrolKey(org, s.Public)
	return s
}

func (b *bench) enrolKey(org string, k *envelope.PublicKey) {
	b.t.Helper()
	b.Clock.Set(b.Clock.Now().Add(time.Second)) // keys are told apart by when they began
	_, err := b.AddKey(ctx, b.Caller(labeltest.Operator), org, k.PEM, time.Time{})
	must(b.t, err)
}

// report is another report about the device.
func (b *bench) report() []byte {
	b.t.Helper()
	b.reports++
	r := *b.e.Report
	r.Number = fmt.Sprint("R-", b.reports)
	return payloadOf(b.t, b.e.Descriptor, label.TypeTestReport, &r)
}

func (b *bench) submit(raw []byte) (*store.Statement, error) {
	st, _, err := b.Authority.Submit(ctx, b.Caller(labeltest.Maker), raw)
	return st, err
}

// TestAnySignatureIsEnough requires that a report is accepted for its lab's
// signature, whoever else signed it, in whatever order, whatever the signatures
// name as their keys.
func TestAnySignatureIsEnough(t *testing.T) {
	b := newBench(t)
	lab := b.Signers[labeltest.Lab]
	for i, other := range []struct {
		name   string
		signer *envelope.Signer
	}{
		{"alone", nil},
		{"countersigned by the manufacturer", b.Signers[labeltest.Maker]},
		{"beside the lab's retired key", b.retired},
		{"beside another manufacturer", b.Signers[labeltest.ToyMaker]},
		{"beside a key that nobody enrolled", labeltest.NewSigner(t)},
	} {
		b.device(i + 1)
		orders := [][]*envelope.Signer{{lab, other.signer}, {other.signer, lab}}
		if other.signer == nil {
			orders = [][]*envelope.Signer{{lab}}
		}
		for j, signers := range orders {
			for _, n := range namings {
				st, err := b.submit(signedBy(t, b.report(), n, signers...))
				if err != nil {
					t.Errorf("%s, order %d, with %s: %v (%s)", other.name, j, n.name, err, label.ReasonOf(err))
				} else if st.Signer != labeltest.Lab || st.Key != lab.Public.ID {
					t.Errorf("%s, order %d, with %s: counted for %s by key %.16s", other.name, j, n.name, st.Signer, st.Key)
				}
			}
		}
	}
}

// TestBundleHints requires the same of what a bundle names as its key.
func TestBundleHints(t *testing.T) {
	b := newBench(t)
	lab, maker := b.Signers[labeltest.Lab], b.Signers[labeltest.Maker]
	for _, hint := range []string{lab.Public.ID, maker.Public.ID, b.retired.Public.ID, label.DigestOf([]byte(lab.Public.PEM)).String(), "our key", ""} {
		for _, mediaType := range []string{label.BundleType, "application/vnd.dev.sigstore.bundle+json;version=0.3", "application/vnd.dev.sigstore.bundle+json; version=0.3"} {
			raw := fmt.Appendf(nil, `{"mediaType":%q,"verificationMaterial":{"publicKey":{"hint":%q},"certificate":null,"x509CertificateChain":null,"tlogEntries":null},"messageSignature":null,"dsseEnvelope":%s}`,
				mediaType, hint, signedBy(t, b.report(), namings[0], maker, lab))
			if st, err := b.submit(raw); err != nil || st.Key != lab.Public.ID {
				t.Errorf("%s with the hint %q: %+v, %v", mediaType, hint, st, err)
			}
		}
	}
}

// TestRefusalsSayWhoseFault requires that a statement that no signature carries
// is refused for what is wrong with the signature that comes closest, and never
// for what is wrong with somebody else's.
func TestRefusalsSayWhoseFault(t *testing.T) {
	b := newBench(t)
	lab, maker, toys := b.Signers[labeltest.Lab], b.Signers[labeltest.Maker], b.Signers[labeltest.ToyMaker]
	stranger, young := labeltest.NewSigner(t), labeltest.NewSigner(t)
	_, err := b.AddKey(ctx, b.Caller(labeltest.Operator), labeltest.Lab, young.Public.PEM, labeltest.Start.AddDate(0, 1, 0))
	must(t, err)
	none, ids := namings[0], namings[1]
	as := func(k ...*envelope.Signer) naming { // signatures that name these keys
		return naming{"", func(i int, _ []*envelope.Signer) string { return k[i].Public.ID }}
	}
	for _, row := range []struct {
		name    string
		n       naming
		signers []*envelope.Signer
		reason  label.Reason
	}{
		{"a retired key", ids, []*envelope.Signer{b.retired}, label.ReasonKeyRevoked},
		{"a retired key, not named", none, []*envelope.Signer{b.retired}, label.ReasonKeyRevoked},
		{"a retired key under an unknown name", namings[3], []*envelope.Signer{b.retired}, label.ReasonKeyRevoked},
		{"a retired key, countersigned", ids, []*envelope.Signer{b.retired, maker}, label.ReasonKeyRevoked},
		{"a retired key after a countersignature", none, []*envelope.Signer{maker, b.retired}, label.ReasonKeyRevoked},
		{"a retired key after a stranger", ids, []*envelope.Signer{stranger, b.retired}, label.ReasonKeyRevoked},
		{"a retired key that names the new one", as(lab), []*envelope.Signer{b.retired}, label.ReasonKeyRevoked},
		{"a key that is not valid yet", ids, []*envelope.Signer{young, toys}, label.ReasonKeyNotYetValid},
		{"a manufacturer", ids, []*envelope.Signer{maker}, label.ReasonWrongSigner},
		{"two manufacturers", ids, []*envelope.Signer{toys, maker}, label.ReasonWrongSigner},
		{"a manufacturer and a stranger", ids, []*envelope.Signer{stranger, toys}, label.ReasonWrongSigner},
		{"a manufacturer that is not named", none, []*envelope.Signer{toys}, label.ReasonUnknownKey},
		{"a stranger", ids, []*envelope.Signer{stranger}, label.ReasonUnknownKey},
		{"a stranger that is not named", none, []*envelope.Signer{stranger}, label.ReasonUnknownKey},
		{"a stranger that names a manufacturer", as(toys), []*envelope.Signer{stranger}, label.ReasonUnknownKey},
		{"a stranger that names the lab", as(lab), []*envelope.Signer{stranger}, label.ReasonBadSignature},
		{"a manufacturer that names the lab", as(lab), []*envelope.Signer{toys}, label.ReasonUnknownKey + "|" + label.ReasonBadSignature},
		{"a manufacturer, and a stranger that names the lab", as(toys, lab), []*envelope.Signer{toys, stranger}, label.ReasonBadSignature},
		{"more than are tried", ids, []*envelope.Signer{toys, toys, toys, toys, lab}, label.ReasonTooLarge},
	} {
		_, err := b.submit(signedBy(t, b.report(), row.n, row.signers...))
		if r := label.ReasonOf(err); err == nil || !slices.Contains(strings.Split(string(row.reason), "|"), string(r)) {
			t.Errorf("%s: %v (%s), want %s", row.name, err, r, row.reason)
		}
	}
	must(t, b.Store.View(func(v *store.View) error {
		return v.Statements(func(st *store.Statement) bool {
			t.Errorf("statement %s was stored", st.ID)
			return false
		})
	}))
}

// TestNoSignatureForAnother has somebody with one enrolled key try to have his
// signature counted for the lab.
func TestNoSignatureForAnother(t *testing.T) {
	b := newBench(t)
	lab, thief := b.Signers[labeltest.Lab], b.Signers[labeltest.ToyMaker]
	genuine, err := lab.SealPayload(b.report())
	must(t, err)
	forged := b.report()
	own, err := thief.SealPayload(forged)
	must(t, err)
	old := base64.StdEncoding.EncodeToString(genuine.Signatures[0].Sig)
	sig := base64.StdEncoding.EncodeToString(own.Signatures[0].Sig)
	for name, sigs := range map[string]string{
		"his own, named as the lab's":      fmt.Sprintf(`{"keyid":%q,"sig":%q}`, lab.Public.ID, sig),
		"his own, under both names":        fmt.Sprintf(`{"keyid":%q,"sig":%q},{"keyid":%q,"sig":%q}`, lab.Public.ID, sig, thief.Public.ID, sig),
		"the lab's, of another report":     fmt.Sprintf(`{"keyid":%q,"sig":%q},{"keyid":%q,"sig":%q}`, lab.Public.ID, old, thief.Public.ID, sig),
		"the lab's, after his own":         fmt.Sprintf(`{"keyid":%q,"sig":%q},{"keyid":%q,"sig":%q}`, thief.Public.ID, sig, lab.Public.ID, old),
		"the lab's, under his own name":    fmt.Sprintf(`{"keyid":%q,"sig":%q},{"keyid":%q,"sig":%q}`, thief.Public.ID, old, lab.Public.ID, sig),
		"the lab's alone, of another text": fmt.Sprintf(`{"sig":%q}`, old),
	} {
		raw := fmt.Appendf(nil, `{"payloadType":%q,"payload":%q,"signatures":[%s]}`, label.PayloadType, base64.StdEncoding.EncodeToString(forged), sigs)
		if _, err := b.submit(raw); label.KindOf(err) != label.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPrefixedSignatures has a stranger put signatures before the lab's, as many
// as an envelope may have, to use up what is tried.
func TestPrefixedSignatures(t *testing.T) {
	b := newBench(t)
	lab, toys := b.Signers[labeltest.Lab], b.Signers[labeltest.ToyMaker]
	for _, mine := range []*envelope.Signer{toys, labeltest.NewSigner(t)} {
		for _, keyid := range []string{"", mine.Public.ID, lab.Public.ID, b.retired.Public.ID} {
			names := naming{"", func(i int, s []*envelope.Signer) string {
				if i == len(s)-1 {
					return "" // the lab names no key
				}
				return keyid
			}}
			raw := signedBy(t, b.report(), names, append(slices.Repeat([]*envelope.Signer{mine}, label.MaxSignatures-1), lab)...)
			if st, err := b.submit(raw); err != nil || st.Key != lab.Public.ID {
				t.Errorf("after signatures that name %.16q: %+v, %v", keyid, st, err)
			}
		}
	}
}

// TestTwinKey enrols, as another organization's, a key that fits the lab's own
// signature: from an ECDSA signature over P-256 there follow two public keys
// that it is good for. The twin must neither count for its owner nor keep the
// lab's key from being tried, though the envelope names nothing else.
func TestTwinKey(t *testing.T) {
	b := newBench(t)
	lab := b.Signers[labeltest.Lab]
	for _, named := range []bool{true, false} {
		payload := b.report()
		env, err := lab.SealPayload(payload)
		must(t, err)
		twin := twinKey(t, lab.Public, payload, env.Signatures[0].Sig)
		b.enrolKey(labeltest.ToyMaker, twin)
		keyid := ""
		if named {
			keyid = twin.ID
		}
		raw := fmt.Appendf(nil, `{"payloadType":%q,"payload":%q,"signatures":[{"keyid":%q,"sig":%q}]}`, label.PayloadType,
			base64.StdEncoding.EncodeToString(payload), keyid, base64.StdEncoding.EncodeToString(env.Signatures[0].Sig))
		u, err := envelope.Open(raw)
		must(t, err)
		if _, err := u.Verify([]*envelope.PublicKey{twin}); err != nil {
			t.Fatalf("the twin does not fit the signature: %v", err)
		}
		if st, err := b.submit(raw); err != nil || st.Signer != labeltest.Lab || st.Key != lab.Public.ID {
			t.Errorf("named %v: %+v, %v", named, st, err)
		}
	}
}

// twinKey returns the other public key that a signature of a P-256 key fits
// (SEC 1, 4.1.6).
func twinKey(t *testing.T, k *envelope.PublicKey, payload, sig []byte) *envelope.PublicKey {
	t.Helper()
	var rs struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(sig, &rs)
	must(t, err)
	sum := sha256.Sum256(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(label.PayloadType), label.PayloadType, len(payload), payload))
	curve := elliptic.P256()
	p, n := curve.Params().P, curve.Params().N
	y2 := new(big.Int).Exp(rs.R, big.NewInt(3), p) // y^2 = x^3 - 3x + b
	y2.Sub(y2, new(big.Int).Mul(rs.R, big.NewInt(3))).Add(y2, curve.Params().B).Mod(y2, p)
	y := new(big.Int).ModSqrt(y2, p)
	inverse := new(big.Int).ModInverse(rs.R, n)
	u := new(big.Int).Mul(new(big.Int).Neg(new(big.Int).SetBytes(sum[:])), inverse)
	w := new(big.Int).Mul(rs.S, inverse)
	// crypto/ecdh can do none of this: what it makes has no sums.
	//lint:ignore SA1019 see above
	gx, gy := curve.ScalarBaseMult(u.Mod(u, n).Bytes())
	for _, y := range []*big.Int{y, new(big.Int).Sub(p, y)} {
		//lint:ignore SA1019 see above
		rx, ry := curve.ScalarMult(rs.R, y, w.Mod(w, n).Bytes())
		//lint:ignore SA1019 see above
		x, y := curve.Add(gx, gy, rx, ry)
		uncompressed := slices.Concat([]byte{4}, x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
		twin, err := ecdsa.ParseUncompressedPublicKey(curve, uncompressed)
		must(t, err)
		pub, err := envelope.NewPublicKey(twin)
		must(t, err)
		if pub.ID != k.ID {
			return pub
		}
	}
	t.Fatal("both keys are the one that signed")
	return nil
}

// TestManyKeys requires that the keys tried are bounded whatever was enrolled,
// and that the bound is in nobody's way: neither retired keys nor other
// organizations' use it up, and who names the key needs no luck.
func TestManyKeys(t *testing.T) {
	b := newBench(t)
	good := b.Signers[labeltest.Lab]
	ids, none := namings[1], namings[0]
	for range label.MaxKeysTried + 1 {
		gone := b.addKey(labeltest.Lab)
		_, err := b.RevokeKey(ctx, b.Caller(labeltest.Operator), gone.Public.ID, "replaced")
		must(t, err)
		b.addKey(labeltest.ToyMaker)
	}
	if _, err := b.submit(signedBy(t, b.report(), none, good)); err != nil {
		t.Errorf("after many retired keys: %v", err)
	}
	for range label.MaxKeysTried - 1 {
		b.addKey(labeltest.Lab)
	}
	if _, err := b.submit(signedBy(t, b.report(), none, good)); err != nil {
		t.Errorf("as the last of as many keys in use as are tried: %v", err)
	}
	last := b.addKey(labeltest.Lab)
	for _, row := range []struct {
		name   string
		n      naming
		signer *envelope.Signer
		reason label.Reason
	}{
		{"the newest of many keys in use", none, last, ""},
		{"the oldest, not named", none, good, label.ReasonUnknownKey},
		{"the oldest, named", ids, good, ""},
	} {
		_, err := b.submit(signedBy(t, b.report(), row.n, row.signer))
		if row.reason == "" && err != nil || row.reason != "" && label.ReasonOf(err) != row.reason {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestNewestKeyIsRecorded requires that of two good signatures of one
// organization the same one is recorded in whatever order they come: that of the
// key that came last, which will be in use for longer.
func TestNewestKeyIsRecorded(t *testing.T) {
	b := newBench(t)
	older := b.Signers[labeltest.Lab]
	newer := b.addKey(labeltest.Lab)
	for _, signers := range [][]*envelope.Signer{{older, newer}, {newer, older}} {
		for _, n := range namings {
			if st, err := b.submit(signedBy(t, b.report(), n, signers...)); err != nil || st.Key != newer.Public.ID {
				t.Errorf("with %s: %+v, %v", n.name, st, err)
			}
		}
	}
}

// TestHintsOfRequests requires of all that names no organization, or is no
// evidence, that its signer is found whatever the signature names, and whoever
// else signed.
func TestHintsOfRequests(t *testing.T) {
	for _, n := range namings {
		for _, first := range []bool{true, false} {
			d := newDispute(t, nil)
			lab := labeltest.NewSigner(t)
			sealed := func(org string, payload []byte) []byte {
				signers := []*envelope.Signer{d.Signers[org], lab}
				if first {
					slices.Reverse(signers)
				}
				return signedBy(t, payload, n, signers...)
			}
			name := fmt.Sprintf("with %s, first %v", n.name, first)
			op, maker := d.Caller(labeltest.Operator), d.Caller(labeltest.Maker)

			appeal := label.Appeal{Manufacturer: labeltest.Maker, Decision: d.refusal, Grounds: "It is fine.", Made: d.made()}
			trail, _, err := d.Authority.Appeal(ctx, op, sealed(labeltest.Maker, payloadOf(t, d.e.Descriptor, label.TypeAppeal, &appeal)))
			if err != nil {
				t.Fatalf("an appeal %s: %v", name, err)
			}
			ruling := label.RulingRequest{Appeal: trail.Appeal.Digest, Outcome: label.Upheld, Text: "No.", Made: d.made()}
			if _, _, err := d.Authority.Decide(ctx, op, sealed(labeltest.Operator, payloadOf(t, d.e.Descriptor, label.TypeRulingRequest, &ruling))); err != nil {
				t.Errorf("a ruling %s: %v", name, err)
			}
			plan := surveillance.Request{ID: "plan", Size: d.Authority.LogSize() + 5, Count: 1, Made: d.made()}
			if _, err := d.Authority.Plan(ctx, op, sealed(labeltest.Operator, payloadOf(t, []byte(plan.ID), label.TypeSurveillanceRequest, &plan))); err != nil {
				t.Errorf("a plan %s: %v", name, err)
			}
			// An event about a lab is not the lab's word.
			event := label.Event{Kind: label.KeyEvent, Key: d.Signers[labeltest.ToyMaker].Public.ID, Since: labeltest.Start, Reason: "key-compromised", Text: "Stolen.", Made: d.made()}
			if _, err := d.ReportAs(ctx, op, sealed(labeltest.Operator, payloadOf(t, []byte(event.Key), label.TypeEvent, &event))); err != nil {
				t.Errorf("an event %s: %v", name, err)
			}
			p := d.Issue(d.e, 1)
			ask := label.StatusRequest{Label: p.Label.ID, Action: label.Withdraw, Reason: "discontinued", Text: "It ends.", Made: d.made()}
			if _, err := d.Authority.Change(ctx, maker, sealed(labeltest.Maker, payloadOf(t, p.Device, label.TypeStatusRequest, &ask))); err != nil {
				t.Errorf("a status request %s: %v", name, err)
			}
		}
	}
}

// TestEventAboutALab requires that an event without key IDs is tried with the
// keys of who sends it, though its predicate names a lab.
func TestEventAboutALab(t *testing.T) {
	b := newBench(t)
	var number string
	must(t, b.Store.View(func(v *store.View) error {
		list, err := v.Accreditations(labeltest.Lab)
		number = list[0].Number
		return err
	}))
	event := label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Reason: "lab-suspended", Text: "Suspended.", Made: b.Clock.Now().UTC().Truncate(time.Second)}
	payload := payloadOf(t, []byte(labeltest.Lab), label.TypeEvent, &event)
	op := b.Caller(labeltest.Operator)
	_, err := b.ReportAs(ctx, op, signedBy(t, payload, namings[1], b.Signers[labeltest.Lab]))
	wants(t, err, label.Denied, label.ReasonWrongRole)
	_, err = b.ReportAs(ctx, op, signedBy(t, payload, namings[0], b.Signers[labeltest.Operator]))
	must(t, err)
}

// TestFourEyesInOneEnvelope requires that signatures in one envelope count as
// they would if each was sent alone, and nothing else counts beside them.
func TestFourEyesInOneEnvelope(t *testing.T) {
	b := newBench(t)
	ids := namings[1]
	p := b.Issue(b.Example("plug"), 1)
	first, gone, stranger := b.Signers[labeltest.Operator], b.addKey(labeltest.Operator), labeltest.NewSigner(t)
	_, err := b.RevokeKey(ctx, b.Caller(labeltest.Operator), gone.Public.ID, "left")
	must(t, err)
	second := b.addKey(labeltest.Operator)
	payload := b.revocation(p)
	for name, signers := range map[string][]*envelope.Signer{
		"the same operator twice":  {first, first},
		"the label's manufacturer": {b.Signers[labeltest.Maker], first},
		"a lab":                    {first, b.Signers[labeltest.Lab]},
		"a retired operator's key": {gone, first},
		"a stranger":               {first, stranger},
		"all of them":              {gone, b.Signers[labeltest.Maker], stranger, first},
	} {
		change, err := b.Authority.Change(ctx, b.Caller(labeltest.Operator), signedBy(t, payload, ids, signers...))
		if err != nil && label.ReasonOf(err) != label.ReasonWrongSigner { // the one signature that counts is there already
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (change.Status != nil || len(change.Request.Signatures) != 1) {
			t.Errorf("%s beside one operator carried out a revocation", name)
		}
	}
	if now, err := b.Authority.Lookup(p.Label.ID); err != nil || now.State != label.Active {
		t.Fatalf("one operator revoked a label: %v, %v", now.State, err)
	}
	for _, n := range []naming{ids, namings[0]} {
		p := p
		if n.name != ids.name {
			p = b.Issue(b.Example("camera"), 1)
		}
		change, err := b.Authority.Change(ctx, b.Caller(labeltest.Operator), signedBy(t, b.revocation(p), n, second, first))
		if err != nil || change.Status == nil || len(change.Status.Requests) != 2 {
			t.Errorf("two operators in one envelope, with %s: %+v, %v", n.name, change, err)
		}
	}
}

// revocation is a request to revoke a label.
func (b *bench) revocation(p *authority.Published) []byte {
	ask := label.StatusRequest{Label: p.Label.ID, Action: label.Revoke, Reason: "nonconformity", Text: "It fails.", Made: b.Clock.Now().UTC().Truncate(time.Second)}
	return payloadOf(b.t, p.Device, label.TypeStatusRequest, &ask)
}

// TestSenderSpeaks requires of an event that two may report, and that both
// signed, that it is the word of the one who sends it: a manufacturer's advisory
// does not become one about everybody's products.
func TestSenderSpeaks(t *testing.T) {
	l := newLife(t)
	for _, first := range []string{labeltest.Maker, labeltest.Operator} {
		n := vex{id: first, version: 1, updated: firstVex.updated, status: firstVex.status}.bytes()
		event := label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(n), Reason: "advisory", Text: "There is a weakness.", Made: l.Clock.Now().UTC().Truncate(time.Second)}
		payload := payloadOf(t, n, label.TypeEvent, &event)
		second := labeltest.Operator
		if first == second {
			second = labeltest.Maker
		}
		adv, _, err := l.Authority.Advise(ctx, l.Caller(labeltest.Maker), signedBy(t, payload, namings[1], l.Signers[first], l.Signers[second]), n)
		if err != nil || adv.Org != labeltest.Maker {
			t.Errorf("signed first by %s: %+v, %v", first, adv, err)
		}
	}
}

// TestRevokedWhileJudged revokes the key between the two looks at it: the
// statement is refused for that, and nothing is stored.
func TestRevokedWhileJudged(t *testing.T) {
	between := &hooked{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { between.Store = s; return between })
	e := w.Example("camera")
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
	must(t, err)
	raw := w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)
	op := w.Caller(labeltest.Operator)
	revoke := func() {
		_, err := w.RevokeKey(ctx, op, w.Signers[labeltest.Lab].Public.ID, "stolen")
		must(t, err)
	}
	between.afterView.Store(&revoke)
	_, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Lab), raw)
	wants(t, err, label.Denied, label.ReasonKeyRevoked)
	must(t, w.Store.View(func(v *store.View) error {
		if _, err := v.Statement(label.DigestOf(payloadOf(t, e.Descriptor, label.TypeTestReport, e.Report))); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the statement was stored: %v", err)
		}
		return nil
	}))
}

// TestCheckFindsOthersKeys writes records behind the authority's back that count
// a signature for an organization whose key did not make it.
func TestCheckFindsOthersKeys(t *testing.T) {
	b := newBench(t)
	op, lab := b.Caller(labeltest.Operator), b.Signers[labeltest.Lab]
	p := b.Issue(b.Example("plug"), 1)
	payload := b.report()
	env, err := lab.SealPayload(payload)
	must(t, err)
	raw, err := envelope.Bundle(env)
	must(t, err)
	st, err := b.submit(raw)
	must(t, err)
	twin := twinKey(t, lab.Public, payload, env.Signatures[0].Sig)
	b.enrolKey(labeltest.ToyMaker, twin)
	asked, err := b.Authority.Change(ctx, op, signedBy(t, b.revocation(p), namings[1], b.Signers[labeltest.Operator]))
	must(t, err)
	event, err := b.ReportAs(ctx, op, b.Event(label.Event{Kind: label.KeyEvent, Key: b.retired.Public.ID, Since: b.Clock.Now().UTC().Truncate(time.Second), Reason: "key-compromised"}))
	must(t, err)
	must(t, b.Authority.Propagate(ctx))
	event, err = b.Authority.Event(op, event.Digest)
	must(t, err)
	gist := readGist(t, b.World, st.ID)

	write := func(rec store.Write) { write(t, b.Store, b.Clock.Now(), rec) }
	statement := *st
	statement.Raw, statement.Gist = store.Pack(raw), store.PackQuick(gist)
	for name, c := range map[string]func(forge bool) store.Write{
		"a statement": func(forge bool) store.Write {
			rec := statement
			if forge {
				rec.Key = twin.ID
			}
			return &rec
		},
		"a request": func(forge bool) store.Write {
			rec := *asked.Request
			rec.Signatures = slices.Clone(rec.Signatures)
			if forge {
				rec.Signatures[0].Organization = labeltest.Lab
			}
			return &rec
		},
		"an event": func(forge bool) store.Write {
			rec := *event
			if forge {
				rec.Signature.Organization = labeltest.Lab
			}
			return &rec
		},
	} {
		write(c(true))
		var found []string
		must(t, authority.Check(context.Background(), b.Store, b.Trust, b.Programme, labeltest.Problems(func(p string) { found = append(found, p) })))
		if !slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, "the key is not of") }) {
			t.Errorf("%s: the check finds %q", name, found)
		}
		write(c(false))
	}
}

func readGist(t *testing.T, w *labeltest.World, id label.Digest) (gist []byte) {
	t.Helper()
	must(t, w.Store.View(func(v *store.View) error {
		st, err := v.Statement(id)
		must(t, err)
		gist, err = v.Gist(st)
		return err
	}))
	return gist
}
