package main

import (
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func holdCommand(c *ctl) *cobra.Command {
	return group("hold", "See why nothing is issued for a product, and refuse one",
		`A suspension, a revocation and a review of a label put a hold on the product: the
device, and every device that shares a GTIN or the model number with it. Until it
ends, no label is issued or renewed for any of them. What ends it the scheme says,
or an operator: with "labelctl label reinstate", "clear" or "release".

Operators can also refuse a device, or all of a manufacturer, without a label.`,
		`  labelctl hold list camera.yaml
  labelctl hold put --manufacturer acme --reason misuse --text "Prints labels on other products."`,
		holdListCommand(c), holdPutCommand(c), holdEndCommand(c))
}

func holdListCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:   "list DEVICE",
		Short: "List what stands in the way of a product, and the way out",
		Long: `List the holds on a device's product, with the reason of each and what its
manufacturer can do. DEVICE is a file with the descriptor, or a digest or the
beginning of one.`,
		Example: "  labelctl hold list camera.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			device, err := c.digest(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			conn, err := c.caller(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := labelv1.NewHoldServiceClient(conn).ListHolds(cmd.Context(), &labelv1.ListHoldsRequest{Device: device})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				if len(r.GetHolds()) == 0 {
					p.Line("nothing is open about the product")
				}
				writeHolds(p, r.GetHolds())
			})
		},
	}
}

// writeHolds writes why nothing is issued for a product.
func writeHolds(p *terminal.Page, list []*labelv1.Hold) {
	for i, h := range list {
		if i > 0 {
			p.Line("")
		}
		p.Line("ON HOLD since %s: %s", h.GetSince().AsTime().UTC().Format(time.RFC3339), holdText(h))
		why := h.GetReason()
		if h.GetTitle() != "" {
			why += ": " + h.GetTitle()
		}
		p.Line("  why:     %s %s", why, h.GetText())
		p.Line("  way out: %s", h.GetWayOut())
	}
}

// holdText says what put a hold.
func holdText(h *labelv1.Hold) string {
	switch {
	case h.GetLabel() != "" && h.GetAction() == labelv1.LabelAction_LABEL_ACTION_UNSPECIFIED:
		return "an operator asked to revoke label " + label.ID(h.GetLabel()).Pretty() + " of device " + short(h.GetDevice())
	case h.GetLabel() != "":
		return "label " + label.ID(h.GetLabel()).Pretty() + " of device " + short(h.GetDevice()) + ": " + happenings[actionOf[h.GetAction()]]
	case h.GetDevice() != "":
		return "the authority refused device " + short(h.GetDevice())
	}
	return "the authority refused " + h.GetManufacturer()
}

func holdPutCommand(c *ctl) *cobra.Command {
	return c.refusalCommand(label.HoldEvent, label.Suspend, &cobra.Command{
		Use:   "put --device DEVICE|--manufacturer ID --reason CODE --text TEXT",
		Short: "Refuse a device or a manufacturer, as an operator",
		Long: `Have no label issued or renewed for a device's product, or for any product of a
manufacturer, until "labelctl hold end". Labels that stand are not changed.`,
		Example: `  labelctl hold put --device camera.yaml --reason nonconformity --text "Sold with a shared password."`,
	})
}

func holdEndCommand(c *ctl) *cobra.Command {
	return c.refusalCommand(label.ReleaseEvent, label.Release, &cobra.Command{
		Use:   "end --device DEVICE|--manufacturer ID --reason CODE --text TEXT",
		Short: "End such a refusal, as an operator",
		Long: `End what "labelctl hold put" began. A hold that began with a label ends with that
label: "labelctl label reinstate", "clear" or "release".`,
		Example: `  labelctl hold end --manufacturer acme --reason resolved --text "The packages were called back."`,
	})
}

