package notice

import (
	"net"
	"net/http"
	"time"

	"code.dny.dev/ssrf"
)

// public tells public addresses from others by IANA's registries of
// special-purpose addresses. Ports are checked with the URL.
var public = ssrf.New(ssrf.WithAnyPort())

// newTransport returns a transport that connects to public addresses only,
// unless allowPrivate. The check is made on each address just before it is
// connected to.
func newTransport(allowPrivate bool) *http.Transport {
	dialer := &net.Dialer{Control: public.Safe}
	if allowPrivate {
		dialer.Control = nil
	}
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		DisableCompression:     true, // answers are thrown away
		MaxResponseHeaderBytes: maxAnswer,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
	}
}
