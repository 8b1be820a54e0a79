package translog

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// proofHeader is the first line of a proof (c2sp.org/tlog-proof, Format).
const proofHeader = "c2sp.org/tlog-proof@v1\n"

// A Proof shows to anyone who knows the log's name and key, and holds the
// entry, that the entry is in the log. It needs no network: the checkpoint
// travels inside.
type Proof struct {
	// Index is the zero-based position of the entry in the log.
	Index int64

	// Hashes is the inclusion proof of the entry in the checkpoint's tree,
	// as [Prove] returns it.
	Hashes []Hash

	// Checkpoint is a signed checkpoint, verbatim, with any cosignatures.
	Checkpoint []byte

	// Extra is opaque data for the application. It is covered by no
	// signature, and the log writes none; believe nothing in it.
	Extra []byte
}

// Format returns the proof in the text form of c2sp.org/tlog-proof; the usual
// file extension is .tlog-proof. Checkpoint is copied as it is, so the result
// parses only if that came from [SignCheckpoint] or passes [OpenCheckpoint].
func (p Proof) Format() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader)
	if len(p.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	b.WriteString("index " + strconv.FormatInt(p.Index, 10) + "\n")
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof parses the text form of a proof. The checkpoint inside must be a
// well-formed signed note, but nothing is verified yet: use [Proof.Verify].
//
// Only one encoding is accepted: whatever parses, formats to the same bytes.
// Everything else is [ErrMalformed]. Time and memory are bounded by constants
// (see [MaxCheckpoint] and [MaxExtra]), whatever the input.
func ParseProof(text []byte) (Proof, error) {
	if len(text) > maxProof {
		return Proof{}, malformed("proof of %d bytes, the limit is %d", len(text), maxProof)
	}
	body, ok := bytes.CutPrefix(text, []byte(proofHeader))
	if !ok {
		return Proof{}, malformed("proof does not begin with the line %q", strings.TrimSpace(proofHeader))
	}
	// The first empty line ends the proof lines; the rest is the checkpoint.
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return Proof{}, malformed("proof without an empty line before its checkpoint")
	}

	p := Proof{Checkpoint: bytes.Clone(checkpoint)}
	line, rest, more := strings.Cut(string(head), "\n")
	if extra, ok := strings.CutPrefix(line, "extra "); ok {
		var err error
		if p.Extra, err = decodeBase64(extra); err != nil {
			return Proof{}, malformed("proof extra data: %v", err)
		}
		// Without extra data there is no line, so an empty one would be a
		// second encoding of the same proof.
		if len(p.Extra) == 0 || len(p.Extra) > MaxExtra {
			return Proof{}, malformed("proof with %d bytes of extra data, want 1 to %d", len(p.Extra), MaxExtra)
		}
		line, rest, more = strings.Cut(rest, "\n")
	}
	index, ok := strings.CutPrefix(line, "index ")
	if !ok {
		return Proof{}, malformed("proof without an index line")
	}
	var err error
	if p.Index, err = parseNumber(index); err != nil {
		return Proof{}, malformed("proof index: %v", err)
	}
	for more {
		if len(p.Hashes) == maxPath {
			return Proof{}, malformed("proof of more than %d hashes", maxPath)
		}
		line, rest, more = strings.Cut(rest, "\n")
		h, err := ParseHash(line)
		if err != nil {
			return Proof{}, malformed("proof hash %d: %v", len(p.Hashes), err)
		}
		p.Hashes = append(p.Hashes, h)
	}
	if _, err := openNote(checkpoint, nil); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// Verify checks the proof for the entry whose [LeafHash] is leaf, in the log
// named origin whose key v verifies, and returns the checkpoint that vouches
// for it. Compute leaf from the entry in hand, never from the proof's extra
// data. The error is [ErrMalformed] or [ErrUnverified], and the checkpoint
// then is zero.
//
// A verified proof says that the log's operator publicly committed to the
// entry. That everyone was shown the same log is what witnesses add; their
// cosignatures are in p.Checkpoint, for note.Open.
func (p Proof) Verify(leaf Hash, origin string, v note.Verifier) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, origin, v)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := VerifyInclusion(c.Tree, p.Index, leaf, p.Hashes); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}
