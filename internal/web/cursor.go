package web

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// A cursor says how far somebody has read the log, and what the log was up to
// there: its size, and the beginning of the root hash that it had at that size, as
// a checkpoint has it.
//
//	17-9f2c4e61d0b83a75
//
// The hash makes the cursor one of this log only. A service that was restored to an
// earlier state continues differently from there: what the reader has read beyond it never
// happened, and what happened instead may be at places that the reader believes to have
// read. With a number alone the reader would miss that, or get an empty answer for ever.
// With the hash the service notices, and refuses the cursor.
type cursor struct {
	size int64
	root [8]byte // 64 bits: it tells logs apart, and proves nothing
}

// cursorStart is the cursor of a reader that has read nothing.
var cursorStart = cursorAt(translog.Empty())

func cursorAt(t translog.Tree) cursor { return cursor{t.N, [8]byte(t.Hash[:8])} }

func (c cursor) String() string {
	return strconv.FormatInt(c.size, 10) + "-" + hex.EncodeToString(c.root[:])
}

// reasonCursorGone is the reason for a cursor that is not of this log, or not any more.
const reasonCursorGone label.Reason = "CURSOR_GONE"

// cursorGone returns that refusal, which says where to begin again.
func cursorGone(base string) problem {
	restart := base + "/api/changes"
	return problem{
		status: http.StatusGone, reason: reasonCursorGone, field: "after", restart: restart,
		text: "is not of this log as it is now: the service was restored to an earlier state, or the cursor is of another one; begin again at " + restart + " without a cursor, and take nothing over from what was read before",
	}
}

// parseCursor reads a cursor in the one form that String writes. A bare number, the form
// of earlier cursors, does not tell its log: it is read, and not known.
func parseCursor(s string) (c cursor, known bool, err error) {
	number, root, marked := strings.Cut(s, "-")
	c.size, err = strconv.ParseInt(number, 10, 64)
	if err == nil && !marked && s == strconv.FormatInt(c.size, 10) {
		return c, false, nil
	}
	if b, e := hex.DecodeString(root); err == nil && e == nil && len(b) == len(c.root) {
		c.root = [8]byte(b)
		if c.String() == s {
			return c, true, nil
		}
	}
	return c, false, label.Errorf(label.Invalid, label.ReasonMalformed, "after", "is no cursor that this address gave; leave it out to begin")
}

// holds reports whether the log is, up to a cursor, the one that the cursor is of.
func (c *changeReader) holds(at cursor) (ok bool, err error) {
	err = c.log.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil || at.size > head.Tree.N {
			return err
		}
		root, err := translog.Root(at.size, v)
		ok = cursorAt(translog.Tree{N: at.size, Hash: root}) == at
		return err
	})
	return ok, err
}

// cursorsAt returns the cursors of readers that have read so many entries.
func (c *changeReader) cursorsAt(sizes []int64) (list []cursor, err error) {
	err = c.log.View(func(v *store.View) error {
		for _, n := range sizes {
			root, err := translog.Root(n, v)
			if err != nil {
				return err
			}
			list = append(list, cursorAt(translog.Tree{N: n, Hash: root}))
		}
		return nil
	})
	return list, err
}
