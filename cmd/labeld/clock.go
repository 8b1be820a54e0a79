package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/daemon"
)

func clockCommand() *cobra.Command {
	var dir string
	var accept bool
	cmd := &cobra.Command{
		Use:   "clock --data DIR [--accept]",
		Short: "Hold the clock against a programme's last commit",
		Long: `Show when a programme that is not being served wrote last, what the clock says,
and whether the service would start at that time. It does not start where the
clock is before the last commit, or more than seven days after it: what it signs
at a wrong time cannot be taken back.

With --accept the clock is taken for right, whatever the last commit says. Look at
another clock first. That it was accepted is recorded in the database.`,
		Example: "  labeld clock --data /var/lib/labeld\n  labeld clock --data /var/lib/labeld --accept",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			now := time.Now()
			if accept {
				if err := daemon.AcceptClock(c, now, logger(cmd.ErrOrStderr(), slog.LevelInfo)); err != nil {
					return err
				}
			}
			state, err := daemon.ReadClock(c, now)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "last commit: %s\npresent:     %s\n", state.Committed.Format(time.RFC3339), state.Present.Format(time.RFC3339))
			for _, a := range state.Accepted {
				fmt.Fprintf(out, "accepted:    %s, when the last commit was of %s\n", a.Present.Format(time.RFC3339), a.Committed.Format(time.RFC3339))
			}
			if state.Doubt != nil {
				return state.Doubt
			}
			fmt.Fprintln(out, "ok: the service starts at this time")
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory of the programme")
	cmd.Flags().BoolVar(&accept, "accept", false, "take the clock for right")
	require(cmd, "data")
	return cmd
}
