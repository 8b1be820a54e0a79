package token_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/credentials"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/token"
)

var _ credentials.PerRPCCredentials = (*token.Source)(nil)

func bearer(t *testing.T, s *token.Source) string {
	t.Helper()
	md, err := s.GetRequestMetadata(context.Background(), "https://labels.example/x")
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := strings.CutPrefix(md["authorization"], "Bearer ")
	if !ok || len(md) != 1 {
		t.Fatalf("metadata %v", md)
	}
	return raw
}

// TestSourceRenews runs on the fake clock of a synctest bubble, which goes
// forward at once when all sleep.
func TestSourceRenews(t *testing.T) {
	signer := signers(t)["EdDSA"]
	synctest.Test(t, func(t *testing.T) {
		s := &token.Source{Signer: signer, Organization: org, Audience: audience}
		first := bearer(t, s)
		if err := verify(t, first, signer.Public, time.Now()); err != nil {
			t.Fatal(err)
		}
		const renewed = label.MaxTokenLife - time.Minute
		time.Sleep(renewed)
		if bearer(t, s) != first {
			t.Errorf("renewed after %s already", renewed)
		}
		time.Sleep(time.Nanosecond)
		second := bearer(t, s)
		if second == first {
			t.Errorf("not renewed after %s", renewed)
		}
		// Whenever it is asked for one, the token has most of a minute to go.
		for range 100 {
			raw := bearer(t, s)
			if err := verify(t, raw, signer.Public, time.Now().Add(59*time.Second)); err != nil {
				t.Fatalf("a token was handed out that ends too soon: %v", err)
			}
			time.Sleep(7 * time.Second)
		}
	})
}

// TestSourceTogether requires that callers who come at once share one token.
func TestSourceTogether(t *testing.T) {
	s := &token.Source{Signer: signers(t)["ES256"], Organization: org, Audience: audience}
	var wg sync.WaitGroup
	got := make([]map[string]string, 20)
	for i := range got {
		wg.Go(func() { got[i], _ = s.GetRequestMetadata(context.Background()) })
	}
	wg.Wait()
	for _, md := range got {
		if md["authorization"] == "" || md["authorization"] != got[0]["authorization"] {
			t.Fatalf("tokens differ: %v and %v", md, got[0])
		}
	}
}

func TestSourceTransport(t *testing.T) {
	if !(&token.Source{}).RequireTransportSecurity() {
		t.Error("tokens go in the clear")
	}
	if (&token.Source{Loopback: true}).RequireTransportSecurity() {
		t.Error("TLS is asked for on loopback")
	}
	s := &token.Source{Signer: &envelope.Signer{Public: &envelope.PublicKey{Key: "no key"}}}
	if md, err := s.GetRequestMetadata(context.Background()); err == nil {
		t.Errorf("metadata %v without a key", md)
	}
}
