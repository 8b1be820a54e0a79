package authority

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"labeld/internal/label"
)

// A Page asks for part of a list.
type Page struct {
	Size  int    // 0 for the default
	Token string // of the page before
}

// A cursor says how far a list has been read. It leaves the process as a token, which
// says nothing to anybody else:
//
//	version (1 byte), the first 8 bytes of SHA-256 of (version, list, zero byte, position), position
//
// in base64 for URLs. The hash is there for mistakes, and no secret: a token of another
// list, or one that was cut off or made up, is refused, and does not begin somewhere.
type cursor struct {
	list string // its name, and what it is a list of
	at   []byte // the key, in the store, of the last item that was read; nil at the beginning
}

const (
	cursorVersion = 1
	cursorCheck   = 8 // bytes of the hash

	// maxToken bounds tokens: the longest keys have the ID of a notice.
	maxToken = 2 * (1 + cursorCheck + label.MaxText + 64)
)

// seal returns what stands before the position.
func (c cursor) seal() []byte {
	h := sha256.New()
	h.Write([]byte{cursorVersion})
	h.Write([]byte(c.list))
	h.Write([]byte{0})
	h.Write(c.at)
	return append([]byte{cursorVersion}, h.Sum(nil)[:cursorCheck]...)
}

// token returns the cursor as it leaves the process.
func (c cursor) token() string {
	return base64.RawURLEncoding.EncodeToString(append(c.seal(), c.at...))
}

// cursorOf reads the token of a list. The empty one is of its beginning.
func cursorOf(list, token string) (cursor, error) {
	c := cursor{list: list}
	if token == "" {
		return c, nil
	}
	if len(token) > maxToken {
		return c, errToken()
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) <= 1+cursorCheck {
		return c, errToken()
	}
	c.at = b[1+cursorCheck:]
	if !bytes.Equal(c.seal(), b[:1+cursorCheck]) {
		return c, errToken()
	}
	return c, nil
}

func errToken() error {
	return label.Errorf(label.Invalid, label.ReasonMalformed, "page_token", "is not one that this call returned")
}

// A collector gathers one page of a list.
type collector[T any] struct {
	size  int
	after cursor // where the page before ended
	items []T
	last  []byte // position of the last item
	next  string // token of the next page; empty where there is none
}

// collect begins a page of a list. The list is named by its call and by whatever else
// makes it another list.
func collect[T any](p Page, list ...string) (*collector[T], error) {
	c := &collector[T]{size: p.Size}
	switch {
	case p.Size < 0 || p.Size > label.MaxPage:
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "page_size", "must be 0 to %d", label.MaxPage)
	case p.Size == 0:
		c.size = label.DefaultPage
	}
	var err error
	c.after, err = cursorOf(strings.Join(list, "|"), p.Token)
	return c, err
}

// add takes the next item and reports whether to go on.
func (c *collector[T]) add(item T, at []byte) bool {
	if len(c.items) == c.size {
		c.more()
		return false
	}
	c.items = append(c.items, item)
	c.last = at
	return true
}

// more says that there is another page.
func (c *collector[T]) more() { c.next = cursor{c.after.list, c.last}.token() }