// refusalCommand makes cmd put or end a hold without a label. Its reasons are
// those of an action on a label.
func (c *ctl) refusalCommand(kind label.EventKind, reasons label.Action, cmd *cobra.Command) *cobra.Command {
	r := &incident{Event: label.Event{Kind: kind}}
	var device string
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if device != "" {
			digest, err := c.digest(cmd.Context(), device)
			if err != nil {
				return err
			}
			if r.Device, err = label.ParseDigest(digest); err != nil {
				return err
			}
		}
		return c.reportEvent(cmd.Context(), r)
	}
	f := cmd.Flags()
	f.StringVar(&device, "device", "", "`file` with the descriptor of the device, or its digest")
	f.StringVar(&r.Manufacturer, "manufacturer", "", "`ID` of the manufacturer, all of whose products are meant")
	f.StringVar(&r.Reason, "reason", "", "reason `code`")
	f.StringVar(&r.Text, "text", "", "what happened, in plain words; the manufacturer reads it")
	cmd.MarkFlagsMutuallyExclusive("device", "manufacturer")
	cmd.MarkFlagsOneRequired("device", "manufacturer")
	require(cmd, "reason", "text")
	completeReasons(cmd, reasons)
	return cmd
}

func eventStrikeCommand(c *ctl) *cobra.Command {
	r := &incident{Event: label.Event{Kind: label.StatementEvent}}
	var device string
	cmd := &cobra.Command{
		Use:   "strike STATEMENT --reason CODE --text TEXT",
		Short: "A report, declaration or ruling does not count any more",
		Long: `Strike one piece of evidence: a report, a declaration, or a ruling on an appeal. It
stays on record and does not count. What rests on it is judged again at once. That
cannot be taken back: where it was a mistake, the signer of a report or declaration
issues it anew, under another number, and a ruling is not made again. Look with
--dry-run first, which says what becomes of the labels.
The reason has to fit: false-report a report, false-declaration a declaration;
nonconformity and authority-error fit all three.
STATEMENT is its SHA-256, or with --device the beginning of it, as "labelctl
submissions --device" shows it.`,
		Example: `  labelctl event strike 5f21c0de --device camera.yaml --reason false-report --text "The lab tested another model."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.Statement, err = c.statement(cmd.Context(), args[0], device); err != nil {
				return err
			}
			return c.reportEvent(cmd.Context(), r)
		},
	}
	r.flags(cmd, "false-report")
	cmd.Flags().StringVar(&device, "device", "", "device that it is about, to find it by its beginning: `file` with the descriptor, or a digest")
	return cmd
}

func eventAffiliationCommand(c *ctl) *cobra.Command {
	r := &incident{Event: label.Event{Kind: label.AffiliationEvent}}
	var ended string
	cmd := &cobra.Command{
		Use:   "affiliation LAB MANUFACTURER --text TEXT [--ended DATE]",
		Short: "A lab and a manufacturer are under common control",
		Long: `Record that a laboratory is not independent of a manufacturer: directly, or through
a parent company, which need not be enrolled (name the parent for both). The lab's
reports about that manufacturer's devices do not count any more, and what rests on
them is judged again.

With --ended, record that this is over, and since which day: reports of tests that
began later count, and earlier ones do not. Where the affiliation was recorded by
mistake, name a day before all tests, and the reason authority-error. A day that was
wrong is set right in the same way: by the right one, and that reason.`,
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
			return c.reportEvent(cmd.Context(), r)
		},
	}
	r.flags(cmd, "lab-not-independent")
	cmd.Flags().StringVar(&ended, "ended", "", "last `day` on which it was so, where it is over")
	return cmd
}

func eventGTINCommand(c *ctl) *cobra.Command {
	r := &incident{Event: label.Event{Kind: label.GTINEvent}}
	cmd := &cobra.Command{
		Use:   "gtin GTIN --to MANUFACTURER --text TEXT",
		Short: "A trade item number belongs to another manufacturer",
		Long: `Move a GTIN in dispute: the devices of others that were registered with it no longer
answer for the number, and the manufacturer named can register its own.`,
		Example: `  labelctl event gtin 09522104000171 --to northlight --text "GS1 confirms the assignment."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.GTIN, err = label.ParseGTIN(args[0]); err != nil {
				return err
			}
			return c.reportEvent(cmd.Context(), r)
		},
	}
	r.flags(cmd, "authority-error")
	cmd.Flags().StringVar(&r.Manufacturer, "to", "", "`ID` of the manufacturer that has the number")
	require(cmd, "to")
	return cmd
}
