package authority

import (
	"errors"
	"sync"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// freshness is how long a published label is kept without looking at the store
// again. Changes made here purge it at once; the bound is for changes made by
// another replica, and for proofs to follow the log.
const freshness = 5 * time.Second

// A Published is one label as anybody may see it, with everything that proves
// it, checked by us as others would check it. It is shared and never changes.
type Published struct {
	Label   *label.Label
	Index   int64 // log entry
	State   label.State
	Support label.SupportState
	At      time.Time // the instant for which the state was worked out

	Bundle  []byte // Sigstore bundle
	Device  []byte // descriptor
	Proof   []byte // tlog-proof
	Package []byte // all of it in one file; absent where it was issued just now

	proof translog.Proof
	until time.Time // when to look again
	forms sync.Map  // name of a rendered form -> *form
}

// A form is something rendered from a Published, once.
type form struct {
	once sync.Once
	v    any
	err  error
}

// Render returns the form of a name, made by f the first time it is asked for.
// It lives as long as p, so that readers render a label once per change.
func (p *Published) Render(name string, f func() (any, error)) (any, error) {
	v, ok := p.forms.Load(name)
	if !ok {
		v, _ = p.forms.LoadOrStore(name, new(form))
	}
	r := v.(*form)
	r.once.Do(func() { r.v, r.err = f() })
	return r.v, r.err
}

// Checkpoint returns the signed log head that the proof leads to.
func (p *Published) Checkpoint() []byte { return p.proof.Checkpoint }

// Lookup returns a label by ID.
func (a *Authority) Lookup(id label.ID) (*Published, error) {
	if p, ok := a.published.Get(id); ok && a.clock().Before(p.until) {
		return p, nil
	}
	var rec *store.Label
	var env *label.Envelope
	var device *store.Device
	err := a.store.View(func(v *store.View) (err error) {
		if rec, err = v.Label(id); err != nil {
			return found(err, label.ReasonUnknownLabel, "id",
				"no label %s was issued here; if it is printed on a product, it may be forged: compare every character and report it", id.Pretty())
		}
		if env, err = v.Entry(rec.Index); err != nil {
			return err
		}
		device, err = v.Device(rec.Device)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.publish(rec, env, device.Descriptor)
}

// publish puts a committed label together, verifies it as anybody would, and
// remembers it.
func (a *Authority) publish(rec *store.Label, env *label.Envelope, device []byte) (*Published, error) {
	p, err := a.assemble(rec, env, device)
	if err != nil {
		return nil, err
	}
	if p.Package, err = verify.NewPackage(p.Bundle, device, p.Proof); err != nil {
		return nil, err
	}
	r, err := a.trust.Verify(p.Package, p.At)
	if err == nil && r.Label.ID != rec.ID {
		err = errors.New("the log entry is of another label")
	}
	if err != nil {
		return nil, a.distrust(rec, err)
	}
	p.stand(r.Label)
	a.published.Add(rec.ID, p)
	return p, nil
}

// publishNew is publish for a label that was issued and committed just now:
// what the linter has verified is not verified again. It is not remembered:
// those who ask for a label are seldom those who read it next.
func (a *Authority) publishNew(rec *store.Label, signed *issue.Signed, device []byte) (*Published, error) {
	p, err := a.assemble(rec, signed.Envelope, device)
	if err != nil {
		return nil, err
	}
	if err := a.trust.Issued(signed.Envelope, p.proof); err != nil {
		return nil, a.distrust(rec, err)
	}
	p.stand(signed.Label)
	return p, nil
}

func (a *Authority) assemble(rec *store.Label, env *label.Envelope, device []byte) (*Published, error) {
	p := &Published{Index: rec.Index, Device: device, At: a.clock().UTC()}
	var err error
	if p.Bundle, err = envelope.Bundle(env); err != nil {
		return nil, err
	}
	if p.proof, err = a.prove(rec.Index); err != nil {
		return nil, err
	}
	p.Proof = p.proof.Format()
	return p, nil
}

// distrust sounds the alarm: a label of ours does not verify.
func (a *Authority) distrust(rec *store.Label, why error) error {
	a.failures.Add(1)
	a.log.Error("a label of ours does not verify", "id", rec.ID, "index", rec.Index, "err", why)
	return label.Errorf(label.Internal, label.ReasonInternal, "id", "the stored label does not verify and is not served; the operator has been told")
}

// stand works out how the label stands at p.At, and until when that holds.
func (p *Published) stand(l *label.Label) {
	p.Label, p.State, p.Support = l, l.StateAt(p.At), l.SupportAt(p.At)
	p.until = p.At.Add(freshness)
	if next := l.NextChange(p.At); !next.IsZero() && next.Before(p.until) {
		p.until = next
	}
}

// prove returns the proof that the log at its present head has an entry.
func (a *Authority) prove(index int64) (proof translog.Proof, err error) {
	err = a.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		hashes, err := translog.Prove(head.Tree.N, index, v)
		if err != nil {
			return err
		}
		proof = translog.Proof{Index: index, Hashes: hashes, Checkpoint: head.Checkpoint}
		return nil
	})
	return proof, err
}

// ByGTIN returns the label of the product with a trade item number: of its
// labels in all schemes the one that is active, and of these the latest.
func (a *Authority) ByGTIN(g label.GTIN) (*Published, error) {
	var best *store.Label
	now := a.clock()
	err := a.store.View(func(v *store.View) error {
		digest, err := v.GTIN(g)
		if err != nil {
			return found(err, label.ReasonUnknownProduct, "gtin", "no product with GTIN %s is registered here", g)
		}
		list, err := v.DeviceLabels(digest)
		if err != nil {
			return err
		}
		for _, l := range list {
			if best == nil || better(l, best, now) {
				best = l
			}
		}
		if best == nil {
			return label.Errorf(label.NotFound, label.ReasonUnlabelled, "gtin", "the product with GTIN %s is registered, and has never had a label", g)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Lookup(best.ID)
}

func better(a, b *store.Label, now time.Time) bool {
	if x, y := now.Before(a.Expires), now.Before(b.Expires); x != y {
		return x
	}
	return a.Issued.After(b.Issued)
}

// VerifyPackage checks an offline package that somebody holds, and returns the
// label as it stands here.
func (a *Authority) VerifyPackage(pkg []byte) (*Published, error) {
	r, err := a.trust.Verify(pkg, a.clock())
	if err != nil {
		return nil, err
	}
	return a.Lookup(r.Label.ID)
}
