package envelope_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// Cosign is what laboratories may sign with instead of labelctl, and what
// anybody may check our bundles with. These tests run the real one.

const cosignDir = "testdata/cosign"

// A sandbox runs cosign in a directory of its own, without network: the empty
// signing config and trusted root name no service, and there is no way out to
// fetch others.
type sandbox struct {
	t        *testing.T
	bin, dir string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	bin, err := exec.LookPath("cosign")
	if err != nil {
		if os.Getenv("CI") != "" && os.Getenv("LABELD_NO_COSIGN") == "" {
			t.Fatalf("cosign has to be on the PATH in CI, or LABELD_NO_COSIGN set: %v", err)
		}
		t.Skipf("cosign is not on the PATH; the bundles it made are in %s", cosignDir)
	}
	s := &sandbox{t, bin, t.TempDir()}
	s.must("signing-config", "create", "--out", "sc.json")
	s.must("trusted-root", "create", "--out", "tr.json")
	s.write("device.json", subject)
	b, err := label.Encode(report())
	if err != nil {
		t.Fatal(err)
	}
	s.write("report.json", b)
	return s
}

func (s *sandbox) run(args ...string) (string, error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.bin, args...)
	cmd.Dir = s.dir
	const nowhere = "http://127.0.0.1:9" // the discard port
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "TUF_ROOT="+filepath.Join(s.dir, "tuf"), "COSIGN_PASSWORD="+pass,
		"HTTPS_PROXY="+nowhere, "HTTP_PROXY="+nowhere)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *sandbox) must(args ...string) {
	s.t.Helper()
	if out, err := s.run(args...); err != nil {
		s.t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s *sandbox) write(name string, b []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) read(name string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// attest has cosign sign the report, and returns the bundle.
func (s *sandbox) attest(key, algorithm string) []byte {
	s.t.Helper()
	args := []string{"attest-blob", "--key", key, "--predicate", "report.json", "--type", label.TypeTestReport,
		"--signing-config", "sc.json", "--bundle", "bundle.json", "--yes"}
	if algorithm != "ed25519" {
		// With a trusted root cosign verifies what it signed. Cosign 3.1 signs
		// with Ed25519ph there and verifies plain Ed25519: without one it
		// gives out the bundle.
		args = append(args, "--trusted-root", "tr.json")
	}
	s.must(append(args, "device.json")...)
	return s.read("bundle.json")
}

// verify has cosign judge a bundle.
func (s *sandbox) verify(publicPEM string, bundle []byte, predicateType, device string) error {
	s.t.Helper()
	s.write("check.pub", []byte(publicPEM))
	s.write("check.json", bundle)
	out, err := s.run("verify-blob-attestation", "--key", "check.pub", "--bundle", "check.json", "--type", predicateType,
		"--trusted-root", "tr.json", "--insecure-ignore-tlog", device)
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		s.t.Fatalf("cosign did not run: %v\n%s", err, out)
	}
	return err
}

// stock requires that a bundle of cosign's is accepted as it is, and read as a report.
func stock(t *testing.T, raw []byte, k *envelope.PublicKey, predicateType string, want *label.TestReport) {
	t.Helper()
	u, err := envelope.Open(raw)
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if !slices.Equal(u.Hints(), []string{k.ID}) || u.Claimed() != "aurora-lab" {
		t.Errorf("hints %v, want %s; claimed %q", u.Hints(), k.ID, u.Claimed())
	}
	v, err := u.Verify([]*envelope.PublicKey{k})
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if v.PredicateType() != predicateType || !slices.Equal(v.Subjects(), []label.Digest{label.DigestOf(subject)}) {
		t.Errorf("type %s, subjects %v", v.PredicateType(), v.Subjects())
	}
	if r, err := envelope.Report(v); err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("the report came as %+v, %v", r, err)
	}
}

// TestCosignBundles reads bundles that cosign 3 made, kept for where there is
// no cosign.
func TestCosignBundles(t *testing.T) {
	for _, algorithm := range envelope.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			read := func(ext string) []byte {
				b, err := os.ReadFile(filepath.Join(cosignDir, algorithm+ext))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			k, err := envelope.ParsePublicKey(read(".pub"))
			if err != nil {
				t.Fatal(err)
			}
			if k.Algorithm != algorithm {
				t.Errorf("the key is %s", k.Algorithm)
			}
			former := report() // as it was when the bundles were made
			former.Methods = []label.Method{"document-review", "functional-test"}
			stock(t, read(".json"), k, label.TypeTestReportV1, former)
		})
	}
}

