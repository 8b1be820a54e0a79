package authority_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// TestQuotas has a manufacturer use up what it has of each quota. Others, and
// operators, go on.
func TestQuotas(t *testing.T) {
	w := labeltest.New(t, nil)
	w.PrivateWebhooks = true
	w.Quotas = authority.Quotas{Devices: 4, Pictures: 2, TestNotices: 3, DailyBytes: 4 << 20}
	w.Restart()
	maker, op := w.Caller(labeltest.Maker), w.Caller(labeltest.Operator)
	over := func(err error, field string, says ...string) {
		t.Helper()
		wants(t, err, label.TooLarge, label.ReasonQuota)
		for _, word := range append(says, "ask the authority", "limits.") {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("it says %q, without %q", err, word)
			}
		}
		if e := err.(*label.Error); e.Field != field {
			t.Errorf("it is about %q, want %q", e.Field, field)
		}
	}
	variant := func(i int) *example.Example {
		e := w.Example("plug")
		labeltest.Variant(t, e, i)
		file := photo(t, 100+i, 100)
		e.Device.Picture, e.Picture = label.DigestOf(file), file
		var err error
		e.Descriptor, err = e.Device.Canonical()
		must(t, err)
		return e
	}
	register := func(c authority.Caller, i int) error {
		_, _, err := w.Authority.Register(ctx, c, variant(i).Descriptor)
		return err
	}
	send := func(c authority.Caller, i int) error {
		e := variant(i)
		_, _, err := w.Authority.AddPicture(ctx, c, label.DigestOf(e.Descriptor), e.Picture)
		return err
	}
	for i := range 4 {
		must(t, register(maker, i))
		must(t, register(maker, i)) // again, which is none more
	}
	over(register(maker, 4), "device", "has 4 registered devices")
	must(t, send(maker, 0))
	must(t, send(maker, 0))
	must(t, send(maker, 1))
	over(send(maker, 2), "picture", "has 2 pictures")
	w.Restart() // they are counted anew
	over(register(w.Caller(labeltest.Maker), 4), "device", "has 4 registered devices")
	over(send(w.Caller(labeltest.Maker), 2), "picture", "has 2 pictures")
	must(t, register(op, 4))
	must(t, send(op, 2))
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.ToyMaker), w.Example("toy").Descriptor)
	must(t, err)

	hook, err := w.Authority.AddHook(ctx, maker, "http://127.0.0.1:65000/", nil)
	must(t, err)
	for range 3 {
		_, err := w.Authority.TestHook(ctx, maker, hook.ID)
		must(t, err)
	}
	_, err = w.Authority.TestHook(ctx, maker, hook.ID)
	over(err, "hook", "has sent 3 test notices")
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, err = w.Authority.TestHook(ctx, w.Caller(labeltest.Maker), hook.ID)
	must(t, err)

	n := 0
	for ; n < 100 && label.ReasonOf(err) != label.ReasonQuota; n++ {
		_, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Maker), make([]byte, 200<<10))
	}
	over(err, "", "more than 4 MiB within a day")
	if n < 15 || n > 25 {
		t.Errorf("refused after %d submissions of 200 KiB", n)
	}
	w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
	_, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Maker), []byte("{}"))
	if label.ReasonOf(err) == label.ReasonQuota {
		t.Errorf("a day later: %v", err)
	}
}

