package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/surveillance"
	"labeld/internal/verify"
)

func surveillanceCommand(c *ctl) *cobra.Command {
	return group("surveillance", "Draw labels to be tested again, and check draws",
		`Which labels are tested again is drawn, so that nobody can choose and anybody can
check: a plan is logged first and names a size to which the transparency log has
yet to grow; the log's root hash at that size is the seed. "verify" draws again
from nothing but the public log.

What the tests then find is submitted as a report like any other. If a product
failed, "labelctl label suspend --reason surveillance-failed" acts on it.`,
		`  labelctl surveillance plan 2027-spring --size 52000 --count 40
  labelctl surveillance draw 2027-spring
  labelctl surveillance verify 2027-spring --url https://labels.example.org --trust labeld.json`,
		surveillancePlanCommand(c), surveillanceDrawCommand(c), surveillanceListCommand(c), surveillanceShowCommand(c),
		surveillanceVerifyCommand(c), surveillanceOutliersCommand(c))
}

// surveillances calls the service as the caller.
func (c *ctl) surveillances(ctx context.Context) (labelv1.SurveillanceServiceClient, *grpc.ClientConn, error) {
	conn, err := c.caller(ctx)
	if err != nil {
		return nil, nil, err
	}
	return labelv1.NewSurveillanceServiceClient(conn), conn, nil
}

// publicSurveillance calls the service without saying who calls.
func (c *ctl) publicSurveillance() (labelv1.SurveillanceServiceClient, *grpc.ClientConn, error) {
	conn, err := c.public()
	if err != nil {
		return nil, nil, err
	}
	return labelv1.NewSurveillanceServiceClient(conn), conn, nil
}

func surveillancePlanCommand(c *ctl) *cobra.Command {
	r := &labelv1.CreatePlanRequest{}
	cmd := &cobra.Command{
		Use:   "plan ID --size N --count N",
		Short: "Announce a draw",
		Long: `Announce how many labels will be drawn, and from which log size on the seed is
known. The log must have yet to grow to it, by two entries at least. The weights
are those of the scheme. Operators only; a plan cannot be changed.`,
		Example: "  labelctl surveillance plan 2027-spring --size 52000 --count 40",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := c.surveillances(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			r.Id = args[0]
			answer, err := api.CreatePlan(cmd.Context(), r)
			if err != nil {
				return err
			}
			return c.show(answer.GetPlan(), func(p *page) { writePlan(p, answer.GetPlan()) })
		},
	}
	f := cmd.Flags()
	f.Int64Var(&r.Size, "size", 0, "log size, in `entries`, whose root hash is the seed")
	f.Int32Var(&r.Count, "count", 0, "how many labels to draw, at most 250")
	f.StringVar(&r.Scheme, "scheme", "", "`ID` of the scheme, where there are several")
	require(cmd, "size", "count")
	return cmd
}

func writePlan(p *page, s *labelv1.SurveillancePlan) {
	p.pairs([2]string{"plan:", s.GetId()}, [2]string{"scheme:", s.GetScheme()}, [2]string{"announced:", instant(s.GetRecorded().AsTime())},
		[2]string{"log entry:", strconv.FormatInt(s.GetEntry(), 10)},
		[2]string{"seed:", fmt.Sprintf("root hash of the log at %d entries", s.GetSize())},
		[2]string{"labels:", strconv.Itoa(int(s.GetCount()))}, [2]string{"weights:", weightsText(s.GetWeights())})
	d := s.GetDraw()
	if d == nil {
		p.line("\nnot drawn yet")
		return
	}
	p.line("")
	p.pairs([2]string{"drawn:", instant(d.GetRecorded().AsTime())}, [2]string{"log entry:", strconv.FormatInt(d.GetEntry(), 10)},
		[2]string{"seed:", d.GetSeed()}, [2]string{"candidates:", fmt.Sprintf("%d, as they stood on %s", d.GetCandidates(), instant(d.GetAt().AsTime()))})
	p.line("")
	var rows [][]string
	for i, l := range d.GetLabels() {
		rows = append(rows, []string{strconv.Itoa(i + 1), label.ID(l.GetLabel()).Pretty(), strconv.FormatInt(l.GetWeight(), 10), short(l.GetTicket())})
	}
	p.table([]string{"", "LABEL", "WEIGHT", "TICKET"}, rows)
}

func weightsText(w *labelv1.SurveillanceWeights) string {
	var level []string
	for _, f := range w.GetLevel() {
		level = append(level, strconv.Itoa(int(f)))
	}
	return fmt.Sprintf("risk low %d, medium %d, high %d; by level %s; self-declared %d, lab-tested %d",
		w.GetRisk()["low"], w.GetRisk()["medium"], w.GetRisk()["high"], strings.Join(level, ", "),
		w.GetAssurance()[string(label.SelfDeclared)], w.GetAssurance()[string(label.LabTested)])
}

func surveillanceDrawCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:     "draw ID",
		Short:   "Draw the labels of a plan",
		Long:    "Draw the labels of a plan, once the log has the size that it names, and log the\nresult. Drawing again gives the same. Operators only.",
		Example: "  labelctl surveillance draw 2027-spring",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := c.surveillances(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.DrawPlan(cmd.Context(), &labelv1.DrawPlanRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r.GetPlan(), func(p *page) { writePlan(p, r.GetPlan()) })
		},
	}
}

func surveillanceListCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List plans",
		Long:    "List plans and whether they are drawn. Needs no key.",
		Example: "  labelctl surveillance list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listPlans(cmd.Context()) },
	}
}

func (c *ctl) listPlans(ctx context.Context) error {
	api, conn, err := c.publicSurveillance()
	if err != nil {
		return err
	}
	defer conn.Close()
	all := &labelv1.ListPlansResponse{}
	if err := each(func(token string) (string, error) {
		r, err := api.ListPlans(ctx, &labelv1.ListPlansRequest{PageSize: pageSize, PageToken: token})
		all.Plans = append(all.Plans, r.GetPlans()...)
		return r.GetNextPageToken(), err
	}); err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		var rows [][]string
		for _, s := range all.GetPlans() {
			drawn := "not yet"
			if s.GetDraw() != nil {
				drawn = day(s.GetDraw().GetRecorded())
			}
			rows = append(rows, []string{s.GetId(), s.GetScheme(), day(s.GetRecorded()), strconv.FormatInt(s.GetSize(), 10), strconv.Itoa(int(s.GetCount())), drawn})
		}
		p.table([]string{"PLAN", "SCHEME", "ANNOUNCED", "SEED AT", "LABELS", "DRAWN"}, rows)
	})
}

func surveillanceShowCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show a plan, and what was drawn",
		Long:    "Show a plan and what was drawn, as the service says. Needs no key.",
		Example: "  labelctl surveillance show 2027-spring",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := c.publicSurveillance()
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.GetPlan(cmd.Context(), &labelv1.GetPlanRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r.GetPlan(), func(p *page) { writePlan(p, r.GetPlan()) })
		},
	}
}

func surveillanceOutliersCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:   "outliers",
		Short: "List what is odd about labs",
		Long: `List what is odd about labs by all accepted reports, worst first, with the figures
behind each: the same working papers for different devices, test periods that
cannot be, more reports on a day than can be, pass rates far from those of others.
A finding is a question to the lab, no verdict. Operators only.`,
		Example: "  labelctl surveillance outliers\n  labelctl surveillance outliers --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, conn, err := c.surveillances(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.ListOutliers(cmd.Context(), &labelv1.ListOutliersRequest{})
			if err != nil {
				return err
			}
			return c.show(r, func(p *page) {
				var rows [][]string
				for _, o := range r.GetOutliers() {
					rows = append(rows, []string{o.GetLab(), o.GetKind(), o.GetText()})
				}
				p.table([]string{"LAB", "KIND", "FINDING"}, rows)
			})
		},
	}
}

func surveillanceVerifyCommand(c *ctl) *cobra.Command {
	var url, trust, file string
	cmd := &cobra.Command{
		Use:   "verify ID",
		Short: "Draw again, from the public log only",
		Long: `Check a draw without taking anybody's word for it: the signatures under plan and
result, that the plan was logged before its seed could be known, the whole log
against its signed head, the seed, the candidates and their weights by the
entries, and the draw itself. --file takes plan and result from a file that was
saved at /surveillance/ID.json.

The whole log is read: about 2 KB an entry. The exit code is 4 where the draw is
not what the log gives.`,
		Example: "  labelctl surveillance verify 2027-spring --url https://labels.example.org --trust labeld.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			base, _ := baseURL(url)
			return c.verifyDraw(cmd.Context(), args[0], base, trust, file)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "base `URL` of the service ("+envURL+"; default: http://127.0.0.1:8080)")
	cmd.Flags().StringVar(&trust, "trust", "", "trust `file`, as \"labelctl trust\" saves it (default: the service is asked for its own keys)")
	cmd.Flags().StringVar(&file, "file", "", "`file` with plan and result (default: the service is asked)")
	return cmd
}

// A draw is a plan and its result as the service publishes them.
type draw struct {
	ID        string     `json:"id"`
	PlanEntry int64      `json:"planEntry"`
	Plan      label.JSON `json:"plan"`
	DrawEntry int64      `json:"drawEntry,omitzero"`
	Draw      label.JSON `json:"draw,omitempty"`
}

