package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func keyCommand(s *session) *cobra.Command {
	c := keyCommands{s}
	return group("key", "Create and show signing keys",
		`Organizations are identified by their keys only. The private key stays with its owner,
and an operator enrols the public key ("labelctl org key").`,
		"  labelctl key new --out lab.key\n  labelctl key show lab.pub",
		keyNewCommand(c), keyShowCommand(c))
}

// keyCommands make and show keys.
type keyCommands struct{ *session }

// A keyInfo is a key as JSON.
type keyInfo struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	Private   string `json:"private,omitempty"` // file
	Public    string `json:"public,omitempty"`  // file
	Encrypted bool   `json:"encrypted,omitempty"`
	PEM       string `json:"pem,omitempty"` // public
}

func keyNewCommand(c keyCommands) *cobra.Command {
	var out, algorithm string
	var plain bool
	cmd := &cobra.Command{
		Use:   "new --out FILE",
		Short: "Create a key pair",
		Long: `Create a key pair: the private key in FILE, readable by its owner only, and the public
key beside it, with .pub instead of .key. Existing files are not overwritten.

The private key is encrypted in cosign's format, so cosign can sign with it too. The
passphrase is taken from ` + envPass + ` or ` + envCosign + `; if neither is
set, you are asked. --plain leaves the key unencrypted, for machines that have other
ways to keep a file secret.`,
		Example: "  labelctl key new --out lab.key\n  labelctl key new --out demo.key --algorithm ed25519 --plain",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.create(cmd.Context(), out, algorithm, plain)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` for the private key, such as lab.key")
	cmd.Flags().StringVar(&algorithm, "algorithm", envelope.Algorithms[0], strings.Join(envelope.Algorithms, ", "))
	cmd.Flags().BoolVar(&plain, "plain", false, "do not encrypt the private key")
	require(cmd, "out")
	complete(cmd, "algorithm", envelope.Algorithms...)
	return cmd
}

// create makes a key pair in two files, neither of which may exist.
func (c keyCommands) create(ctx context.Context, out, algorithm string, plain bool) error {
	if strings.HasSuffix(out, ".pub") {
		return usagef("--out: names the private key, such as lab.key; the public key gets the ending .pub")
	}
	pub := envelope.PublicName(out)
	for _, path := range []string{out, pub} {
		if _, err := os.Lstat(path); err == nil {
			return &placeError{path, label.Errorf(label.Exists, label.ReasonExists, "", "exists, and keys are never overwritten; use another name")}
		}
	}
	var pass []byte
	if !plain {
		var err error
		if pass, err = c.passphrase(ctx); err != nil {
			return err
		}
	}
	if !slices.Contains(envelope.Algorithms, algorithm) {
		return usagef("--algorithm: must be one of %s", strings.Join(envelope.Algorithms, ", "))
	}
	key, err := envelope.WriteKey(out, algorithm, pass)
	if err != nil {
		return pathError(err)
	}
	info := keyInfo{ID: key.ID, Algorithm: key.Algorithm, Private: out, Public: pub, Encrypted: !plain}
	return c.show(info, func(p *terminal.Page) {
		p.Pairs([2]string{"key", key.ID}, [2]string{"algorithm", key.Algorithm}, [2]string{"private", out}, [2]string{"public", pub})
	})
}

// passphrase returns the passphrase for a new key. It asks twice, because a key with a
// mistyped passphrase is lost.
func (c keyCommands) passphrase(ctx context.Context) ([]byte, error) {
	pass, ok := environmentPassphrase()
	if !ok {
		var err error
		if pass, err = c.ask(ctx, "passphrase for the new key: "); errors.Is(err, errNoTerminal) {
			return nil, hintf(errors.New("a new key needs a passphrase"), "set %s, run from a terminal to be asked, or leave the key unencrypted with --plain", envPass)
		} else if err != nil {
			return nil, err
		}
		again, err := c.ask(ctx, "once more: ")
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(pass, again) {
			return nil, errors.New("the two passphrases differ; no key was created")
		}
	}
	if len(pass) == 0 {
		return nil, hintf(errors.New("the passphrase is empty; no key was created"), "--plain leaves a key unencrypted")
	}
	return pass, nil
}

func keyShowCommand(c keyCommands) *cobra.Command {
	var asPEM bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a key's ID and algorithm",
		Long: `Print the ID and the algorithm of a public or private key in a file, or of a key
in a key management system. The ID is the SHA-256 of the public key in PKIX form.

--pem prints the public key instead, as it is enrolled.`,
		Example: "  labelctl key show lab.pub\n  labelctl key show --pem awskms:///alias/lab > lab.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.read(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(keyInfo{ID: key.ID, Algorithm: key.Algorithm, PEM: key.PEM}, func(p *terminal.Page) {
				if asPEM {
					p.Raw(key.PEM)
					return
				}
				p.Pairs([2]string{"key", key.ID}, [2]string{"algorithm", key.Algorithm})
			})
		},
	}
	cmd.Flags().BoolVar(&asPEM, "pem", false, "print the public key")
	return cmd
}

// read returns the public key in a file, that of the private key in a file, or that of a
// KMS key.
func (c keyCommands) read(ctx context.Context, ref string) (*envelope.PublicKey, error) {
	if !strings.Contains(ref, "://") {
		text, err := c.readFile(ref, label.MaxMessage)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(text, []byte("PRIVATE KEY")) {
			return parsePublic(ref, text)
		}
	}
	s, err := c.loadSigner(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.Public, nil
}

// publicKey reads a public key file.
func (c *console) publicKey(path string) (*envelope.PublicKey, error) {
	text, err := c.readFile(path, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	return parsePublic(path, text)
}

func parsePublic(path string, text []byte) (*envelope.PublicKey, error) {
	key, err := envelope.ParsePublicKey(text)
	if err != nil {
		return nil, &placeError{path, err}
	}
	return key, nil
}