// TestCosignAttests has cosign sign with keys of every kind: its own, ours as
// they are encrypted, and ours imported.
func TestCosignAttests(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	public := func(text []byte) *envelope.PublicKey {
		k, err := envelope.ParsePublicKey(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	s.must("generate-key-pair", "--output-key-prefix", "lab")
	k := public(s.read("lab.pub"))
	stock(t, s.attest("lab.key", "ecdsa-p256"), k, label.TypeTestReport, report())
	// What cosign generated, we can load and seal with.
	own, err := envelope.LoadSigner(context.Background(), filepath.Join(s.dir, "lab.key"), passphrase(pass))
	if err != nil {
		t.Fatal(err)
	}
	if own.Public.ID != k.ID {
		t.Errorf("cosign's key is loaded as %s, want %s", own.Public.ID, k.ID)
	}
	seals(t, own)

	for _, algorithm := range envelope.Algorithms {
		ours := generated(t, algorithm, pass)
		s.write("ours.key", ours.private)
		bundle := s.attest("ours.key", algorithm)
		stock(t, bundle, public(ours.public), label.TypeTestReport, report())
		if *update {
			if err := os.MkdirAll(cosignDir, 0o755); err != nil {
				t.Fatal(err)
			}
			for ext, b := range map[string][]byte{".json": bundle, ".pub": ours.public} {
				if err := os.WriteFile(filepath.Join(cosignDir, algorithm+ext), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}

		plain := generated(t, algorithm, "")
		s.write("plain.key", plain.private)
		s.must("import-key-pair", "--key", "plain.key", "--output-key-prefix", "imported", "--yes")
		if got := public(s.read("imported.pub")); got.ID != public(plain.public).ID {
			t.Errorf("%s: imported as %s, want %s", algorithm, got.ID, public(plain.public).ID)
		}
		stock(t, s.attest("imported.key", algorithm), public(plain.public), label.TypeTestReport, report())
	}
}

// TestCosignVerifies has cosign judge what we sealed.
func TestCosignVerifies(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	stmt, err := label.NewStatement("device.json", label.DigestOf(subject), label.TypeTestReport, report())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"} {
		k := testKeys(t)[name]
		signer, err := envelope.NewSigner(k.Signer)
		if err != nil {
			t.Fatal(err)
		}
		env, err := signer.Seal(stmt)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := envelope.Bundle(env)
		if err != nil {
			t.Fatal(err)
		}
		err = s.verify(k.public.PEM, bundle, label.TypeTestReport, "device.json")
		if name == "ecdsa-p384" {
			// Cosign 3.1 signs with SHA-384 and verifies with SHA-256: it
			// refuses even its own bundles. Ours shall fare no worse.
			theirs, readErr := os.ReadFile(filepath.Join(cosignDir, "ecdsa-p384.json"))
			pub, pubErr := os.ReadFile(filepath.Join(cosignDir, "ecdsa-p384.pub"))
			if readErr != nil || pubErr != nil {
				t.Fatal(readErr, pubErr)
			}
			if own := s.verify(string(pub), theirs, label.TypeTestReport, "device.json"); own == nil && err != nil {
				t.Errorf("%s: cosign refuses ours and not its own: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: cosign refuses our bundle: %v", name, err)
		}
		if name != "ecdsa-p256" {
			continue
		}

		// A change of the device, of the payload, of the type, of the key.
		s.write("other.json", bytes.Replace(subject, []byte("Mini"), []byte("Mino"), 1))
		changed := *env
		changed.Payload = bytes.Replace(env.Payload, []byte(`"verdict":"fail"`), []byte(`"verdict":"pass"`), 1)
		if bytes.Equal(changed.Payload, env.Payload) {
			t.Fatal("nothing was changed")
		}
		forged, err := envelope.Bundle(&changed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(forged, []byte(base64.StdEncoding.EncodeToString(changed.Payload))) {
			t.Fatal("the change is not in the bundle")
		}
		for what, err := range map[string]error{
			"another device":  s.verify(k.public.PEM, bundle, label.TypeTestReport, "other.json"),
			"another payload": s.verify(k.public.PEM, forged, label.TypeTestReport, "device.json"),
			"another type":    s.verify(k.public.PEM, bundle, label.TypeDeclaration, "device.json"),
			"another key":     s.verify(testKeys(t)["another-p256"].public.PEM, bundle, label.TypeTestReport, "device.json"),
		} {
			if err == nil {
				t.Errorf("cosign accepts %s", what)
			}
		}
	}
}