func (c *ctl) verifyDraw(ctx context.Context, id, base, trustFile, file string) error {
	trust, err := c.trustFor(ctx, trustFile, base)
	if err != nil {
		return err
	}
	var b []byte
	if file != "" {
		b, err = c.readFile(file, label.MaxMessage)
	} else {
		b, err = c.get(ctx, base, "/surveillance/"+id+".json")
	}
	if err != nil {
		return err
	}
	var d draw
	if err := label.Decode(b, &d); err != nil {
		return err
	}
	if d.ID != id {
		return label.Errorf(label.Invalid, label.ReasonUnknownPlan, "id", "is %q, not %q", d.ID, id)
	}
	if len(d.Draw) == 0 {
		return label.Errorf(label.Precondition, label.ReasonStep, "draw", "plan %s is not drawn yet", id)
	}
	checks, err := c.drawAgain(ctx, base, trust, &d)
	_, wrong := errors.AsType[*surveillance.Mismatch](err)
	if err != nil && !wrong {
		return err
	}
	if err := c.show(struct {
		Genuine bool       `json:"genuine"`
		Checks  [][]string `json:"checks"`
		Problem string     `json:"problem,omitempty"`
	}{!wrong, checks, textOf(err)}, func(p *page) {
		p.table(nil, checks)
		p.line("")
		if wrong {
			p.line("NOT what the log gives: %s", err.Error())
		} else {
			p.line("the draw is what the log gives")
		}
	}); err != nil {
		return err
	}
	if wrong {
		return outcome(exitInvalid)
	}
	return nil
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// drawAgain checks a draw step by step, and returns what was checked.
func (c *ctl) drawAgain(ctx context.Context, base string, trust *verify.Trust, d *draw) (checks [][]string, err error) {
	checked := func(name, format string, args ...any) {
		checks = append(checks, []string{"✓ " + name, fmt.Sprintf(format, args...)})
	}
	plan, planLeaf, err := opened[surveillance.Announcement](trust, d.Plan, d.ID, label.TypeSurveillancePlan)
	if err != nil {
		return nil, label.Within("plan", err)
	}
	said, drawLeaf, err := opened[surveillance.Result](trust, d.Draw, d.ID, label.TypeSurveillanceDraw)
	if err != nil {
		return nil, label.Within("draw", err)
	}
	checked("signatures", "plan and result are signed by %s", plan.Authority.Name)
	if err := plan.CheckEntry(d.PlanEntry); err != nil {
		return nil, label.Within("plan", err)
	}
	census, n := surveillance.NewCensus(), int64(0)
	seed, err := c.readLog(ctx, base, trust, plan.Size, func(entry []byte) error {
		n++
		for at, leaf := range map[int64]string{d.PlanEntry: planLeaf, d.DrawEntry: drawLeaf} {
			if n-1 == at && string(entry) != leaf {
				return label.Errorf(label.Invalid, label.ReasonNotLogged, "log", "entry %d is not the statement that was published", at)
			}
		}
		if census.Len() == plan.Size {
			return nil
		}
		env, err := label.ParseEnvelope(entry)
		if err != nil {
			return err
		}
		return census.Add(env.Payload)
	})
	if err != nil {
		return nil, err
	}
	if n <= d.DrawEntry {
		return nil, label.Errorf(label.Invalid, label.ReasonNotLogged, "log", "has %d entries, and not the result at %d", n, d.DrawEntry)
	}
	checked("log", "%d entries give the root hash that the log signed; plan at %d, result at %d", n, d.PlanEntry, d.DrawEntry)
	if label.Digest(seed) != said.Seed {
		return checks, &surveillance.Mismatch{Field: "seed", Claimed: said.Seed.String(), Computed: label.Digest(seed).String(), Places: 1}
	}
	checked("seed", "root hash at %d entries, %d after the plan", plan.Size, plan.Size-d.PlanEntry-1)
	candidates, err := census.Candidates(plan)
	if err != nil {
		return nil, err
	}
	if len(candidates) != said.Candidates || !census.At().Equal(said.At) {
		return checks, &surveillance.Mismatch{Field: "candidates", Claimed: strconv.Itoa(said.Candidates), Computed: strconv.Itoa(len(candidates)), Places: 1}
	}
	checked("candidates", "%s active on %s", plural(len(candidates), "label was", "labels were"), instant(census.At()))
	if err := surveillance.Verify(seed, plan.ID, candidates, plan.Count, said.Drawn); err != nil {
		return checks, err
	}
	checked("draw", "%s, in the order that seed and weights give", plural(len(said.Drawn), "label", "labels"))
	return checks, nil
}

// opened verifies a statement of the authority about a plan, and returns what it
// says and the log entry that it is.
func opened[T any, P interface {
	*T
	Validate() error
}](trust *verify.Trust, bundle []byte, id, predicateType string) (*T, string, error) {
	u, err := envelope.Open(bundle)
	if err != nil {
		return nil, "", err
	}
	v, err := trust.Statement(u.Envelope())
	if err != nil {
		return nil, "", err
	}
	if v.PredicateType() != predicateType || len(v.Subjects()) != 1 || v.Subjects()[0] != label.DigestOf([]byte(id)) {
		return nil, "", label.Errorf(label.Invalid, label.ReasonUnknownType, "", "is another statement than %s about %q", predicateType, id)
	}
	p, err := envelope.Predicate[T, P](v)
	if err != nil {
		return nil, "", err
	}
	leaf, err := u.Envelope().Encode()
	return p, string(leaf), err
}
