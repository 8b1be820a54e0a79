package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// Config is what a [Deliverer] is made of.
type Config struct {
	Outbox       Outbox
	Source       string                            // the service's public URL, as the source of events
	AllowPrivate bool                              // see [Hook.Validate]; also lets the dialer connect to any address
	Workers      int                               // attempts under way at once; 0 for 16
	Timeout      time.Duration                     // of one attempt; 0 for 10 s
	Poll         time.Duration                     // how often the outbox is asked while nothing is under way; 0 for 1 s
	Clock        func() time.Time                  // the present; time.Now but in tests
	Jitter       func(time.Duration) time.Duration // a time between 0 and the given one; nil for a random one
	Log          *slog.Logger
}

// A Deliverer makes the deliveries of an outbox. An outbox has one at a time:
// two would each send everything.
type Deliverer struct {
	outbox       Outbox
	source       string
	allowPrivate bool
	workers      int
	timeout      time.Duration
	poll         time.Duration
	clock        func() time.Time
	jitter       func(time.Duration) time.Duration
	log          *slog.Logger

	transport *http.Transport
}

// New makes a deliverer. It does nothing before [Deliverer.Run].
func New(c Config) (*Deliverer, error) {
	u, err := url.Parse(c.Source)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("notices: the source %q is not a URL; give the service's public one, such as https://labels.example", c.Source)
	}
	d := &Deliverer{
		outbox: c.Outbox, source: c.Source, allowPrivate: c.AllowPrivate, workers: c.Workers,
		timeout: c.Timeout, poll: c.Poll, clock: c.Clock, jitter: c.Jitter, log: c.Log,
		transport: newTransport(c.AllowPrivate),
	}
	if d.workers <= 0 {
		d.workers = defaultWorkers
	}
	if d.timeout <= 0 {
		d.timeout = defaultTimeout
	}
	if d.poll <= 0 {
		d.poll = defaultPoll
	}
	if d.jitter == nil {
		d.jitter = rand.N[time.Duration]
	}
	return d, nil
}

// An attemptEnd is the end of an attempt.
type attemptEnd struct {
	hook string
	err  error // of the outbox
}

// Run delivers until ctx ends. Attempts under way are then cut, unless their
// answer came already, and made again by the next Run: receivers know the
// repetition by its ID. Run returns nil once they have ended.
func (d *Deliverer) Run(ctx context.Context) error {
	defer d.transport.CloseIdleConnections()
	tick := time.NewTicker(d.poll)
	defer tick.Stop()
	busy := map[string]bool{} // hooks with an attempt under way
	done := make(chan attemptEnd, d.workers)
	for {
		err := d.start(ctx, busy, done)
		if err == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
			case e := <-done:
				delete(busy, e.hook)
				err = e.err
			}
		}
		if err != nil {
			d.log.Error("outbox failed; notices wait", "pause", pause, "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
		if ctx.Err() != nil {
			for range busy {
				<-done
			}
			return nil
		}
	}
}

// start begins an attempt at what is due, as far as workers are free.
func (d *Deliverer) start(ctx context.Context, busy map[string]bool, done chan<- attemptEnd) error {
	if len(busy) == d.workers {
		return nil
	}
	// Deliveries under way are due too, but there are fewer than workers of
	// them, so the limit leaves one for each free worker.
	due, err := d.outbox.Due(d.clock(), d.workers)
	if err != nil {
		return err
	}
	for _, delivery := range due {
		if busy[delivery.Hook] {
			continue
		}
		if len(busy) == d.workers {
			break
		}
		busy[delivery.Hook] = true
		go func() { done <- attemptEnd{delivery.Hook, d.attempt(ctx, delivery)} }()
	}
	return nil
}

// attempt makes one attempt and records what came of it. It returns the
// outbox's error.
func (d *Deliverer) attempt(ctx context.Context, delivery Delivery) error {
	var o outcome
	hook, err := d.outbox.Hook(delivery.Hook)
	switch {
	case err == nil:
		o = d.send(ctx, hook, &delivery.Notice)
	case errors.Is(err, ErrNoHook):
		o = outcome{text: "the hook was removed", final: true}
	default:
		return err
	}
	if ctx.Err() != nil && o.detail != nil {
		return nil // cut by us
	}
	now := d.clock()
	delivery.Attempts++
	delivery.LastError, delivery.LastStatus = o.text, o.status
	log := d.log.With("notice", delivery.Notice.ID, "hook", delivery.Hook, "attempt", delivery.Attempts)
	switch {
	case o.text == "":
		log.Debug("notice delivered")
	case o.final || exhausted(&delivery, now):
		delivery.Dead = true
		log.Warn("notice given up", "reason", o.text, "err", o.detail)
	default:
		delivery.Next = now.Add(wait(delivery.Attempts, o.after, d.jitter))
		log.Info("notice not delivered", "reason", o.text, "err", o.detail, "next", delivery.Next)
	}
	return d.outbox.Tried(delivery)
}
