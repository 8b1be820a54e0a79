package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labeld/internal/envelope"
)

func TestKeyNewAndShow(t *testing.T) {
	t.Setenv(envPass, "correct horse")
	for _, algorithm := range envelope.Algorithms {
		for _, plain := range []bool{false, true} {
			if !plain && algorithm != envelope.Algorithms[0] {
				continue // encryption is slow on purpose, and the same for all
			}
			dir := t.TempDir()
			private := filepath.Join(dir, "lab.key")
			args := []string{"key", "new", "--out", private, "--algorithm", algorithm}
			if plain {
				args = append(args, "--plain")
			}
			var made, fromPrivate, fromPublic keyInfo
			mustJSON(t, &made, args...)
			if made.Algorithm != algorithm || len(made.ID) != 64 || made.Encrypted == plain {
				t.Errorf("made %+v", made)
			}
			info, err := os.Stat(private)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("private key: %v, %v", info.Mode(), err)
			}
			text, err := os.ReadFile(private)
			if err != nil || strings.Contains(string(text), "ENCRYPTED") == plain {
				t.Errorf("plain is %v, the file begins %.40s", plain, text)
			}
			mustJSON(t, &fromPrivate, "key", "show", private)
			mustJSON(t, &fromPublic, "key", "show", filepath.Join(dir, "lab.pub"))
			if fromPrivate != fromPublic || fromPublic.ID != made.ID {
				t.Errorf("%+v and %+v are not the halves of %+v", fromPrivate, fromPublic, made)
			}
			pem, err := os.ReadFile(made.Public)
			if out := must(t, "key", "show", "--pem", private); err != nil || out != string(pem) {
				t.Errorf("--pem: %v\n%s", err, out)
			}
		}
	}
}

func TestKeyNewOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, existing := range []string{"a.key", "b.pub"} {
		path := write(t, dir, existing, "precious")
		r := try(t, "key", "new", "--plain", "--out", strings.TrimSuffix(path, filepath.Ext(path))+".key")
		if r.code != exitFailed || !strings.Contains(r.stderr, "never overwritten") {
			t.Errorf("%s: exit code %d: %s", existing, r.code, r.stderr)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
			t.Errorf("%s was overwritten", existing)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("a refused key left files: %v", entries)
	}
}

func TestKeyPassphrases(t *testing.T) {
	key := filepath.Join(t.TempDir(), "lab.key")
	if r := try(t, "key", "new", "--out", key); r.code != exitFailed || !strings.Contains(r.stderr, "--plain") {
		t.Errorf("without a passphrase: %d %s", r.code, r.stderr)
	}
	t.Setenv(envCosign, "")
	if r := try(t, "key", "new", "--out", key); r.code != exitFailed || !strings.Contains(r.stderr, "empty") {
		t.Errorf("with an empty passphrase: %d %s", r.code, r.stderr)
	}
	t.Setenv(envCosign, "secret")
	must(t, "key", "new", "--out", key)
	t.Setenv(envPass, "wrong")
	if r := try(t, "key", "show", key); r.code != exitFailed || !strings.Contains(r.stderr, "passphrase") {
		t.Errorf("%s does not come before %s: %d %s", envPass, envCosign, r.code, r.stderr)
	}
	t.Setenv(envPass, "secret")
	must(t, "key", "show", key)
	os.Unsetenv(envPass)
	os.Unsetenv(envCosign)
	if r := try(t, "key", "show", key); r.code != exitFailed || !strings.Contains(r.stderr, envPass) {
		t.Errorf("nobody to ask: %d %s", r.code, r.stderr)
	}
}

func TestKeyShowRefusesWhatIsNoKey(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct{ text, want string }{
		"empty":   {"", "PEM"},
		"words":   {"hello", "PEM"},
		"private": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"},
	} {
		if r := try(t, "key", "show", write(t, dir, name, tc.text)); r.code != exitFailed || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.stderr)
		}
	}
	if r := try(t, "key", "show", filepath.Join(dir, "nosuch")); r.code != exitFailed || !strings.Contains(r.stderr, "no such file") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if r := try(t, "key", "show", "nosuchkms://key"); r.code != exitFailed || !strings.Contains(r.stderr, "sigstore-kms-nosuch") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
