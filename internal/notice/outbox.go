package notice

import (
	"errors"
	"net/http"
	"time"
)

// A Delivery is one notice on its way to one hook.
type Delivery struct {
	Seq    uint64    `json:"seq"` // the order of a hook's deliveries
	Hook   string    `json:"hook"`
	Notice Notice    `json:"notice"`
	Queued time.Time `json:"queued"` // when it was put into the queue, or put back into it

	Attempts   int       `json:"attempts,omitzero"` // that failed or succeeded, since Queued
	Next       time.Time `json:"next"`              // not tried before; as Queued at first
	LastError  string    `json:"last_error,omitempty"`
	LastStatus int       `json:"last_status,omitzero"` // HTTP status of the last answer; 0 if there was none
	Dead       bool      `json:"dead,omitzero"`        // among the dead letters
}

// Gone reports whether the endpoint said that it is gone for good.
func (d *Delivery) Gone() bool { return d.LastStatus == http.StatusGone }

// ErrNoHook is returned by [Outbox.Hook] for a hook that does not exist.
var ErrNoHook = errors.New("no such hook")

// An Outbox keeps deliveries until they are made. Its methods are called
// concurrently, for one hook never. What they return nil for is durable.
// After any error but [ErrNoHook] nothing more is sent for a while.
type Outbox interface {
	// Due returns deliveries to try now, at most limit and at most one per
	// hook: of each hook the one with the least Seq that is neither delivered
	// nor dead, if its Next is not after now. Those with the earliest Next come
	// first. A hook whose first delivery waits has none, which keeps the order.
	Due(now time.Time, limit int) ([]Delivery, error)

	// Hook returns a hook, or [ErrNoHook].
	Hook(id string) (*Hook, error)

	// Tried takes a delivery off the queue if it has no LastError, moves it to
	// the dead letters if it is Dead, and otherwise keeps it for d.Next. It does
	// nothing for a delivery that is no longer there, as when its hook was
	// removed meanwhile. A hook whose endpoint is Gone should be disabled.
	Tried(d Delivery) error
}
