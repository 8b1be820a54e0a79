package authority_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// told returns the kinds of what an organization was told since it was enrolled,
// oldest first.
func told(t *testing.T, w *labeltest.World, org string) (kinds []string) {
	t.Helper()
	return slices.DeleteFunc(toldInAll(t, w, org), func(k string) bool { return k == notice.KeyEnrolled })
}

// aboutRegistry reports whether a notice says that a change of the registry waits, as each
// that two persons have to agree to does in a world.
func aboutRegistry(t *testing.T, n *notice.Notice) bool {
	t.Helper()
	var news authority.RequestNews
	if n.Kind != notice.RequestWaiting {
		return false
	}
	must(t, label.DecodeLoose(n.Data, &news))
	return news.Label == ""
}

// toldInAll is told, and that an organization was enrolled with its keys. That changes of
// the registry wait is left out.
func toldInAll(t *testing.T, w *labeltest.World, org string) (kinds []string) {
	t.Helper()
	list, _, err := w.Authority.Notices(w.Caller(org), "", authority.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if !aboutRegistry(t, n) {
			kinds = append(kinds, n.Kind)
		}
	}
	slices.Reverse(kinds)
	return kinds
}

func TestStatusesAreTold(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	w.Clock.Set(labeltest.Start.Add(time.Hour))
	w.Change(labeltest.Operator, p, label.Suspend, "nonconformity")
	w.Clock.Set(labeltest.Start.Add(2 * time.Hour))
	w.Change(labeltest.Operator, p, label.Reinstate, "resolved")
	if got := told(t, w, labeltest.Maker); !slices.Equal(got, []string{notice.LabelSuspended, notice.LabelReinstated}) {
		t.Errorf("the manufacturer was told %v", got)
	}
	list, _, err := w.Authority.Notices(w.Caller(labeltest.Maker), "", authority.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var news authority.LabelNews
	if err := json.Unmarshal(list[1].Data, &news); err != nil {
		t.Fatal(err)
	}
	if news.Label != p.Label.ID || news.URL != p.Label.URL || news.Reason != "nonconformity" || news.Why == "" || news.Text == "" || news.Number != 1 {
		t.Errorf("the news is %+v", news)
	}
	if got := told(t, w, labeltest.ToyMaker); len(got) > 0 {
		t.Errorf("another manufacturer was told %v", got)
	}
	w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: accreditation(w), Reason: "lab-suspended"})
	if got := told(t, w, labeltest.Lab); !slices.Equal(got, []string{notice.AccreditationChanged, notice.AccreditationChanged}) {
		t.Errorf("the lab was told %v", got)
	}
}

func TestFeedTellsOnlyWhatIsPublic(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	w.Change(labeltest.Operator, p, label.Suspend, "nonconformity")
	if _, err := w.RevokeKey(t.Context(), w.Caller(labeltest.Operator), w.Signers[labeltest.Maker].Public.ID, "Lost."); err != nil {
		t.Fatal(err)
	}
	if got := told(t, w, labeltest.Maker); !slices.Contains(got, notice.KeyRevoked) {
		t.Errorf("the manufacturer was told %v", got)
	}
	_, list, err := w.Authority.Feed(labeltest.Maker)
	if err != nil || len(list) != 1 || list[0].Kind != notice.LabelSuspended {
		t.Errorf("the feed tells %v (%v)", list, err)
	}
	for _, org := range []string{labeltest.Lab, "nobody"} {
		if _, _, err := w.Authority.Feed(org); label.ReasonOf(err) != label.ReasonUnknownOrg {
			t.Errorf("feed of %s: %v", org, err)
		}
	}
}

