package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func eventCommand(s *session) *cobra.Command {
	c := eventCommands{s}
	return group("event", "Report that something labels depend on has failed",
		`Operators report here that a lab lost all or part of its accreditation, that a key
was compromised, that a version of a scheme ends, that a statement is not reliable,
or that a lab and a manufacturer are related. Labs and manufacturers report that a key
of their own was compromised. The event takes effect at once, unless it takes another
person ("labelctl request"). The scheme says what happens to the labels that depend on
it: nothing, a review, a suspension, or an early expiry after a transition period.

Use --dry-run first: it lists the labels and changes nothing.`,
		`  labelctl event lab aurora-lab --number L-0042 --reason lab-suspended --text "Audit of 3 May." --dry-run
  labelctl event show 5f21...`,
		eventLabCommand(c), eventKeyCommand(c), eventSchemeCommand(c),
		eventStrikeCommand(c), eventWithdrawCommand(c), eventAffiliationCommand(c), eventGTINCommand(c), eventShowCommand(c), eventRetryCommand(c))
}

// eventCommands report events, and show what became of them.
type eventCommands struct{ *session }

// eventOptions are the event that a command reports and how it does.
type eventOptions struct {
	label.Event
	dry bool // only show what the event would do
}

func (r *eventOptions) flags(cmd *cobra.Command, reason string) {
	f := cmd.Flags()
	f.StringVar(&r.Reason, "reason", reason, "reason `code`")
	f.StringVar(&r.Text, "text", "", "what happened, in plain words; shown on every affected label")
	languageFlag(cmd, &r.Language)
	f.BoolVar(&r.dry, "dry-run", false, "list the affected labels, and change nothing")
	require(cmd, "text")
}

func eventLabCommand(c eventCommands) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: label.LabEvent}}
	cmd := &cobra.Command{
		Use:   "lab LAB --number NUMBER --text TEXT",
		Short: "A lab's accreditation is suspended, or loses categories",
		Long: `Suspend an accreditation of a lab, or remove categories from it with --category. You
cannot remove a category from the scope "*": record the accreditation again first,
with each category by its name.

While an accreditation is suspended, reports under it are not accepted and do not
count. Recording it again with "labelctl org accredit" ends the suspension. A label
whose expiry was brought forward by this event keeps that date until it is renewed.`,
		Example: `  labelctl event lab aurora-lab --number L-0042 --text "Suspended by the accreditation body after its audit of 3 May."
  labelctl event lab aurora-lab --number L-0042 --category toy --reason lab-scope-lost --text "No longer tests toys."`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Lab = args[0]
			return c.send(cmd.Context(), r)
		},
	}
	r.flags(cmd, "lab-suspended")
	cmd.Flags().StringVar(&r.Number, "number", "", "number of the accreditation")
	cmd.Flags().StringArrayVar(&r.Categories, "category", nil, "`ID` of a category that is lost; repeat for several")
	require(cmd, "number")
	return cmd
}

func eventKeyCommand(c eventCommands) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: label.KeyEvent}}
	var since string
	cmd := &cobra.Command{
		Use:   "key KEYID --since DAY|INSTANT --text TEXT",
		Short: "A key was compromised since some instant",
		Long: `Revoke a key. What was signed with it and received since that instant does not count.
You cannot undo this: the instant can only be set to an earlier one. Labs and
manufacturers report this of their own keys. What only the owner of a key says is
shown as the owner's word. One about an operator's key takes several persons.
"labelctl org show" lists key IDs.`,
		Example: `  labelctl event key 7c3f... --since 2026-05-01 --text "The lab's signing laptop was stolen."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.Since, err = parseStart("since", since); err != nil {
				return err
			}
			if err := requireKeyID(args[0]); err != nil {
				return err
			}
			r.Key = args[0]
			return c.send(cmd.Context(), r)
		},
	}
	r.flags(cmd, "key-compromised")
	cmd.Flags().StringVar(&since, "since", "", "`day or instant` since which the key may have been compromised")
	require(cmd, "since")
	return cmd
}

func eventSchemeCommand(c eventCommands) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: label.SchemeEvent}}
	cmd := &cobra.Command{
		Use:   "scheme ID --version VERSION --text TEXT",
		Short: "A version of a scheme ends",
		Long: `End a version of a scheme once another version is in force. Labels under it expire
after the transition period that the version itself sets.`,
		Example: `  labelctl event scheme four-level --version 2026.2 --text "Replaced by version 2027.1."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Scheme = args[0]
			return c.send(cmd.Context(), r)
		},
	}
	r.flags(cmd, "scheme-ended")
	cmd.Flags().StringVar(&r.Version, "version", "", "the version that ends")
	require(cmd, "version")
	return cmd
}

