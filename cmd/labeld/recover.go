package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/daemon"
	"labeld/internal/terminal"
)

func recoverCommand() *cobra.Command {
	var dir, org, person, pub, text string
	cmd := &cobra.Command{
		Use:   "recover --data DIR --organization ID --person ID --pub FILE --text TEXT",
		Short: "Enrol a key for an operator where too few persons are left",
		Long: `Enrol a person of the authority, if that is a new one, and a public key of that person,
without the persons who would have to agree. This is for the case that too few of them
have a key that they can use: enrolling another takes several persons, and nobody can
ask for it any more.

It is done on the machine of the service, while that is stopped, and in the open: the
transparency log says that it was done and why, and everybody can read that.`,
		Example: `  labeld recover --data /var/lib/labeld --organization example-authority --person carol \
    --pub carol.pub --text "The keys of both other operators were lost in the fire of 3 May."`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			pem, err := os.ReadFile(pub)
			if err != nil {
				return err
			}
			log := logger(cmd.ErrOrStderr(), slog.LevelInfo)
			k, err := daemon.Recover(cmd.Context(), c, daemon.Options{Passphrase: passphrase(cmd.ErrOrStderr(), false), Log: log}, org, person, string(pem), text)
			if err != nil {
				return err
			}
			log.Warn("a key of an operator was enrolled without those who would have to agree", "organization", org, "person", person, "key", k.ID)
			line := fmt.Sprintf("enrolled key %s (%s) of %s, %s, from %s; the log says that this was done, and why", k.ID, k.Algorithm, person, org, k.From.UTC().Format(time.RFC3339))
			_, err = fmt.Fprintln(cmd.OutOrStdout(), terminal.Wrapped(line, terminal.Width(cmd.OutOrStdout())))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "data", "", "directory of the programme")
	f.StringVar(&org, "organization", "", "identifier of an organization that works for the authority")
	f.StringVar(&person, "person", "", "identifier of the person who holds the key")
	f.StringVar(&pub, "pub", "", "file with the public key, PEM")
	f.StringVar(&text, "text", "", "why, in plain words; the log publishes it")
	require(cmd, "data", "organization", "person", "pub", "text")
	return cmd
}
