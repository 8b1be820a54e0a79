package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func reportCommand(s *session) *cobra.Command {
	c := reportCommands{s}
	return group("report", "Read reports from the public",
		`People who scan a label can report a copied code, a wrong product or a security flaw
on the page at /report. Operators read reports here and close each with its outcome,
which deletes the person's contact details. Reports are not public.`,
		"  labelctl report list\n  labelctl report close 7k2m4tq9xwva --outcome \"A fake; the shop took it off the shelf.\"",
		reportListCommand(c), reportCloseCommand(c))
}

// reportCommands read and close what the public reported.
type reportCommands struct{ *session }

func reportListCommand(c reportCommands) *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List open reports, or all about a label",
		Long: `List the open reports, newest first, with how many there are about the same label.
--label lists all reports about one label, including closed ones.`,
		Example: "  labelctl report list\n  labelctl report list --label K7QM-4T2X-9PWH",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.list(cmd.Context(), id) },
	}
	cmd.Flags().StringVar(&id, "label", "", "`ID` of a label")
	return cmd
}

func (c reportCommands) list(ctx context.Context, id string) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewReportServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	reports, err := listAll(func(token string) ([]*labelv1.Report, string, error) {
		r, err := api.ListReports(ctx, &labelv1.ListReportsRequest{Label: id, PageSize: pageSize, PageToken: token})
		return r.GetReports(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListReportsResponse{Reports: reports}, func(p *terminal.Page) {
		var rows [][]string
		for _, r := range reports {
			about, state := "-", "open"
			if r.GetLabel() != "" {
				about = label.ID(r.GetLabel()).Pretty() + " (" + strconv.Itoa(int(r.GetAboutLabel())) + ")"
			}
			if r.GetClosed() != nil {
				state = "closed: " + r.GetOutcome()
			}
			rows = append(rows, []string{r.GetId(), instant(r.GetReceived().AsTime()), about, r.GetKind(), state, r.GetWhere(), r.GetText(), r.GetContact()})
		}
		p.Table([]string{"REPORT", "RECEIVED", "LABEL (REPORTS)", "KIND", "STATE", "WHERE", "TEXT", "CONTACT"}, rows)
	})
}

func reportCloseCommand(c reportCommands) *cobra.Command {
	var outcome string
	cmd := &cobra.Command{
		Use:     "close REPORT --outcome TEXT",
		Short:   "Close a report with its outcome",
		Long:    "Close a report. The contact details of the person who sent it are deleted.",
		Example: "  labelctl report close 7k2m4tq9xwva --outcome \"A fake; the shop took it off the shelf.\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewReportServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.CloseReport(cmd.Context(), &labelv1.CloseReportRequest{Id: args[0], Outcome: outcome})
			if err != nil {
				return err
			}
			return c.show(r.GetReport(), func(p *terminal.Page) { p.Line("report %s is closed", r.GetReport().GetId()) })
		},
	}
	cmd.Flags().StringVar(&outcome, "outcome", "", "what was found or done")
	require(cmd, "outcome")
	return cmd
}
