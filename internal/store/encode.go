package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// # Encoded batches
//
// A batch has one encoding, which is shipped to other machines and carried out
// there. Numbers are unsigned varints in their shortest form, but for those that are
// said to be of 8 bytes, which are big-endian; "bytes" are their number, and they.
//
//	batch   "labeld batch 1\n", schema, time of the commit (8 bytes, Unix nanoseconds), tree, entries, writes
//	tree    size, 32-byte root
//	entries number of them, each as bytes; and unless that is 0: number of nodes, each (level, n,
//	        32-byte hash), tree, signed head as bytes
//	writes  number of them, each (number of its kind, what it says as bytes), in the order in which they
//	        are carried out
//
// What a write says is the list in its method code. Records are JSON there, which
// is what is stored of them.
const batchHeader = "labeld batch 1\n"

// Encode returns the batch in its only encoding.
func (b *Batch) Encode() ([]byte, error) {
	ordered, err := b.ordered()
	if err != nil {
		return nil, err
	}
	c := &coder{buf: []byte(batchHeader)}
	c.uint(new(uint64(schemaVersion)))
	said := *b
	said.Writes = ordered
	said.code(c)
	return c.buf, c.err
}

// DecodeBatch reads what [Batch.Encode] returned, and refuses everything else:
// another encoding of the same, and a batch of another schema. What a batch says is
// for those to judge who made it, and who ask for it.
func DecodeBatch(data []byte) (*Batch, error) {
	rest, ok := bytes.CutPrefix(data, []byte(batchHeader))
	if !ok {
		return nil, errors.New("is not an encoded batch")
	}
	c := &coder{decoding: true, buf: rest}
	var schema uint64
	if c.uint(&schema); c.err == nil && schema != schemaVersion {
		return nil, fmt.Errorf("is a batch for schema version %d, this program knows version %d", schema, schemaVersion)
	}
	b := new(Batch)
	b.code(c)
	if c.err == nil && len(c.buf) > 0 {
		c.err = fmt.Errorf("%d bytes follow the batch", len(c.buf))
	}
	if c.err != nil {
		return nil, c.err
	}
	again, err := b.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		return nil, errors.New("is not in the one encoding that batches have")
	}
	return b, nil
}

func (b *Batch) code(c *coder) {
	c.time(&b.At)
	c.tree(&b.From)
	codeList(c, &b.Entries, func(e **Entry) {
		if c.decoding {
			*e = new(Entry)
		}
		(*e).code(c)
	})
	if len(b.Entries) > 0 {
		codeList(c, &b.Added, func(s *translog.StoredHash) {
			level := int64(s.Node.Level)
			if c.index(&level); c.decoding {
				s.Node.Level = int(level)
			}
			c.index(&s.Node.N)
			c.fixed(s.Hash[:])
		})
		c.tree(&b.Head.Tree)
		c.bytes(&b.Head.Checkpoint)
	}
	codeList(c, &b.Writes, c.write)
}

// code is that of a log entry as it is stored. What the log records follows from that.
func (e *Entry) code(c *coder) {
	c.bytes(&e.packed)
	if !c.decoding || c.err != nil {
		return
	}
	env, err := unpackEntry(e.packed)
	if err == nil {
		e.Leaf, err = env.Encode()
	}
	if err != nil {
		c.fail(fmt.Errorf("a log entry: %w", err))
	}
}

// write encodes a write with the number of its kind, or decodes it.
func (c *coder) write(w *Write) {
	if !c.decoding {
		said := &coder{}
		(*w).code(said)
		c.buf = append(c.buf, numberOf(*w))
		c.bytes(&said.buf)
		c.fail(said.err)
		return
	}
	if len(c.buf) == 0 {
		c.fail(errShort)
		return
	}
	number := c.buf[0]
	c.buf = c.buf[1:]
	if *w = newWrite(number); *w == nil {
		c.fail(fmt.Errorf("has a write of kind %d, which is unknown", number))
		return
	}
	said := &coder{decoding: true}
	c.bytes(&said.buf)
	if c.err != nil {
		return
	}
	(*w).code(said)
	if said.err == nil && len(said.buf) > 0 {
		said.err = fmt.Errorf("%d bytes follow it", len(said.buf))
	}
	if said.err != nil {
		c.fail(fmt.Errorf("a write of kind %d: %w", number, said.err))
	}
}

var errShort = errors.New("is cut off")

// A coder encodes what it is given, or decodes it: what is encoded is one list of calls
// for both directions, so that they cannot differ. After an error it does nothing.
type coder struct {
	decoding bool
	buf      []byte // what was encoded, or what is left to be decoded
	err      error  // the first
}

func (c *coder) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// take returns the next n bytes.
func (c *coder) take(n uint64) []byte {
	if c.err == nil && n > uint64(len(c.buf)) {
		c.err = errShort
	}
	if c.err != nil {
		return nil
	}
	b := c.buf[:n:n]
	c.buf = c.buf[n:]
	return b
}

func (c *coder) uint(p *uint64) {
	if !c.decoding {
		c.buf = binary.AppendUvarint(c.buf, *p)
		return
	}
	n, size := binary.Uvarint(c.buf)
	if size <= 0 {
		c.fail(errShort)
		return
	}
	*p = n
	c.take(uint64(size))
}

// index is uint of a number that is never negative.
func (c *coder) index(p *int64) {
	n := uint64(*p)
	if c.uint(&n); c.decoding {
		*p = int64(n)
	}
}

// fixed encodes bytes whose number both sides know.
func (c *coder) fixed(p []byte) {
	if !c.decoding {
		c.buf = append(c.buf, p...)
		return
	}
	copy(p, c.take(uint64(len(p))))
}

func (c *coder) bytes(p *[]byte) {
	n := uint64(len(*p))
	c.uint(&n)
	if !c.decoding {
		c.buf = append(c.buf, *p...)
		return
	}
	*p = bytes.Clone(c.take(n))
}

func (c *coder) digest(p *label.Digest) { c.fixed(p[:]) }

func (c *coder) packed(p *Packed) { c.bytes((*[]byte)(p)) }

func (c *coder) time(p *time.Time) {
	b := timeValue(*p)
	if c.fixed(b); c.decoding {
		*p = time.Unix(0, int64(binary.BigEndian.Uint64(b)))
	}
}

func (c *coder) flag(p *bool) {
	var n uint64
	if *p {
		n = 1
	}
	if c.uint(&n); c.decoding {
		*p = n == 1
	}
}

func (c *coder) tree(p *translog.Tree) {
	c.index(&p.N)
	c.fixed(p.Hash[:])
}

// json encodes what v points to as it is stored.
func (c *coder) json(v any) {
	var b []byte
	if !c.decoding {
		var err error
		b, err = label.Encode(v)
		c.fail(err)
	}
	if c.bytes(&b); c.decoding && c.err == nil {
		c.fail(label.Decode(b, v))
	}
}

func codeText[T ~string](c *coder, p *T) {
	b := []byte(*p)
	if c.bytes(&b); c.decoding {
		*p = T(b)
	}
}

func codeList[T any](c *coder, p *[]T, code func(*T)) {
	n := uint64(len(*p))
	c.uint(&n)
	if !c.decoding {
		for i := range *p {
			code(&(*p)[i])
		}
		return
	}
	for range n { // each has a byte at least, so that a number too large ends soon
		var t T
		if code(&t); c.err != nil {
			return
		}
		*p = append(*p, t)
	}
}
