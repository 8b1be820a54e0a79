package authority_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// statement is what a laboratory signs to report on the camera.
func (s *sale) statement(number string) []byte {
	s.t.Helper()
	r := *s.e.Report
	r.Number = number
	b, err := label.NewStatement("device.json", label.DigestOf(s.e.Descriptor), label.TypeTestReport, &r)
	must(s.t, err)
	raw, err := label.Encode(b)
	must(s.t, err)
	return raw
}

// TestNumbersAreUnique has signers use a number twice: about the same device, about
// another, for a correction, and at once.
func TestNumbersAreUnique(t *testing.T) {
	s := newSale(t)
	taken := func(err error, other label.Digest) {
		t.Helper()
		wants(t, err, label.Exists, label.ReasonExists)
		if e, ok := errors.AsType[*label.Error](err); !ok || e.Field != "predicate.number" || !strings.Contains(e.Text, other.String()) {
			t.Errorf("refused with %v, which does not name the other", err)
		}
	}
	first, err := s.report(labeltest.Lab, "R-1", nil)
	must(t, err)
	again, err := s.report(labeltest.Lab, "R-1", nil)
	if must(t, err); again.ID != first.ID || !again.Received.Equal(first.Received) {
		t.Errorf("the same report again is %s of %s", again.ID, again.Received)
	}
	_, err = s.report(labeltest.Lab, "R-1", hasFail("5.1-1"))
	taken(err, first.ID)
	_, err = s.report(labeltest.Lab, "R-1", func(r *label.TestReport) { r.Corrects = first.ID })
	taken(err, first.ID)
	raw := bytes.Replace(s.statement("R-0"), []byte(`"lab":`), []byte(`"corrects":"`+strings.Repeat("0", 64)+`","lab":`), 1)
	env, err := s.Signers[labeltest.Lab].SealPayload(raw)
	must(t, err)
	bundle, err := envelope.Bundle(env)
	must(t, err)
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Lab), bundle)
	wants(t, err, label.Invalid, label.ReasonMalformed) // it corrects nothing
	_, err = s.report(labeltest.Lab, "R-1a", func(r *label.TestReport) { r.Corrects = first.ID })
	must(t, err)

	plug := s.Example("plug")
	_, _, err = s.Authority.Register(ctx, s.Caller(labeltest.Maker), plug.Descriptor)
	must(t, err)
	plug.Report.Number = "R-1"
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Lab, plug.Descriptor, label.TypeTestReport, plug.Report))
	taken(err, first.ID)
	d := *plug.Declaration
	d.Number = "R-1" // declarations are numbered apart
	st, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, plug.Descriptor, label.TypeDeclaration, &d))
	must(t, err)
	d.Date = d.Date.AddDays(1)
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, plug.Descriptor, label.TypeDeclaration, &d))
	taken(err, st.ID)
	s.Enrol("other-lab", label.RoleLab)
	s.Accredit("other-lab", nil)
	_, err = s.report("other-lab", "R-1", nil) // each signer numbers for itself
	must(t, err)

	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		r := *plug.Report
		r.Number, r.Firmware[0].Version = "R-2", strings.Repeat("v", i+1)
		raw := s.Seal(labeltest.Lab, plug.Descriptor, label.TypeTestReport, &r)
		wg.Go(func() { _, _, errs[i] = s.Authority.Submit(ctx, s.Caller(labeltest.Lab), raw) })
	}
	wg.Wait()
	accepted := 0
	for _, err := range errs {
		if err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d reports of one number were accepted at once: %v", accepted, errs)
	}
}
