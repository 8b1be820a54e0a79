package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// TestRequestsAreClosed leaves requests waiting of which nothing can come any more:
// the label was revoked by another, its review was closed, or nobody agreed in time.
func TestRequestsAreClosed(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	l.Enrol("second-authority", label.RoleOperator)
	second := l.Signers["second-authority"]
	first, err := l.Authority.Change(ctx, op, l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil))
	must(t, err)
	for _, org := range []string{labeltest.Operator, "second-authority"} {
		if got := told(t, l.World, org); !slices.Contains(got, notice.RequestWaiting) {
			t.Errorf("%s was told %v", org, got)
		}
	}
	raw := l.Ask(labeltest.Operator, l.pub, label.Revoke, "misuse", nil)
	stale, err := l.Authority.Change(ctx, op, raw)
	must(t, err)
	if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 2 {
		t.Fatalf("%d requests wait (%v)", len(list), err)
	}
	done, err := l.Authority.Change(ctx, op, l.Countersign(second, first.Request))
	if must(t, err); done.Status == nil {
		t.Fatal("the label is not revoked")
	}
	if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 0 {
		t.Errorf("%d requests wait for a label that is revoked (%v)", len(list), err)
	}
	got := told(t, l.World, labeltest.Operator)
	if n := len(slices.DeleteFunc(got, func(k string) bool { return k != notice.RequestClosed })); n != 1 {
		t.Errorf("the one who asked was told %d times that a request was closed", n)
	}
	if got := told(t, l.World, labeltest.Operator); !slices.Contains(got, notice.LabelRevoked) {
		t.Errorf("the one who asked was not told that it is done: %v", got)
	}
	if got := told(t, l.World, "second-authority"); !slices.Contains(got, notice.RequestClosed) || slices.Contains(got, notice.LabelRevoked) {
		t.Errorf("the second operator, who was told that it waits and did the other, is told %v", got)
	}
	_, err = l.Authority.Change(ctx, op, l.Countersign(second, stale.Request))
	wants(t, err, label.Precondition, label.ReasonStep)
	again, err := l.Authority.Change(ctx, op, l.Countersign(second, first.Request))
	if must(t, err); !again.Known {
		t.Error("what was carried out is closed")
	}
}

// TestRequestsEndWithTime lets a day pass over requests that nobody else signs, the
// second one of a label that expires meanwhile: that alone ends no request.
func TestRequestsEndWithTime(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	_, err := l.RevokeKey(ctx, l.SecondCaller(), l.Second.Public.ID, "left")
	must(t, err)
	wait := func() {
		t.Helper()
		asked, err := l.Authority.Change(ctx, op, l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil))
		must(t, err)
		if !strings.Contains(strings.Join(asked.Notes, " "), "Nobody else holds an operator's key") {
			t.Errorf("the only operator is told %q", asked.Notes)
		}
		must(t, l.Authority.CloseStale(ctx))
		if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 1 {
			t.Fatalf("%d requests wait (%v)", len(list), err)
		}
	}
	closed := func(want int) {
		t.Helper()
		if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 0 {
			t.Errorf("%d requests wait (%v)", len(list), err)
		}
		must(t, l.Authority.CloseStale(ctx))
		must(t, l.Authority.CloseStale(ctx))
		got := told(t, l.World, labeltest.Operator)
		if n := len(slices.DeleteFunc(got, func(k string) bool { return k != notice.RequestClosed })); n != want {
			t.Errorf("the one who asked was told %d times that a request was closed, want %d", n, want)
		}
	}
	wait()
	l.Clock.Set(l.Clock.Now().Add(label.MaxRequestAge + time.Second))
	closed(1)
	l.Clock.Set(l.pub.Label.Expires.Add(-time.Hour))
	wait()
	l.Clock.Set(l.pub.Label.Expires)
	must(t, l.Authority.CloseStale(ctx))
	if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 1 {
		t.Errorf("when the label has expired, %d requests wait (%v)", len(list), err)
	}
	l.Clock.Set(l.pub.Label.Expires.Add(label.MaxRequestAge))
	closed(2)
	l.Restart()
	closed(2)
}

// TestOneBadLabelHidesNoRequest has requests wait for two labels of which one
// cannot be read.
func TestOneBadLabelHidesNoRequest(t *testing.T) {
	w := labeltest.New(t, nil)
	op := w.Caller(labeltest.Operator)
	ids := shelf(w, 2)
	for _, id := range ids {
		_, err := w.Authority.Change(ctx, op, w.Ask(labeltest.Operator, state(w, id), label.Revoke, "nonconformity", nil))
		must(t, err)
	}
	damage(w, "labels", string(ids[0]))
	alarms := w.Authority.Alarms()
	if list, err := w.Authority.Waiting(op, ""); err != nil || len(list) != 2 {
		t.Errorf("%d requests wait (%v)", len(list), err)
	}
	if w.Authority.Alarms() == alarms {
		t.Error("no alarm")
	}
	w.Clock.Set(w.Clock.Now().Add(label.MaxRequestAge + time.Minute))
	must(t, w.Authority.CloseStale(ctx))
	if n := len(slices.DeleteFunc(told(t, w, labeltest.Operator), func(k string) bool { return k != notice.RequestClosed })); n != 1 {
		t.Errorf("%d requests were closed for want of a second signature", n)
	}
}

// TestRequestIsDismissed has an operator end a request that waits: his own, which was
// a mistake, or one that he would not sign.
func TestRequestIsDismissed(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	l.Enrol("second-authority", label.RoleOperator)
	l.Enrol("third-authority", label.RoleOperator)
	asked, err := l.Authority.Change(ctx, op, l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil))
	must(t, err)
	id := asked.Request.Digest
	_, err = l.Authority.CloseRequest(ctx, l.Caller(labeltest.Maker), id, "Never mind.")
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	_, err = l.Authority.CloseRequest(ctx, op, id, "")
	wants(t, err, label.Invalid, label.ReasonMissing)
	_, err = l.Authority.CloseRequest(ctx, op, label.DigestOf([]byte("x")), "No such thing.")
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	for range 2 { // again changes nothing
		closed, err := l.Authority.CloseRequest(ctx, l.Caller("second-authority"), id, "It is the other model.")
		if must(t, err); !strings.Contains(closed.Closed, "second-authority") || !strings.Contains(closed.Closed, "It is the other model.") {
			t.Errorf("it is closed: %q", closed.Closed)
		}
	}
	_, err = l.Authority.CloseRequest(ctx, op, id, "Something else.")
	wants(t, err, label.Precondition, label.ReasonStep)
	if got := told(t, l.World, labeltest.Maker); !slices.Contains(got, notice.RequestWaiting) {
		t.Errorf("the manufacturer, whose product was on hold, was told %v", got)
	}
	for _, org := range []string{labeltest.Operator, "third-authority", labeltest.Maker} {
		if got := told(t, l.World, org); !slices.Contains(got, notice.RequestClosed) {
			t.Errorf("%s was told %v", org, got)
		}
	}
	if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 0 {
		t.Errorf("%d requests wait (%v)", len(list), err)
	}
	_, err = l.Authority.Change(ctx, op, l.Countersign(l.Signers["third-authority"], asked.Request))
	wants(t, err, label.Precondition, label.ReasonStep)
	// What it held up goes on.
	_, err = l.ask(labeltest.Maker, label.Withdraw, "discontinued", nil)
	must(t, err)
}
