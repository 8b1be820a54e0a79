package store

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"labeld/internal/label"
)

// Packed is a compressed value. Packing takes time, so it is done by whoever
// makes a record, beside others, and not by the one that commits.
//
// Statements are mostly the names of provisions and facts, which all of them
// share. What is packed begins, for the compressor, behind a text that has them:
// that makes a report less than half as large. What was packed behind it cannot
// be read without it, so it is never changed; another one would have another
// number.
type Packed []byte

//go:embed dictionary.txt
var dictionary []byte

// dictionaryID is the number of the dictionary in each zstd frame.
const dictionaryID = 1

// Codecs are safe for concurrent use, of zstd for EncodeAll and DecodeAll.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<18),
			zstd.WithEncoderDictRaw(dictionaryID, dictionary))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(label.MaxMessage+maxParts),
			zstd.WithDecoderDictRaw(dictionaryID, dictionary))
		if err != nil {
			panic(err)
		}
		return d
	})
	quick = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(dictionary, nil) })
)

// maxParts is the most that is written before what is packed.
const maxParts = 2 * binary.MaxVarintLen64

// payloadMember is what stands before the content of an envelope, which is in
// base64.
var payloadMember = []byte(`"payload":"`)

// Pack compresses a value. What an envelope carries in base64 is packed as it is:
// in base64 no compressor finds anything.
func Pack(b []byte) Packed {
	from, content := carried(b)
	parts := binary.AppendUvarint(make([]byte, 0, maxParts+len(b)), uint64(from))
	parts = binary.AppendUvarint(parts, uint64(len(content)))
	parts = append(parts, b[:from]...)
	parts = append(parts, content...)
	parts = append(parts, b[from+base64.StdEncoding.EncodedLen(len(content)):]...)
	return encoder().EncodeAll(parts, nil)
}

// carried returns what the envelope in b carries, and where in b it begins;
// nothing where b has none, or spells it as nobody would spell it again.
func carried(b []byte) (from int, content []byte) {
	from = bytes.Index(b, payloadMember)
	if from < 0 {
		return 0, nil
	}
	from += len(payloadMember)
	n := bytes.IndexByte(b[from:], '"')
	if n < 0 {
		return 0, nil
	}
	content, err := base64.StdEncoding.Strict().DecodeString(string(b[from : from+n]))
	if err != nil || base64.StdEncoding.EncodedLen(len(content)) != n { // white space in it is no error
		return 0, nil
	}
	return from, content
}

// Parts are a value as it is packed: what it carries in base64, if it is an envelope,
// and what stands before and behind that.
type Parts struct{ Before, Content, After []byte }

// Join returns the value.
func (p Parts) Join() []byte {
	out := make([]byte, 0, len(p.Before)+base64.StdEncoding.EncodedLen(len(p.Content))+len(p.After))
	out = base64.StdEncoding.AppendEncode(append(out, p.Before...), p.Content)
	return append(out, p.After...)
}

func unpackParts(b []byte) (Parts, error) {
	parts, err := decoder().DecodeAll(b, nil)
	if err != nil {
		return Parts{}, err
	}
	var at [2]uint64
	for i := range at {
		n := 0
		if at[i], n = binary.Uvarint(parts); n <= 0 {
			return Parts{}, fmt.Errorf("is not packed in parts")
		}
		parts = parts[n:]
	}
	from, size := at[0], at[1]
	if from > uint64(len(parts)) || size > uint64(len(parts))-from {
		return Parts{}, fmt.Errorf("has parts that lie outside of it")
	}
	return Parts{parts[:from:from], parts[from : from+size : from+size], parts[from+size:]}, nil
}

func unpack(b []byte) ([]byte, error) {
	p, err := unpackParts(b)
	if err != nil {
		return nil, err
	}
	return p.Join(), nil
}

// PackQuick compresses what every decision or label needs: with S2, which is many times
// as quick as zstd and takes nearly half more room. Its better levels save a tenth of
// that, and take four times as long, while somebody waits for a label.
func PackQuick(b []byte) Packed { return quick().Encode(nil, b) }

func unpackQuick(b []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(b); err != nil || n > label.MaxMessage {
		return nil, fmt.Errorf("is not packed with S2, of at most %d bytes", label.MaxMessage)
	}
	return quick().Decode(nil, b)
}
