package verify

import (
	"bytes"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// HistoriesOrigin returns the name under which the key of a log signs the tally
// of histories.
func HistoriesOrigin(log string) string { return log + "/histories" }

// A headReader checks signed heads of one origin: those of the log, or those of
// the tally.
type headReader struct {
	verifier note.Verifier
	timer    *translog.Timer
	last     atomic.Pointer[signedHead]
}

// A signedHead is a head whose signatures were checked.
type signedHead struct {
	signed  []byte
	head    translog.Checkpoint
	at      time.Time
	untimed error // why there is no time
}

func (r *headReader) prepare(vkey string) (err error) {
	r.last.Store(nil)
	if r.verifier, err = note.NewVerifier(vkey); err == nil {
		r.timer, err = translog.NewTimer(vkey)
	}
	return err
}

// open checks a head. The last one that held is remembered: many labels are
// proved to the same head.
func (r *headReader) open(signed []byte) (*signedHead, error) {
	if m := r.last.Load(); m != nil && bytes.Equal(m.signed, signed) {
		return m, nil
	}
	head, err := translog.OpenCheckpoint(signed, r.verifier.Name(), r.verifier)
	if err != nil {
		return nil, err
	}
	h := &signedHead{signed: bytes.Clone(signed), head: head}
	h.at, h.untimed = r.timer.At(signed)
	r.last.Store(h)
	return h, nil
}

// when returns the time of a head, which the present is held against.
func (h *signedHead) when(field string, now time.Time) (time.Time, error) {
	if h.untimed != nil {
		return time.Time{}, label.Errorf(label.Invalid, label.ReasonBadSignature, field, "the head does not say when it was signed: %v", h.untimed)
	}
	return h.at, notAhead(field, h.at, now)
}

// notAhead refuses what says that it was signed in the future. Somebody whose
// clock is wrong cannot tell how old anything is; and what is dated ahead of all
// clocks would count as fresh for as long as that.
func notAhead(field string, at, now time.Time) error {
	if at.After(now.Add(label.MaxVerifierSkew)) {
		return label.Errorf(label.Invalid, label.ReasonInFuture, field, "says that it was signed on %s; it is %s here: is this clock right?",
			at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// OpenCheckpoint checks a signed checkpoint of the trusted log.
func (t *Trust) OpenCheckpoint(signed []byte) (translog.Checkpoint, error) {
	h, err := t.log.open(signed)
	if err != nil {
		return translog.Checkpoint{}, err
	}
	return h.head, nil
}

// SignedAt checks the timestamp of a signed checkpoint and returns it.
func (t *Trust) SignedAt(signed []byte) (time.Time, error) {
	h, err := t.log.open(signed)
	if err != nil {
		return time.Time{}, err
	}
	return h.at, errors.Join(h.untimed)
}
