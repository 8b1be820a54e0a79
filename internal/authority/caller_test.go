package authority_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/token"
)

// tokenOf makes a token of an organization with a key of its own.
func tokenOf(t *testing.T, w *labeltest.World, org string, s *envelope.Signer) string {
	t.Helper()
	raw, err := token.New(s, org, labeltest.Audience, w.Clock.Now())
	must(t, err)
	return raw
}

// A tokenStore is a store that knows when it is read to verify a token, and
// can do something between that and what follows from it.
type tokenStore struct {
	authority.Store
	reads atomic.Int64
	after atomic.Pointer[func()] // once
}

func (s *tokenStore) View(f func(*store.View) error) error {
	err := s.Store.View(f)
	if calledBy("authority.(*core).Authenticate") {
		s.reads.Add(1)
		if g := s.after.Swap(nil); g != nil {
			(*g)()
		}
	}
	return err
}

// calledBy reports whether a function is waiting for this one: the authority
// reads its store for itself as well, beside what a test has it do.
func calledBy(name string) bool {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, name) {
			return true
		}
		if !more {
			return false
		}
	}
}

// TestSessionOfARevokedKey revokes a key after a token's verification has read
// it, and before the session is remembered. Whoever verified it then may have
// been faster than the revocation; nobody may be after it.
func TestSessionOfARevokedKey(t *testing.T) {
	between := &tokenStore{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { between.Store = s; return between })
	op := w.Caller(labeltest.Operator)
	raw := tokenOf(t, w, labeltest.Lab, w.Signers[labeltest.Lab])
	revoked := false
	revoke := func() {
		_, err := w.RevokeKey(ctx, op, w.Signers[labeltest.Lab].Public.ID, "stolen")
		must(t, err)
		revoked = true
	}
	between.after.Store(&revoke)
	c, err := w.Authority.Authenticate(raw)
	if !revoked {
		t.Fatal("the key was not revoked meanwhile")
	}
	if err != nil || c.Org != labeltest.Lab {
		t.Errorf("the token was read before its key was revoked: %+v, %v", c, err)
	}
	for range 2 {
		_, err := w.Authority.Authenticate(raw)
		wants(t, err, label.Unauthenticated, label.ReasonKeyRevoked)
	}
}

// TestSessionAfterAChange requires that no change of keys or organizations
// leaves a session as it was, and that sessions are remembered otherwise.
func TestSessionAfterAChange(t *testing.T) {
	views := &tokenStore{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { views.Store = s; return views })
	op := w.Caller(labeltest.Operator)
	raw := tokenOf(t, w, labeltest.Lab, w.Signers[labeltest.Lab])
	read := func() bool { // whether it was read anew
		t.Helper()
		before := views.reads.Load()
		_, err := w.Authority.Authenticate(raw)
		must(t, err)
		return views.reads.Load() > before
	}
	if !read() {
		t.Error("a new token was not verified")
	}
	if read() {
		t.Error("a session was not remembered")
	}
	for name, change := range map[string]func() error{
		"another organization": func() error {
			_, err := w.EnrolAs(ctx, op, label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleLab}})
			return err
		},
		"another key": func() error {
			_, err := w.AddKey(ctx, op, labeltest.Maker, labeltest.NewSigner(t).Public.PEM, w.Clock.Now())
			return err
		},
		"a key revoked": func() error {
			_, err := w.RevokeKey(ctx, op, w.Signers[labeltest.ToyMaker].Public.ID, "lost")
			return err
		},
	} {
		must(t, change())
		if !read() {
			t.Errorf("%s: a session of before was used", name)
		}
	}
}

// TestSessionAfterAFailedCommit has a revocation stored by a commit that
// reports an error. Nothing is answered until the restart, also not by the session
// that is remembered. Repeating it then finds the key revoked and writes nothing;
// the session must be gone, and so must the trust in evidence.
func TestSessionAfterAFailedCommit(t *testing.T) {
	f := &faulty{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
	op := w.Caller(labeltest.Operator)
	e := w.Example("camera")
	w.Submit(e)
	lab := w.Signers[labeltest.Lab]
	raw := tokenOf(t, w, labeltest.Lab, lab)
	_, err := w.Authority.Authenticate(raw)
	must(t, err)
	report := w.Event(label.Event{Kind: label.KeyEvent, Key: lab.Public.ID, Since: labeltest.Start, Reason: "key-compromised"})
	f.mode.Store(failsPersisted)
	_, err = w.ReportAs(ctx, op, report)
	wants(t, err, label.Unavailable, label.ReasonStorage)
	if _, err = w.Authority.Authenticate(raw); err == nil {
		t.Error("a session of before is used")
	}
	w.Restart()
	_, err = w.Authority.Authenticate(raw)
	wants(t, err, label.Unauthenticated, label.ReasonKeyRevoked)
	if _, err = w.ReportAs(ctx, op, report); err != nil {
		t.Errorf("repeated: %v", err)
	}
	o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
	if err != nil || o.Label != nil {
		t.Errorf("evidence signed with a stolen key carries a label: %+v, %v", o.Label, err)
	}
}

// TestSessionsRace revokes keys while their tokens are being verified. Once a
// revocation is answered, no token of the key is taken any more.
func TestSessionsRace(t *testing.T) {
	w := labeltest.New(t, nil)
	op := w.Caller(labeltest.Operator)
	const rounds, callers = 60, 4
	for range rounds {
		s := labeltest.NewSigner(t)
		_, err := w.AddKey(ctx, op, labeltest.Lab, s.Public.PEM, labeltest.Start)
		must(t, err)
		raw := tokenOf(t, w, labeltest.Lab, s)
		var group sync.WaitGroup
		revoked := make(chan struct{})
		for range callers {
			group.Go(func() {
				for {
					_, err := w.Authority.Authenticate(raw)
					select {
					case <-revoked:
						return
					default:
					}
					if err != nil && label.ReasonOf(err) != label.ReasonKeyRevoked {
						t.Errorf("before it was revoked: %v", err)
					}
				}
			})
		}
		_, err = w.RevokeKey(ctx, op, s.Public.ID, "lost")
		if _, err := w.Authority.Authenticate(raw); label.ReasonOf(err) != label.ReasonKeyRevoked {
			t.Errorf("a token outlived its key's revocation: %v", err)
		}
		close(revoked)
		group.Wait()
		must(t, err)
		if _, err := w.Authority.Authenticate(raw); label.ReasonOf(err) != label.ReasonKeyRevoked {
			t.Errorf("a token outlived its key's revocation, in the end: %v", err)
		}
	}
}
