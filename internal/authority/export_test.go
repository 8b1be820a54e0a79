package authority

import (
	"context"

	"labeld/internal/label"
	"labeld/internal/store"
)

// FirstAdvice returns what advisories say of a label that is about to be issued.
func (a *Authority) FirstAdvice(maker string, next *label.Label) (list []*label.AdvisoryRef, events []label.Digest, err error) {
	err = a.store.View(func(v *store.View) error {
		news, err := a.firstAdvice(v, maker, next)
		for _, n := range news {
			list, events = append(list, n.ref), append(events, n.event)
		}
		return err
	})
	return list, events, err
}

// TellReserve looks whether operators have to be told that the disk is almost full.
func (a *Authority) TellReserve(ctx context.Context) error { return a.tellReserve(ctx) }

// Rejudge judges the live labels of a device as if that were due, whatever is to be
// done before.
func (a *Authority) Rejudge(ctx context.Context, device label.Digest) error {
	return a.rejudge(ctx, store.Judgement{Device: device, Since: a.clock()})
}
