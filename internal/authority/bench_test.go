package authority_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/labels"
)

// BenchmarkStatusList makes the status list of a programme of a million labels
// of which ten thousand are suspended. Targets: 2 s, 300 KB. The log is not
// there, only its head: the list does not look at entries.
func BenchmarkStatusList(b *testing.B) {
	const total, changed = 1_000_000, 10_000
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	logKey, err := translog.NewSigner(labeltest.Origin, priv)
	must(err)
	vkey, err := logKey.VKey()
	must(err)
	key := labeltest.NewSigner(b)
	programme, err := scheme.Load(labels.FS)
	must(err)
	trust := &verify.Trust{
		Type: label.TypeTrust, URL: labeltest.Base, Log: verify.TrustLog{Origin: labeltest.Origin, VKey: vkey},
		LabelKeys: []verify.TrustKey{{ID: key.Public.ID, PEM: key.Public.PEM}},
	}
	must(trust.Prepare())
	issuer := issue.New(label.Party{ID: labeltest.Operator, Name: "Test"}, key, logKey, func(label.ID) string { return "" }, rand.Reader)
	head := store.Head{Tree: translog.Tree{N: total, Hash: translog.LeafHash(nil)}}
	now := labeltest.Start
	head.Checkpoint, err = issuer.Checkpoint(head.Tree, now)
	must(err)
	dir := b.TempDir()
	must(store.Create(dir, labeltest.Origin, head, now))
	s, err := store.Open(dir)
	must(err)
	defer s.Close()
	batch := &store.Batch{At: now, From: head.Tree}
	for i := range int64(changed) {
		id, err := label.NewID(rand.Reader)
		must(err)
		device := &store.Device{Digest: label.DigestOf([]byte(id)), Descriptor: []byte("{}"), Org: labeltest.Maker, Registered: now}
		batch.Add(device, &store.Label{ID: id, Device: device.Digest, Index: i * (total / changed), Org: labeltest.Maker, Issued: now, Expires: now.AddDate(3, 0, 0), Outline: new(label.Outline)})
		batch.Add(&store.Status{Index: i, Status: label.Status{
			Label: id, Number: 1, Action: label.Suspend, Reason: "complaint", Text: "For a benchmark.", Recorded: now, Effective: now,
		}})
	}
	must(s.Commit(batch))
	a, err := authority.New(authority.Config{
		Store: s, Programme: programme, Issuer: issuer, Trust: trust, Clock: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(err)
	defer a.Close()
	for b.Loop() {
		must(a.RefreshList())
	}
	b.ReportMetric(float64(len(a.StatusList()))/1000, "KB")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/list")
}
