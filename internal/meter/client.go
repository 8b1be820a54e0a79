package meter

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// Clients tells who a request comes from.
type Clients struct {
	header string // in which a proxy says who the client is; empty without one
	log    *slog.Logger
	warned atomic.Int64 // when it was last said that there is a proxy, Unix seconds
}

// warnEvery is how often the log is told of a proxy that nobody named.
const warnEvery = time.Hour

// NewClients returns one that believes a header of the proxy in front, or none if
// that is empty.
func NewClients(header string, log *slog.Logger) *Clients { return &Clients{header: header, log: log} }

// Of returns whom a request comes from, by the address that it has and its header
// fields: an IPv4 address, or an IPv6 network of the size that one customer has.
func (c *Clients) Of(remote string, values func(header string) []string) Who {
	text, _, err := net.SplitHostPort(remote)
	if err != nil {
		text = remote
	}
	if c.header == "" {
		c.suspect(text, values)
	} else {
		text = "" // what our own proxy added comes last
		if list := values(c.header); len(list) > 0 {
			last := list[len(list)-1]
			text = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return Who{}
	}
	bits := 64
	if addr = addr.Unmap(); addr.Is4() {
		bits = 32
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return Who{}
	}
	return Who{Net: p}
}

// proxied are the header fields that proxies add.
var proxied = []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"}

// suspect says in the log, once an hour at most, that a request from an address
// inside the operator's network looks as if a proxy had sent it on. Such a field
// from anywhere else means nothing: anybody can write it.
func (c *Clients) suspect(text string, values func(string) []string) {
	for _, name := range proxied {
		if len(values(name)) == 0 {
			continue
		}
		addr, err := netip.ParseAddr(text)
		if err != nil || !(addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()) {
			return
		}
		now, last := time.Now().Unix(), c.warned.Load()
		if now-last < int64(warnEvery/time.Second) || !c.warned.CompareAndSwap(last, now) {
			return
		}
		c.log.Warn("requests come through a proxy, and client_header is not set: all people behind it share one client's allowance, of reports too; name the header that the proxy sets",
			"address", text, "header", name)
		return
	}
}
