package authority

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/label"
	"labeld/internal/meter"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// Quotas bound what one organization may have this service keep and do, so that none
// can fill the disk for all. Operators have none, and can register a device or send a
// picture for a manufacturer who has used its quota up. A member that is zero has its
// default.
type Quotas struct {
	Devices     int // registered ones of a manufacturer
	Pictures    int // of its devices
	TestNotices int // an hour, to its webhooks
	DailyBytes  int // of all that it sends, a day, counted by the KiB
}

// The defaults: those of a manufacturer with more products than any has had labelled
// yet, whose pictures take 500 MB at most.
const (
	DefaultDevices     = 10_000
	DefaultPictures    = 2_000
	DefaultTestNotices = 20
	DefaultDailyBytes  = 256 << 20
)

func (q Quotas) filled() Quotas {
	for _, f := range []struct {
		value    *int
		standard int
	}{{&q.Devices, DefaultDevices}, {&q.Pictures, DefaultPictures}, {&q.TestNotices, DefaultTestNotices}, {&q.DailyBytes, DefaultDailyBytes}} {
		if *f.value == 0 {
			*f.value = f.standard
		}
	}
	return q
}

// Sizes that are counted where it is not known what something will take, in bytes.
const smallWrite = 4 << 10

// quotas are what organizations have used of theirs.
type quotas struct {
	Quotas
	tests *meter.Meter
	bytes *meter.Meter // in KiB

	refusals *meter.Meter // that are entered in the audit trail

	mu       sync.Mutex               // guards the counts
	missed   *lru.Cache[string, int]  // refusals that are not, since the last that is
	devices  *lru.Cache[string, *int] // by organization, counted when first needed
	pictures *lru.Cache[string, *int]
}

// countedOrgs bounds the organizations whose counts are remembered.
const countedOrgs = 4096

func newQuotas(q Quotas) (*quotas, error) {
	q = q.filled()
	out := &quotas{Quotas: q, tests: meter.NewEvery(time.Hour/time.Duration(q.TestNotices), q.TestNotices)}
	daily := max(1, q.DailyBytes>>10)
	out.bytes = meter.NewEvery(24*time.Hour/time.Duration(daily), daily)
	out.refusals = meter.NewEvery(24*time.Hour/refusalsADay, refusalsADay)
	var err error
	if out.missed, err = lru.New[string, int](countedOrgs); err != nil {
		return nil, err
	}
	if out.devices, err = lru.New[string, *int](countedOrgs); err != nil {
		return nil, err
	}
	out.pictures, err = lru.New[string, *int](countedOrgs)
	return out, err
}

// forget has everything counted anew, after a commit that may have been stored or not.
func (q *quotas) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.devices.Purge()
	q.pictures.Purge()
}

// count returns a count of an organization, counted by f if it is not known. What is
// committed while f counts may be missed, which makes the quota that much larger until
// the service is started again.
func (q *quotas) count(of *lru.Cache[string, *int], org string, f func() (int, error)) (*int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n, ok := of.Get(org); ok {
		return n, nil
	}
	n, err := f()
	if err == nil {
		of.Add(org, &n)
	}
	return &n, err
}

// use takes one of a quota. It is called in the writer's goroutine, for what is added
// to a batch.
func (q *quotas) use(n *int, most int, c Caller, field, org, what, way string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if *n >= most && !c.Is(label.RoleOperator) {
		return label.Errorf(label.TooLarge, label.ReasonQuota, field, "%s has %d %s, which is its quota; ask the authority, %s", org, *n, what, way)
	}
	*n++
	return nil
}

// useDevice takes one of a manufacturer's devices.
func (a *core) useDevice(v *store.View, c Caller, org string) error {
	n, err := a.quotas.count(a.quotas.devices, org, func() (int, error) { return v.CountDevices(org) })
	if err != nil {
		return err
	}
	return a.quotas.use(n, a.quotas.Devices, c, "device", org, "registered devices", "which can register this one, or raise the quota (limits.devices)")
}

// usePicture takes one of a manufacturer's pictures.
func (a *core) usePicture(v *store.View, c Caller, org string) error {
	n, err := a.countPictures(v, org)
	if err != nil {
		return err
	}
	return a.quotas.use(n, a.quotas.Pictures, c, "picture", org, "pictures", "which can send this one, or raise the quota (limits.pictures)")
}

