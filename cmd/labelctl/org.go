package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func orgCommand(s *session) *cobra.Command {
	c := orgCommands{s}
	return group("org", "Enrol organizations, their persons and keys",
		`The register says who may act for whom, with which keys, and what labs may test. Each
change of it is a request that you sign with --key. Operators enrol labs and
manufacturers and change what is on record of them. Labs and manufacturers add and
remove their own persons and keys, and show their own record.

What changes who acts for the authority takes several persons: the request waits until
another has signed it ("labelctl request"). "labelctl acts show" says what does.`,
		"  labelctl org list --role lab\n  labelctl org show aurora-lab\n  labelctl org person add aurora-lab alice --name \"Alice Archer\"",
		orgAddCommand(c), orgListCommand(c), orgShowCommand(c), orgChangeCommand(c), orgSuspendCommand(c), orgResumeCommand(c),
		orgPersonCommand(c), orgKeyCommand(c), orgReplaceKeyCommand(c), orgRevokeKeyCommand(c), orgAccreditCommand(c))
}

func parseRole(s string) (labelv1.Role, error) {
	r, ok := roles.number(label.Role(s))
	if !ok {
		return 0, usagef("--role: unknown role %q; choose one of %s", s, strings.Join(roles.names(), ", "))
	}
	return r, nil
}

// rolesOf writes the roles of an organization, or those that an act takes.
func rolesOf(o interface{ GetRoles() []labelv1.Role }) string {
	var names []string
	for _, r := range o.GetRoles() {
		names = append(names, roles.textOf(r))
	}
	return strings.Join(names, ", ")
}

// orgCommands keep the register of organizations, with their keys and accreditations.
type orgCommands struct{ *session }

func orgAddCommand(c orgCommands) *cobra.Command {
	r := &label.RegistryRequest{Act: label.ActEnrolOrg, Profile: &label.Profile{}}
	var roleFlags []string
	var pub, person string
	cmd := &cobra.Command{
		Use:   "add ID --name NAME --role ROLE",
		Short: "Enrol an organization (operators only)",
		Long: `Enrol an organization under an identifier of lower-case letters, digits and
hyphens. --pub also enrols its first key; without a key it can do nothing. --person
also adds the person who holds that key. Doing this again with the same values is no
error.

--affiliate names organizations under the same control, for which a lab must not
test.`,
		Example: `  labelctl org add aurora-lab --name "Aurora Test Laboratory" --role lab --pub lab.pub --person alice
  labelctl org add northlight --name "Northlight Devices" --role manufacturer --contact mailto:security@northlight.example`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Organization = args[0]
			for _, s := range roleFlags {
				if _, err := parseRole(s); err != nil {
					return err
				}
				r.Roles = append(r.Roles, label.Role(s))
			}
			return c.add(cmd.Context(), r, person, pub)
		},
	}
	f := cmd.Flags()
	profileFlags(cmd, r.Profile)
	f.StringArrayVar(&roleFlags, "role", nil, strings.Join(roles.names(), ", ")+"; repeat for several")
	f.StringArrayVar(&r.Affiliates, "affiliate", nil, "`ID` of an organization under the same control; repeat for several")
	f.StringVar(&pub, "pub", "", "`file` with a public key to enrol")
	f.StringVar(&person, "person", "", "`ID` of the person who holds the key, to add as well")
	require(cmd, "name", "role")
	complete(cmd, "role", roles.names()...)
	return cmd
}

// profileFlags adds the flags for what people are shown of an organization.
func profileFlags(cmd *cobra.Command, p *label.Profile) {
	f := cmd.Flags()
	f.StringVar(&p.Name, "name", "", "name as shown to people")
	f.StringVar(&p.URL, "url", "", "public web page, https")
	f.StringVar(&p.Contact, "contact", "", "mailto or https `URL`")
}

