package authority

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A HookState is a webhook and what is on its way to it.
type HookState struct {
	notice.Hook
	Waiting int
	Dead    int
}

// AddHook registers where the caller's organization wants notices of some
// kinds, or of all where none is named. What is returned has the secret, for
// once.
func (a *Registry) AddHook(ctx context.Context, c Caller, url string, kinds []string) (*notice.Hook, error) {
	var out *notice.Hook
	err := a.act(ctx, c, label.ActAddHook, "", func(x *act) (err error) {
		out, err = a.addHook(x, url, kinds)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Registry) addHook(x *act, url string, kinds []string) (*notice.Hook, error) {
	c := x.caller
	org, err := c.itself("", "organization")
	if err != nil {
		return nil, err
	}
	if err := a.intake(c, smallWrite); err != nil {
		return nil, err
	}
	h := notice.Hook{ID: strings.ToLower(rand.Text()[:12]), Organization: org, URL: url, Secret: notice.NewSecret(), Kinds: kinds}
	x.entry.Subject = h.ID // its address may be a secret
	if err := h.Validate(a.privateHooks); err != nil {
		return nil, label.Within("hook", err)
	}
	err = x.do([]string{claimf("hooks/%s", org)}, func(v *store.View, b *batch) error {
		list, err := v.OrgHooks(org)
		if err != nil {
			return err
		}
		if len(list) >= notice.MaxHooks {
			return label.Errorf(label.TooLarge, label.ReasonTooLarge, "hook", "%s has %d webhooks, which is the limit; remove one first", org, len(list))
		}
		h.Created = b.At.UTC().Truncate(time.Second)
		b.Add((*store.Hook)(&h))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &h, nil
}

// Hooks lists the webhooks of the caller, or of an organization that an
// operator names, without their secrets.
func (a *Registry) Hooks(c Caller, org string) (list []*HookState, err error) {
	if org, err = c.itself(org, "organization"); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		if _, err := v.Org(org); err != nil {
			return unknownOrg(err, "organization", org)
		}
		hooks, err := v.OrgHooks(org)
		for _, h := range hooks {
			h.Secret = ""
			s := &HookState{Hook: *h}
			s.Waiting, s.Dead = v.Queued(h.ID)
			list = append(list, s)
		}
		return err
	})
	return list, err
}

// EnableHook has a webhook get notices again, or no more.
func (a *Registry) EnableHook(ctx context.Context, c Caller, id string, on bool) error {
	return a.withHook(ctx, c, label.ActEnableHook, id, func(v *store.View, b *batch, h *notice.Hook) error {
		if h.Disabled == on {
			h.Disabled = !on
			b.Add((*store.Hook)(h))
		}
		return nil
	})
}

// RemoveHook removes a webhook, with what is on its way to it.
func (a *Registry) RemoveHook(ctx context.Context, c Caller, id string) error {
	return a.withHook(ctx, c, label.ActRemoveHook, id, func(v *store.View, b *batch, h *notice.Hook) error {
		b.Add(&store.HookRemoval{Hook: h.ID, Organization: h.Organization})
		return nil
	})
}

// TestHook sends a webhook a notice of nothing.
func (a *Registry) TestHook(ctx context.Context, c Caller, id string) (*notice.Notice, error) {
	var out *notice.Notice
	err := a.withHook(ctx, c, label.ActTestHook, id, func(v *store.View, b *batch, h *notice.Hook) error {
		if h.Disabled {
			return label.Errorf(label.Precondition, label.ReasonStep, "hook", "webhook %s is disabled; enable it first", h.ID)
		}
		if err := a.intake(c, smallWrite); err != nil {
			return err
		}
		if err := a.useTest(h.Organization, b.At); err != nil {
			return err
		}
		n, err := newNotice(b.At, notice.HookTest, fmt.Sprintf("test-%s-%d", h.ID, b.At.UnixNano()), h.ID, h.Organization, struct{}{})
		if err == nil {
			n.Hook = h.ID
			b.Add((*store.Notice)(n))
		}
		out = n
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeadLetters lists the deliveries to a webhook that were given up, oldest
// first.
func (a *Registry) DeadLetters(c Caller, id string, p Page) ([]*notice.Delivery, string, error) {
	page, err := collect[*notice.Delivery](p, "dead letters", id)
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if _, err := c.hook(v, id); err != nil {
			return err
		}
		return a.past(v, "listing dead letters").DeadLetters(id, page.after.at, page.add)
	})
	return page.items, page.next, err
}

// Replay has dead letters of a webhook tried again: those with the numbers
// named, or all of them, at most [label.MaxPage] at once. It returns how many.
func (a *Registry) Replay(ctx context.Context, c Caller, id string, numbers []uint64) (int, error) {
	n := 0
	err := a.withHook(ctx, c, label.ActReplayHook, id, func(v *store.View, b *batch, h *notice.Hook) error {
		if h.Disabled {
			return label.Errorf(label.Precondition, label.ReasonStep, "hook", "webhook %s is disabled; enable it first", h.ID)
		}
		n = 0
		var again []notice.Delivery
		if err := a.past(v, "listing dead letters").DeadLetters(id, nil, func(d *notice.Delivery, _ []byte) bool {
			if len(numbers) == 0 || slices.Contains(numbers, d.Seq) {
				again = append(again, *d)
			}
			return len(again) < label.MaxPage
		}); err != nil {
			return err
		}
		if len(numbers) > 0 && len(again) < len(numbers) {
			return label.Errorf(label.NotFound, label.ReasonUnknownSubject, "numbers", "%d of the %d dead letters are not there; list them first", len(numbers)-len(again), len(numbers))
		}
		n = len(again)
		for _, d := range again {
			b.Add(&store.Retry{Hook: d.Hook, Seq: d.Seq, Notice: d.Notice.ID})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// withHook decides about a webhook of the caller.
func (a *Registry) withHook(ctx context.Context, c Caller, kind label.ActKind, id string, f func(*store.View, *batch, *notice.Hook) error) error {
	return a.act(ctx, c, kind, id, func(x *act) error {
		return x.do([]string{claimf("hook/%s", id)}, func(v *store.View, b *batch) error {
			h, err := c.hook(v, id)
			if err != nil {
				return err
			}
			return f(v, b, h)
		})
	})
}

// hook returns a webhook if it is the caller's, or the caller an operator.
func (c Caller) hook(v *store.View, id string) (*notice.Hook, error) {
	if _, err := c.itself("", "hook"); err != nil {
		return nil, err
	}
	h, err := v.Hook(id)
	if err != nil {
		return nil, found(err, label.ReasonUnknownHook, "hook", "no webhook %q is registered; \"labelctl notice hook list\" names yours", id)
	}
	if _, err := c.itself(h.Organization, "hook"); err != nil {
		return nil, err
	}
	return h, nil
}

// An Outbox is what an authority has to tell, for a [notice.Deliverer].
type Outbox struct{ a *core }

var _ notice.Outbox = Outbox{}

// Outbox returns the outbox.
func (a *Registry) Outbox() Outbox { return Outbox{a.core} }

// Due implements [notice.Outbox].
func (o Outbox) Due(now time.Time, limit int) (list []notice.Delivery, err error) {
	err = o.a.store.View(func(v *store.View) error {
		return o.a.past(v, "sending notices").Heads(func(d *notice.Delivery) {
			if !d.Next.After(now) {
				list = append(list, *d)
			}
		})
	})
	slices.SortFunc(list, func(a, b notice.Delivery) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.Seq, b.Seq)) })
	return list[:min(limit, len(list))], err
}

// Hook implements [notice.Outbox].
func (o Outbox) Hook(id string) (h *notice.Hook, err error) {
	err = o.a.store.View(func(v *store.View) (err error) { h, err = v.Hook(id); return err })
	if errors.Is(err, store.ErrNotFound) {
		err = notice.ErrNoHook
	}
	return h, err
}

// Tried implements [notice.Outbox].
func (o Outbox) Tried(d notice.Delivery) error {
	return o.a.writer.do(context.Background(), []string{claimf("hook/%s", d.Hook)}, func(v *store.View, b *batch) error {
		h, err := v.Hook(d.Hook)
		if errors.Is(err, store.ErrNotFound) {
			return nil // removed, with all deliveries to it
		}
		if err != nil {
			return err
		}
		if d.Gone() && !h.Disabled {
			h.Disabled = true
			b.Add((*store.Hook)(h))
		}
		b.Add((*store.Attempt)(&d))
		return nil
	})
}
