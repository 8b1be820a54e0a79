package notice

import (
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"labeld/internal/label"
)

// A Hook is where an organization wants its notices.
type Hook struct {
	ID           string    `json:"id"`
	Organization string    `json:"organization"`
	URL          string    `json:"url"`             // may hold a token of the receiver: not for logs
	Secret       string    `json:"secret"`          // "whsec_" and base64: shown once, to its owner
	Kinds        []string  `json:"kinds,omitempty"` // empty for all
	Created      time.Time `json:"created"`
	Disabled     bool      `json:"disabled,omitzero"` // nothing new is queued; what is queued goes to the dead letters
}

const secretPrefix = "whsec_"

// NewSecret makes a secret to sign with.
func NewSecret() string {
	b := make([]byte, newSecret)
	rand.Read(b) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// Wants reports whether notices of a kind are to be queued for the hook.
func (h *Hook) Wants(kind string) bool {
	return !h.Disabled && (len(h.Kinds) == 0 || kind == HookTest || slices.Contains(h.Kinds, kind))
}

// Validate refuses a hook that cannot be used. With allowPrivate, which is for
// tests and demonstrations, an address need not be public, and plain http will
// do on the loopback interface.
//
// A host name is not looked up here. What it stands for is checked whenever it
// is connected to.
func (h *Hook) Validate(allowPrivate bool) error {
	for _, f := range []struct{ name, value string }{{"id", h.ID}, {"organization", h.Organization}, {"url", h.URL}, {"secret", h.Secret}} {
		if f.value == "" {
			return label.Errorf(label.Invalid, label.ReasonMissing, f.name, "is missing")
		}
	}
	if err := validateURL(h.URL, allowPrivate); err != nil {
		return err
	}
	if err := validateSecret(h.Secret); err != nil {
		return err
	}
	if len(h.Kinds) > len(Kinds) {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "kinds", "lists more than the %d kinds there are; leave it empty for all", len(Kinds))
	}
	for i, kind := range h.Kinds {
		field := "kinds[" + strconv.Itoa(i) + "]"
		if err := validateKind(field, kind); err != nil {
			return err
		}
		if slices.Contains(h.Kinds[:i], kind) {
			return label.Errorf(label.Invalid, label.ReasonMalformed, field, "lists %s a second time", kind)
		}
	}
	return nil
}

func validateSecret(s string) error {
	encoded, ok := strings.CutPrefix(s, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) < MinSecret || len(key) > MaxSecret || strings.ContainsAny(encoded, "\r\n") {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "secret",
			"must be %s followed by %d to %d random bytes in base64", secretPrefix, MinSecret, MaxSecret)
	}
	return nil
}

func validateURL(raw string, allowPrivate bool) error {
	malformed := func(format string, args ...any) error {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "url", format, args...)
	}
	if len(raw) > label.MaxProse {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "url", "is longer than %d bytes", label.MaxProse)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return malformed("is not a URL with a host; write it as https://host/path")
	}
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	literal := err == nil
	loopback := host == "localhost" || literal && addr.Unmap().IsLoopback()
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && allowPrivate && loopback):
		return malformed("must begin with https://; notices are sent over TLS only")
	case u.User != nil:
		return malformed("must not hold a user name or password; check the signature to know the sender")
	case strings.Contains(raw, "#"):
		return malformed("must not have a fragment (#…), which is never sent; put it into the path or query")
	case strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }):
		return malformed("has a host with other than ASCII characters; write it in its ASCII form (xn--…)")
	case literal && !allowPrivate && public.SafeAddr(addr) != nil:
		return malformed("names the address %s, which is not a public one; use a host that the internet can reach", addr)
	}
	return validatePort(u, malformed)
}

// validatePort wants a web server's port: below 1024 are other services, which
// we do not want to be made to disturb.
func validatePort(u *url.URL, malformed func(string, ...any) error) error {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return malformed("has a colon without a port; leave it out or give a number")
		}
		return nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port < 1024 && port != 443 {
		return malformed("has port %.10s; use 443 or one from 1024 to 65535", text)
	}
	return nil
}
