package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/surveillance"
	"labeld/internal/terminal"
)

func surveillanceCommand(s *session) *cobra.Command {
	c := surveillanceCommands{s}
	return group("surveillance", "Select labels for retesting at random, and verify the selection",
		`Labels to be retested are drawn at random. No one can choose them, and anyone can
verify that: first a plan is logged, which names a future size of the transparency
log. The log's root hash at that size is the seed. "verify" repeats the draw from the
public log alone.

The lab submits a report of the retest as usual. If a product fails, suspend its label
with "labelctl label suspend --reason surveillance-failed".`,
		`  labelctl surveillance plan 2027-spring --size 52000 --count 40
  labelctl surveillance draw 2027-spring
  labelctl surveillance verify 2027-spring --url https://labels.example.org --trust labeld.json`,
		surveillancePlanCommand(c), surveillanceDrawCommand(c), surveillanceListCommand(c), surveillanceShowCommand(c),
		surveillanceVerifyCommand(c), surveillanceOutliersCommand(c))
}

// surveillanceCommands announce, make, show and check draws.
type surveillanceCommands struct{ *session }

func surveillancePlanCommand(c surveillanceCommands) *cobra.Command {
	r := &surveillance.Request{}
	cmd := &cobra.Command{
		Use:   "plan ID --size N --count N",
		Short: "Announce a draw",
		Long: `Announce how many labels will be drawn, and at which log size the seed is known. The
log must still have to grow to that size, by 2 entries or more. The candidates are the
labels of the scheme that are active or suspended now, with the scheme's weights.
Operators only. The request is signed with your key, and a plan cannot be changed.`,
		Example: "  labelctl surveillance plan 2027-spring --size 52000 --count 40",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.ID = args[0]
			return c.announce(cmd.Context(), r)
		},
	}
	f := cmd.Flags()
	f.Int64Var(&r.Size, "size", 0, "log size, in `entries`, whose root hash is the seed")
	f.IntVar(&r.Count, "count", 0, fmt.Sprintf("how many labels to draw, at most %d", surveillance.MaxCount))
	f.StringVar(&r.Scheme, "scheme", "", "`ID` of the scheme, if there are several; ID@VERSION for another version that is in force")
	require(cmd, "size", "count")
	return cmd
}

// announce signs a request for a plan and sends it.
func (c surveillanceCommands) announce(ctx context.Context, r *surveillance.Request) error {
	r.Made = c.now().UTC().Truncate(time.Second)
	conn, err := c.caller(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	signed, err := c.signRequest(ctx, conn, r.ID, label.DigestOf([]byte(r.ID)), label.TypeSurveillanceRequest, r)
	if err != nil {
		return err
	}
	return c.plan(ctx, conn, signed)
}

// plan sends a signed request for a plan and shows what it led to.
func (c surveillanceCommands) plan(ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
	answer, err := labelv1.NewSurveillanceServiceClient(conn).CreatePlan(ctx, &labelv1.CreatePlanRequest{Request: signed})
	switch {
	case err != nil:
		return err
	case answer.GetWaiting() != nil:
		return c.showWaiting(ctx, conn, answer, answer.GetWaiting(), nil)
	}
	return c.show(answer.GetPlan(), func(p *terminal.Page) { writePlan(p, answer.GetPlan()) })
}

func writePlan(p *terminal.Page, s *labelv1.SurveillancePlan) {
	p.Pairs([2]string{"plan:", s.GetId()}, [2]string{"scheme:", s.GetScheme()}, [2]string{"announced:", instant(s.GetRecorded().AsTime())},
		[2]string{"log entry:", strconv.FormatInt(s.GetEntry(), 10)},
		[2]string{"seed:", fmt.Sprintf("root hash of the log at %d entries", s.GetSize())},
		[2]string{"labels:", strconv.Itoa(int(s.GetCount()))}, [2]string{"weights:", weightsText(s.GetWeights())})
	d := s.GetDraw()
	if d == nil {
		p.Line("\nnot drawn yet")
		return
	}
	p.Line("")
	p.Pairs([2]string{"drawn:", instant(d.GetRecorded().AsTime())}, [2]string{"log entry:", strconv.FormatInt(d.GetEntry(), 10)},
		[2]string{"seed:", d.GetSeed()}, [2]string{"candidates:", fmt.Sprintf("%d, live when the plan was announced", d.GetCandidates())})
	p.Line("")
	writeDrawn(p, d.GetLabels())
}

// writeDrawn lists the labels that were drawn, and the reasons for the weight of each.
func writeDrawn(p *terminal.Page, list []*labelv1.DrawnLabel) {
	var rows [][]string
	for i, l := range list {
		labs := strings.Join(l.GetLabs(), ", ")
		if labs == "" {
			labs = "no lab"
		}
		rows = append(rows, []string{
			strconv.Itoa(i + 1), label.ID(l.GetLabel()).Pretty(), productName(l.GetBrand(), l.GetName()) + ", model " + l.GetModel(), labs,
			strconv.FormatInt(l.GetWeight(), 10), fmt.Sprintf("%s risk, level %d, %s", l.GetRisk(), l.GetLevel(), l.GetAssurance()),
		})
	}
	p.Table([]string{"", "LABEL", "DEVICE", "TESTED BY", "WEIGHT", "WHY"}, rows)
}

func weightsText(w *labelv1.SurveillanceWeights) string {
	var levels []string
	for _, f := range w.GetLevel() {
		levels = append(levels, strconv.Itoa(int(f)))
	}
	risks := slices.SortedFunc(maps.Keys(w.GetRisk()), func(a, b string) int {
		return cmp.Or(cmp.Compare(w.GetRisk()[a], w.GetRisk()[b]), cmp.Compare(a, b)) // the order of classes is the programme's
	})
	return "risk " + weightList(risks, w.GetRisk()) + "; by level " + strings.Join(levels, ", ") + "; " + weightList(assurances.names(), w.GetAssurance())
}

// weightList writes weights in the order of a list of their names. Names that are not on
// the list come last.
func weightList(names []string, weights map[string]int32) string {
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%s %d", name, weights[name]))
	}
	return strings.Join(list, ", ")
}