// add enrols an organization, and its first person and key where there are any.
func (c orgCommands) add(ctx context.Context, r *label.RegistryRequest, person, pub string) error {
	steps := []*label.RegistryRequest{r}
	if person != "" {
		steps = append(steps, &label.RegistryRequest{Act: label.ActAddPerson, Organization: r.Organization, Person: person})
	}
	if pub != "" {
		key, err := c.publicKey(pub) // a mistake in the file must show before anything is enrolled
		if err != nil {
			return err
		}
		steps = append(steps, &label.RegistryRequest{Act: label.ActAddKey, Organization: r.Organization, Person: person, PEM: key.PEM})
	}
	conn, err := c.caller(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	all := &labelv1.ChangeRegistryResponse{}
	for i, step := range steps {
		signed, err := c.seal(ctx, conn, step)
		if err != nil {
			return err
		}
		answer, err := labelv1.NewAuthorityServiceClient(conn).ChangeRegistry(ctx, &labelv1.ChangeRegistryRequest{Request: signed})
		if err != nil && i > 0 {
			return hintf(err, "%s is enrolled, its key is not; \"labelctl org key\" enrols a key", r.Organization)
		}
		if err != nil {
			return err
		}
		if answer.GetWaiting() != nil {
			return c.showWaiting(ctx, conn, answer, answer.GetWaiting(), answer.GetNotes(), left(steps[i+1:], pub)...)
		}
		proto.Merge(all, answer)
	}
	return c.show(all, func(p *terminal.Page) {
		p.Line("enrolled %s (%s) as %s", all.GetOrganization().GetId(), all.GetOrganization().GetName(), rolesOf(all.GetOrganization()))
		if person != "" {
			p.Line("person %s", all.GetPerson().GetId())
		}
		if k := all.GetKey(); k != nil {
			p.Line("key %s (%s)", k.GetId(), k.GetAlgorithm())
		}
		writeNotes(p, all.GetNotes())
	})
}

// left are the commands for steps that an approval must come before.
func left(steps []*label.RegistryRequest, pub string) (commands []string) {
	for _, r := range steps {
		switch r.Act {
		case label.ActAddPerson:
			commands = append(commands, "labelctl org person add "+r.Organization+" "+r.Person)
		case label.ActAddKey:
			command := "labelctl org key " + r.Organization + " --pub " + pub
			if r.Person != "" {
				command += " --person " + r.Person
			}
			commands = append(commands, command)
		}
	}
	return commands
}

func orgListCommand(c orgCommands) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List organizations",
		Long:    "List the enrolled organizations, all or those with a role.",
		Example: "  labelctl org list\n  labelctl org list --role lab --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			req := &labelv1.ListOrganizationsRequest{PageSize: pageSize}
			if role != "" {
				r, err := parseRole(role)
				if err != nil {
					return err
				}
				req.Role = r
			}
			return c.list(cmd.Context(), req)
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "only "+strings.Join(roles.names(), ", ")+"s")
	complete(cmd, "role", roles.names()...)
	return cmd
}

func (c orgCommands) list(ctx context.Context, req *labelv1.ListOrganizationsRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuthorityServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	organizations, err := listAll(func(token string) ([]*labelv1.Organization, string, error) {
		req.PageToken = token
		r, err := api.ListOrganizations(ctx, req)
		return r.GetOrganizations(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListOrganizationsResponse{Organizations: organizations}, func(p *terminal.Page) {
		var rows [][]string
		for _, o := range organizations {
			rows = append(rows, []string{o.GetId(), o.GetName(), rolesOf(o), day(o.GetEnrolled())})
		}
		p.Table([]string{"ID", "NAME", "ROLES", "ENROLLED"}, rows)
	})
}

func orgShowCommand(c orgCommands) *cobra.Command {
	history := false
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an organization with its persons and keys",
		Long: `Show what is on record for an organization: its persons, those who left too, its keys,
revoked ones too, and for a lab its accreditations as they stand now, with what
suspended or narrowed them. With --history also what was recorded of them before.`,
		Example: "  labelctl org show aurora-lab\n  labelctl org show aurora-lab --history",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.GetOrganization(cmd.Context(), &labelv1.GetOrganizationRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) { writeOrg(p, r, history, label.DateOf(c.now())) })
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "also what was recorded of its accreditations before")
	return cmd
}

func writeOrg(p *terminal.Page, r *labelv1.GetOrganizationResponse, history bool, today label.Date) {
	o := r.GetOrganization()
	var former []string
	for _, f := range o.GetFormerAffiliates() {
		former = append(former, f.GetId()+" (until "+f.GetUntil()+")")
	}
	p.Pairs([2]string{"id", o.GetId()}, [2]string{"name", o.GetName()}, [2]string{"roles", rolesOf(o)}, [2]string{"state", suspendedText(o)},
		[2]string{"url", o.GetUrl()}, [2]string{"contact", o.GetContact()},
		[2]string{"affiliates", strings.Join(o.GetAffiliates(), ", ")}, [2]string{"former affiliates", strings.Join(former, ", ")}, [2]string{"enrolled", day(o.GetEnrolled())})
	writePersons(p, r.GetPersons())
	writeKeys(p, r.GetKeys())
	all := r.GetAccreditations()
	if len(all) == 0 {
		return
	}
	now := slices.DeleteFunc(slices.Clone(all), (*labelv1.Accreditation).GetReplaced)
	p.Line("")
	writeAccreditations(p, now, func(a *labelv1.Accreditation) string { return accreditationState(a, all, today) })
	for _, a := range now {
		for _, text := range accreditationReasons(a, all) {
			p.Line("%s %s", a.GetNumber(), text)
		}
	}
	if history {
		p.Line("")
		p.Line("recorded before, and replaced:")
		writeAccreditations(p, slices.DeleteFunc(slices.Clone(all), func(a *labelv1.Accreditation) bool { return !a.GetReplaced() }),
			func(a *labelv1.Accreditation) string { return "recorded " + day(a.GetRecorded()) })
	}
}

