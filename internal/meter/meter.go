package meter

import (
	"math"
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Unit is the work that one unit stands for, on one core.
const Unit = 100 * time.Microsecond

const (
	// PerClient is how many units a client may use a minute, and how many at once
	// after a pause: 300 calls of the API for retailers, or half a percent of a core.
	PerClient = 3000

	// PerOrganization is the same for an organization that proved who it is. It is
	// known, and answers for what it does.
	PerOrganization = 60_000

	// remembered bounds the clients that are remembered, some 200 bytes each. One
	// that is forgotten begins with a full allowance.
	remembered = 16384
)

// Who is a client: an address or a network, or an organization. The zero Who is
// everybody of whom nothing is known.
type Who struct {
	Net netip.Prefix
	Org string // that proved who it is; the address does not matter then
}

// An Allowance is what is left to a client.
type Allowance struct {
	OK   bool          // what was asked for is paid
	Left int           // units
	Wait time.Duration // until what was asked for, or one unit more, could be paid
}

// A Meter counts what each client uses. It is safe for concurrent use.
type Meter struct {
	clients *lru.Cache[Who, *rate.Limiter]
	each    allowance
	eachOrg allowance
}

type allowance struct {
	limit rate.Limit
	burst int
}

func perMinute(units int) allowance { return allowance{rate.Limit(float64(units) / 60), units} }

// New returns a meter that gives clients and organizations so many units a minute;
// the defaults where they are zero.
func New(perClient, perOrganization int) *Meter {
	if perClient == 0 {
		perClient = PerClient
	}
	if perOrganization == 0 {
		perOrganization = PerOrganization
	}
	return newMeter(perMinute(perClient), perMinute(perOrganization))
}

// NewEvery returns a meter that gives every client and organization one unit in so
// much time, and some at once.
func NewEvery(one time.Duration, burst int) *Meter {
	a := allowance{rate.Every(one), burst}
	return newMeter(a, a)
}

func newMeter(each, eachOrg allowance) *Meter {
	clients, err := lru.New[Who, *rate.Limiter](remembered)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return &Meter{clients: clients, each: each, eachOrg: eachOrg}
}

func (m *Meter) of(who Who) allowance {
	if who.Org != "" {
		return m.eachOrg
	}
	return m.each
}

// Burst returns how many units a client has at once after a pause, which are those of
// a minute but for [NewEvery].
func (m *Meter) Burst(who Who) int { return m.of(who).burst }

// Take takes a number of units from a client's allowance, all of them or none. What
// costs more than a minute's allowance costs that.
func (m *Meter) Take(who Who, units int, now time.Time) Allowance {
	each := m.of(who)
	mine, there := m.clients.Get(who)
	if !there {
		mine = rate.NewLimiter(each.limit, each.burst)
		if before, raced, _ := m.clients.PeekOrAdd(who, mine); raced {
			mine = before
		}
	}
	units = min(units, each.burst)
	a := Allowance{OK: mine.AllowN(now, units)}
	left := mine.TokensAt(now)
	short := float64(max(1, units)) - left
	if a.OK {
		short = 1 - left
	}
	a.Left = int(math.Max(0, left))
	a.Wait = time.Duration(math.Max(0, short) / float64(mine.Limit()) * float64(time.Second))
	return a
}
