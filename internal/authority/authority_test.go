package authority_test

import (
	"context"
	"testing"

	"labeld/internal/labeltest"
)

func TestIssue(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	p := w.Issue(e, 3)
	again, err := w.Authority.Request(context.Background(), w.Caller(labeltest.Maker), p.Label.Evidence[0].SHA256, "", 3)
	_ = again
	t.Log(err)
	t.Logf("%+v", p.Label)
	t.Log(len(p.Bundle), len(p.Package), len(p.Proof))
}

func BenchmarkIssue(b *testing.B) {
	w := labeltest.New(b, nil)
	ctx := context.Background()
	maker := w.Caller(labeltest.Maker)
	i := 0
	for b.Loop() {
		b.StopTimer()
		e := w.Example("camera")
		labeltest.Variant(b, e, i)
		i++
		d := w.Submit(e)
		b.StartTimer()
		if _, err := w.Authority.Request(ctx, maker, d, "", 3); err != nil {
			b.Fatal(err)
		}
	}
}