// statementArgument is how help says what STATEMENT is.
const statementArgument = `STATEMENT is its SHA-256, or with --device the beginning of it, as "labelctl
submissions --device" shows it.`

func eventStrikeCommand(c eventCommands) *cobra.Command {
	return c.aboutStatement(label.StatementEvent, "false-report", &cobra.Command{
		Use:   "strike STATEMENT --reason CODE --text TEXT",
		Short: "A report, declaration or ruling no longer counts",
		Long: `Strike one piece of evidence: a report, a declaration, or a ruling on an appeal. It
stays on record and no longer counts. Labels based on it are evaluated again at once.
You cannot undo this. If it was a mistake, the signer of a report or declaration
issues it again under another number; a ruling is not made again. Use --dry-run first,
which shows what happens to the labels.
The reason must fit: false-report for a report, false-declaration for a declaration;
nonconformity and authority-error fit all three.
` + statementArgument,
		Example: `  labelctl event strike 5f21c0de --device camera.yaml --reason false-report --text "The lab tested another model."`,
	})
}

func eventWithdrawCommand(c eventCommands) *cobra.Command {
	return c.aboutStatement(label.WithdrawalEvent, "report-withdrawn", &cobra.Command{
		Use:   "withdraw STATEMENT --text TEXT",
		Short: "A laboratory withdraws its own report",
		Long: `Withdraw a test report of your own laboratory. It stays on record and supports
nothing any more; labels based on it are evaluated again at once. What it found wrong
goes on counting: to take that back, correct the report (labelctl attest, with
corrects). You cannot undo a withdrawal. Use --dry-run first, which shows what happens
to the labels.
` + statementArgument,
		Example: `  labelctl event withdraw 5f21c0de --device camera.yaml --text "The samples were of another model."`,
	})
}

// aboutStatement completes the command that reports an event of a kind about one
// statement.
func (c eventCommands) aboutStatement(kind label.EventKind, reason string, cmd *cobra.Command) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: kind}}
	var device string
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if r.Statement, err = c.records().statement(cmd.Context(), args[0], device); err != nil {
			return err
		}
		return c.send(cmd.Context(), r)
	}
	r.flags(cmd, reason)
	cmd.Flags().StringVar(&device, "device", "", "device that the statement is about, to find it by the beginning of its SHA-256: `file` with the descriptor, or a digest")
	return cmd
}

func eventAffiliationCommand(c eventCommands) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: label.AffiliationEvent}}
	var ended string
	cmd := &cobra.Command{
		Use:   "affiliation LAB MANUFACTURER --text TEXT [--ended DATE]",
		Short: "A lab and a manufacturer are under common control",
		Long: `Record that a laboratory is not independent of a manufacturer: directly, or through
a parent company, which need not be enrolled (name the parent for both). The lab's
reports about that manufacturer's devices no longer count, and labels based on them
are evaluated again.

With --ended, record the last day of the affiliation: reports of tests that began
later count, and earlier ones do not. If the affiliation was recorded by mistake, use
a day before all tests and the reason authority-error. Correct a wrong day in the
same way: with the right day and that reason.`,
		Example: `  labelctl event affiliation aurora-lab northlight --text "Both belong to Aurora Holding since May."
  labelctl event affiliation aurora-lab northlight --ended 2027-03-31 --reason resolved --text "Aurora Holding sold the lab."`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Lab, r.Manufacturer = args[0], args[1]
			if ended != "" {
				r.Kind = label.SeparationEvent
				if !cmd.Flags().Changed("reason") {
					r.Reason = "resolved"
				}
				var err error
				if r.Ended, err = label.ParseDate(ended); err != nil {
					return usagef("--ended: %v", err)
				}
			}
			return c.send(cmd.Context(), r)
		},
	}
	r.flags(cmd, "lab-not-independent")
	cmd.Flags().StringVar(&ended, "ended", "", "last `day` of an affiliation that is over")
	return cmd
}