func surveillanceDrawCommand(c surveillanceCommands) *cobra.Command {
	return &cobra.Command{
		Use:     "draw ID",
		Short:   "Draw the labels of a plan",
		Long:    "Draw the labels of a plan when the log has the size that it names, and log the\nresult. Drawing again gives the same result. Operators only.",
		Example: "  labelctl surveillance draw 2027-spring",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewSurveillanceServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.DrawPlan(cmd.Context(), &labelv1.DrawPlanRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r.GetPlan(), func(p *terminal.Page) { writePlan(p, r.GetPlan()) })
		},
	}
}

func surveillanceListCommand(c surveillanceCommands) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List plans",
		Long:    "List plans and whether they are drawn. Needs no key. If a plan is not drawn although\nthe log has its size, ask the authority why.",
		Example: "  labelctl surveillance list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.list(cmd.Context()) },
	}
}

func (c surveillanceCommands) list(ctx context.Context) error {
	api, conn, err := publicClient(c.session, labelv1.NewSurveillanceServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	plans, err := listAll(func(token string) ([]*labelv1.SurveillancePlan, string, error) {
		r, err := api.ListPlans(ctx, &labelv1.ListPlansRequest{PageSize: pageSize, PageToken: token})
		return r.GetPlans(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListPlansResponse{Plans: plans}, func(p *terminal.Page) {
		var rows [][]string
		for _, s := range plans {
			drawn := "not yet"
			if s.GetDraw() != nil {
				drawn = day(s.GetDraw().GetRecorded())
			}
			rows = append(rows, []string{s.GetId(), s.GetScheme(), day(s.GetRecorded()), strconv.FormatInt(s.GetSize(), 10), strconv.Itoa(int(s.GetCount())), drawn})
		}
		p.Table([]string{"PLAN", "SCHEME", "ANNOUNCED", "SEED AT", "LABELS", "DRAWN"}, rows)
	})
}

func surveillanceShowCommand(c surveillanceCommands) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show a plan, and what was drawn",
		Long:    "Show a plan and what was drawn, as the service says. Needs no key.",
		Example: "  labelctl surveillance show 2027-spring",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := publicClient(c.session, labelv1.NewSurveillanceServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.GetPlan(cmd.Context(), &labelv1.GetPlanRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r.GetPlan(), func(p *terminal.Page) { writePlan(p, r.GetPlan()) })
		},
	}
}

func surveillanceOutliersCommand(c surveillanceCommands) *cobra.Command {
	r := &labelv1.ListOutliersRequest{}
	cmd := &cobra.Command{
		Use:   "outliers",
		Short: "List unusual patterns in labs' reports",
		Long: `List unusual patterns in the accepted reports of labs, worst first, with the figures
behind each: the same working papers for different devices, impossible test periods,
too many reports on one day, and pass rates far from those of other labs. A finding is
a question to the lab and not a verdict. Operators only.`,
		Example: "  labelctl surveillance outliers\n  labelctl surveillance outliers --since 2027-01-01 --output json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.outliers(cmd.Context(), r) },
	}
	cmd.Flags().StringVar(&r.Since, "since", "", "count only reports accepted on this `day` or later (default: all)")
	return cmd
}

func (c surveillanceCommands) outliers(ctx context.Context, r *labelv1.ListOutliersRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSurveillanceServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := api.ListOutliers(ctx, r)
	if err != nil {
		return err
	}
	return c.show(answer, func(p *terminal.Page) {
		var rows [][]string
		for _, o := range answer.GetOutliers() {
			rows = append(rows, []string{o.GetLab(), o.GetKind(), o.GetText()})
		}
		p.Table([]string{"LAB", "KIND", "FINDING"}, rows)
		if more := int(answer.GetTotal()) - len(rows); more > 0 {
			p.Line("and %d more", more)
		}
	})
}
