package daemon

import (
	"context"
	"fmt"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// Migrate takes the database of a programme that is not being served from an older
// schema to that of this program, and checks the result as [Check] does before it takes
// the place of the database. See [store.Migrate].
func Migrate(ctx context.Context, c *Config, watch store.Watch, progress func(what string, done, of int64)) (from, to uint32, err error) {
	programme, err := c.programme()
	if err != nil {
		return 0, 0, err
	}
	trust, err := c.trust(ctx, c.URL, programme)
	if err != nil {
		return 0, 0, err
	}
	return store.Migrate(ctx, c.dir, store.Migration{
		Gist: func(st *store.Statement, key *label.Key, raw []byte) ([]byte, error) {
			return authority.GistOf(programme, st, key, raw)
		},
		Check: func(s *store.Store) error {
			problems, problem := 0, watch.Problem
			watch.Problem = func(text string) {
				problems++
				problem(text)
			}
			err := s.View(func(v *store.View) error { return checkConfigured(v, c, trust, programme) })
			if err == nil {
				err = authority.Check(ctx, s, trust, programme, watch)
			}
			if err == nil && problems > 0 {
				err = fmt.Errorf("it has %d problems", problems)
			}
			return err
		},
		Progress: progress,
	})
}
