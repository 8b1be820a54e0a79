package authority_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// faulty is a store whose next commit fails: before anything was written, or
// after everything was. Then it is of no more use until it is opened anew.
type faulty struct {
	authority.Store
	mode   atomic.Int32
	broken atomic.Value // the authority.Store that was in use when everything was written
}

const (
	works int32 = iota
	fails
	failsPersisted
)

var errDisk = errors.New("disk on fire")

func (f *faulty) Commit(b *store.Batch) error {
	if f.broken.Load() == f.Store {
		return store.ErrUnsynced
	}
	switch f.mode.Swap(works) {
	case fails:
		return errDisk
	case failsPersisted:
		f.broken.Store(f.Store)
		return errors.Join(f.Store.Commit(b), store.ErrUnsynced)
	}
	return f.Store.Commit(b)
}

func (f *faulty) View(g func(*store.View) error) error {
	if f.broken.Load() == f.Store {
		return store.ErrUnsynced
	}
	return f.Store.View(g)
}

// TestFailedCommits lets the commit of every kind of write fail in both ways.
// The caller is told to repeat. Where the batch may be on disk or not, nothing that
// repeats is answered before a restart. Otherwise, with and without a restart in
// between, repeating gives the answer it should have had; and nothing is ever half
// there (the world checks its store when the test ends).
func TestFailedCommits(t *testing.T) {
	var digest label.Digest
	steps := []struct {
		name string
		do   func(*labeltest.World) error
	}{
		{"enrol", func(w *labeltest.World) error {
			_, err := w.EnrolAs(ctx, w.Caller(labeltest.Operator), label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleLab}})
			return err
		}},
		{"add key", func(w *labeltest.World) error {
			if w.Signers["acme"] == nil {
				w.Signers["acme"] = labeltest.NewSigner(t)
			}
			_, err := w.AddKey(ctx, w.Caller(labeltest.Operator), "acme", w.Signers["acme"].Public.PEM, time.Time{})
			return err
		}},
		{"accredit", func(w *labeltest.World) error {
			_, err := w.AccreditAs(ctx, w.Caller(labeltest.Operator), label.Accreditation{
				Lab: label.Party{ID: "acme"}, Number: "A-1", Body: "Board", Standards: []string{"en303645"}, Categories: []string{"*"},
				Methods: labeltest.AllMethods, Interval: label.Period{From: label.NewDate(2026, 1, 1), To: label.NewDate(2028, 1, 1)},
			})
			return err
		}},
		{"register", func(w *labeltest.World) error {
			d, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), w.Example("camera").Descriptor)
			if err == nil {
				digest = d.Digest
			}
			return err
		}},
		{"add picture", func(w *labeltest.World) error {
			_, _, err := w.Authority.AddPicture(ctx, w.Caller(labeltest.Maker), digest, w.Example("camera").Picture)
			return err
		}},
		{"submit report", func(w *labeltest.World) error {
			e := w.Example("camera")
			_, _, err := w.Authority.Submit(ctx, w.Caller(labeltest.Lab), w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report))
			return err
		}},
		{"submit declaration", func(w *labeltest.World) error {
			e := w.Example("camera")
			_, _, err := w.Authority.Submit(ctx, w.Caller(labeltest.Maker), w.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration))
			return err
		}},
		{"request", func(w *labeltest.World) error {
			o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), digest, "", 3)
			if err == nil && o.Label == nil {
				return errors.New("no label")
			}
			return err
		}},
		{"revoke key", func(w *labeltest.World) error {
			_, err := w.RevokeKey(ctx, w.Caller(labeltest.Operator), w.Signers["acme"].Public.ID, "test")
			return err
		}},
	}
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		for _, restart := range []bool{false, true} {
			if restart {
				name += ", then restarted"
			}
			t.Run(name, func(t *testing.T) {
				f := &faulty{}
				w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
				heads := [][]byte{w.Authority.Checkpoint()}
				for _, s := range steps {
					f.mode.Store(mode)
					err := s.do(w)
					if err == nil {
						t.Fatalf("%s: succeeded although its commit failed", s.name)
					}
					wants(t, err, label.Unavailable, label.ReasonStorage)
					if err := w.Authority.Writing(); err == nil {
						t.Errorf("%s: nothing says that nothing can be written", s.name)
					}
					if mode == failsPersisted {
						wants(t, s.do(w), label.Unavailable, label.ReasonStorage)
						_, _, err := w.Authority.Organizations(w.Caller(labeltest.Operator), "", authority.Page{})
						wants(t, err, label.Unavailable, label.ReasonStorage)
					}
					if restart || mode == failsPersisted {
						w.Restart()
					}
					if err := s.do(w); err != nil {
						t.Fatalf("%s, repeated: %v", s.name, err)
					}
					heads = append(heads, w.Authority.Checkpoint())
					w.Check()
				}
				consistent(t, w, heads)
				var labels int
				must(t, w.Store.View(func(v *store.View) error {
					return v.Labels(func(*store.Label) bool { labels++; return true })
				}))
				if labels != 1 {
					t.Errorf("%d labels were issued for one device", labels)
				}
			})
		}
	}
}

// consistent proves every two heads that were served to be of one log.
func consistent(t *testing.T, w *labeltest.World, heads [][]byte) {
	t.Helper()
	var trees []translog.Tree
	for _, h := range heads {
		cp, err := w.Trust.OpenCheckpoint(h)
		must(t, err)
		trees = append(trees, cp.Tree)
	}
	must(t, w.Store.View(func(v *store.View) error {
		for i, old := range trees {
			for _, next := range trees[i:] {
				proof, err := translog.ProveConsistency(old.N, next.N, v)
				if err != nil {
					return err
				}
				if err := translog.VerifyConsistency(old, next, proof); err != nil {
					t.Errorf("heads %d and %d: %v", old.N, next.N, err)
				}
			}
		}
		return nil
	}))
}