func writeAccreditations(p *terminal.Page, list []*labelv1.Accreditation, state func(*labelv1.Accreditation) string) {
	var rows [][]string
	for _, a := range list {
		rows = append(rows, []string{a.GetNumber(), a.GetBody(), strings.Join(a.GetStandards(), ", "),
			strings.Join(a.GetCategories(), ", "), strings.Join(a.GetMethods(), ", "), a.GetFrom(), a.GetTo(), state(a)})
	}
	p.Table([]string{"ACCREDITATION", "BODY", "STANDARDS", "CATEGORIES", "METHODS", "FROM", "TO", "STATE"}, rows)
}

// accreditationState says in a few words how an accreditation stands.
func accreditationState(a *labelv1.Accreditation, all []*labelv1.Accreditation, today label.Date) string {
	switch from, to := a.GetFrom(), a.GetTo(); {
	case a.GetSuspended() != "":
		return "SUSPENDED since " + day(sinceWhen(a, all, (*labelv1.Accreditation).GetSuspended))
	case to < today.String():
		return "ended"
	case from > today.String():
		return "not yet in force"
	case a.GetNarrowed() != "":
		return "narrowed on " + day(sinceWhen(a, all, (*labelv1.Accreditation).GetNarrowed))
	}
	return "in force"
}

// accreditationReasons say why an accreditation covers less than it did.
func accreditationReasons(a *labelv1.Accreditation, all []*labelv1.Accreditation) (list []string) {
	if a.GetSuspended() != "" {
		list = append(list, "is suspended since "+day(sinceWhen(a, all, (*labelv1.Accreditation).GetSuspended))+": "+a.GetSuspended())
	}
	if a.GetNarrowed() != "" {
		list = append(list, "was narrowed on "+day(sinceWhen(a, all, (*labelv1.Accreditation).GetNarrowed))+": "+a.GetNarrowed())
	}
	if len(list) > 0 && a.GetEvent() != "" {
		list = append(list, "by event "+a.GetEvent())
	}
	return list
}

// sinceWhen returns when the first was recorded of the latest records of an accreditation
// that all say the same.
func sinceWhen(a *labelv1.Accreditation, all []*labelv1.Accreditation, says func(*labelv1.Accreditation) string) *timestamppb.Timestamp {
	since := a.GetRecorded()
	for _, b := range slices.Backward(all) {
		if b.GetNumber() != a.GetNumber() {
			continue
		}
		if says(b) != says(a) {
			break
		}
		since = b.GetRecorded()
	}
	return since
}

// day writes the day of an instant, in UTC.
func day(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return label.DateOf(t.AsTime()).String()
}

func orgAccreditCommand(c orgCommands) *cobra.Command {
	a := &label.Accreditation{}
	var methods []string
	var from, to string
	cmd := &cobra.Command{
		Use:   "accredit LAB --number NUMBER --body NAME --standard ID --category ID --method ID --from DATE --to DATE",
		Short: "Record what a lab may test (operators only)",
		Long: `Record an accreditation: which standards and device categories a lab may test, by
which methods of assessment, from which day to which (both included). The
authority signs it, and the transparency log records it. This takes several persons:
the request waits until another has signed it ("labelctl request approve").

Under a number that is on record this takes the place of what was recorded before,
and ends a suspension. The answer says what it takes away and gives back. What rests
on it is judged again: where less is covered, labels end after the time of grace that
their scheme gives, as if you had reported it ("labelctl event lab").

A label that was given such an end keeps it until it is renewed, also where the next
record gives back what was lost.

"labelctl scheme categories" lists the categories; "*" stands for all.`,
		Example: `  labelctl org accredit aurora-lab --number L-0042 --body "Example Accreditation Board" \
    --standard en303645 --category ip-camera --category hub \
    --method document-review --method functional-test --method binary-analysis --from 2026-01-01 --to 2028-12-31`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Lab.ID = args[0]
			for _, m := range methods {
				a.Methods = append(a.Methods, label.Method(m))
			}
			for _, f := range []struct {
				name, value string
				into        *label.Date
			}{{"from", from, &a.Interval.From}, {"to", to, &a.Interval.To}} {
				var err error
				if *f.into, err = label.ParseDate(f.value); err != nil {
					return usagef("--%s: %v", f.name, err)
				}
			}
			return c.ask(cmd.Context(), &label.RegistryRequest{Act: label.ActAccredit, Organization: a.Lab.ID, Accreditation: a.Scope()})
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Number, "number", "", "number given by the accreditation body")
	f.StringVar(&a.Body, "body", "", "`name` of the accreditation body")
	f.StringArrayVar(&a.Standards, "standard", nil, "`ID` of a standard; repeat for several")
	f.StringArrayVar(&a.Categories, "category", nil, "`ID` of a device category, or * for all; repeat for several")
	f.StringArrayVar(&methods, "method", nil, "`ID` of a method of assessment (labelctl scheme methods); repeat for several")
	f.StringVar(&from, "from", "", "first `day`, such as 2026-01-01")
	f.StringVar(&to, "to", "", "last `day`")
	require(cmd, "number", "body", "standard", "category", "method", "from", "to")
	return cmd
}
