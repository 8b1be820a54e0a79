package daemon

import (
	"context"
	"errors"
	"time"

	"labeld/internal/label"
)

// Recover enrols a person of the authority, if that is a new one, and a public key of that
// person, for the case that too few persons with keys are left to agree to it. It is done
// in the open: the log says that it was done, and why. It is refused while a service runs,
// which holds the database.
func Recover(ctx context.Context, c *Config, o Options, org, person, pem, text string) (k *label.Key, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	d := &Daemon{log: o.Log, URL: c.URL, GRPC: c.GRPC}
	defer func() { err = errors.Join(err, d.release()) }()
	programme, err := c.programme()
	if err != nil {
		return nil, err
	}
	if err := d.openAuthority(ctx, c, o, programme); err != nil {
		return nil, err
	}
	return d.Authority.Recover(ctx, org, person, pem, text)
}
