package web

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"labeld/internal/label"
)

const (
	// perMinute is how many calls of the API a client may make a minute, and how
	// many at once after a pause. A call may ask for a thousand products.
	perMinute = 300

	// limitedClients bounds the clients that are remembered, some 200 bytes
	// each. One that is forgotten begins with a full allowance.
	limitedClients = 16384
)

// reasonTooMany is the reason for too many calls.
const reasonTooMany label.Reason = "TOO_MANY_REQUESTS"

// A limiter bounds the calls of each client.
type limiter struct {
	clients *lru.Cache[netip.Prefix, *rate.Limiter]
	each    rate.Limit
	burst   int
	header  string // in which a proxy says who the client is; empty without one
}

func newLimiter(each rate.Limit, burst int, header string) (*limiter, error) {
	clients, err := lru.New[netip.Prefix, *rate.Limiter](limitedClients)
	return &limiter{clients: clients, each: each, burst: burst, header: header}, err
}

// client returns whom a request comes from: an IPv4 address, or an IPv6 network
// of the size that one customer has.
func (l *limiter) client(r *http.Request) netip.Prefix {
	text, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		text = r.RemoteAddr
	}
	if l.header != "" {
		text = "" // what our own proxy added comes last
		if list := r.Header.Values(l.header); len(list) > 0 {
			last := list[len(list)-1]
			text = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if addr = addr.Unmap(); addr.Is4() {
		bits = 32
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// take takes one call from a client's allowance. It returns how many are left
// and in how long the next is there.
func (l *limiter) take(r *http.Request, now time.Time) (ok bool, left int, wait time.Duration) {
	who := l.client(r)
	mine, there := l.clients.Get(who)
	if !there {
		mine = rate.NewLimiter(l.each, l.burst)
		if before, raced, _ := l.clients.PeekOrAdd(who, mine); raced {
			mine = before
		}
	}
	ok = mine.AllowN(now, 1)
	tokens := mine.TokensAt(now)
	wait = time.Duration((1 - math.Min(1, tokens)) / float64(l.each) * float64(time.Second))
	return ok, int(math.Max(0, tokens)), wait
}

// apiPolicy says the allowance in the form of draft-ietf-httpapi-ratelimit-headers.
var apiPolicy = []string{fmt.Sprintf(`"api";q=%d;w=60`, perMinute)}

// admit counts a call of the API, says in headers what is left, and refuses it
// where nothing is.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) bool {
	ok, left, wait := h.calls.take(r, time.Now())
	head := w.Header()
	head["Ratelimit-Policy"] = apiPolicy
	head["Ratelimit"] = []string{`"api";r=` + strconv.Itoa(left) + ";t=" + seconds(wait)}
	if ok {
		return true
	}
	head["Retry-After"] = []string{seconds(wait)}
	h.refuse(w, r, problem{status: http.StatusTooManyRequests, reason: reasonTooMany, text: fmt.Sprintf("at most %d calls a minute are answered; wait, or look up many products in one call", perMinute)}, forParsers)
	return false
}

// seconds writes a time to wait, in whole seconds.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
