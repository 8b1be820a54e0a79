package main

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/labels"
)

// A filler issues labels straight into a programme's store, with its real keys,
// without the evidence of each going through the service.
type filler struct {
	tb     testing.TB
	store  *store.Store
	issuer *issue.Issuer
	scheme *scheme.Scheme
	items  []*scheme.Item // evidence of the camera, for all of them
	now    time.Time
	ids    []label.ID
}

func newFiller(tb testing.TB, s *service) *filler {
	tb.Helper()
	f := &filler{tb: tb, now: time.Now()}
	p, err := scheme.Load(labels.FS)
	s.must(err)
	f.scheme = p.Schemes["four-level"]
	load := func(name string) *envelope.Signer {
		k, err := envelope.LoadSigner(context.Background(), filepath.Join(s.dir, name), nil)
		s.must(err)
		return k
	}
	const origin = "bench.test/log"
	logKey, err := translog.NewSigner(origin, load("log.key").Crypto())
	s.must(err)
	f.issuer = issue.New(label.Party{ID: demoAuthority, Name: "Bench"}, load("label.key"), logKey,
		func(id label.ID) string { return qr.URL("http://127.0.0.1", id) }, rand.Reader)
	f.store, err = store.Open(s.dir)
	s.must(err)
	signer := labeltest.NewSigner(tb)
	e := f.camera(0)
	for kind, predicate := range map[string]any{label.TypeTestReport: e.Report, label.TypeDeclaration: e.Declaration} {
		u, err := envelope.Open(labeltest.Seal(tb, signer, e.Descriptor, kind, predicate))
		s.must(err)
		v, err := u.Verify([]*envelope.PublicKey{signer.Public})
		s.must(err)
		item, err := p.Read(v)
		s.must(err)
		if item.Source() == scheme.Lab {
			item.Lab = label.LabRef{ID: demoLab, Name: "Aurora Test Laboratory", Accreditation: "DEMO-L-0042", Body: "Demo Accreditation Board"}
		}
		f.items = append(f.items, item)
	}
	return f
}

func (f *filler) must(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatal(err)
	}
}

func (f *filler) close() { f.must(f.store.Close()) }

// camera returns the n-th variant of the camera, with one GTIN.
func (f *filler) camera(n int) *example.Example {
	e, err := example.Load(labels.FS, "camera", label.DateOf(f.now))
	f.must(err)
	labeltest.Variant(f.tb, e, n)
	return e
}

// batch issues the labels from..to in one commit.
func (f *filler) batch(from, to int) {
	devices := make([]store.Device, to-from)
	signed := make([]*issue.Signed, to-from)
	entries := make([]*store.Entry, to-from)
	base := f.camera(0)
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < to-from; i += 2 {
				desc := *base.Device
				e := example.Example{Device: &desc, Report: &label.TestReport{}, Declaration: &label.Declaration{}}
				labeltest.Variant(f.tb, &e, 10_000_000+from+i)
				digest := label.DigestOf(e.Descriptor)
				d, err := f.scheme.Evaluate(e.Device, digest, f.items, f.now)
				f.must(err)
				g, err := d.Grant(3)
				f.must(err)
				signed[i], err = f.issuer.Label(g, e.Descriptor, label.Party{ID: demoMaker, Name: "Northlight Devices"})
				f.must(err)
				entries[i], err = store.NewEntry(signed[i].Envelope, signed[i].Leaf)
				f.must(err)
				devices[i] = store.Device{Digest: digest, Descriptor: e.Descriptor, Org: demoMaker, Registered: f.now}
			}
		})
	}
	wg.Wait()
	b := &store.Batch{At: f.now, Entries: entries, Devices: devices}
	f.must(f.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		b.From = head.Tree
		leaves := make([][]byte, len(entries))
		for i, e := range entries {
			leaves[i] = e.Leaf
			l := signed[i].Label
			b.Labels = append(b.Labels, store.Label{
				ID: l.ID, Index: head.Tree.N + int64(i), Device: devices[i].Digest, Org: demoMaker,
				Scheme: l.Scheme.ID, Version: l.Scheme.Version, Level: l.Level.Number, Issued: l.Issued, Expires: l.Expires,
				Outline: l.Outline(),
			})
			f.ids = append(f.ids, l.ID)
		}
		b.Head.Tree, b.Added, err = translog.Append(head.Tree, v, leaves)
		return err
	}))
	var err error
	b.Head.Checkpoint, err = f.issuer.Checkpoint(b.Head.Tree, f.now)
	f.must(err)
	f.must(f.store.Commit(b))
}
