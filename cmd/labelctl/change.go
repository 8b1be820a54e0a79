package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/terminal"
)

// A change is a request to change a label, with the flags that it is made from.
type change struct {
	label.StatusRequest
	effective string // flag
	successor string // flag
	renew     bool   // a new label is to be issued, at the level of the old one unless --level names another
	noReason  bool   // a renewal without --reason
}

// changeCommands change labels after they were issued, by signed requests.
type changeCommands struct{ *session }

// changeCommand makes cmd ask for a change. The flags --reason and --text are required
// unless the change has a default for them.
func changeCommand(c changeCommands, ch *change, cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ch.noReason = ch.renew && !cmd.Flags().Changed("reason")
		if err := ch.complete(args[0], c.now()); err != nil {
			return err
		}
		return c.ask(cmd.Context(), ch)
	}
	f := cmd.Flags()
	f.StringVar(&ch.Reason, "reason", ch.Reason, "reason `code`")
	f.StringVar(&ch.Text, "text", ch.Text, "what happened, in plain words; the label's page says it")
	if ch.Reason == "" {
		require(cmd, "reason")
	}
	if ch.Text == "" {
		require(cmd, "text")
	}
	completeReasons(cmd, ch.Action)
	return cmd
}

// completeReasons has a shell complete --reason with the reasons for an action in the
// built-in programme data.
func completeReasons(cmd *cobra.Command, a label.Action) {
	err := cmd.RegisterFlagCompletionFunc("reason", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		p, err := programme("")
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var fit []cobra.Completion
		for _, code := range slices.Sorted(maps.Keys(p.Reasons)) {
			if r := p.Reasons[code]; slices.Contains(r.Actions, a) {
				fit = append(fit, cobra.CompletionWithDesc(code, r.Title))
			}
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // no such flag: a mistake in this program
	}
}

// effectiveFlag adds the flag --effective, by which a change is announced.
func (ch *change) effectiveFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&ch.effective, "effective", "", "`instant`, or day at whose beginning (UTC), it takes effect (default: at once)")
}

// complete parses the arguments and flags into the request, and checks the request as
// the service will.
func (ch *change) complete(name string, now time.Time) (err error) {
	if _, ch.Label, err = qr.ParsePayload(name); err != nil {
		return err
	}
	if ch.successor != "" {
		if _, ch.Successor, err = qr.ParsePayload(ch.successor); err != nil {
			return label.Within("by", err)
		}
	}
	if ch.effective != "" {
		if ch.Effective, err = parseStart("effective", ch.effective); err != nil {
			return err
		}
	}
	ch.Made = now.UTC().Truncate(time.Second)
	if ch.renew && ch.Level == 0 {
		return nil // it is checked when the level is known
	}
	return ch.Validate()
}

