package envelope

import (
	"errors"
	"os"
	"strings"
)

// PublicName returns the name of the file with the public key that goes with
// the private one in path: lab.pub beside lab.key.
func PublicName(path string) string { return strings.TrimSuffix(path, ".key") + ".pub" }

// WriteKey makes a key pair as [GenerateKey] does: the private key in path,
// readable by its owner only, the public one beside it. It overwrites nothing,
// and leaves both files or neither.
func WriteKey(path, algorithm string, passphrase []byte) (*PublicKey, error) {
	private, public, err := GenerateKey(algorithm, passphrase)
	if err != nil {
		return nil, err
	}
	if err := createFile(path, private, 0o600); err != nil {
		return nil, err
	}
	if err := createFile(PublicName(path), public, 0o644); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return ParsePublicKey(public)
}

// createFile writes a file that must not exist, and whose bytes must not be
// lost.
func createFile(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // a part of a key is no key
	}
	return nil
}
