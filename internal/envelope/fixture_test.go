package envelope_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

var update = flag.Bool("update", false, "write testdata anew")

// subject is the descriptor that the tests' statements are about.
var subject = []byte(`{"brand":"Northlight","category":"smart-plug","manufacturer":"northlight","model":"NL-P05","name":"Plug Mini","type":"https://labeld.dev/device/v1"}`)

func report() *label.TestReport {
	return &label.TestReport{
		Lab: "aurora-lab", Number: "AUR-2026-0422", Standard: "en303645", Edition: "V2.1.1", Methods: []label.Method{"functional-test"},
		Period:   label.Period{From: label.NewDate(2026, 9, 14), To: label.NewDate(2026, 10, 16)},
		Firmware: []label.Firmware{{Version: "1.4.0", SHA256: label.DigestOf([]byte("firmware"))}},
		Verdicts: []label.Verdict{
			{Provision: "5.1-1", Verdict: label.Pass},
			{Provision: "5.1-2", Verdict: label.NotApplicable, Reason: "It has no password."},
			{Provision: "5.3-1", Verdict: label.Fail, Reason: "The meter cannot be updated."},
		},
		Facts: label.Facts{"units_sampled_count": label.JSON(`3`)},
	}
}

func declaration() *label.Declaration {
	return &label.Declaration{
		Manufacturer: "northlight", Number: "NL-DOC-P05-01", Standard: "en303645", Edition: "V2.1.1",
		Date:      label.NewDate(2026, 10, 20),
		Signatory: label.Signatory{Name: "Ingrid Solheim", Function: "Head of product compliance"},
		Claims: []label.Verdict{
			{Provision: "5.1-1", Verdict: label.Pass},
			{Provision: "5.3-4", Verdict: label.Fail, Reason: "Owners choose when to update."},
		},
		Product: label.Product{
			SupportEnd: label.NewDate(2030, 12, 31), Updates: "manual", UpdateHelp: "Open the app.",
			Vulnerabilities: label.Reporting{Contact: "mailto:psirt@northlight.example", AckDays: 3},
		},
	}
}

// A scheme is one way to sign. It signs by hand, with the standard library and
// nothing of package envelope.
type scheme struct {
	name string
	key  string // under which key of keys
	sign func(k crypto.Signer, msg []byte) ([]byte, error)
}

func digest(h crypto.Hash, msg []byte) []byte {
	w := h.New()
	w.Write(msg)
	return w.Sum(nil)
}

func hashed(h crypto.Hash, opts crypto.SignerOpts) func(crypto.Signer, []byte) ([]byte, error) {
	return func(k crypto.Signer, msg []byte) ([]byte, error) { return k.Sign(rand.Reader, digest(h, msg), opts) }
}

func plain(k crypto.Signer, msg []byte) ([]byte, error) {
	return k.Sign(rand.Reader, msg, crypto.Hash(0))
}

func pss(h crypto.Hash, salt int) crypto.SignerOpts {
	return &rsa.PSSOptions{Hash: h, SaltLength: salt}
}

// schemes are all ways to sign that are accepted.
var schemes = []scheme{
	{"ecdsa-p256-sha256", "ecdsa-p256", hashed(crypto.SHA256, crypto.SHA256)},
	{"ecdsa-p384-sha384", "ecdsa-p384", hashed(crypto.SHA384, crypto.SHA384)},
	{"ecdsa-p384-sha256", "ecdsa-p384", hashed(crypto.SHA256, crypto.SHA256)},
	{"ed25519", "ed25519", plain},
	{"ed25519ph", "ed25519", hashed(crypto.SHA512, crypto.SHA512)},
	{"rsa-pkcs1v15-sha256", "rsa-2048", hashed(crypto.SHA256, crypto.SHA256)},
	{"rsa-pkcs1v15-sha512", "rsa-2048", hashed(crypto.SHA512, crypto.SHA512)},
	{"rsa-pss-sha256", "rsa-2048", hashed(crypto.SHA256, pss(crypto.SHA256, 32))},
	{"rsa-pss-sha512", "rsa-2048", hashed(crypto.SHA512, pss(crypto.SHA512, 64))},
	{"rsa-pss-sha256-long-salt", "rsa-2048", hashed(crypto.SHA256, pss(crypto.SHA256, rsa.PSSSaltLengthAuto))},
}

// A key is a key pair for tests, and its ID worked out by hand.
type key struct {
	crypto.Signer
	public *envelope.PublicKey
}

func newKey(s crypto.Signer, err error) (key, error) {
	if err != nil {
		return key{}, err
	}
	pub, err := envelope.NewPublicKey(s.Public())
	return key{s, pub}, err
}

