package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/terminal"
)

func actsCommand(s *session) *cobra.Command {
	c := actsCommands{s}
	return group("acts", "Show who may do what, and adopt another table of that",
		`The table of acts (acts.yaml in the programme data) says for each kind of act who may
ask for it, and how many persons have to agree.`,
		"  labelctl acts show\n  labelctl acts adopt acts.yaml --text \"Two organizations revoke.\"",
		actsShowCommand(c), actsAdoptCommand(c))
}

// actsCommands show and adopt the table of acts.
type actsCommands struct{ *session }

func actsShowCommand(c actsCommands) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the table of acts that is in force",
		Long: `Show the table of acts that is in force: for each kind of act which organizations may
ask for it, whether the request is signed, and how many persons have to agree, of how
many organizations. A kind that ends in .operator is the same act about an
organization that works for the authority, about its persons or their keys.`,
		Example: "  labelctl acts show",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.table(cmd.Context()) },
	}
}

// table shows the table of acts.
func (c actsCommands) table(ctx context.Context) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuthorityServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	r, err := api.GetActs(ctx, &labelv1.GetActsRequest{})
	if err != nil {
		return err
	}
	return c.show(r, func(p *terminal.Page) { writeActTable(p, r) })
}

func writeActTable(p *terminal.Page, r *labelv1.GetActsResponse) {
	var rows [][]string
	for _, a := range r.GetRules() {
		asked := "no"
		if a.GetSigned() {
			asked = "yes"
		}
		rows = append(rows, []string{a.GetKind(), rolesOf(a), asked, strconv.Itoa(int(a.GetPersons())), strconv.Itoa(int(a.GetOrganizations()))})
	}
	p.Table([]string{"ACT", "WHO MAY ASK", "SIGNED", "PERSONS", "ORGANIZATIONS"}, rows)
	p.Line("")
	p.Line("SHA-256 of the table: %s", r.GetSha256())
	if r.GetAlone() {
		p.Line("ONE PERSON decides alone for the authority: what changes who may act takes that person only, because nobody else has ever held an operator's key. To end that, enrol another:")
		p.Command("  ", "labelctl org person add AUTHORITY PERSON")
		p.Command("  ", "labelctl org key AUTHORITY --pub FILE --person PERSON")
	}
}

func actsAdoptCommand(c actsCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActAdoptActs}
	return why(&cobra.Command{
		Use:   "adopt FILE --text TEXT",
		Short: "Adopt another table of acts (operators only)",
		Long: `Sign that the table of acts in a file is to be in force. This takes as many persons as
the table in force asks for. The service goes on with its table until it is started
with the file in its programme data, and it starts with no other from then on. A file
with a mistake is refused here.`,
		Example: "  labelctl acts adopt acts.yaml --text \"Two organizations have to agree to a revocation.\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.Table, err = tableDigest(args[0]); err != nil {
				return err
			}
			return orgCommands(c).ask(cmd.Context(), r)
		},
	}, r)
}

// tableDigest returns the digest of a file with a table of acts, which must be right.
func tableDigest(path string) (label.Digest, error) {
	if _, err := os.Stat(path); err != nil {
		return label.Digest{}, pathError(err)
	}
	_, digest, err := scheme.ReadActs(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return label.Digest{}, &placeError{filepath.Dir(path), err}
	}
	return digest, nil
}
