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
	f.StringVar(&ch.Text, "text", ch.Text, "what happened, in plain words; shown on the label's page")
	languageFlag(cmd, &ch.Language)
	if ch.Reason == "" {
		require(cmd, "reason")
	}
	if ch.Text == "" {
		require(cmd, "text")
	}
	completeReasons(cmd, ch.Action)
	return cmd
}

// languageFlag adds the flag that says in which language a text is.
func languageFlag(cmd *cobra.Command, tag *string) {
	cmd.Flags().StringVar(tag, "language", "", "`tag` of the language of --text, such as de (default: en)")
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
	cmd.Flags().StringVar(&ch.effective, "effective", "", "`date or time` (UTC) at which it takes effect, a date from its beginning (default: at once)")
}

// complete parses the arguments and flags into the request.
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
	return nil
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
	}
	signed, err := c.signRequest(ctx, conn, "device.json", device, label.TypeStatusRequest, &ch.StatusRequest)
	if err != nil {
		return err
	}
	if err = c.send(ctx, conn, signed); err == nil || !ch.noReason || ch.Level != int(known.GetLevel()) {
		return err
	}
	if e, ok := errors.AsType[*serviceError](c.decodeError(err)); ok && e.reason == label.ReasonNothingNew && e.field == "request.reason" {
		ch.Reason, ch.Text, ch.noReason = "reissued", "The label was issued anew.", false
		c.note("nothing new was checked, so the reason for the new label is %q", ch.Reason)
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
	r, err := labelv1.NewStatusServiceClient(conn).ChangeLabel(ctx, &labelv1.ChangeLabelRequest{Request: signed})
	if err != nil {
		return err
	}
	if r.GetKnown() {
		c.note("the request had already been carried out")
	}
	if r.GetStatus() != nil {
		return c.show(r, func(p *terminal.Page) { writeChange(p, r) })
	}
	return c.showWaiting(ctx, conn, r, r.GetWaiting(), r.GetNotes())
}

func writeChange(p *terminal.Page, r *labelv1.ChangeLabelResponse) {
	s := r.GetStatus()
	st := statusOf(s)
	a := &standing{titles: map[string]string{st.Reason: s.GetTitle()}}
	p.Line("label %s: %s", st.Label.Pretty(), changeText(st))
	p.Pairs([2]string{"why:", a.why(st)}, [2]string{"effective:", instant(st.Effective)},
		[2]string{"number:", strconv.Itoa(st.Number)}, [2]string{"log entry:", strconv.FormatInt(s.GetLogIndex(), 10)})
	writeNotes(p, r.GetNotes())
	if r.GetSuccessor() != nil {
		p.Line("\nthe label that replaces it:")
		writeSummary(p, r.GetSuccessor())
	}
}

func labelSuspendCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Suspend}}, &cobra.Command{
		Use:   "suspend ID --reason CODE --text TEXT",
		Short: "Suspend a label (operators only)",
		Long: `Suspend a label: it is not valid from now until "labelctl label reinstate" ends the
suspension, or "labelctl label revoke" the label. Meanwhile the label cannot be
renewed.`,
		Example: `  labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "Two buyers report a shared password."`,
	})
}

func labelReinstateCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Reinstate}}, &cobra.Command{
		Use:     "reinstate ID --reason CODE --text TEXT",
		Short:   "Reinstate a suspended label (operators only)",
		Long:    "End the suspension of a label, which is valid again from now on.",
		Example: `  labelctl label reinstate K7QM-4T2X-9PWH --reason unfounded --text "The reports were of a counterfeit."`,
	})
}

func labelRevokeCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Revoke}}, &cobra.Command{
		Use:   "revoke ID --reason CODE --text TEXT",
		Short: "Revoke a label permanently (operators only)",
		Long: `Revoke a label. This is permanent: only a new label can follow.

If this takes several persons ("labelctl acts show"), the request waits for another
person, who signs the same request with a key of their own ("labelctl request
approve"). Suspend the label if it must not be valid meanwhile.`,
		Example: `  labelctl label revoke K7QM-4T2X-9PWH --reason nonconformity --text "All units have one password."`,
	})
}

func labelReviewCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Review}}, &cobra.Command{
		Use:     "review ID --reason CODE --text TEXT",
		Short:   "Start a review of a label (operators only)",
		Long:    "Start a review of a label, which is still valid meanwhile. \"labelctl label clear\" ends it.",
		Example: `  labelctl label review K7QM-4T2X-9PWH --reason lab-suspended --text "The lab's reports are being read again."`,
	})
}

func labelClearCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Clear}}, &cobra.Command{
		Use:     "clear ID --reason CODE --text TEXT",
		Short:   "End a review without changing the label (operators only)",
		Long:    "End the review of a label without changing the label.",
		Example: `  labelctl label clear K7QM-4T2X-9PWH --reason resolved --text "Another lab came to the same results."`,
	})
}

func labelReleaseCommand(c changeCommands) *cobra.Command {
	return changeCommand(c, &change{StatusRequest: label.StatusRequest{Action: label.Release}}, &cobra.Command{
		Use:   "release ID --reason CODE --text TEXT",
		Short: "End the hold that a label left on its product (operators only)",
		Long: `End the hold that an ended label left on its product: a label that was revoked, or that
expired or was withdrawn while it was suspended or under review. The label itself is
not changed. After that, a label for the product can be requested again.`,
		Example: `  labelctl label release K7QM-4T2X-9PWH --reason resolved --text "The product was changed, and the change was looked at."`,
	})
}

func labelWithdrawCommand(c changeCommands) *cobra.Command {
	ch := &change{StatusRequest: label.StatusRequest{Action: label.Withdraw}}
	cmd := changeCommand(c, ch, &cobra.Command{
		Use:   "withdraw ID --reason CODE --text TEXT",
		Short: "Withdraw your label permanently (manufacturers only)",
		Long: `Withdraw a label at once, or later if you announce it with --effective. This is
permanent: only a new label can follow, and you cannot cancel an announcement.`,
		Example: `  labelctl label withdraw K7QM-4T2X-9PWH --reason discontinued --text "No longer made." --effective 2027-01-01`,
	})
	ch.effectiveFlag(cmd)
	return cmd
}

func labelRenewCommand(c changeCommands) *cobra.Command {
	ch := &change{StatusRequest: label.StatusRequest{Action: label.Supersede, Reason: "renewed", Text: "The label was renewed."}, renew: true}
	cmd := changeCommand(c, ch, &cobra.Command{
		Use:   "renew ID",
		Short: "Issue a new label to replace an existing one",
		Long: `Evaluate the device of a label again and, if the evidence supports the level, issue a
new label, which replaces the old one at once. For the label's manufacturer, or an
operator.

A renewal needs something new: a report or declaration that is newer than the label,
or another result. The level is that of the label; --level asks for another. A lower
level needs --reason new-level, and so does a higher one if nothing else is new.
Without --reason, the reason is "renewed" (the product was checked again) if a report
or declaration is from a later day, and otherwise "reissued" (on the same evidence).
Whatever is open about the label (a review, advisories, an early expiry) is carried
over to the new one. A manufacturer cannot renew while the product is on hold
("labelctl hold list"). Nobody can renew while another device of the product is in a
category of higher risk, until an operator has registered the device ("labelctl
evaluate" says so).`,
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
		Short: "Replace a label with another issued label",
		Long: `Replace a label with another active label of the same manufacturer and scheme, at once
or later if you announce it with --effective. For the label's manufacturer, or an
operator. To issue and replace a label for the same device in one step, use "labelctl
label renew".`,
		Example: `  labelctl label supersede K7QM-4T2X-9PWH --by 2F8R-VD3N-51XC --reason new-hardware --text "Hardware B replaces A."`,
	})
	cmd.Flags().StringVar(&ch.successor, "by", "", "`ID` of the label that replaces it")
	ch.effectiveFlag(cmd)
	require(cmd, "by")
	return cmd
}