// makeKeys makes a key pair of every kind. The elliptic keys are the same in
// every run.
func makeKeys() (map[string]key, error) {
	seed := func(what string) []byte {
		sum := sha512.Sum384([]byte("labeld test key: " + what))
		return sum[:]
	}
	p256, err := newKey(errOf(ecdsa.ParseRawPrivateKey(elliptic.P256(), seed("p256")[:32])))
	if err != nil {
		return nil, err
	}
	other, err := newKey(errOf(ecdsa.ParseRawPrivateKey(elliptic.P256(), seed("another p256")[:32])))
	if err != nil {
		return nil, err
	}
	p384, err := newKey(errOf(ecdsa.ParseRawPrivateKey(elliptic.P384(), append([]byte{1}, seed("p384")[1:]...))))
	if err != nil {
		return nil, err
	}
	ed, err := newKey(ed25519.NewKeyFromSeed(seed("ed25519")[:32]), nil)
	if err != nil {
		return nil, err
	}
	rsa2048, err := newKey(errOf(rsa.GenerateKey(rand.Reader, 2048)))
	if err != nil {
		return nil, err
	}
	return map[string]key{"ecdsa-p256": p256, "another-p256": other, "ecdsa-p384": p384, "ed25519": ed, "rsa-2048": rsa2048}, nil
}

func errOf[K crypto.Signer](k K, err error) (crypto.Signer, error) { return k, err }

var onceKeys = sync.OnceValues(makeKeys)

func testKeys(t testing.TB) map[string]key {
	t.Helper()
	keys, err := onceKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A pair is a key pair as [envelope.GenerateKey] writes it.
type pair struct{ private, public []byte }

// pass encrypts the private keys of generated pairs.
const pass = "correct horse"

var onceGenerated = sync.OnceValues(func() (map[string]pair, error) {
	pairs := map[string]pair{}
	for _, algorithm := range envelope.Algorithms {
		for _, phrase := range []string{"", pass} {
			private, public, err := envelope.GenerateKey(algorithm, []byte(phrase))
			if err != nil {
				return nil, err
			}
			pairs[algorithm+phrase] = pair{private, public}
		}
	}
	return pairs, nil
})

// generated returns a generated pair, encrypted with phrase where it is not
// empty. They are made once: the encryption is slow on purpose.
func generated(t *testing.T, algorithm, phrase string) pair {
	t.Helper()
	pairs, err := onceGenerated()
	if err != nil {
		t.Fatal(err)
	}
	return pairs[algorithm+phrase]
}

// paeOf is DSSE's pre-authentication encoding, by its specification.
func paeOf(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// statementOf writes a statement about the test's subject by hand.
func statementOf(t testing.TB, statementType, predicateType string, predicate any) []byte {
	t.Helper()
	p, err := json.Marshal(predicate)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(subject)
	return fmt.Appendf(nil, `{"_type":%q,"subject":[{"name":"device.json","digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`,
		statementType, hex.EncodeToString(sum[:]), predicateType, p)
}

func reportStatement(t testing.TB) []byte {
	t.Helper()
	return statementOf(t, label.StatementV1, label.TypeTestReport, report())
}

// sign returns the signature of a payload in one of the schemes.
func (s *scheme) signature(t testing.TB, payload []byte) []byte {
	t.Helper()
	sig, err := s.sign(testKeys(t)[s.key], paeOf(label.PayloadType, payload))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// dsseOf writes a bare envelope by hand.
func dsseOf(payload []byte, sigs ...[]byte) []byte {
	var list bytes.Buffer
	for i, s := range sigs {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"sig":%q}`, base64.StdEncoding.EncodeToString(s))
	}
	return fmt.Appendf(nil, `{"payload":%q,"payloadType":"application/vnd.in-toto+json","signatures":[%s]}`,
		base64.StdEncoding.EncodeToString(payload), list.Bytes())
}

// bundleOf wraps an envelope by hand, as cosign does.
func bundleOf(k *envelope.PublicKey, dsse []byte) []byte {
	raw, err := hex.DecodeString(k.ID)
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":%q}},"dsseEnvelope":%s}`,
		base64.StdEncoding.EncodeToString(raw), dsse)
}

// signedReport is a good report in a bare envelope, signed with ECDSA P-256.
func signedReport(t testing.TB) (raw []byte, by *envelope.PublicKey) {
	t.Helper()
	payload := reportStatement(t)
	return dsseOf(payload, schemes[0].signature(t, payload)), testKeys(t)["ecdsa-p256"].public
}

// openAndVerify is the whole way in.
func openAndVerify(raw []byte, keys ...*envelope.PublicKey) (*envelope.Verified, error) {
	u, err := envelope.Open(raw)
	if err != nil {
		return nil, err
	}
	return u.Verify(keys)
}

func wantRefusal(t *testing.T, err error, kind label.Kind, reason label.Reason, field string) {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Fatalf("got %v, want a refusal %s at %q", err, reason, field)
	}
	if e.Kind != kind || e.Reason != reason || e.Field != field {
		t.Fatalf("got kind %d, %s at %q (%s), want kind %d, %s at %q", e.Kind, e.Reason, e.Field, e.Text, kind, reason, field)
	}
}
