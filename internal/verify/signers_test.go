package verify_test

import (
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
)

// TestLabelOfTwoKeys requires that a label that a retired label key signed
// beside the one in use is as good as one with either order of signatures, and
// that the retired key alone carries none.
func TestLabelOfTwoKeys(t *testing.T) {
	w := labeltest.New(t, nil)
	p := w.Issue(w.Example("plug"), 1)
	u, err := envelope.Open(p.Bundle)
	must(t, err)
	retired, current, stranger := labeltest.NewSigner(t), labeltest.NewSigner(t), labeltest.NewSigner(t)
	trusted := func(keys ...verify.TrustKey) *verify.Trust {
		tr := &verify.Trust{Type: label.TypeTrust, Authority: w.Trust.Authority, URL: w.Trust.URL, LabelKeys: keys, Log: w.Trust.Log}
		must(t, tr.Prepare())
		return tr
	}
	old := verify.TrustKey{ID: retired.Public.ID, PEM: retired.Public.PEM, From: labeltest.Start.AddDate(-2, 0, 0), Until: labeltest.Start.Add(-time.Hour)}
	now := verify.TrustKey{ID: current.Public.ID, PEM: current.Public.PEM, From: old.Until}
	bundle := func(signers ...*envelope.Signer) []byte {
		env := &label.Envelope{PayloadType: label.PayloadType, Payload: u.Envelope().Payload}
		for _, s := range signers {
			one, err := s.SealPayload(env.Payload)
			must(t, err)
			env.Signatures = append(env.Signatures, one.Signatures...)
		}
		b, err := envelope.Bundle(env)
		must(t, err)
		return b
	}
	for name, tr := range map[string]*verify.Trust{"the older key first": trusted(old, now), "the newer key first": trusted(now, old)} {
		for _, row := range []struct {
			name    string
			signers []*envelope.Signer
			reason  label.Reason
		}{
			{"current", []*envelope.Signer{current}, ""},
			{"retired, current", []*envelope.Signer{retired, current}, ""},
			{"current, retired", []*envelope.Signer{current, retired}, ""},
			{"stranger, current", []*envelope.Signer{stranger, current}, ""},
			{"retired", []*envelope.Signer{retired}, label.ReasonKeyRevoked},
			{"retired, stranger", []*envelope.Signer{retired, stranger}, label.ReasonKeyRevoked},
			{"stranger", []*envelope.Signer{stranger}, label.ReasonBadSignature},
		} {
			l, err := tr.Label(bundle(row.signers...), p.Device)
			if row.reason == "" && (err != nil || l.ID != p.Label.ID) {
				t.Errorf("%s, signed by %s: %v", name, row.name, err)
			}
			if row.reason != "" && label.ReasonOf(err) != row.reason {
				t.Errorf("%s, signed by %s: %v, want %s", name, row.name, err, row.reason)
			}
		}
	}
}