func eventGTINCommand(c eventCommands) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: label.GTINEvent}}
	cmd := &cobra.Command{
		Use:   "gtin GTIN --to MANUFACTURER --text TEXT",
		Short: "A trade item number belongs to another manufacturer",
		Long: `Move a disputed GTIN. Devices of other manufacturers that were registered with it no
longer have the number, and the manufacturer named can register its own.`,
		Example: `  labelctl event gtin 09522104000171 --to northlight --text "GS1 confirms the assignment."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.GTIN, err = label.ParseGTIN(args[0]); err != nil {
				return err
			}
			return c.send(cmd.Context(), r)
		},
	}
	r.flags(cmd, "authority-error")
	cmd.Flags().StringVar(&r.Manufacturer, "to", "", "`ID` of the manufacturer that has the number")
	require(cmd, "to")
	return cmd
}

// send signs an event and sends it, or shows with --dry-run what it would do.
func (c eventCommands) send(ctx context.Context, r *eventOptions) error {
	r.Made = c.now().UTC().Truncate(time.Second)
	r.Since = r.Since.UTC()
	api, conn, err := clientAs(ctx, c.session, labelv1.NewOversightServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	signed, err := c.signRequest(ctx, conn, r.Name(), r.Subject(), label.TypeEvent, &r.Event)
	if err != nil {
		return err
	}
	if r.dry {
		preview, err := api.PreviewEvent(ctx, &labelv1.PreviewEventRequest{Event: signed})
		if err != nil {
			return r.wayOut(err)
		}
		return c.show(preview, func(p *terminal.Page) { writePreview(p, preview) })
	}
	return r.wayOut(c.report(ctx, conn, signed))
}

// report sends a signed event and shows what it led to.
func (c eventCommands) report(ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
	api := labelv1.NewOversightServiceClient(conn)
	answer, err := api.ReportEvent(ctx, &labelv1.ReportEventRequest{Event: signed})
	switch {
	case err != nil:
		return err
	case answer.GetWaiting() != nil:
		return c.showWaiting(ctx, conn, answer, answer.GetWaiting(), nil)
	}
	return c.follow(ctx, api, answer.GetEvent())
}

// wayOut adds a hint to the refusal to take a category out of the scope "*": the scope
// must name its categories first.
func (r *eventOptions) wayOut(err error) error {
	if e, ok := errors.AsType[*serviceError](err); ok && e.reason == label.ReasonScopeCategory && len(r.Categories) > 0 {
		return hintf(err, "categories can be removed only from a scope that names them: if it is \"*\", record the accreditation again first, with the same number and a --category for each that \"labelctl scheme categories\" lists (\"labelctl org accredit %s --number %s ...\"), and then report what is lost", r.Lab, r.Number)
	}
	return err
}

// eventPoll is how often the service is asked how far it has come.
const eventPoll = 200 * time.Millisecond

// follow waits until the service has changed all labels that the event concerns.
func (c eventCommands) follow(ctx context.Context, api labelv1.OversightServiceClient, e *labelv1.Event) error {
	for e.GetDone() == nil {
		select {
		case <-ctx.Done():
			return hintf(context.Cause(ctx), "the event is recorded and the service continues on its own; \"labelctl event show %s\" shows the progress", e.GetId())
		case <-time.After(eventPoll):
		}
		r, err := api.GetEvent(ctx, &labelv1.GetEventRequest{Id: e.GetId()})
		if err != nil {
			return err
		}
		e = r.GetEvent()
	}
	return c.show(e, func(p *terminal.Page) { writeEvent(p, e) })
}

// eventOutcomes say what an event of a kind does to labels; %s stands for how many
// it has changed.
var eventOutcomes = map[label.EventKind]string{
	label.LabEvent:         "%s changed",
	label.KeyEvent:         "%s changed",
	label.SchemeEvent:      "%s changed",
	label.AdvisoryEvent:    "%s changed",
	label.HoldEvent:        "existing labels are not changed; no label is issued or renewed until \"labelctl hold end\"",
	label.ReleaseEvent:     "labels are not changed; they are issued and renewed again, unless a label holds the product (\"labelctl hold list\")",
	label.StatementEvent:   "%s changed for the reason of the event itself; labels based on the statement are evaluated again at once, and \"labelctl label history\" shows the result",
	label.WithdrawalEvent:  "labels based on the report are evaluated again at once, and \"labelctl label history\" shows the result",
	label.AffiliationEvent: "%s changed",
	label.SeparationEvent:  "%s changed",
	label.GTINEvent:        "labels are not changed; the number now belongs to another manufacturer's devices",
}

// eventOutcome says what an event has done to labels.
func eventOutcome(e *labelv1.Event) string {
	changed := plural(int(e.GetChanged()), "label", "labels")
	text, ok := eventOutcomes[label.EventKind(e.GetKind())]
	if !ok {
		return changed + " changed; the kind of the event is " + unknown(e.GetKind())
	}
	return strings.Replace(text, "%s", changed, 1)
}

func writeEvent(p *terminal.Page, e *labelv1.Event) {
	state := "going on"
	if e.GetDone() != nil {
		state = "done"
	}
	p.Pairs([2]string{"event", e.GetId()}, [2]string{"about", e.GetKind() + " " + e.GetAbout()}, [2]string{"reason", e.GetReason()},
		[2]string{"text", e.GetText()}, [2]string{"received", e.GetReceived().AsTime().Format(time.RFC3339)})
	p.Line("")
	for _, n := range e.GetNotes() {
		p.Line("note: %s", n)
	}
	p.Line("%s: %s", state, eventOutcome(e))
	if e.GetFailed() == 0 {
		return
	}
	p.Line("")
	p.Line("%s could not be changed; when the cause is removed: labelctl event retry %s", plural(int(e.GetFailed()), "label", "labels"), e.GetId())
	var rows [][]string
	for _, f := range e.GetFailures() {
		rows = append(rows, []string{label.ID(f.GetLabel()).Pretty(), f.GetAt().AsTime().Format(time.RFC3339), f.GetText()})
	}
	p.Table([]string{"LABEL", "AT", "WHY"}, rows)
}

func writePreview(p *terminal.Page, r *labelv1.PreviewEventResponse) {
	var rows [][]string
	for _, l := range r.GetLabels() {
		becomes := "not changed"
		if l.GetAction() != labelv1.LabelAction_LABEL_ACTION_UNSPECIFIED {
			becomes = actions.name(l.GetAction())
		}
		if l.GetLapses() != nil {
			becomes += " after " + lastDay(l.GetLapses().AsTime())
		}
		switch {
		case l.GetJudged() == "":
		case l.GetAction() == labelv1.LabelAction_LABEL_ACTION_UNSPECIFIED:
			becomes = "evaluated again at once: " + l.GetJudged()
		default:
			becomes += "; evaluated again at once: " + l.GetJudged()
		}
		if l.GetFailure() != "" {
			becomes = l.GetFailure()
		}
		rows = append(rows, []string{label.ID(l.GetLabel()).Pretty(), l.GetManufacturer(), becomes})
	}
	p.Table([]string{"LABEL", "MANUFACTURER", "BECOMES"}, rows)
	p.Line("")
	for _, n := range r.GetNotes() {
		p.Line("note: %s", n)
	}
	p.Line("%s affected; nothing was changed", plural(int(r.GetTotal()), "label", "labels"))
}

func eventShowCommand(c eventCommands) *cobra.Command {
	return c.idCommand(&cobra.Command{
		Use:   "show ID",
		Short: "Show an event and its effects so far",
		Long: `Show an event, how many labels were changed because of it, and which labels could not
be changed. ID is the whole ID, as it was printed when the event was reported and in
"labelctl label history" of a label that it changed.`,
		Example: "  labelctl event show 5f21...",
	}, func(ctx context.Context, api labelv1.OversightServiceClient, id string) error {
		r, err := api.GetEvent(ctx, &labelv1.GetEventRequest{Id: id})
		if err != nil {
			return err
		}
		return c.show(r.GetEvent(), func(p *terminal.Page) { writeEvent(p, r.GetEvent()) })
	})
}

func eventRetryCommand(c eventCommands) *cobra.Command {
	return c.idCommand(&cobra.Command{
		Use:   "retry ID",
		Short: "Retry the labels that an event could not change",
		Long: `Retry the labels that an event could not change. Labels that it has changed are not
changed again. ID is the whole ID, as for "labelctl event show".`,
		Example: "  labelctl event retry 5f21...",
	}, func(ctx context.Context, api labelv1.OversightServiceClient, id string) error {
		r, err := api.RetryEvent(ctx, &labelv1.RetryEventRequest{Id: id})
		if err != nil {
			return err
		}
		return c.follow(ctx, api, r.GetEvent())
	})
}

// idCommand makes cmd call do for the event whose ID is its argument.
func (c eventCommands) idCommand(cmd *cobra.Command, do func(ctx context.Context, api labelv1.OversightServiceClient, id string) error) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := requireWhole("ID", args[0], "the service has no list of events, but \"labelctl label history\" of a label that the event changed prints it whole"); err != nil {
			return err
		}
		api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewOversightServiceClient)
		if err != nil {
			return err
		}
		defer conn.Close()
		return do(cmd.Context(), api, args[0])
	}
	return cmd
}
