package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/daemon"
	"labeld/internal/store"
)

func migrateCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "migrate --data DIR",
		Short: "Take a programme's database to the schema of this release",
		Long: `Take the database of a programme that is not being served from the schema of an
older release to that of this one, step by step, and check the result down to the last
signature. Needs the public keys only. Where the database has the schema of this
release already, nothing is done.

The work is done on a copy, in the directory "migrating" beside the database; it takes
up to twice the room of the database. When all is done and checked, the copy takes the
database's place, and the database as it was stays beside it, as
labeld.db.schema-NUMBER: it is a backup for the older release. Whatever interrupts a
migration leaves the database as it was: run the command again.`,
		Example: "  labeld migrate --data /var/lib/labeld",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			out, told := cmd.OutOrStdout(), &migrationProgress{w: cmd.ErrOrStderr()}
			from, to, err := daemon.Migrate(cmd.Context(), c, store.Watch{
				Problem: func(text string) { fmt.Fprintf(out, "problem: %s\n", text) },
				Part:    func(name string) { told.tell("checking "+name, 0, 0) },
				Note:    func(text string) { fmt.Fprintf(out, "note: %s\n", text) },
			}, told.tell)
			if err != nil {
				return err
			}
			if from == to {
				fmt.Fprintf(out, "ok: the database has schema version %d, which is that of this release\n", to)
				return nil
			}
			fmt.Fprintf(out, "ok: migrated from schema version %d to %d; the database as it was is %s\n", from, to, store.Kept(dir, from))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory of the programme")
	require(cmd, "data")
	return cmd
}

// A migrationProgress writes what a migration does: each thing when it begins, and every
// few seconds how much of it is done.
type migrationProgress struct {
	w    io.Writer
	what string
	last time.Time
}

func (p *migrationProgress) tell(what string, done, of int64) {
	switch now := time.Now(); {
	case what != p.what:
		p.what, p.last = what, now
		fmt.Fprintln(p.w, what)
	case now.Sub(p.last) >= progressEvery && of > 0:
		p.last = now
		fmt.Fprintf(p.w, "%s: %d of %d (%d%%)\n", what, done, of, 100*done/of)
	}
}
