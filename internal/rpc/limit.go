package rpc

import (
	"context"
	"math"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/meter"
)

// Limits say who calls, and what it may cost. Where they are nil, clients connect
// themselves, and have the usual allowances.
type Limits struct {
	Clients *meter.Clients
	Meter   *meter.Meter
}

// CallUnits and the others are what calls cost in units of package meter, beside what they list.
const (
	CallUnits    = 10 // most calls
	readUnits    = 5  // of what is public: schemes, plans, advisories
	packageUnits = 20 // verifying a package: signatures and proofs
	dateUnits    = 5  // a label as of an instant
	listedUnits  = 1  // so many items of a page
	listedStep   = 5
	missUnits    = 2 // what fails
)

// free are the services that say whether this one is there.
const free = "/grpc.health.v1.Health/"

// costOf returns what a call costs before it is known what comes of it. To verify a
// label that there is, by its ID, address or GTIN, costs nothing: it is answered out
// of memory, as its page is.
func costOf(method string, req any) int {
	if strings.HasPrefix(method, free) {
		return 0
	}
	units := CallUnits
	switch r := req.(type) {
	case *labelv1.VerifyRequest:
		units = 0
		if r.GetAt() != nil {
			units = dateUnits
		}
		if len(r.GetPackage()) > 0 {
			units += packageUnits
		}
	case *labelv1.ListSchemesRequest, *labelv1.GetSchemeRequest, *labelv1.GetPlanRequest, *labelv1.GetAdvisoryRequest:
		units = readUnits
	}
	if r, ok := req.(interface{ GetPageSize() int32 }); ok {
		size := int(r.GetPageSize())
		if size <= 0 {
			size = label.DefaultPage
		}
		units += listedUnits * min(size, label.MaxPage) / listedStep
	}
	return units
}

// from returns whom a call comes from, of whom nothing else is known.
func (in *interceptor) from(ctx context.Context) meter.Who {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return meter.Who{}
	}
	return in.Clients.Of(p.Addr.String(), func(name string) []string { return metadata.ValueFromIncomingContext(ctx, strings.ToLower(name)) })
}

// pay takes units from the allowance of an organization that proved who it is, or else
// of an address. Operators are counted nowhere: what they do against a label must not
// wait for anything.
func (in *interceptor) pay(ctx context.Context, c authority.Caller, units int) error {
	if units == 0 || c.Is(label.RoleOperator) {
		return nil
	}
	who := meter.Who{Org: c.Org}
	if c.Org == "" {
		who = in.from(ctx)
	}
	a := in.Meter.Take(who, units, time.Now())
	if a.OK {
		return nil
	}
	return label.Errorf(label.TooLarge, label.ReasonTooMany, "", "this caller has asked for more than is answered in a minute; call again in %d s", int(math.Ceil(a.Wait.Seconds())))
}

// failed reports whether a call came to nothing because of what was asked.
func failed(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.InvalidArgument, codes.Unauthenticated, codes.PermissionDenied:
		return true
	}
	return false
}
