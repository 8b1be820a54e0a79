package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
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

// A filler issues labels straight into a programme's store, with its real keys
// and those of its lab and manufacturer, without going through the service. Each
// label has a device, a report and a declaration of its own, as those of a real
// programme have: of the camera's form and length, and in other words.
type filler struct {
	tb         testing.TB
	store      *store.Store
	issuer     *issue.Issuer
	programme  *scheme.Programme
	scheme     *scheme.Scheme
	lab, maker *envelope.Signer
	base       *example.Example
	words      []string
	now        time.Time
	ids        []label.ID
}

// newFiller opens the store of a service that is stopped, and whose parties are
// enrolled.
func newFiller(tb testing.TB, s *service) *filler {
	tb.Helper()
	f := &filler{tb: tb, lab: s.signer("lab.key"), maker: s.signer("maker.key"), now: time.Now()}
	var err error
	f.programme, err = scheme.Load(labels.FS)
	s.must(err)
	f.scheme = f.programme.Newest("four-level")
	const origin = "bench.test/log"
	logKey, err := translog.NewSigner(origin, s.signer("log.key").Crypto())
	s.must(err)
	f.issuer = issue.New(label.Party{ID: demoAuthority, Name: "Bench"}, s.signer("label.key"), logKey,
		func(id label.ID) string { return qr.URL("http://127.0.0.1", id) }, rand.Reader)
	f.store, err = store.Open(s.dir)
	s.must(err)
	f.base, err = example.Load(labels.FS, "camera", label.DateOf(f.now))
	s.must(err)
	for _, v := range slices.Concat(f.base.Report.Verdicts, f.base.Declaration.Claims) {
		f.words = append(f.words, strings.Fields(v.Reason)...)
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

// variant returns the n-th variant of the camera.
func (f *filler) variant(n int) *example.Example {
	r := mathrand.New(mathrand.NewPCG(uint64(n), 0))
	words := func(like string) string {
		list := strings.Fields(like)
		for i := range list {
			list[i] = f.words[r.IntN(len(f.words))]
		}
		return strings.Join(list, " ")
	}
	reasons := func(list []label.Verdict) []label.Verdict {
		list = slices.Clone(list)
		for i, v := range list {
			list[i].Reason = words(v.Reason)
		}
		return list
	}
	digest := func() (d label.Digest) {
		for i := range d {
			d[i] = byte(r.Uint32())
		}
		return d
	}
	device, report, declaration := *f.base.Device, *f.base.Report, *f.base.Declaration
	device.Name = words(device.Name)
	report.Verdicts, declaration.Claims = reasons(report.Verdicts), reasons(declaration.Claims)
	report.Firmware[0].SHA256 = digest()
	report.Samples = slices.Clone(report.Samples)
	for i := range report.Samples {
		report.Samples[i] = fmt.Sprintf("S%09d", r.IntN(1e9))
	}
	report.Evidence = slices.Clone(report.Evidence)
	for i := range report.Evidence {
		report.Evidence[i].SHA256 = digest()
	}
	product := &declaration.Product
	product.UpdateHelp, product.Password, product.Setup = words(product.UpdateHelp), words(product.Password), words(product.Setup)
	e := &example.Example{Device: &device, Report: &report, Declaration: &declaration}
	labeltest.Variant(f.tb, e, n)
	return e
}

// A filled label has all that is stored of it.
type filled struct {
	device     store.Device
	statements []store.Statement
	signed     *issue.Signed
	entry      *store.Entry
}

// make makes the n-th label.
func (f *filler) make(n int) filled {
	e := f.variant(n)
	digest := label.DigestOf(e.Descriptor)
	out := filled{device: store.Device{Digest: digest, Descriptor: e.Descriptor, Org: demoMaker, Registered: f.now}}
	var items []*scheme.Item
	for kind, s := range map[string]struct {
		signer    *envelope.Signer
		predicate any
	}{label.TypeTestReport: {f.lab, e.Report}, label.TypeDeclaration: {f.maker, e.Declaration}} {
		u, err := envelope.Open(labeltest.Seal(f.tb, s.signer, e.Descriptor, kind, s.predicate))
		f.must(err)
		v, err := u.Verify([]*envelope.PublicKey{s.signer.Public})
		f.must(err)
		item, err := f.programme.Read(v)
		f.must(err)
		if item.Source() == scheme.Lab {
			item.Lab = label.LabRef{ID: demoLab, Name: "Aurora Test Laboratory", Accreditation: "DEMO-L-0042", Body: "Demo Accreditation Board"}
		}
		gist, err := item.Gist()
		f.must(err)
		items = append(items, item)
		out.statements = append(out.statements, store.Statement{
			ID: item.ID, Raw: store.Pack(v.Raw()), Gist: store.PackQuick(gist), Type: item.Type, Device: digest, Signer: item.Signer,
			Key: s.signer.Public.ID, Number: item.Number, Date: item.Date, Carrier: item.Signer, Received: f.now.UTC(), Lab: item.Lab,
		})
	}
	d, err := f.scheme.Evaluate(e.Device, digest, items, f.now)
	f.must(err)
	g, err := d.Grant(3)
	f.must(err)
	unsigned, err := f.issuer.Label(g, e.Descriptor, label.Party{ID: demoMaker, Name: "Northlight Devices"})
	f.must(err)
	out.signed, err = f.issuer.Sign(unsigned)
	f.must(err)
	out.entry, err = store.NewEntry(out.signed.Envelope, out.signed.Leaf)
	f.must(err)
	return out
}

// batch issues the labels from..to in one commit.
func (f *filler) batch(from, to int) {
	list := make([]filled, to-from)
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < to-from; i += 2 {
				list[i] = f.make(10_000_000 + from + i)
			}
		})
	}
	wg.Wait()
	b := &store.Batch{At: f.now}
	leaves := make([][]byte, len(list))
	for i, l := range list {
		b.Entries = append(b.Entries, l.entry)
		b.Add(&l.device)
		for i := range l.statements {
			b.Add(&l.statements[i])
		}
		leaves[i] = l.entry.Leaf
	}
	f.must(f.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		b.From = head.Tree
		for i, filled := range list {
			l := filled.signed.Label
			b.Add(&store.Label{
				ID: l.ID, Index: head.Tree.N + int64(i), Device: filled.device.Digest, Org: demoMaker,
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
