package main

import (
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func holdCommand(s *session) *cobra.Command {
	c := holdCommands{s}
	return group("hold", "Show or set holds, which stop labels for a product",
		`A suspension, a revocation and a review of a label put a hold on the product: the
device, and every device that shares a GTIN or the model number with it. Until the
hold ends, no label is issued or renewed for any of them. The scheme says what ends
it. An operator can end it with "labelctl label reinstate", "clear" or "release".

Operators can also put a hold on a device, or on all products of a manufacturer,
without a label.`,
		`  labelctl hold list camera.yaml
  labelctl hold put --manufacturer acme --reason misuse --text "Prints labels on other products."`,
		holdListCommand(c), holdPutCommand(c), holdEndCommand(c))
}

// holdCommands show, begin and end holds on products.
type holdCommands struct{ *session }

func holdListCommand(c holdCommands) *cobra.Command {
	return &cobra.Command{
		Use:   "list DEVICE",
		Short: "List the holds on a product, and what ends them",
		Long: `List the holds on a device's product, with the reason for each and what the
manufacturer can do. DEVICE is a file with the descriptor, a digest, or the beginning
of a digest.`,
		Example: "  labelctl hold list camera.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			device, err := c.records().deviceDigest(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewHoldServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.ListHolds(cmd.Context(), &labelv1.ListHoldsRequest{Device: device})
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

// holdText says what put a product on hold.
func holdText(h *labelv1.Hold) string {
	switch {
	case h.GetLabel() != "" && h.GetAction() == labelv1.LabelAction_LABEL_ACTION_UNSPECIFIED:
		return "an operator asked to revoke label " + label.ID(h.GetLabel()).Pretty() + " of device " + short(h.GetDevice())
	case h.GetLabel() != "":
		return "label " + label.ID(h.GetLabel()).Pretty() + " of device " + short(h.GetDevice()) + ": " + actions.textOf(h.GetAction())
	case h.GetDevice() != "":
		return "the authority refused device " + short(h.GetDevice())
	}
	return "the authority refused " + h.GetManufacturer()
}

func holdPutCommand(c holdCommands) *cobra.Command {
	return c.refusalCommand(label.HoldEvent, label.Suspend, &cobra.Command{
		Use:   "put --device DEVICE|--manufacturer ID --reason CODE --text TEXT",
		Short: "Put a device or a manufacturer on hold (operators only)",
		Long: `Stop labels from being issued or renewed for a device's product, or for all products
of a manufacturer, until "labelctl hold end". Existing labels are not changed.`,
		Example: `  labelctl hold put --device camera.yaml --reason nonconformity --text "Sold with a shared password."`,
	})
}

func holdEndCommand(c holdCommands) *cobra.Command {
	return c.refusalCommand(label.ReleaseEvent, label.Release, &cobra.Command{
		Use:   "end --device DEVICE|--manufacturer ID --reason CODE --text TEXT",
		Short: "End a hold that an operator put (operators only)",
		Long: `End a hold that "labelctl hold put" began. A hold that began with a label ends by that
label: "labelctl label reinstate", "clear" or "release".`,
		Example: `  labelctl hold end --manufacturer acme --reason resolved --text "The packages were called back."`,
	})
}

// refusalCommand makes cmd put or end a hold without a label. The reasons are those for
// an action on a label.
func (c holdCommands) refusalCommand(kind label.EventKind, reasons label.Action, cmd *cobra.Command) *cobra.Command {
	r := &eventOptions{Event: label.Event{Kind: kind}}
	var device string
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if device != "" {
			digest, err := c.records().deviceDigest(cmd.Context(), device)
			if err != nil {
				return err
			}
			if r.Device, err = label.ParseDigest(digest); err != nil {
				return err
			}
		}
		return eventCommands(c).send(cmd.Context(), r)
	}
	f := cmd.Flags()
	f.StringVar(&device, "device", "", "`file` with the descriptor of the device, or its digest")
	f.StringVar(&r.Manufacturer, "manufacturer", "", "`ID` of a manufacturer, for all of its products")
	f.StringVar(&r.Reason, "reason", "", "reason `code`")
	f.StringVar(&r.Text, "text", "", "what happened, in plain words; shown to the manufacturer")
	languageFlag(cmd, &r.Language)
	cmd.MarkFlagsMutuallyExclusive("device", "manufacturer")
	cmd.MarkFlagsOneRequired("device", "manufacturer")
	require(cmd, "reason", "text")
	completeReasons(cmd, reasons)
	return cmd
}
