package envelope_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/kms/fake"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

func passphrase(p string) envelope.Passphrase {
	return func() ([]byte, error) { return []byte(p), nil }
}

// seals requires that a signer's statement is verified by its public key.
func seals(t *testing.T, s *envelope.Signer) {
	t.Helper()
	stmt, err := label.NewStatement("device.json", label.DigestOf(subject), label.TypeTestReport, report())
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.Seal(stmt)
	if err != nil {
		t.Fatal(err)
	}
	for form, write := range map[string]func(*label.Envelope) ([]byte, error){"bare": (*label.Envelope).Encode, "bundle": envelope.Bundle} {
		raw, err := write(env)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := envelope.ParsePublicKey([]byte(s.Public.PEM))
		if err != nil {
			t.Fatal(err)
		}
		v, err := openAndVerify(raw, pub)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if _, err := envelope.Predicate[label.TestReport](v); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// TestGenerateKey requires of every kind of key, plain and encrypted, that it
// can be loaded from a file and seals statements.
func TestGenerateKey(t *testing.T) {
	t.Parallel()
	for _, algorithm := range envelope.Algorithms {
		for _, phrase := range []string{"", pass} {
			p := generated(t, algorithm, phrase)
			if encrypted := bytes.Contains(p.private, []byte("ENCRYPTED")); encrypted != (phrase != "") {
				t.Errorf("%s: encrypted: %v", algorithm, encrypted)
			}
			path := filepath.Join(t.TempDir(), "lab.key")
			if err := os.WriteFile(path, p.private, 0o600); err != nil {
				t.Fatal(err)
			}
			asked := 0
			s, err := envelope.LoadSigner(context.Background(), path, func() ([]byte, error) { asked++; return []byte(phrase), nil })
			if err != nil {
				t.Fatal(err)
			}
			if (asked > 0) != (phrase != "") {
				t.Errorf("%s: the passphrase %q was asked for %d times", algorithm, phrase, asked)
			}
			if s.Public.PEM != string(p.public) || s.Public.Algorithm != algorithm {
				t.Errorf("the pair does not match: %s with\n%s\nand\n%s", s.Public.Algorithm, s.Public.PEM, p.public)
			}
			if k, ok := s.Crypto().Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !k.Equal(s.Public.Key) {
				t.Errorf("%s: Crypto is another key", algorithm)
			}
			seals(t, s)
		}
	}
	if _, _, err := envelope.GenerateKey("dsa-1024", nil); err == nil || !strings.Contains(err.Error(), "ecdsa-p256, ecdsa-p384, ed25519, rsa-3072") {
		t.Errorf("dsa-1024: %v", err)
	}
}

// TestParseSignerForms reads the forms of private key that other tools write.
func TestParseSignerForms(t *testing.T) {
	p256 := testKeys(t)["ecdsa-p256"].Signer.(*ecdsa.PrivateKey)
	r2048 := testKeys(t)["rsa-2048"].Signer.(*rsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"PKCS #8": {pemOf("PRIVATE KEY", pkcs8), "ecdsa-p256"},
		"SEC 1":   {pemOf("EC PRIVATE KEY", sec1), "ecdsa-p256"},
		"PKCS #1": {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r2048)), "rsa-2048"},
	} {
		s, err := envelope.ParseSigner(c.text, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Public.ID != testKeys(t)[c.want].public.ID {
			t.Errorf("%s: read as key %s", name, s.Public.ID)
		}
		seals(t, s)
	}
}

func TestLoadSignerRefuses(t *testing.T) {
	t.Parallel()
	private, public := generated(t, "ecdsa-p256", pass).private, generated(t, "ecdsa-p256", "").public
	pkcs8 := func(k crypto.Signer) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return pemOf("PRIVATE KEY", der)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		pass envelope.Passphrase
		says string
	}{
		"public key":        {public, nil, "this is a public key; name the private one"},
		"wrong passphrase":  {private, passphrase("battery staple"), "is the passphrase right?"},
		"empty passphrase":  {private, passphrase(""), "is the passphrase right?"},
		"no passphrase":     {private, nil, "encrypted and no passphrase is at hand"},
		"passphrase failed": {private, func() ([]byte, error) { return nil, errors.New("no terminal") }, "no terminal"},
		"cut off":           {private[:len(private)/2], passphrase(pass), "cannot be decrypted"},
		"empty":             {nil, nil, "PEM"},
		"no PEM":            {[]byte("hello"), nil, "PEM"},
		"certificate":       {pemOf("CERTIFICATE", []byte("x")), nil, "CERTIFICATE"},
		"no key inside":     {pemOf("PRIVATE KEY", []byte("x")), nil, "asn1"},
		"P-521":             {pkcs8(curve(t, elliptic.P521())), nil, "P-256 or P-384"},
		"P-224":             {pkcs8(curve(t, elliptic.P224())), nil, "P-256 or P-384"},
		"RSA 1024":          {pkcs8(small), nil, "2048 to 8192 bits, this one has 1024"},
	} {
		path := filepath.Join(t.TempDir(), "lab.key")
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := envelope.LoadSigner(context.Background(), path, c.pass)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and the path", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "battery") {
			t.Errorf("%s: the error tells the passphrase: %v", name, err)
		}
	}
	if _, err := envelope.LoadSigner(context.Background(), filepath.Join(t.TempDir(), "none.key"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := envelope.NewSigner("a string"); err == nil || !strings.Contains(err.Error(), "cannot sign") {
		t.Errorf("no key: %v", err)
	}
}

// TestKMS signs through sigstore's stand-in for a key management system, with
// every kind of key that may be kept in one.
func TestKMS(t *testing.T) {
	for _, name := range []string{"ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"} {
		k := testKeys(t)[name]
		ctx := context.WithValue(context.Background(), fake.KmsCtxKey{}, crypto.PrivateKey(k.Signer))
		s, err := envelope.LoadSigner(ctx, "fakekms://lab", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Public.ID != k.public.ID {
			t.Errorf("%s: the key is %s", name, s.Public.ID)
		}
		seals(t, s)
	}
	ctx := context.WithValue(context.Background(), fake.KmsCtxKey{}, crypto.PrivateKey(curve(t, elliptic.P521())))
	if _, err := envelope.LoadSigner(ctx, "fakekms://lab", nil); label.ReasonOf(err) != label.ReasonOutOfRange {
		t.Errorf("P-521: %v", err)
	}
	ctx = context.WithValue(context.Background(), fake.KmsCtxKey{}, crypto.PrivateKey("no key"))
	if _, err := envelope.LoadSigner(ctx, "fakekms://lab", nil); err == nil || !strings.Contains(err.Error(), "fakekms://lab") {
		t.Errorf("no key: %v", err)
	}
}

// TestKMSRotated requires that no statement leaves under the name of a key that
// the key management system no longer signs with.
func TestKMSRotated(t *testing.T) {
	ctx := context.WithValue(context.Background(), fake.KmsCtxKey{}, crypto.PrivateKey(testKeys(t)["ecdsa-p256"].Signer))
	next, err := fake.LoadSignerVerifier(context.WithValue(ctx, fake.KmsCtxKey{}, crypto.PrivateKey(curve(t, elliptic.P256()))), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	turned := &rotated{next: next}
	kms.AddProvider("rotatedkms://", func(ctx context.Context, _ string, h crypto.Hash, _ ...signature.RPCOption) (kms.SignerVerifier, error) {
		first, err := fake.LoadSignerVerifier(ctx, h)
		turned.SignerVerifier = first
		return turned, err
	})
	s, err := envelope.LoadSigner(ctx, "rotatedkms://lab", nil)
	if err != nil {
		t.Fatal(err)
	}
	seals(t, s)
	turned.now = true
	env, err := s.SealPayload([]byte("{}"))
	if err == nil || !strings.Contains(err.Error(), "signed with another key than "+s.Public.ID[:16]) {
		t.Errorf("after rotation: %+v, %v", env, err)
	}
}

// rotated is a key that becomes another.
type rotated struct {
	kms.SignerVerifier
	next kms.SignerVerifier
	now  bool
}

func (r *rotated) SignMessage(msg io.Reader, opts ...signature.SignOption) ([]byte, error) {
	if r.now {
		return r.next.SignMessage(msg, opts...)
	}
	return r.SignerVerifier.SignMessage(msg, opts...)
}

// TestKMSPlugin requires a helpful word where the plugin is missing or broken.
func TestKMSPlugin(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, err := envelope.LoadSigner(context.Background(), "nosuchkms://alias/lab", nil)
	if err == nil || !strings.Contains(err.Error(), "put the program sigstore-kms-nosuch on the PATH") {
		t.Errorf("no plugin: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, "sigstore-kms-broken"), []byte("#!/bin/sh\necho nonsense\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = envelope.LoadSigner(context.Background(), "brokenkms://alias/lab", nil)
	if err == nil || !strings.Contains(err.Error(), "brokenkms://alias/lab") {
		t.Errorf("broken plugin: %v", err)
	}
}

// TestSealFails requires that a key that fails gives an error and no envelope.
func TestSealFails(t *testing.T) {
	s, err := envelope.NewSigner(failing{testKeys(t)["ecdsa-p256"].Signer})
	if err == nil {
		t.Fatalf("a signer of a kind that sigstore does not know was loaded: %+v", s)
	}
	stmt := &label.Statement{Predicate: label.JSON(`{`)}
	if s, err = envelope.NewSigner(testKeys(t)["ecdsa-p256"].Signer); err != nil {
		t.Fatal(err)
	}
	if env, err := s.Seal(stmt); err == nil {
		t.Errorf("sealed %+v", env)
	}
}

type failing struct{ crypto.Signer }

// TestTornKey requires that a private key that does not fit its public one is
// refused when it is loaded.
func TestTornKey(t *testing.T) {
	torn := *testKeys(t)["ecdsa-p256"].Signer.(*ecdsa.PrivateKey)
	torn.PublicKey = curve(t, elliptic.P256()).PublicKey
	if s, err := envelope.NewSigner(&torn); err == nil {
		t.Errorf("loaded %+v", s)
	}
	edwards := slices.Clone(testKeys(t)["ed25519"].Signer.(ed25519.PrivateKey))
	edwards[len(edwards)-1] ^= 1
	if s, err := envelope.NewSigner(edwards); err == nil {
		t.Errorf("loaded %+v", s)
	}
}

// TestWriteKey requires both files or neither, and that nothing is overwritten.
func TestWriteKey(t *testing.T) {
	dir := t.TempDir()
	private, public := filepath.Join(dir, "lab.key"), filepath.Join(dir, "lab.pub")
	k, err := envelope.WriteKey(private, "ed25519", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := envelope.LoadSigner(context.Background(), private, nil)
	if err != nil || s.Public.ID != k.ID {
		t.Errorf("loaded %+v, %v", s, err)
	}
	if text, err := os.ReadFile(public); err != nil || string(text) != k.PEM || envelope.PublicName(private) != public {
		t.Errorf("the public key is %s, %v", text, err)
	}
	if info, err := os.Stat(private); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the private key's file: %v, %v", info.Mode(), err)
	}
	if _, err := envelope.WriteKey(private, "ed25519", nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	if err := os.Remove(private); err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.WriteKey(private, "ed25519", nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("beside another public key: %v", err)
	}
	if _, err := os.Stat(private); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a private key was left without its public one: %v", err)
	}
	if text, err := os.ReadFile(public); err != nil || string(text) != k.PEM {
		t.Errorf("the other public key is now %s, %v", text, err)
	}
	if _, err := envelope.WriteKey(filepath.Join(dir, "new.key"), "rsa-512", nil); err == nil {
		t.Error("rsa-512 was made")
	}
}

func FuzzParseSigner(f *testing.F) {
	for _, k := range testKeys(f) {
		der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pemOf("PRIVATE KEY", der))
	}
	f.Add([]byte("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := envelope.ParseSigner(text, nil)
		if err != nil {
			return
		}
		// A key that loads has a public half that is accepted and verifies.
		env, err := s.SealPayload(statementOf(t, label.StatementV1, "T", json.RawMessage("{}")))
		if err != nil {
			return // numbers that make no key may fail when used, but not sign falsely
		}
		u, err := envelope.OpenEnvelope(env)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := u.Verify([]*envelope.PublicKey{s.Public}); err != nil || v.KeyID() != s.Public.ID {
			t.Fatalf("its own signature is refused: %v", err)
		}
	})
}
