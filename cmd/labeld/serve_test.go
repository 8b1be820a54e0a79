package main

import (
	"testing"

	"labeld/internal/daemon"
)

// TestReach has init say how its service is called.
func TestReach(t *testing.T) {
	tls := daemon.Config{GRPC: ":8443", URL: "https://labels.example.org"}
	tls.TLS.Cert = "cert.pem"
	for _, tc := range []struct {
		c    daemon.Config
		want string
	}{
		{daemon.Config{GRPC: "127.0.0.1:8443"}, ""},
		{daemon.Config{GRPC: "127.0.0.1:9443"}, " --server 127.0.0.1:9443"},
		{daemon.Config{GRPC: "localhost:8443"}, " --server localhost:8443"},
		{daemon.Config{GRPC: "[::1]:9443"}, " --server [::1]:9443"},
		{daemon.Config{GRPC: ":9443"}, " --server 127.0.0.1:9443"},
		{daemon.Config{GRPC: "0.0.0.0:8443"}, ""},
		{tls, " --server labels.example.org:8443 --tls"},
	} {
		if got := reach(tc.c); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.c.GRPC, got, tc.want)
		}
	}
}