// countPictures counts the pictures of a manufacturer's devices.
func (a *core) countPictures(v *store.View, org string) (*int, error) {
	return a.quotas.count(a.quotas.pictures, org, func() (n int, err error) {
		seen := map[label.Digest]bool{}
		err = a.past(v, "counting pictures").OrgDevices(org, nil, func(d *store.Device) bool {
			var desc label.Device
			if label.Decode(d.Descriptor, &desc) == nil && !desc.Picture.IsZero() && !seen[desc.Picture] && v.HasPicture(desc.Picture) {
				seen[desc.Picture] = true
				n++
			}
			return true
		})
		return n, err
	})
}

// useTest takes one of an organization's test notices.
func (a *core) useTest(org string, now time.Time) error {
	if left := a.quotas.tests.Take(meter.Who{Org: org}, 1, now); !left.OK {
		return label.Errorf(label.TooLarge, label.ReasonQuota, "hook", "%s has sent %d test notices within the hour, which is its quota; send the next in %v, or ask the authority to raise the quota (limits.test_notices)",
			org, a.quotas.TestNotices, left.Wait.Round(time.Second))
	}
	return nil
}

// intake admits what a caller sends that is to be kept: as long as it has not sent too
// much that day, and there is room for it on the disk.
func (a *core) intake(c Caller, size int) error {
	if c.Is(label.RoleOperator) {
		return nil
	}
	if err := a.spare(); err != nil {
		return err
	}
	if left := a.quotas.bytes.Take(meter.Who{Org: c.Org}, size>>10+1, a.clock()); !left.OK {
		return label.Errorf(label.TooLarge, label.ReasonQuota, "", "%s has sent more than %d MiB within a day, which is its quota; send this in %v, or ask the authority to raise the quota (limits.daily_mib)",
			c.Org, a.quotas.DailyBytes>>20, left.Wait.Round(time.Second))
	}
	return nil
}

// spare refuses what strangers send as long as there is less room on the disk than is
// kept for the authority itself: it must be able to suspend and to revoke labels, to
// revoke keys and to draw the consequences, however full others have made the disk.
// Operators are told that once, and read it at /readyz as long as it lasts.
func (a *core) spare() error {
	scarce := a.Taking()
	if scarce == nil {
		return nil
	}
	a.alarm("keeping the rest of the disk for the authority", "disk", scarce)
	return label.Errorf(label.Unavailable, label.ReasonDisk, "", "the disk is almost full, and what is left is kept for suspending and revoking labels; operators are told, send this later")
}

// Taking returns why nothing of strangers is taken, so that operators alone can write,
// and nil where it is.
func (a *core) Taking() error {
	if a.space == nil || a.reserve <= 0 {
		return nil
	}
	free, err := a.space()
	if err != nil {
		a.alarm("reading how much room is on the disk", "disk", err)
		return nil
	}
	if free >= a.reserve {
		return nil
	}
	return label.Errorf(label.Unavailable, label.ReasonDisk, "", "only operators can write: %d MiB of the disk are free, and %d are kept for suspending and revoking labels (limits.reserve_mib); make room", free>>20, a.reserve>>20)
}

// A DiskNews is the data of a notice that the disk is almost full.
type DiskNews struct {
	Text string `json:"text"`
}

// keepReserve tells operators when the reserve of the disk is reached, until ctx ends.
func (a *core) keepReserve(ctx context.Context) {
	tick := time.NewTicker(tryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.tellReserve(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("telling operators that the disk is almost full", "err", err)
		}
	}
}

// tellReserve tells operators when the reserve is reached: once until there is room
// again, and once a day however often that changes, since the notice takes of it.
func (a *core) tellReserve(ctx context.Context) error {
	scarce := a.Taking()
	if scarce == nil || a.reserved.Load() {
		a.reserved.Store(scarce != nil)
		return nil
	}
	var news DiskNews
	if e, ok := errors.AsType[*label.Error](scarce); ok {
		news.Text = e.Text
	}
	err := a.writer.do(ctx, []string{"reserve"}, func(_ *store.View, b *batch) error {
		return a.tellOperators(b, notice.DiskReserved, "disk-reserved-"+label.DateOf(b.At).String(), "disk", news)
	})
	a.reserved.Store(err == nil)
	return err
}

// refusalsADay bounds the refusals of one organization that are entered in the audit
// trail: who asks in vain a thousand times a day makes no trail that anybody can read.
const refusalsADay = 1000

// refuse reports whether a refusal is entered in the audit trail, and how many of the same
// organization before it were not.
func (q *quotas) refuse(org string, now time.Time) (missed int, enter bool) {
	enter = q.refusals.Take(meter.Who{Org: org}, 1, now).OK
	q.mu.Lock()
	defer q.mu.Unlock()
	missed, _ = q.missed.Get(org)
	if enter {
		q.missed.Remove(org)
	} else {
		q.missed.Add(org, missed+1)
	}
	return missed, enter
}