func TestTimeIsTold(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("camera"), 3)
	watch := func(at time.Time) {
		t.Helper()
		w.Clock.Set(at)
		for range 2 { // the second look sees nothing new
			if err := w.Authority.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	watch(labeltest.Start.Add(time.Hour))
	watch(p.Label.Expires.Add(-label.ExpiringSoon - time.Hour))
	if got := told(t, w, labeltest.Maker); len(got) > 0 {
		t.Errorf("told %v before anything happened", got)
	}
	watch(p.Label.Expires.Add(-label.ExpiringSoon + time.Hour))
	if got := told(t, w, labeltest.Maker); !slices.Equal(got, []string{notice.LabelExpiring}) {
		t.Errorf("told %v", got)
	}
	w.Restart()
	watch(p.Label.Expires.Add(time.Hour))
	if got := told(t, w, labeltest.Maker); !slices.Equal(got, []string{notice.LabelExpiring, notice.LabelExpired}) {
		t.Errorf("told %v", got)
	}
}

func TestNewCriteriaAreTold(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	w.Issue(w.Example("plug"), 1)
	if err := w.Authority.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := w.Programme.Newest("four-level")
	s.Version, w.Trust.Schemes = "2027.1", w.Programme.Refs()
	w.Restart()
	for range 2 {
		w.Clock.Set(w.Clock.Now().Add(time.Hour))
		if err := w.Authority.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := told(t, w, labeltest.Maker); !slices.Equal(got, []string{notice.SchemeChanged}) {
		t.Errorf("told %v, want new criteria once for two labels", got)
	}
	// The version of before is served again, and then this one again.
	for _, version := range []string{"2026.2", "2027.1"} {
		s.Version, w.Trust.Schemes = version, w.Programme.Refs()
		w.Restart()
		w.Clock.Set(w.Clock.Now().Add(time.Hour))
		if err := w.Authority.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := told(t, w, labeltest.Maker); len(got) != 3 {
		t.Errorf("told %v, want new criteria each time that others are served", got)
	}
	if got := told(t, w, labeltest.ToyMaker); len(got) > 0 {
		t.Errorf("a manufacturer without labels was told %v", got)
	}
}

func TestHooks(t *testing.T) {
	w := labeltest.New(t, nil)
	a, maker, op := w.Authority, w.Caller(labeltest.Maker), w.Caller(labeltest.Operator)
	h, err := a.AddHook(t.Context(), maker, "https://northlight.example/labels", []string{notice.LabelSuspended})
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.Hooks(op, labeltest.Maker)
	if err != nil || len(list) != 1 || list[0].Secret != "" || list[0].ID != h.ID {
		t.Errorf("an operator sees %+v (%v)", list, err)
	}
	stranger := w.Caller(labeltest.ToyMaker)
	for name, err := range map[string]error{
		"list":   second(a.Hooks(stranger, labeltest.Maker)),
		"test":   second(a.TestHook(t.Context(), stranger, h.ID)),
		"enable": a.EnableHook(t.Context(), stranger, h.ID, true),
		"remove": a.RemoveHook(t.Context(), stranger, h.ID),
		"replay": second(a.Replay(t.Context(), stranger, h.ID, nil)),
		"read":   third(a.DeadLetters(stranger, h.ID, authority.Page{})),
		"told":   third(a.Notices(stranger, labeltest.Maker, authority.Page{})),
	} {
		if label.ReasonOf(err) != label.ReasonNotYours {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
	if _, err := a.AddHook(t.Context(), authority.Caller{}, "https://a.example/", nil); label.KindOf(err) != label.Unauthenticated {
		t.Errorf("nobody in particular: %v", err)
	}
	if _, err := a.AddHook(t.Context(), maker, "https://127.0.0.1/", nil); err == nil || !strings.HasPrefix(err.Error(), "hook.url:") {
		t.Errorf("a private address: %v", err)
	}
	for range notice.MaxHooks - 1 {
		if _, err := a.AddHook(t.Context(), maker, "https://northlight.example/labels", nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.AddHook(t.Context(), maker, "https://northlight.example/labels", nil); label.KindOf(err) != label.TooLarge {
		t.Errorf("one too many: %v", err)
	}
}

func TestDeadLettersAreReplayed(t *testing.T) {
	w := labeltest.New(t, nil)
	a, maker := w.Authority, w.Caller(labeltest.Maker)
	h, err := a.AddHook(t.Context(), maker, "https://northlight.example/labels", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := a.TestHook(t.Context(), maker, h.ID); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		due, err := a.Outbox().Due(w.Clock.Now(), 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d deliveries of a hook are due (%v)", len(due), err)
		}
		due[0].Dead, due[0].LastError, due[0].LastStatus = true, "gone", http.StatusGone
		if err := a.Outbox().Tried(due[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Replay(t.Context(), maker, h.ID, nil); label.KindOf(err) != label.Precondition {
		t.Errorf("replayed to an endpoint that is gone: %v", err)
	}
	if err := a.EnableHook(t.Context(), maker, h.ID, true); err != nil {
		t.Fatal(err)
	}
	letters, _, err := a.DeadLetters(maker, h.ID, authority.Page{})
	if err != nil || len(letters) != 3 || letters[0].LastError != "gone" {
		t.Fatalf("the dead letters are %v (%v)", letters, err)
	}
	if n, err := a.Replay(t.Context(), maker, h.ID, []uint64{letters[1].Seq}); n != 1 || err != nil {
		t.Errorf("replayed %d (%v)", n, err)
	}
	if _, err := a.Replay(t.Context(), maker, h.ID, []uint64{letters[1].Seq}); label.KindOf(err) != label.NotFound {
		t.Errorf("replayed twice: %v", err)
	}
	if n, err := a.Replay(t.Context(), maker, h.ID, nil); n != 2 || err != nil {
		t.Errorf("replayed %d (%v)", n, err)
	}
	list, err := a.Hooks(maker, "")
	if err != nil || list[0].Waiting != 3 || list[0].Dead != 0 {
		t.Errorf("%d wait, %d are dead (%v)", list[0].Waiting, list[0].Dead, err)
	}
	if err := a.RemoveHook(t.Context(), maker, h.ID); err != nil {
		t.Fatal(err)
	}
	if due, err := a.Outbox().Due(w.Clock.Now(), 10); len(due) > 0 || err != nil {
		t.Errorf("a removed hook has %d deliveries (%v)", len(due), err)
	}
}

// TestDeliverySurvivesARestart has a label suspended while the endpoint is out
// of order, and the service restarted before it is fixed.
func TestDeliverySurvivesARestart(t *testing.T) {
	var fixed atomic.Bool
	got, failed := make(chan string, 8), make(chan string, 8)
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !fixed.Load() {
			rw.WriteHeader(http.StatusInternalServerError)
			failed <- r.Header.Get("Webhook-Id")
			return
		}
		got <- r.Header.Get("Webhook-Id")
	}))
	defer endpoint.Close()
	w := labeltest.New(t, nil)
	w.PrivateWebhooks = true
	w.Restart()
	if _, err := w.Authority.AddHook(t.Context(), w.Caller(labeltest.Maker), endpoint.URL, nil); err != nil {
		t.Fatal(err)
	}
	p := w.Issue(w.Example("camera"), 3)
	stop := deliver(t, w)
	w.Change(labeltest.Operator, p, label.Suspend, "nonconformity")
	want := string(p.Label.ID) + "-1"
	if id := <-failed; id != want {
		t.Errorf("the first attempt was at %s, want %s", id, want)
	}
	stop()
	w.Restart()
	fixed.Store(true)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	defer deliver(t, w)()
	if id := <-got; id != want {
		t.Errorf("delivered %s, want %s", id, want)
	}
}

// deliver runs a deliverer on a world's outbox until the returned function is
// called.
func deliver(t *testing.T, w *labeltest.World) (stop func()) {
	t.Helper()
	d, err := notice.New(notice.Config{
		Outbox: w.Authority.Outbox(), Source: labeltest.Base, AllowPrivate: true, Clock: w.Clock.Now, Poll: time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

// TestEveryOperatorIsTold has what operators have to act upon reach all of their
// organizations, and not the first only, which may not be on duty.
func TestEveryOperatorIsTold(t *testing.T) {
	d := newDispute(t, nil)
	d.Enrol("night-shift", label.RoleOperator)
	if _, _, err := d.appeal(labeltest.Maker, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authority.Complain(ctx, store.Complaint{Kind: authority.Other, Text: "No label at all."}); err != nil {
		t.Fatal(err)
	}
	for _, org := range []string{labeltest.Operator, "night-shift"} {
		if got := told(t, d.World, org); !slices.Equal(got, []string{notice.AppealFiled, notice.ReportReceived}) {
			t.Errorf("%s was told %v", org, got)
		}
	}
}

// TestAnswerReachesTheManufacturer has an operator ask for labels of a manufacturer: it
// gets the answers, and the manufacturer is told; of what it asked itself it is not.
func TestAnswerReachesTheManufacturer(t *testing.T) {
	d := newDispute(t, nil) // the manufacturer was refused level 2
	if got := told(t, d.World, labeltest.Maker); len(got) != 0 {
		t.Errorf("of its own request the manufacturer was told %v", got)
	}
	op, device := d.Caller(labeltest.Operator), label.DigestOf(d.e.Descriptor)
	for range 2 { // the same answer is told once
		o, err := d.Authority.Request(ctx, op, device, "", 4)
		must(t, err)
		if o.Refusal == nil {
			t.Fatalf("%+v", o)
		}
	}
	_, err := d.Authority.Request(ctx, op, device, "", 1)
	must(t, err)
	if got, want := told(t, d.World, labeltest.Maker), []string{notice.LabelRefused, notice.LabelIssued}; !slices.Equal(got, want) {
		t.Errorf("the manufacturer was told %v, want %v", got, want)
	}
}

// TestNoticesInPages reads the notices of an operator with the longest ID there is one by
// one: wherever a page ends, the next one begins.
func TestNoticesInPages(t *testing.T) {
	s := newSale(t)
	long := strings.Repeat("x", 63)
	s.Enrol(long, label.RoleOperator)
	s.Change(labeltest.Operator, s.p, label.Suspend, "complaint")
	_, err := s.report(labeltest.Lab, "bad", hasFail("5.1-1"))
	must(t, err)
	s.now()
	all, _, err := s.Authority.Notices(s.Caller(long), "", authority.Page{})
	must(t, err)
	if !slices.ContainsFunc(all, func(n *notice.Notice) bool { return n.Kind == notice.LabelJudged }) {
		t.Fatal("it was not told of a judgement")
	}
	var ids []string
	for p := (authority.Page{Size: 1}); ; {
		list, next, err := s.Authority.Notices(s.Caller(long), "", p)
		must(t, err)
		for _, n := range list {
			ids = append(ids, n.ID)
		}
		if p.Token = next; next == "" {
			break
		}
	}
	if len(ids) != len(all) {
		t.Errorf("page by page %d notices are read of %d", len(ids), len(all))
	}
}
