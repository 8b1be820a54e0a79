package translog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// A Checkpoint is a log's statement of its head: the log named Origin has
// Tree. Two checkpoints of one log must be consistent; whoever holds two that
// are not holds evidence against it.
type Checkpoint struct {
	// Origin is the unique name of the log, by convention its URL prefix
	// without scheme and trailing slash.
	Origin string
	Tree   Tree
}

// Text returns the note text of the checkpoint, which is what gets signed:
// origin, size in decimal and root hash in base64, each ending in a newline
// (c2sp.org/tlog-checkpoint, Note text).
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Tree.N, 10) + "\n" + c.Tree.Hash.String() + "\n"
}

// SignCheckpoint returns the checkpoint as a signed note. The signer's name
// must be the origin: tlog-checkpoint only recommends it, but a log of ours
// that signs under another name is misconfigured.
//
// This is the promise that the log cannot take back. Sign only a tree from
// [Append] on the last committed one, and let no signature leave the process
// before the commit. Cosigners add signatures of theirs.
func SignCheckpoint(c Checkpoint, signer note.Signer, cosigners ...note.Signer) ([]byte, error) {
	if err := checkOrigin(c.Origin); err != nil {
		return nil, err
	}
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("translog: key of %q cannot sign for the log %q", signer.Name(), c.Origin)
	}
	if err := checkTree(c.Tree); err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: c.Text()}, append([]note.Signer{signer}, cosigners...)...)
}

// OpenCheckpoint opens a signed checkpoint of the log named origin, whose key
// v verifies.
//
// Malformed bytes are [ErrMalformed]; a well-formed checkpoint of another log,
// or one without a valid signature by v, is [ErrUnverified]. Signatures by
// other keys are ignored, as signed-note demands (a rotated key, witnesses),
// but must be well formed. Extension lines are covered by the signature and
// otherwise ignored. All numbers and base64 must be canonical, and no
// signature may be repeated, so nobody can alter a checkpoint unnoticed other
// than by adding or removing foreign signatures.
func OpenCheckpoint(signed []byte, origin string, v note.Verifier) (Checkpoint, error) {
	c, err := openNote(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin {
		return Checkpoint{}, unverified("checkpoint of the log %q, want %q", c.Origin, origin)
	}
	return c, nil
}

// openNote opens a signed note and parses its text. With known == nil it
// checks the form alone.
func openNote(signed []byte, known note.Verifiers) (Checkpoint, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, malformed("checkpoint of %d bytes, the limit is %d", len(signed), MaxCheckpoint)
	}
	n, err := note.Open(signed, known)
	var unsigned *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case err == nil:
	case errors.As(err, &unsigned):
		if known != nil {
			return Checkpoint{}, unverified("checkpoint without a signature by the log's key")
		}
		n = unsigned.Note
	case errors.As(err, &invalid):
		return Checkpoint{}, unverified("checkpoint with an invalid signature by %s+%08x", invalid.Name, invalid.Hash)
	default:
		return Checkpoint{}, malformed("checkpoint is not a signed note")
	}
	if err := checkSignatures(signed, n); err != nil {
		return Checkpoint{}, err
	}
	return parseText(n.Text)
}

// checkSignatures closes what note.Open leaves open: it skips a repeated
// signature unread, and decodes base64 leniently.
func checkSignatures(signed []byte, n *note.Note) error {
	block := signed[len(n.Text)+1:] // after the text and the blank line
	if bytes.Count(block, []byte("\n")) != len(n.Sigs)+len(n.UnverifiedSigs) {
		return malformed("checkpoint repeats a signature")
	}
	for _, sigs := range [][]note.Signature{n.Sigs, n.UnverifiedSigs} {
		for _, s := range sigs {
			if _, err := decodeBase64(s.Base64); err != nil {
				return malformed("signature by %s: %v", s.Name, err)
			}
		}
	}
	return nil
}

// parseText parses the text of a checkpoint note, which ends in a newline.
func parseText(text string) (Checkpoint, error) {
	if strings.Contains(text, "\n\n") {
		return Checkpoint{}, malformed("checkpoint text with an empty line")
	}
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, malformed("checkpoint text of %d lines, want 3", len(lines)-1)
	}
	if lines[0] == "" {
		return Checkpoint{}, malformed("checkpoint without an origin")
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return Checkpoint{}, malformed("checkpoint size: %v", err)
	}
	root, err := ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, malformed("checkpoint root: %v", err)
	}
	c := Checkpoint{Origin: lines[0], Tree: Tree{N: size, Hash: root}}
	if err := checkTree(c.Tree); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

// checkTree refuses heads that no log can have.
func checkTree(t Tree) error {
	if t.N < 0 || t.N > MaxSize {
		return malformed("tree of size %d", t.N)
	}
	if t.N == 0 && t != Empty() {
		return malformed("empty tree whose root is not the hash of the empty string")
	}
	return nil
}
