package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// seal signs a request for a change of the register, as of now.
func (c orgCommands) seal(ctx context.Context, conn *grpc.ClientConn, r *label.RegistryRequest) ([]byte, error) {
	r.Made = c.now().UTC().Truncate(time.Second)
	return c.signRequest(ctx, conn, r.About(), r.Subject(), label.TypeRegistryRequest, r)
}

// ask signs a request for a change of the register and sends it.
func (c orgCommands) ask(ctx context.Context, r *label.RegistryRequest) error {
	conn, err := c.caller(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	signed, err := c.seal(ctx, conn, r)
	if err != nil {
		return err
	}
	return c.send(ctx, conn, signed)
}

// send sends a signed request for a change of the register, and shows what it led to.
func (c orgCommands) send(ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
	r, err := labelv1.NewAuthorityServiceClient(conn).ChangeRegistry(ctx, &labelv1.ChangeRegistryRequest{Request: signed})
	switch {
	case err != nil:
		return err
	case r.GetWaiting() != nil:
		return c.showWaiting(ctx, conn, r, r.GetWaiting(), r.GetNotes())
	case r.GetKnown():
		c.note("the request had already been carried out")
	}
	return c.show(r, func(p *terminal.Page) { writeRegistryChange(p, r) })
}

// writeRegistryChange says how what a request was about stands after it.
func writeRegistryChange(p *terminal.Page, r *labelv1.ChangeRegistryResponse) {
	if o := r.GetOrganization(); o != nil {
		p.Line("organization %s (%s), %s: %s", o.GetId(), o.GetName(), rolesOf(o), cmp.Or(suspendedText(o), "enrolled"))
	}
	if h := r.GetPerson(); h != nil {
		p.Line("person %s of %s: %s", h.GetId(), h.GetOrganization(), personState(h))
	}
	if k := r.GetKey(); k != nil {
		p.Line("key %s (%s) of %s, held by %s, from %s: %s", k.GetId(), k.GetAlgorithm(), k.GetOrganization(), holderText(k), instant(k.GetFrom().AsTime()), keyState(k))
	}
	if a := r.GetAccreditation(); a != nil {
		p.Line("accreditation %s of %s: %s, categories %s, methods %s, from %s to %s (log entry %d)", a.GetNumber(), a.GetLab(),
			strings.Join(a.GetStandards(), ", "), strings.Join(a.GetCategories(), ", "), strings.Join(a.GetMethods(), ", "), a.GetFrom(), a.GetTo(), a.GetLogIndex())
	}
	writeNotes(p, r.GetNotes())
}

// suspendedText says since when an organization is suspended, and why; nothing of one that
// is not.
func suspendedText(o *labelv1.Organization) string {
	if o.GetSuspended() == nil {
		return ""
	}
	return "SUSPENDED since " + instant(o.GetSuspended().AsTime()) + ": " + o.GetSuspendedFor()
}

// keyState says whether a key is in use.
func keyState(k *labelv1.Key) string {
	state := "in use"
	if k.GetRevoked() != nil {
		state = "revoked " + instant(k.GetRevoked().AsTime()) + ": " + k.GetRevokedFor()
	}
	if k.GetCompromised() != nil {
		state += "; COMPROMISED since " + instant(k.GetCompromised().AsTime())
		if k.GetOwnersWord() {
			state += ", by the word of its owner only"
		}
	}
	return state
}

// personState says whether somebody acts for an organization.
func personState(h *labelv1.Person) string {
	if h.GetLeft() != nil {
		return "left " + instant(h.GetLeft().AsTime()) + ": " + h.GetLeftFor()
	}
	if h.GetMachine() {
		return "acts, as a machine, which agrees to nothing"
	}
	return "acts"
}

// addedBy says who added a person or a key. Those that the programme was made with were
// added by nobody.
func addedBy(a *labelv1.Actor) string {
	switch {
	case a.GetOrganization() == "":
		return "when the programme was made"
	case a.GetPerson() == "":
		return a.GetOrganization() + ", key " + short(a.GetKey())
	}
	return a.GetPerson() + " of " + a.GetOrganization()
}

func writePersons(p *terminal.Page, list []*labelv1.Person) {
	if len(list) == 0 {
		return
	}
	var rows [][]string
	for _, h := range list {
		rows = append(rows, []string{h.GetId(), h.GetName(), day(h.GetAdded()), addedBy(h.GetAddedBy()), personState(h)})
	}
	p.Line("")
	p.Table([]string{"PERSON", "NAME", "ADDED", "BY", "STATE"}, rows)
}

func writeKeys(p *terminal.Page, list []*labelv1.Key) {
	if len(list) == 0 {
		return
	}
	var rows [][]string
	for _, k := range list {
		rows = append(rows, []string{k.GetId(), k.GetAlgorithm(), holderText(k), day(k.GetFrom()), addedBy(k.GetAddedBy()), keyState(k)})
	}
	p.Line("")
	p.Table([]string{"KEY", "ALGORITHM", "PERSON", "FROM", "ADDED BY", "STATE"}, rows)
}

// registryCommand makes cmd ask for a change of the register, whose first argument is the
// organization.
func (c orgCommands) registryCommand(r *label.RegistryRequest, cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ExactArgs(len(argumentsOf(r.Act)))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for i, into := range argumentsOf(r.Act) {
			*into(r) = args[i]
		}
		return c.ask(cmd.Context(), r)
	}
	return cmd
}

