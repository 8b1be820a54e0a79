package token

import (
	"context"
	"sync"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// A Source puts caller tokens on gRPC calls; it is a
// credentials.PerRPCCredentials. A token is used until shortly before it ends.
type Source struct {
	Signer       *envelope.Signer
	Organization string
	Audience     string
	Loopback     bool             // the connection stays on this machine and may go without TLS
	Now          func() time.Time // the present; nil for the machine's clock

	mu   sync.Mutex // held while a token is made, so that one is made
	raw  string
	made time.Time
}

// renewAfter leaves a token time to be used when it is handed out.
const renewAfter = label.MaxTokenLife - time.Minute

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (s *Source) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clock := s.Now
	if clock == nil {
		clock = time.Now
	}
	if now := clock(); s.raw == "" || now.Sub(s.made) > renewAfter || now.Before(s.made) {
		raw, err := New(s.Signer, s.Organization, s.Audience, now)
		if err != nil {
			return nil, err
		}
		s.raw, s.made = raw, now
	}
	return map[string]string{"authorization": "Bearer " + s.raw}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: tokens do
// not go over a network in the clear.
func (s *Source) RequireTransportSecurity() bool { return !s.Loopback }
