package envelope_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func publicPEM(t testing.TB, pub crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PUBLIC KEY", der)
}

func TestParsePublicKey(t *testing.T) {
	for name, algorithm := range map[string]string{
		"ecdsa-p256": "ecdsa-p256", "another-p256": "ecdsa-p256", "ecdsa-p384": "ecdsa-p384", "ed25519": "ed25519", "rsa-2048": "rsa-2048",
	} {
		text := publicPEM(t, testKeys(t)[name].Public())
		k, err := envelope.ParsePublicKey(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		block, _ := pem.Decode(text)
		sum := sha256.Sum256(block.Bytes)
		if k.ID != hex.EncodeToString(sum[:]) || k.Algorithm != algorithm || k.PEM != string(text) {
			t.Errorf("%s: ID %s, algorithm %s, PEM %s", name, k.ID, k.Algorithm, k.PEM)
		}
		// However the file is laid out, the key and its one encoding stay.
		spaced := "a comment\r\n" + strings.ReplaceAll(string(text), "\n", "\r\n") + "\n\n"
		if again, err := envelope.ParsePublicKey([]byte(spaced)); err != nil || again.ID != k.ID || again.PEM != k.PEM {
			t.Errorf("%s: laid out otherwise it is %+v, %v", name, again, err)
		}
	}
}

// modulus returns an RSA key with a modulus of so many bits, good enough to be
// judged by its size.
func modulus(bits int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(0x10001)), E: 65537}
}

// unknownCurve is a public key on secp256k1, which Go does not know.
func unknownCurve(t *testing.T) []byte {
	t.Helper()
	type spki struct {
		Algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
		Key       asn1.BitString
	}
	var k spki
	k.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	k.Algorithm.Curve = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
	// The base point of the curve (SEC 2, 2.4.1).
	point, err := hex.DecodeString("0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
		"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")
	if err != nil {
		t.Fatal(err)
	}
	k.Key = asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
	der, err := asn1.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PUBLIC KEY", der)
}

func curve(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestParsePublicKeyRefuses(t *testing.T) {
	good := publicPEM(t, testKeys(t)["ecdsa-p256"].Public())
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(testKeys(t)["ecdsa-p256"].Signer)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(good)
	for name, c := range map[string]struct {
		text   []byte
		reason label.Reason
		says   string
	}{
		"empty":             {nil, label.ReasonMalformed, "one public key in PEM"},
		"no PEM":            {[]byte("ssh-ed25519 AAAA"), label.ReasonMalformed, "one public key in PEM"},
		"bare DER":          {block.Bytes, label.ReasonMalformed, "one public key in PEM"},
		"two keys":          {append(append([]byte{}, good...), good...), label.ReasonMalformed, "one public key in PEM"},
		"private key":       {pemOf("PRIVATE KEY", private), label.ReasonMalformed, "never a private one"},
		"SEC 1 key":         {pemOf("EC PRIVATE KEY", sec1), label.ReasonMalformed, "never a private one"},
		"encrypted key":     {pemOf("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("{}")), label.ReasonMalformed, "never a private one"},
		"private as public": {pemOf("PUBLIC KEY", private), label.ReasonMalformed, "not a PKIX public key"},
		"certificate":       {pemOf("CERTIFICATE", block.Bytes), label.ReasonMalformed, `"CERTIFICATE"`},
		"cut off":           {pemOf("PUBLIC KEY", block.Bytes[:20]), label.ReasonMalformed, "not a PKIX public key"},
		"trailing data":     {pemOf("PUBLIC KEY", append(append([]byte{}, block.Bytes...), 0)), label.ReasonMalformed, "not a PKIX public key"},
		"RSA 1024":          {publicPEM(t, modulus(1024)), label.ReasonOutOfRange, "2048 to 8192 bits, this one has 1024"},
		"RSA 2047":          {publicPEM(t, modulus(label.MinRSABits-1)), label.ReasonOutOfRange, "2048 to 8192 bits, this one has 2047"},
		"P-224":             {publicPEM(t, curve(t, elliptic.P224()).Public()), label.ReasonOutOfRange, "P-256 or P-384"},
		"P-521":             {publicPEM(t, curve(t, elliptic.P521()).Public()), label.ReasonOutOfRange, "P-256 or P-384"},
		"secp256k1":         {unknownCurve(t), label.ReasonMalformed, "unsupported elliptic curve"},
		"X25519":            {publicPEM(t, x25519.PublicKey()), label.ReasonOutOfRange, "not accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := envelope.ParsePublicKey(c.text)
			wantRefusal(t, err, label.Invalid, c.reason, "key")
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %q, want %q", err, c.says)
			}
		})
	}
	if k, err := envelope.NewPublicKey(modulus(label.MinRSABits)); err != nil || k.Algorithm != "rsa-2048" {
		t.Errorf("RSA of exactly %d bits: %+v, %v", label.MinRSABits, k, err)
	}
	for _, pub := range []crypto.PublicKey{nil, struct{}{}, []byte("key")} {
		_, err := envelope.NewPublicKey(pub)
		wantRefusal(t, err, label.Invalid, label.ReasonOutOfRange, "key")
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, k := range testKeys(f) {
		f.Add([]byte(k.public.PEM))
	}
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := envelope.ParsePublicKey(text)
		if err != nil {
			if label.KindOf(err) != label.Invalid {
				t.Fatalf("refused with kind %d: %v", label.KindOf(err), err)
			}
			return
		}
		again, err := envelope.ParsePublicKey([]byte(k.PEM))
		if err != nil || again.ID != k.ID || again.PEM != k.PEM || again.Algorithm != k.Algorithm {
			t.Fatalf("%+v comes back as %+v, %v", k, again, err)
		}
	})
}
