package scheme_test

import (
	"testing"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

func BenchmarkEvaluate(b *testing.B) {
	e, items := sample(b, "camera")
	s := programme(b, embedded).Newest("four-level")
	subject := label.DigestOf(e.Descriptor)
	b.ReportAllocs()
	for b.Loop() {
		d, err := s.Evaluate(e.Device, subject, items, now)
		if err != nil || d.Reached != 3 {
			b.Fatalf("level %d, error %v", d.Reached, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	e, _ := sample(b, "camera")
	p := programme(b, embedded)
	v := verified(b, label.TypeTestReport, e.Report)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Read(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadGist(b *testing.B) {
	_, items := sample(b, "camera")
	gist, err := items[0].Gist()
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scheme.ReadGist(items[0].ID, gist); err != nil {
			b.Fatal(err)
		}
	}
}
