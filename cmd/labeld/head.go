package main

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"labeld/internal/daemon"
)

func headCommand() *cobra.Command {
	var dir string
	var accept bool
	cmd := &cobra.Command{
		Use:   "head --data DIR [--accept]",
		Short: "Hold a programme's log against the newest head that it served",
		Long: `Show how long the log of a programme is that is not being served, and how long it
was when its newest head was served, which is kept in a file of its own (log.head in
labeld.yaml). Where the database does not continue that head, it is an older copy,
or another branch, and the service is read-only.

With --accept the database is taken for the newest, whatever the file says, or where
there is none. Look for a newer copy first, and hold the database against a head that
others have ("labeld check --against"): everybody who has seen a head that it does not
continue will see that the log was forked. What is given up is said, and the file that
was there is kept.`,
		Example: "  labeld head --data /var/lib/labeld\n  labeld head --data /var/lib/labeld --accept",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if accept {
				before, err := daemon.ReadHead(cmd.Context(), c)
				if err != nil {
					return err
				}
				if err := daemon.AcceptHead(c, logger(cmd.ErrOrStderr(), slog.LevelInfo)); err != nil {
					return err
				}
				fmt.Fprintf(out, "given up: %s\n", cmp.Or(before.GivenUp(), "nothing, the database continued the head that was served last"))
			}
			state, err := daemon.ReadHead(cmd.Context(), c)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "database: %d entries, root %s\n", state.Log.N, state.Log.Hash)
			if state.Served.N > 0 {
				fmt.Fprintf(out, "served:   %d entries, root %s\n", state.Served.N, state.Served.Hash)
			}
			if state.Doubt != nil {
				return state.Doubt
			}
			fmt.Fprintln(out, "ok: the database continues the head that was served last")
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory of the programme")
	cmd.Flags().BoolVar(&accept, "accept", false, "take the database for the newest")
	require(cmd, "data")
	return cmd
}
