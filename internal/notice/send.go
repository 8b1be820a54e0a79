package notice

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	contentType = "application/cloudevents+json; charset=utf-8"
	userAgent   = "labeld-notice/1"
)

// An outcome is what came of one attempt.
type outcome struct {
	text   string        // why it failed, for the hook's owner; empty if it did not
	detail error         // the same for the operator, if there is more to say
	status int           // of the answer; 0 if there was none
	after  time.Duration // the wait that the answer asks for
	final  bool          // trying again is of no use
}

// send makes one attempt.
func (d *Deliverer) send(ctx context.Context, h *Hook, n *Notice) outcome {
	if h.Disabled {
		return outcome{text: "the hook is disabled; enable it, then have the notice sent again", final: true}
	}
	if err := n.Validate(); err != nil {
		return outcome{text: "the notice cannot be sent: " + err.Error(), final: true}
	}
	if err := h.Validate(d.allowPrivate); err != nil {
		return outcome{text: "the hook cannot be used: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	request, err := d.request(ctx, h, n)
	if err != nil {
		return outcome{text: "the request could not be made", detail: err}
	}
	// The transport rather than a client: it follows no redirect, keeps no
	// cookie and puts no URL into its errors.
	answer, err := d.transport.RoundTrip(request)
	if err != nil {
		return outcome{text: d.explain(err), detail: err}
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, maxAnswer) // a connection is used again only when read to the end
	return judge(answer, d.clock())
}

// request renders and signs a notice.
func (d *Deliverer) request(ctx context.Context, h *Hook, n *Notice) (*http.Request, error) {
	body, err := n.event(d.source)
	if err != nil {
		return nil, err
	}
	signer, err := standardwebhooks.NewWebhook(h.Secret)
	if err != nil {
		return nil, err
	}
	now := d.clock()
	signature, err := signer.Sign(n.ID, now, body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, n.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return request, nil
}

// judge says what an answer means.
func judge(answer *http.Response, now time.Time) outcome {
	code := answer.StatusCode
	o := outcome{status: code, after: retryAfter(answer, now)}
	said := strings.TrimSpace(fmt.Sprintf("the endpoint answered %d %s", code, http.StatusText(code)))
	switch {
	case code >= 200 && code < 300:
	case code >= 300 && code < 400:
		o.text = said + "; redirects are not followed, so register the address it leads to"
	case code == http.StatusGone:
		o.text, o.final = said+", which means for good; once it takes notices again, have this one sent again", true
	default:
		o.text = said + "; it must answer with a status from 200 to 299"
	}
	return o
}

// explain says why there was no answer, in words for the hook's owner. Errors
// of the network tell of our own addresses and name servers, so their text goes
// to the log only.
func (d *Deliverer) explain(err error) string {
	if errors.Is(err, ssrf.ErrProhibitedIP) {
		return "the host stands for an address that is not public; use a host that the internet can reach"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return fmt.Sprintf("there was no answer within %s; answer first and do the work afterwards", d.timeout)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return "the host name does not exist; check the URL"
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the endpoint's certificate is not valid: " + e.Err.Error()
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return "the connection failed: " + e.Error()
	}
	return "the endpoint could not be reached, or did not answer as HTTP asks; check the URL and its TLS set-up"
}
