package authority_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// TestReadOnly starts an authority that may only show what it has, on a store with
// a label, and a minute later, when heads, lists and tallies would be signed anew.
func TestReadOnly(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	head := w.Authority.Checkpoint()
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	why := label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "the database is an older copy")
	a, err := authority.New(authority.Config{
		Store: w.Store, Programme: w.Programme, Issuer: w.Issuer, Trust: w.Trust, Audiences: []string{labeltest.Audience},
		Clock: w.Clock.Now, Elapsed: w.Clock.Elapsed, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), ReadOnly: why,
	})
	must(t, err)
	w.Authority.Close()
	w.Authority = a
	_, err = w.EnrolAs(ctx, w.Caller(labeltest.Operator), label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleLab}})
	wants(t, err, label.Unavailable, label.ReasonReadOnly)
	if !errors.Is(a.Writing(), why) || !errors.Is(a.ReadOnly(), why) {
		t.Errorf("asked whether it writes, it says %v", a.Writing())
	}
	if !bytes.Equal(a.Checkpoint(), head) {
		t.Error("a head was signed")
	}
	if a.StatusList() != nil || a.RefreshList() == nil || a.StatusList() != nil {
		t.Error("a status list was signed")
	}
	shown, err := a.Lookup(p.Label.ID)
	must(t, err)
	if !bytes.Equal(shown.Bundle, p.Bundle) || bytes.Contains(shown.Package, []byte(`"history"`)) {
		t.Error("the label is not shown as it is, or with a proof of its history")
	}
}

// full is a store on a disk without room.
type full struct {
	authority.Store
	tries chan struct{}
}

func (f *full) Commit(b *store.Batch) error {
	if f.tries == nil {
		return f.Store.Commit(b)
	}
	select {
	case <-f.tries:
		f.tries = nil
		return f.Store.Commit(b)
	default:
		return store.ErrNoRoom
	}
}

// TestWritingIsTriedAgain fills the disk, makes room, and asks for nothing more.
func TestWritingIsTriedAgain(t *testing.T) {
	f := &full{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
	f.tries = make(chan struct{}, 1)
	_, err := w.EnrolAs(ctx, w.Caller(labeltest.Operator), label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleLab}})
	wants(t, err, label.Unavailable, label.ReasonStorage)
	if !strings.Contains(err.Error(), "(the disk is full)") {
		t.Errorf("who asks for something is not told why it is refused: %v", err)
	}
	if err := w.Authority.Writing(); err == nil || !strings.Contains(err.Error(), "cannot write now: the disk is full") {
		t.Errorf("on a full disk, asked whether it writes, it says %v", err)
	}
	f.tries <- struct{}{}
	late, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for w.Authority.Writing() != nil {
		select {
		case <-late.Done():
			t.Fatal("there is room, and it does not notice")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
