package authority_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// soon waits until something is so that is to become so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to be: %s", what)
		}
	}
}

// TestNothingWaitsForAKey holds back the signature of a suspension. Meanwhile devices are
// registered.
func TestNothingWaitsForAKey(t *testing.T) {
	w, key := newSlow(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	key.hold()
	defer key.release()
	done := make(chan error, 1)
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	go func() {
		_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
		done <- err
	}()
	soon(t, "a signature is being made", func() bool { return key.busy.Load() == 1 })
	for _, d := range registrations(w, 0, 3) {
		_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), d)
		must(t, err)
	}
	if s := state(w, p.Label.ID).State; s != label.Active {
		t.Errorf("without a signature the label is %s", s)
	}
	key.release()
	must(t, <-done)
	if s := state(w, p.Label.ID).State; s != label.Suspended {
		t.Errorf("the label is %s", s)
	}
}

// TestBasisChangesWhileSigned revokes the key of an operator while what he asked for is
// being signed: it is not carried out, and nothing of it is left.
func TestBasisChangesWhileSigned(t *testing.T) {
	w, key := newSlow(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	other := labeltest.NewSigner(t)
	_, err := w.AddKey(ctx, w.Caller(labeltest.Operator), labeltest.Operator, other.Public.PEM, time.Time{})
	must(t, err)
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	key.hold()
	defer key.release()
	done := make(chan error, 1)
	go func() {
		_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
		done <- err
	}()
	soon(t, "a signature is being made", func() bool { return key.busy.Load() == 1 })
	_, err = w.RevokeKey(ctx, authority.Caller{Org: labeltest.Operator, Roles: []label.Role{label.RoleOperator}, Key: other.Public.ID},
		w.Signers[labeltest.Operator].Public.ID, "He left.")
	must(t, err)
	key.release()
	if err := <-done; label.KindOf(err) != label.Denied {
		t.Errorf("the suspension gave %v", err)
	}
	if s := state(w, p.Label.ID); s.State != label.Active || len(s.Statuses) != 0 {
		t.Errorf("the label is %s, by %d statuses", s.State, len(s.Statuses))
	}
}

// TestSignedAgain has a label suspended while another change of it is being signed that
// may wait: the suspension goes first, and the other is prepared again, as what comes
// after it.
func TestSignedAgain(t *testing.T) {
	w, key := newSlow(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	op := w.Caller(labeltest.Operator)
	review := w.Ask(labeltest.Operator, p, label.Review, "complaint", nil)
	suspend := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	key.hold()
	defer key.release()
	var wg sync.WaitGroup
	var errs [2]error
	wg.Go(func() { _, errs[0] = w.Authority.Change(ctx, op, review) })
	soon(t, "the review is being signed", func() bool { return key.busy.Load() == 1 })
	wg.Go(func() { _, errs[1] = w.Authority.Change(ctx, op, suspend) })
	soon(t, "the suspension is being signed", func() bool { return key.busy.Load() == 2 })
	key.release()
	wg.Wait()
	must(t, errors.Join(errs[:]...))
	list := state(w, p.Label.ID).Statuses
	if len(list) != 2 || list[0].Action != label.Suspend || list[0].Number != 1 || list[1].Action != label.Review || list[1].Number != 2 {
		t.Errorf("the history is %+v", list)
	}
}

// TestBoundOnSigning has a propagation sign no more at a time than it may.
func TestBoundOnSigning(t *testing.T) {
	w, key := newSlow(t, nil)
	w.ParallelSigners = 3
	w.Restart()
	shelf(w, 12)
	key.delay.Store(int64(5 * time.Millisecond))
	key.most.Store(0)
	e := w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: accreditation(w), Reason: "lab-suspended"})
	if e.Changed != 12 {
		t.Errorf("%d labels were changed", e.Changed)
	}
	if most := key.most.Load(); most != 3 {
		t.Errorf("up to %d signatures were made at a time, want 3", most)
	}
}

// TestPlanNamesItsPlace holds back the signature of a plan, which names the place in the
// log that it will have. What is logged meanwhile waits for it, and nothing else.
func TestPlanNamesItsPlace(t *testing.T) {
	w, key := newSlow(t, nil)
	first, second := w.Example("camera"), w.Example("plug")
	p := w.Issue(first, 3)
	size := w.Authority.LogSize()
	key.hold()
	defer key.release()
	planned := make(chan *authority.SurveillancePlan, 1)
	go func() { planned <- w.Plan("autumn", 1000, 1) }()
	soon(t, "the plan is being signed", func() bool { return key.busy.Load() == 1 })
	suspended := make(chan error, 1)
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	go func() {
		_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
		suspended <- err
	}()
	soon(t, "the suspension is being signed", func() bool { return key.busy.Load() == 2 })
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), second.Descriptor)
	must(t, err)
	if n := w.Authority.LogSize(); n != size {
		t.Errorf("the log went from %d to %d entries", size, n)
	}
	key.release()
	plan := <-planned
	must(t, <-suspended)
	if plan.Index != size || plan.Announcement.Fixed != size {
		t.Errorf("the plan is entry %d, and says that it is %d; the log had %d", plan.Index, plan.Announcement.Fixed, size)
	}
	if n := w.Authority.LogSize(); n != size+2 {
		t.Errorf("the log has %d entries, want %d", n, size+2)
	}
}

// TestKeyThatFails has the key refuse: whoever asked is told, and can repeat it.
func TestKeyThatFails(t *testing.T) {
	w, key := newSlow(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	key.fails.Store(true)
	_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
	wants(t, err, label.Unavailable, label.ReasonSigner)
	key.fails.Store(false)
	_, err = w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
	must(t, err)
}

// TestCloseWaitsForSignatures closes an authority while something is being signed, which
// is committed before.
func TestCloseWaitsForSignatures(t *testing.T) {
	w, key := newSlow(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	key.hold()
	defer key.release()
	done := make(chan error, 1)
	go func() {
		_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request)
		done <- err
	}()
	soon(t, "a signature is being made", func() bool { return key.busy.Load() == 1 })
	closed := make(chan struct{})
	go func() { w.Authority.Close(); close(closed) }()
	select {
	case <-closed:
		t.Error("the authority was closed while something was being signed")
	case <-time.After(50 * time.Millisecond):
	}
	key.release()
	must(t, <-done)
	<-closed
	must(t, w.Store.View(func(v *store.View) error {
		list, err := v.History(p.Label.ID)
		if len(list) != 1 || !slices.ContainsFunc(list, func(s *store.Status) bool { return s.Action == label.Suspend }) {
			t.Errorf("the history is %+v", list)
		}
		return err
	}))
}

// TestSuspensionFindsAPlace has many labels asked for, whose signatures take all places
// but one: a suspension is signed all the same, before any of them.
func TestSuspensionFindsAPlace(t *testing.T) {
	w, key := newSlow(t, nil)
	w.ParallelSigners = 4
	w.Restart()
	p := w.Issue(w.Example("camera"), 3)
	var devices []label.Digest
	for i := range 8 {
		e := w.Example("camera")
		labeltest.Variant(t, e, i)
		devices = append(devices, w.Submit(e))
	}
	request := w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	key.hold()
	defer key.release()
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, d := range devices {
		wg.Go(func() {
			if _, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), d, "", 3); err != nil {
				t.Error(err)
			}
		})
	}
	soon(t, "three labels are being signed", func() bool { return key.busy.Load() == 3 })
	wg.Go(func() {
		if _, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), request); err != nil {
			t.Error(err)
		}
	})
	soon(t, "the suspension is being signed", func() bool { return key.busy.Load() == 4 })
	key.release()
}
