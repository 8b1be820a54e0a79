package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func orgCommand(s *session) *cobra.Command {
	c := orgCommands{s}
	return group("org", "Enrol labs, manufacturers and operators, and their keys",
		`Operators manage the register of who may sign what. These commands are for operators
only, except that an organization can show its own record.`,
		"  labelctl org list --role lab\n  labelctl org show aurora-lab",
		orgAddCommand(c), orgListCommand(c), orgShowCommand(c), orgKeyCommand(c), orgRevokeKeyCommand(c), orgAccreditCommand(c))
}

func parseRole(s string) (labelv1.Role, error) {
	r, ok := roles.number(label.Role(s))
	if !ok {
		return 0, usagef("--role: unknown role %q; choose one of %s", s, strings.Join(roles.names(), ", "))
	}
	return r, nil
}

// rolesOf writes the roles of an organization.
func rolesOf(o *labelv1.Organization) string {
	var names []string
	for _, r := range o.GetRoles() {
		names = append(names, roles.textOf(r))
	}
	return strings.Join(names, ", ")
}

// orgCommands keep the register of organizations, with their keys and accreditations.
type orgCommands struct{ *session }

func orgAddCommand(c orgCommands) *cobra.Command {
	var o labelv1.Organization
	var roleFlags []string
	var pub string
	cmd := &cobra.Command{
		Use:   "add ID --name NAME --role ROLE",
		Short: "Enrol an organization",
		Long: `Enrol an organization under an identifier of lower-case letters, digits and
hyphens. --pub also enrols its first key; without a key it can do nothing. Doing
this again with the same values is no error.

--affiliate names organizations under the same control, for which a lab must not
test.`,
		Example: `  labelctl org add aurora-lab --name "Aurora Test Laboratory" --role lab --pub lab.pub
  labelctl org add northlight --name "Northlight Devices" --role manufacturer --contact mailto:security@northlight.example`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Id = args[0]
			for _, s := range roleFlags {
				r, err := parseRole(s)
				if err != nil {
					return err
				}
				o.Roles = append(o.Roles, r)
			}
			return c.add(cmd.Context(), &o, pub)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "name as shown to people")
	f.StringArrayVar(&roleFlags, "role", nil, strings.Join(roles.names(), ", ")+"; repeat for several")
	f.StringVar(&o.Url, "url", "", "public web page, https")
	f.StringVar(&o.Contact, "contact", "", "mailto or https `URL`")
	f.StringArrayVar(&o.Affiliates, "affiliate", nil, "`ID` of an organization under the same control; repeat for several")
	f.StringVar(&pub, "pub", "", "`file` with a public key to enrol")
	require(cmd, "name", "role")
	complete(cmd, "role", roles.names()...)
	return cmd
}

// add enrols an organization, and its first key where there is one.
func (c orgCommands) add(ctx context.Context, o *labelv1.Organization, pub string) error {
	var pem string
	if pub != "" {
		key, err := c.publicKey(pub) // a mistake in the file must show before anything is enrolled
		if err != nil {
			return err
		}
		pem = key.PEM
	}
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuthorityServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	made, err := api.CreateOrganization(ctx, &labelv1.CreateOrganizationRequest{Organization: o})
	if err != nil {
		return err
	}
	answer := &labelv1.GetOrganizationResponse{Organization: made.GetOrganization()}
	var notes []string
	if pem != "" {
		added, err := api.AddKey(ctx, &labelv1.AddKeyRequest{Organization: o.GetId(), Pem: pem})
		if err != nil {
			return hintf(err, "%s is enrolled, its key is not; \"labelctl org key\" enrols a key", o.GetId())
		}
		answer.Keys, notes = append(answer.Keys, added.GetKey()), added.GetNotes()
	}
	return c.show(answer, func(p *terminal.Page) {
		p.Line("enrolled %s (%s) as %s", o.GetId(), o.GetName(), rolesOf(o))
		for _, k := range answer.GetKeys() {
			p.Line("key %s (%s)", k.GetId(), k.GetAlgorithm())
		}
		for _, n := range append(made.GetNotes(), notes...) {
			p.Line("note: %s", n)
		}
	})
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
		Short: "Show an organization with its keys and accreditations",
		Long: `Show what is on record for an organization: its keys, revoked ones too, and for a
lab its accreditations as they stand now, with what suspended or narrowed them.
With --history also what was recorded of them before.`,
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
	p.Pairs([2]string{"id", o.GetId()}, [2]string{"name", o.GetName()}, [2]string{"roles", rolesOf(o)},
		[2]string{"url", o.GetUrl()}, [2]string{"contact", o.GetContact()},
		[2]string{"affiliates", strings.Join(o.GetAffiliates(), ", ")}, [2]string{"former affiliates", strings.Join(former, ", ")}, [2]string{"enrolled", day(o.GetEnrolled())})
	if len(r.GetKeys()) > 0 {
		var rows [][]string
		for _, k := range r.GetKeys() {
			state := "in use"
			if k.GetRevoked() != nil {
				state = "revoked " + k.GetRevoked().AsTime().UTC().Format(time.RFC3339) + ": " + k.GetRevokedFor()
			}
			rows = append(rows, []string{k.GetId(), k.GetAlgorithm(), day(k.GetFrom()), state})
		}
		p.Line("")
		p.Table([]string{"KEY", "ALGORITHM", "FROM", "STATE"}, rows)
	}
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

func orgKeyCommand(c orgCommands) *cobra.Command {
	var pub, from string
	cmd := &cobra.Command{
		Use:   "key ID --pub FILE",
		Short: "Enrol a public key of an organization",
		Long: `Enrol a public key, the first or another one. What the key signs counts from now on.
--from sets an earlier start for a key that was in use before it was enrolled here.`,
		Example: "  labelctl org key aurora-lab --pub lab-2027.pub\n  labelctl org key aurora-lab --pub lab.pub --from 2026-01-01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := &labelv1.AddKeyRequest{Organization: args[0]}
			if from != "" {
				t, err := parseStart("from", from)
				if err != nil {
					return err
				}
				req.From = timestamppb.New(t)
			}
			key, err := c.publicKey(pub)
			if err != nil {
				return err
			}
			req.Pem = key.PEM
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.AddKey(cmd.Context(), req)
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				k := r.GetKey()
				p.Line("enrolled key %s (%s) of %s, from %s", k.GetId(), k.GetAlgorithm(), k.GetOrganization(), k.GetFrom().AsTime().UTC().Format(time.RFC3339))
				for _, n := range r.GetNotes() {
					p.Line("note: %s", n)
				}
			})
		},
	}
	cmd.Flags().StringVar(&pub, "pub", "", "`file` with the public key")
	cmd.Flags().StringVar(&from, "from", "", "`day or instant` from which on signatures count (default: now)")
	require(cmd, "pub")
	return cmd
}

