package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

func auditCommand(s *session) *cobra.Command {
	c := auditCommands{s}
	return group("audit", "Read and verify the audit trail, which records who did what",
		`The audit trail records everything that someone did in the programme, or asked for in
vain: what, when, by which organization, person and key, and with what outcome.
Evidence is never in it.

Its entries are the leaves of a Merkle tree. The authority signs the root of the tree
and puts it into the public transparency log, at most once a minute. After that, an
entry can no longer be changed, removed or inserted without anyone noticing.

Operators can read all entries; labs and manufacturers can read those of their own
organization.`,
		`  labelctl audit list --kind label --subject K7QM4T2X9PWH
  labelctl audit show 4711
  labelctl audit export trail.jsonl
  labelctl audit verify trail.jsonl --trust labeld.json`,
		auditListCommand(c), auditShowCommand(c), auditExportCommand(c), auditVerifyCommand(c))
}

// auditCommands read the audit trail, and verify it.
type auditCommands struct{ *session }

func auditListCommand(c auditCommands) *cobra.Command {
	r := &labelv1.ListActsRequest{}
	var outcome, from, to string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List entries of the audit trail, newest first",
		Long: `List the newest entries of the audit trail. Every flag narrows the list. --kind takes
a whole kind, or its first words: "label" stands for label.revoke too. "labelctl audit
show" has the reason of a refusal.`,
		Example: "  labelctl audit list --outcome refused\n  labelctl audit list --organization aurora-lab --from 2026-11-01 --to 2026-11-30\n  labelctl audit list --kind label.revoke --limit 10",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if outcome != "" {
				n, ok := actOutcomes.number(label.ActOutcome(outcome))
				if !ok {
					return usagef("--outcome: %q is none of done, waits and refused", outcome)
				}
				r.Outcome = n
			}
			if from != "" {
				t, err := parseStart("from", from)
				if err != nil {
					return err
				}
				r.From = timestamppb.New(t)
			}
			if to != "" {
				t, err := parseTime("to", to)
				if err != nil {
					return err
				}
				r.To = timestamppb.New(t.Add(time.Second)) // all of the last second is meant
			}
			if limit < 1 {
				return usagef("--limit: must be 1 or more")
			}
			return c.list(cmd.Context(), r, limit)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Organization, "organization", "", "only entries of the organization with this `ID`")
	f.StringVar(&r.Person, "person", "", "only entries of this `person`")
	f.StringVar(&r.Key, "key-id", "", "only entries with the key of this `ID`")
	f.StringVar(&r.Kind, "kind", "", "only entries of this `kind`, such as label.revoke, or its first words")
	f.StringVar(&r.Subject, "subject", "", "only entries about this `ID or digest`, exactly as recorded")
	f.StringVar(&outcome, "outcome", "", "only entries with this `outcome`: done, waits or refused")
	f.StringVar(&from, "from", "", "only entries from this `date or time` on")
	f.StringVar(&to, "to", "", "only entries up to and including this `date or time`")
	f.IntVar(&limit, "limit", 100, "at most this many `entries`")
	complete(cmd, "outcome", actOutcomes.names()...)
	return cmd
}

func (c auditCommands) list(ctx context.Context, r *labelv1.ListActsRequest, limit int) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuditServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	out := &labelv1.ListActsResponse{}
	acts, err := listAll(func(token string) ([]*labelv1.Act, string, error) {
		r.PageToken, r.PageSize = token, int32(min(limit-len(out.GetActs()), label.MaxPage))
		page, err := api.ListActs(ctx, r)
		out.Acts = append(out.Acts, page.GetActs()...)
		next := page.GetNextPageToken()
		if len(out.GetActs()) >= limit {
			next = ""
		}
		return page.GetActs(), next, err
	})
	if err != nil {
		return err
	}
	return c.show(out, func(p *terminal.Page) { writeActs(p, acts) })
}

// writeActs lists entries, in columns that fit a terminal: the reason of a refusal is in
// the entry itself.
func writeActs(p *terminal.Page, acts []*labelv1.Act) {
	var rows [][]string
	for _, a := range acts {
		subject := a.GetSubject()
		if isDigest(subject) {
			subject = short(subject)
		}
		rows = append(rows, []string{
			strconv.FormatInt(a.GetNumber(), 10), a.GetAt().AsTime().UTC().Format("2006-01-02 15:04"), actorText(a), a.GetKind(), subject, actOutcomes.textOf(a.GetOutcome()),
		})
	}
	p.Table([]string{"NUMBER", "TIME UTC", "WHO", "WHAT", "ABOUT", "OUTCOME"}, rows)
}