// TestReserve has strangers fill the disk. Nothing of theirs is taken any more, and
// the authority goes on suspending, revoking, and taking back what it trusted.
func TestReserve(t *testing.T) {
	w := labeltest.New(t, nil)
	var free atomic.Int64
	free.Store(1 << 30)
	w.Space, w.Reserve = func() (int64, error) { return free.Load(), nil }, 256<<20
	w.Restart()
	camera, plug := w.Issue(w.Example("camera"), 3), w.Issue(w.Example("plug"), 1)
	e := w.Example("camera")
	labeltest.Variant(t, e, 1)
	maker := w.Caller(labeltest.Maker)
	free.Store(256<<20 - 1)
	full := func(what string, err error) {
		t.Helper()
		if label.KindOf(err) != label.Unavailable || label.ReasonOf(err) != label.ReasonDisk {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, err := w.Authority.Register(ctx, maker, e.Descriptor)
	full("a device", err)
	_, _, err = w.Authority.Submit(ctx, maker, []byte("{}"))
	full("a statement", err)
	_, _, err = w.Authority.AddPicture(ctx, maker, label.DigestOf(w.Example("camera").Descriptor), w.Example("camera").Picture)
	full("a picture", err)
	_, err = w.Authority.Complain(ctx, store.Complaint{Kind: authority.Other, Text: "Nothing."})
	full("a report", err)
	_, err = w.Authority.AddHook(ctx, maker, "https://hooks.example/", nil)
	full("a webhook", err)
	_, _, err = w.Authority.Appeal(ctx, maker, []byte("{}"))
	full("an appeal", err)

	for _, p := range []*authority.Published{camera, plug} {
		_, err := w.Authority.Change(ctx, w.Caller(labeltest.Operator), w.Ask(labeltest.Operator, p, label.Suspend, "complaint", nil))
		must(t, err)
		if now, err := w.Authority.Lookup(p.Label.ID); err != nil || now.State != label.Suspended {
			t.Errorf("it is %v, %v", now, err)
		}
	}
	_, err = w.RevokeKey(ctx, w.Caller(labeltest.Operator), w.Signers[labeltest.Lab].Public.ID, "lost")
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Operator), e.Descriptor)
	must(t, err) // an operator knows what for

	free.Store(256 << 20)
	_, err = w.Authority.Complain(ctx, store.Complaint{Kind: authority.Other, Text: "Nothing."})
	must(t, err)
	w.Space = func() (int64, error) { return 0, fmt.Errorf("no such device") }
	w.Restart()
	_, err = w.Authority.Complain(ctx, store.Complaint{Kind: authority.Other, Text: "Nothing."})
	must(t, err) // nobody knows that the disk is full
	if w.Authority.Alarms() == 0 {
		t.Error("nobody is told that it is not known how full the disk is")
	}
}

// TestReserveIsTold has the disk become almost full, and free, and full again: operators
// read why strangers are refused, in one notice and not in one for each refusal.
func TestReserveIsTold(t *testing.T) {
	w := labeltest.New(t, nil)
	var free atomic.Int64
	free.Store(1 << 30)
	w.Space, w.Reserve = func() (int64, error) { return free.Load(), nil }, 256<<20
	w.Restart()
	notices := func() (n int) {
		for _, kind := range told(t, w, labeltest.Operator) {
			if kind == notice.DiskReserved {
				n++
			}
		}
		return n
	}
	look := func(want int) {
		t.Helper()
		must(t, w.Authority.TellReserve(ctx))
		if n := notices(); n != want {
			t.Errorf("operators have %d notices, want %d", n, want)
		}
	}
	look(0)
	if err := w.Authority.Taking(); err != nil {
		t.Errorf("there is room, and nothing is taken: %v", err)
	}
	free.Store(12 << 20)
	if err := w.Authority.Taking(); err == nil || !strings.Contains(err.Error(), "only operators can write: 12 MiB of the disk are free, and 256 are kept") {
		t.Errorf("with 12 MiB free it says %v", err)
	}
	if err := w.Authority.Writing(); err != nil {
		t.Errorf("operators cannot write: %v", err)
	}
	look(1)
	look(1)
	w.Restart()
	look(1)
	free.Store(1 << 30)
	look(1)
	free.Store(1 << 20)
	look(1) // the same day
	free.Store(1 << 30)
	look(1)
	w.Clock.Set(w.Clock.Now().Add(25 * time.Hour))
	free.Store(1 << 20)
	look(2)
}