func orgRevokeKeyCommand(c orgCommands) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "revoke-key KEYID --reason TEXT",
		Short: "Revoke a key",
		Long: `Revoke a key from now on. What it signed before stays valid. You cannot undo this:
enrol another key instead. "labelctl org show" lists key IDs.`,
		Example: "  labelctl org revoke-key 7c3f... --reason \"the laptop was stolen\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := requireKeyID(args[0]); err != nil {
				return err
			}
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.RevokeKey(cmd.Context(), &labelv1.RevokeKeyRequest{Id: args[0], Reason: reason})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				k := r.GetKey()
				p.Line("revoked key %s of %s at %s: %s", k.GetId(), k.GetOrganization(), k.GetRevoked().AsTime().UTC().Format(time.RFC3339), k.GetRevokedFor())
				for _, n := range r.GetNotes() {
					p.Line("note: %s", n)
				}
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for people")
	require(cmd, "reason")
	return cmd
}

func orgAccreditCommand(c orgCommands) *cobra.Command {
	var a labelv1.Accreditation
	cmd := &cobra.Command{
		Use:   "accredit LAB --number NUMBER --body NAME --standard ID --category ID --method ID --from DATE --to DATE",
		Short: "Record what a lab may test",
		Long: `Record an accreditation: which standards and device categories a lab may test, by
which methods of assessment, from which day to which (both included). The
authority signs it, and the transparency log records it.

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
			a.Lab = args[0]
			for _, f := range []struct{ name, value string }{{"from", a.From}, {"to", a.To}} {
				if _, err := label.ParseDate(f.value); err != nil {
					return usagef("--%s: %v", f.name, err)
				}
			}
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.AddAccreditation(cmd.Context(), &labelv1.AddAccreditationRequest{Accreditation: &a})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				a := r.GetAccreditation()
				p.Line("accredited %s for %s, categories %s, methods %s, from %s to %s (log entry %d)", a.GetLab(),
					strings.Join(a.GetStandards(), ", "), strings.Join(a.GetCategories(), ", "), strings.Join(a.GetMethods(), ", "), a.GetFrom(), a.GetTo(), a.GetLogIndex())
				for _, n := range r.GetNotes() {
					p.Line("note: %s", n)
				}
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Number, "number", "", "number given by the accreditation body")
	f.StringVar(&a.Body, "body", "", "`name` of the accreditation body")
	f.StringArrayVar(&a.Standards, "standard", nil, "`ID` of a standard; repeat for several")
	f.StringArrayVar(&a.Categories, "category", nil, "`ID` of a device category, or * for all; repeat for several")
	f.StringArrayVar(&a.Methods, "method", nil, "`ID` of a method of assessment (labelctl scheme methods); repeat for several")
	f.StringVar(&a.From, "from", "", "first `day`, such as 2026-01-01")
	f.StringVar(&a.To, "to", "", "last `day`")
	require(cmd, "number", "body", "standard", "category", "method", "from", "to")
	return cmd
}