// actorText says who acted.
func actorText(a *labelv1.Act) string {
	if a.GetPerson() == "" {
		return a.GetOrganization()
	}
	return a.GetPerson() + " of " + a.GetOrganization()
}

// outcomeText says what came of an act, and why.
func outcomeText(a *labelv1.Act) string {
	text := actOutcomes.textOf(a.GetOutcome())
	if a.GetReason() != "" {
		text += ": " + a.GetReason()
	}
	return text
}

func auditShowCommand(c auditCommands) *cobra.Command {
	var trust string
	cmd := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Show one entry of the audit trail",
		Long: `Show one entry of the audit trail. With --trust, the proof that the entry is in the
trail, and that the log has the root of the trail, is checked on this computer.`,
		Example: "  labelctl audit show 4711\n  labelctl audit show 4711 --trust labeld.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || number < 0 {
				return usagef("NUMBER: %q is not the number of an entry; \"labelctl audit list\" shows them", args[0])
			}
			return c.showAct(cmd.Context(), number, trust)
		},
	}
	cmd.Flags().StringVar(&trust, "trust", "", "`file` with the keys to trust")
	return cmd
}

func (c auditCommands) showAct(ctx context.Context, number int64, trustFile string) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuditServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	r, err := api.GetAct(ctx, &labelv1.GetActRequest{Number: number})
	if err != nil {
		return err
	}
	proof := "not checked; with --trust, it is"
	switch h := r.GetHead(); {
	case h == nil || number >= h.GetSize():
		proof = "not yet in the log; that takes a minute"
	case trustFile != "":
		if proof, err = c.prove(ctx, number, r, trustFile); err != nil {
			return err
		}
	}
	return c.show(r, func(p *terminal.Page) {
		a := r.GetAct()
		p.Pairs([2]string{"number:", strconv.FormatInt(a.GetNumber(), 10)}, [2]string{"time:", a.GetAt().AsTime().Format(time.RFC3339Nano)}, [2]string{"what:", a.GetKind()},
			[2]string{"organization:", a.GetOrganization()}, [2]string{"person:", a.GetPerson()}, [2]string{"key:", a.GetKey()}, [2]string{"about:", a.GetSubject()},
			[2]string{"request:", a.GetRequest()}, [2]string{"outcome:", outcomeText(a)}, [2]string{"text:", a.GetText()}, [2]string{"call:", a.GetRequestId()}, [2]string{"proof:", proof})
	})
}

// prove checks that an entry is in the audit trail, and that it says what the service
// shows of it.
func (c auditCommands) prove(ctx context.Context, number int64, r *labelv1.GetActResponse, trustFile string) (string, error) {
	trust, err := c.trust(ctx, trustFile, "")
	if err != nil {
		return "", err
	}
	h := r.GetHead()
	trail, err := trust.Trail(verify.NewTrailHead(h.GetBundle(), []byte(h.GetProof())), c.now())
	if err != nil {
		return "", &verdictError{"not proved", err}
	}
	var hashes []translog.Hash
	for _, b := range r.GetProof() {
		if len(b) != len(translog.Hash{}) {
			return "", &verdictError{"not proved", label.Errorf(label.Invalid, label.ReasonMalformed, "proof", "has a hash of %d bytes", len(b))}
		}
		hashes = append(hashes, translog.Hash(b))
	}
	e, err := trail.Proves(r.GetEntry(), hashes)
	if err == nil && e.Number != number {
		err = label.Errorf(label.Invalid, label.ReasonUnknownAct, "number", "the service answered with entry %d", e.Number)
	}
	if err != nil {
		return "", &verdictError{"not proved", err}
	}
	outcome, _ := actOutcomes.number(e.Outcome)
	said := &labelv1.Act{
		Number: e.Number, At: timestamppb.New(e.At), Kind: e.Kind, Organization: e.Actor.Organization, Person: e.Actor.Person, Key: e.Actor.Key,
		Subject: e.Subject, Outcome: outcome, Reason: e.Reason, Text: e.Text, RequestId: e.RequestID,
	}
	if !e.Request.IsZero() {
		said.Request = e.Request.String()
	}
	r.Act = said // what is shown is what was proved
	return fmt.Sprintf("among the %s whose root is log entry %d, as of %s", plural(int(min(trail.Head.Size, math.MaxInt32)), "entry", "entries"), trail.Index, instant(trail.At)), nil
}
