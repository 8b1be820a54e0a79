package daemon

import (
	"errors"
	"log/slog"
	"time"

	"labeld/internal/authority"
	"labeld/internal/store"
)

// A Clock is what the database of a programme that is not being served says of
// the present.
type Clock struct {
	Present   time.Time
	Committed time.Time          // last commit
	Accepted  []store.Acceptance // by operators, oldest first
	Doubt     error              // why a service would not start; nil where it would
}

// ReadClock holds the present against the last commit of a programme.
func ReadClock(c *Config, now time.Time) (*Clock, error) {
	s, err := store.OpenReadOnly(c.dir)
	if err != nil {
		return nil, err
	}
	out := &Clock{Present: now.Round(0).UTC()}
	err = s.View(func(v *store.View) (err error) {
		out.Committed = v.Committed().UTC()
		out.Doubt = authority.CheckStart(out.Committed, out.Present)
		out.Accepted, err = v.Acceptances()
		return err
	})
	return out, errors.Join(err, s.Close())
}

// AcceptClock takes the present for right, by an operator's act: the next start
// goes on from it. It is refused while a service runs, which holds the database.
func AcceptClock(c *Config, now time.Time, log *slog.Logger) error {
	s, err := store.Open(c.dir)
	if err != nil {
		return err
	}
	if err = s.AcceptClock(now.Round(0)); err == nil {
		log.Warn("the present was accepted by an operator", "present", now.UTC().Format(time.RFC3339))
	}
	return errors.Join(err, s.Close())
}