// ask signs a request about a label's device and sends it.
func (c changeCommands) ask(ctx context.Context, ch *change) error {
	conn, err := c.caller(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	known, device, err := labelAndDevice(ctx, conn, ch.Label)
	if err != nil {
		return err
	}
	if ch.renew && ch.Level == 0 {
		ch.Level = int(known.GetLevel())
		if err := ch.Validate(); err != nil {
			return err
		}
	}
	signed, err := c.signStatement(ctx, "device.json", device, label.TypeStatusRequest, &ch.StatusRequest)
	if err != nil {
		return err
	}
	if err = c.send(ctx, conn, signed); err == nil || !ch.noReason || ch.Level != int(known.GetLevel()) {
		return err
	}
	if e, ok := errors.AsType[*serviceError](c.decodeError(err)); ok && e.reason == label.ReasonNothingNew && e.field == "request.reason" {
		ch.Reason, ch.Text, ch.noReason = "reissued", "The label was issued anew.", false
		c.note("nothing was checked again, so that the reason for the new label is %q", ch.Reason)
		return c.ask(ctx, ch)
	}
	return err
}

// labelAndDevice returns what the service says of a label, and the digest of its
// device.
func labelAndDevice(ctx context.Context, conn *grpc.ClientConn, id label.ID) (*labelv1.LabelSummary, label.Digest, error) {
	r, err := labelv1.NewVerificationServiceClient(conn).Verify(ctx, byName(string(id)))
	if err != nil {
		return nil, label.Digest{}, err
	}
	if got := r.GetSummary().GetId(); got != string(id) {
		return nil, label.Digest{}, label.Errorf(label.Internal, label.ReasonInternal, "label", "the service answered with another label, %s", got)
	}
	return r.GetSummary(), label.DigestOf(r.GetDevice()), nil
}

// send sends a signed request and shows what it led to.
func (c changeCommands) send(ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
	api := labelv1.NewStatusServiceClient(conn)
	r, err := api.ChangeLabel(ctx, &labelv1.ChangeLabelRequest{Request: signed})
	if err != nil {
		return err
	}
	if r.GetKnown() {
		c.note("the request was carried out before")
	}
	if r.GetStatus() != nil {
		return c.show(r, func(p *terminal.Page) { writeChange(p, r) })
	}
	w, err := readWaiting(r.GetWaiting())
	if err != nil {
		return err
	}
	if err := c.show(r, func(p *terminal.Page) {
		writeWaiting(p, w)
		for _, n := range r.GetNotes() {
			p.Line("note: %s", n)
		}
	}); err != nil {
		return err
	}
	c.noteSimilar(ctx, api, w)
	return nil
}

func writeChange(p *terminal.Page, r *labelv1.ChangeLabelResponse) {
	s := r.GetStatus()
	st := statusOf(s)
	a := &standing{titles: map[string]string{st.Reason: s.GetTitle()}}
	p.Line("label %s: %s", st.Label.Pretty(), changeText(st))
	p.Pairs([2]string{"why:", a.why(st)}, [2]string{"effective:", instant(st.Effective)},
		[2]string{"number:", strconv.Itoa(st.Number)}, [2]string{"log entry:", strconv.FormatInt(s.GetLogIndex(), 10)})
	for _, n := range r.GetNotes() {
		p.Line("note: %s", n)
	}
	if r.GetSuccessor() != nil {
		p.Line("\nthe label that takes its place:")
		writeSummary(p, r.GetSuccessor())
	}
}

func labelSuspendCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Suspend}}, &cobra.Command{
		Use:   "suspend ID --reason CODE --text TEXT",
		Short: "Suspend a label, as an operator",
		Long: `Suspend a label: for the time being it does not count, from now on. It ends with
"labelctl label reinstate" or "labelctl label revoke". Meanwhile the label cannot
be renewed.`,
		Example: `  labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "Two buyers report a shared password."`,
	})
}

func labelReinstateCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Reinstate}}, &cobra.Command{
		Use:     "reinstate ID --reason CODE --text TEXT",
		Short:   "End the suspension of a label, as an operator",
		Long:    "End the suspension of a label, which counts again from now on.",
		Example: `  labelctl label reinstate K7QM-4T2X-9PWH --reason unfounded --text "The reports were of a counterfeit."`,
	})
}

func labelRevokeCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Revoke}}, &cobra.Command{
		Use:   "revoke ID --reason CODE --text TEXT",
		Short: "Take a label back for ever, as an operator",
		Long: `Take a label back. This is final: only a new label can follow.

Where the scheme asks for four eyes, the request waits for a second operator, who
signs the same one with a key of their own ("labelctl label approve"). To have the
label not count meanwhile, suspend it.`,
		Example: `  labelctl label revoke K7QM-4T2X-9PWH --reason nonconformity --text "All units have one password."`,
	})
}

func labelReviewCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Review}}, &cobra.Command{
		Use:     "review ID --reason CODE --text TEXT",
		Short:   "Say that a label is being looked into, as an operator",
		Long:    "Begin a review of a label, which counts meanwhile. \"labelctl label clear\" ends it.",
		Example: `  labelctl label review K7QM-4T2X-9PWH --reason lab-suspended --text "The lab's reports are being read again."`,
	})
}

func labelClearCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Clear}}, &cobra.Command{
		Use:     "clear ID --reason CODE --text TEXT",
		Short:   "End the review of a label without consequence, as an operator",
		Long:    "End the review of a label without consequence.",
		Example: `  labelctl label clear K7QM-4T2X-9PWH --reason resolved --text "Another lab came to the same results."`,
	})
}

func labelReleaseCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Release}}, &cobra.Command{
		Use:   "release ID --reason CODE --text TEXT",
		Short: "End the hold that a label left on its product, as an operator",
		Long: `End the hold on a product that a label which has ended left behind: one that was
revoked, or that expired or was withdrawn while it was suspended or under review.
The label itself stays as it is. From then on a label can be requested again.`,
		Example: `  labelctl label release K7QM-4T2X-9PWH --reason resolved --text "The product was changed, and the change was looked at."`,
	})
}

func labelWithdrawCommand(c changeCommands) *cobra.Command {
	ch := &change{StatusRequest: label.StatusRequest{Action: label.Withdraw}}
	cmd := changeCommand(c, ch, &cobra.Command{
		Use:   "withdraw ID --reason CODE --text TEXT",
		Short: "Give a label up for ever, as its manufacturer",
		Long: `Give a label up, at once or, if that is announced with --effective, later. This is
final: only a new label can follow, and an announcement cannot be taken back.`,
		Example: `  labelctl label withdraw K7QM-4T2X-9PWH --reason discontinued --text "No longer made." --effective 2027-01-01`,
	})
	ch.effectiveFlag(cmd)
	return cmd
}

func labelRenewCommand(c changeCommands) *cobra.Command {
	ch := &change{StatusRequest: label.StatusRequest{Action: label.Supersede, Reason: "renewed", Text: "The label was renewed."}, renew: true}
	cmd := changeCommand(c, ch, &cobra.Command{
		Use:   "renew ID",
		Short: "Have a new label issued in place of a label",
		Long: `Have the device of a label judged anew and, if the evidence supports the level, a
new label issued, which takes the place of the old one at once. For the label's
manufacturer, or an operator.

A renewal needs something new: a report or declaration that is newer than the
label, or another judgement. The level is that of the label; --level asks for
another. A lower one, and a higher one where nothing else is new, takes --reason
new-level. Without --reason people read that the product was checked again (renewed)
where a report or declaration is of a later day, and otherwise that the label was
issued anew on the evidence that there was (reissued). What is open about the label
(a review, advisories, an earlier end) goes over to the new one. A manufacturer
cannot renew while the product is on hold ("labelctl hold list"), and nobody while
another device of it is in a category of higher risk, until an operator has
registered the device ("labelctl evaluate" says so).`,
		Example: `  labelctl label renew K7QM-4T2X-9PWH
  labelctl label renew K7QM-4T2X-9PWH --level 2 --reason new-level --text "Sold without the outdoor housing."`,
	})
	cmd.Flags().IntVar(&ch.Level, "level", 0, "level of the new label (default: that of the label)")
	return cmd
}

func labelSupersedeCommand(c changeCommands) *cobra.Command {
	ch := &change{StatusRequest: label.StatusRequest{Action: label.Supersede}}
	cmd := changeCommand(c, ch, &cobra.Command{
		Use:   "supersede ID --by ID --reason CODE --text TEXT",
		Short: "Have a label's place taken by another that was issued",
		Long: `Have another active label of the same manufacturer and scheme take the place of a
label, at once or, if that is announced with --effective, later. For the label's
manufacturer, or an operator. A label for the same device is issued and takes its
place in one with "labelctl label renew".`,
		Example: `  labelctl label supersede K7QM-4T2X-9PWH --by 2F8R-VD3N-51XC --reason new-hardware --text "Hardware B replaces A."`,
	})
	cmd.Flags().StringVar(&ch.successor, "by", "", "`ID` of the label that takes its place")
	ch.effectiveFlag(cmd)
	require(cmd, "by")
	return cmd
}