// argumentsOf returns the members of a request that the arguments of its command are for.
func argumentsOf(act label.ActKind) []func(*label.RegistryRequest) *string {
	list := []func(*label.RegistryRequest) *string{func(r *label.RegistryRequest) *string { return &r.Organization }}
	if act == label.ActAddPerson || act == label.ActRemovePerson {
		list = append(list, func(r *label.RegistryRequest) *string { return &r.Person })
	}
	return list
}

// why adds the required flag --text.
func why(cmd *cobra.Command, r *label.RegistryRequest) *cobra.Command {
	cmd.Flags().StringVar(&r.Text, "text", "", "why, in plain words")
	require(cmd, "text")
	return cmd
}

func orgChangeCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActChangeOrg, Profile: &label.Profile{}}
	cmd := c.registryCommand(r, &cobra.Command{
		Use:   "change ID",
		Short: "Change what people are shown of an organization (operators only)",
		Long: `Change the name, the web page or the contact of an organization. What is not given
stays as it is. Labels that were issued keep the name that they were issued with.`,
		Example: `  labelctl org change northlight --name "Northlight Devices AG" --contact mailto:security@northlight.example`,
	})
	profileFlags(cmd, r.Profile)
	cmd.MarkFlagsOneRequired("name", "url", "contact")
	return cmd
}

func orgSuspendCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActSuspendOrg}
	return why(c.registryCommand(r, &cobra.Command{
		Use:   "suspend ID --text TEXT",
		Short: "Suspend an organization (operators only)",
		Long: `Suspend an organization: nothing counts that it signs from now on, and nothing is
issued to it, until "labelctl org resume". What counted before still counts, and its
labels are not changed.`,
		Example: `  labelctl org suspend northlight --text "It does not answer."`,
	}), r)
}

func orgResumeCommand(c orgCommands) *cobra.Command {
	return c.registryCommand(&label.RegistryRequest{Act: label.ActResumeOrg}, &cobra.Command{
		Use:     "resume ID",
		Short:   "End the suspension of an organization (operators only)",
		Long:    "End the suspension of an organization: what it signs counts again from now on.",
		Example: "  labelctl org resume northlight",
	})
}

func orgPersonCommand(c orgCommands) *cobra.Command {
	return group("person", "Add and remove the persons of an organization",
		`A person belongs to an organization and holds keys ("labelctl org key --person"). Where
an act takes several persons, persons count and not their keys. All keys that are of
nobody in particular count as one person's. An ID is one person's permanently.

Labs and manufacturers do this for themselves, and operators for all. A change among
the operators takes several persons.`,
		"  labelctl org person add aurora-lab alice --name \"Alice Archer\"\n  labelctl org person remove aurora-lab alice --text \"She left.\"",
		orgPersonAddCommand(c), orgPersonRemoveCommand(c))
}

func orgPersonAddCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActAddPerson}
	cmd := c.registryCommand(r, &cobra.Command{
		Use:   "add ID PERSON",
		Short: "Add a person to an organization",
		Long: `Add a person to an organization, under an identifier of lower-case letters, digits and
hyphens. The name is for people; a role or a pseudonym will do. --machine adds a
program, which can sign and agrees to nothing: it never counts as another person.`,
		Example: `  labelctl org person add aurora-lab alice --name "Alice Archer"
  labelctl org person add aurora-lab uploads --machine`,
	})
	cmd.Flags().StringVar(&r.Name, "name", "", "name as shown to people")
	cmd.Flags().BoolVar(&r.Machine, "machine", false, "it is a program")
	return cmd
}

func orgPersonRemoveCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActRemovePerson}
	return why(c.registryCommand(r, &cobra.Command{
		Use:   "remove ID PERSON --text TEXT",
		Short: "Remove a person from an organization",
		Long: `Remove a person from an organization, and revoke all keys of that person. What these
signed before still counts. You cannot undo this: add the person under another ID.`,
		Example: `  labelctl org person remove aurora-lab alice --text "She left the laboratory."`,
	}), r)
}

func orgKeyCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActAddKey}
	var pub, from string
	cmd := &cobra.Command{
		Use:   "key ID --pub FILE",
		Short: "Enrol a public key of an organization",
		Long: `Enrol a public key, the first or another one. What the key signs counts from now on.
--from sets an earlier start for a key that was in use before it was enrolled here.
--person names who holds it ("labelctl org person add"); a key that is enrolled already
and of nobody in particular can be given its holder in this way.

Labs and manufacturers do this for themselves, and operators for all. A key of an
operator takes several persons.`,
		Example: "  labelctl org key aurora-lab --pub lab-2027.pub --person alice\n  labelctl org key aurora-lab --pub lab.pub --from 2026-01-01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.Organization = args[0]
			if from != "" {
				if r.From, err = parseStart("from", from); err != nil {
					return err
				}
			}
			key, err := c.publicKey(pub)
			if err != nil {
				return err
			}
			r.PEM = key.PEM
			return c.ask(cmd.Context(), r)
		},
	}
	cmd.Flags().StringVar(&pub, "pub", "", "`file` with the public key")
	cmd.Flags().StringVar(&r.Person, "person", "", "`ID` of the person who holds it")
	cmd.Flags().StringVar(&from, "from", "", "`day or instant` from which on signatures count (default: now)")
	require(cmd, "pub")
	return cmd
}

func orgReplaceKeyCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActReplaceKey}
	var pub string
	cmd := &cobra.Command{
		Use:   "replace-key --pub FILE",
		Short: "Replace your own key by another",
		Long: `Replace the key in --key by another, which has the same owner and the same holder. The
old key signs the request, and is revoked at once. What it signed before still counts.
If a key is in the wrong hands, report that instead ("labelctl event key").`,
		Example: "  labelctl org replace-key --key lab.key --pub lab-2027.pub",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := c.publicKey(pub)
			if err != nil {
				return err
			}
			signer, err := c.signer(cmd.Context())
			if err != nil {
				return err
			}
			r.Key, r.PEM = signer.Public.ID, key.PEM
			return c.ask(cmd.Context(), r)
		},
	}
	cmd.Flags().StringVar(&pub, "pub", "", "`file` with the public key that takes its place")
	require(cmd, "pub")
	return cmd
}

func orgRevokeKeyCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActRevokeKey}
	return why(&cobra.Command{
		Use:   "revoke-key KEYID --text TEXT",
		Short: "Revoke a key",
		Long: `Revoke a key from now on. What it signed before stays valid. You cannot undo this:
enrol another key instead. "labelctl org show" lists key IDs.

Labs and manufacturers do this for themselves, and operators for all. Whoever holds a
key can always revoke it; that of another operator takes several persons.`,
		Example: "  labelctl org revoke-key 7c3f... --text \"the laptop was stolen\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := requireKeyID(args[0]); err != nil {
				return err
			}
			r.Key = args[0]
			return c.ask(cmd.Context(), r)
		},
	}, r)
}
