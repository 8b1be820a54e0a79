package translog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// The parsers in this file return plain errors; their callers add what was
// being parsed and make it ErrMalformed.

// decodeBase64 decodes standard base64 (RFC 4648 4) in its canonical form
// only. The library's decoder skips line breaks and, unless strict, accepts
// any value in the unused bits of the last character; either would let
// different bytes mean the same proof.
func decodeBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, errors.New("not canonical base64")
	}
	return b, nil
}

// ParseHash reads a hash as Hash.String writes it, and in no other form.
func ParseHash(s string) (Hash, error) {
	if len(s) != hashText {
		return Hash{}, fmt.Errorf("hash of %d characters, want %d", len(s), hashText)
	}
	b, err := decodeBase64(s)
	if err != nil {
		return Hash{}, err
	}
	if len(b) != len(Hash{}) {
		return Hash{}, fmt.Errorf("hash of %d bytes, want %d", len(b), len(Hash{}))
	}
	return Hash(b), nil
}

// parseNumber parses a size or an index: ASCII decimal, no sign, no leading
// zero, at most MaxSize.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("not a canonical decimal number")
	}
	if n > MaxSize {
		return 0, fmt.Errorf("number %d over the limit %d", n, int64(MaxSize))
	}
	return n, nil
}
