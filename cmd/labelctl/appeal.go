package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func decisionCommand(s *session) *cobra.Command {
	c := appealCommands{s}
	return group("decision", "Show why a label was refused",
		`A request that the evidence does not support is refused by a signed decision. The
manufacturer can read the decision, show it to others, and appeal against it until
the day that it names. Only the authority and the manufacturer see decisions.`,
		"  labelctl decision list\n  labelctl decision show 5f21... --out decision.json",
		decisionListCommand(c), decisionShowCommand(c))
}

func appealCommand(s *session) *cobra.Command {
	c := appealCommands{s}
	return group("appeal", "Appeal against a refusal, or decide an appeal",
		`A manufacturer can appeal against a decision once, until the day that the decision
names. The authority decides by the day that the appeal names. It upholds the
decision, changes it so that criteria count as met, or sends the case back and says
what is missing. New evidence needs no appeal: submit it and request the label again.`,
		`  labelctl appeal file 5f21... --grounds "The button must be held; there is no remote way."
  labelctl appeal list
  labelctl appeal decide 77ab... --outcome changed --accept no-shared-passwords --text "The lab confirms it."`,
		appealFileCommand(c), appealListCommand(c), appealShowCommand(c), appealDecideCommand(c))
}

// appealCommands read refusals and deal with appeals against them.
type appealCommands struct{ *session }

func decisionListCommand(c appealCommands) *cobra.Command {
	req := &labelv1.ListDecisionsRequest{PageSize: pageSize}
	var device string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List refusals, newest first",
		Long:    "List your refusals, newest first. Operators must name a manufacturer or a device.",
		Example: "  labelctl decision list\n  labelctl decision list --manufacturer northlight",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if device != "" {
				if req.Device, err = c.records().deviceDigest(cmd.Context(), device); err != nil {
					return err
				}
			}
			return c.listDecisions(cmd.Context(), req)
		},
	}
	cmd.Flags().StringVar(&req.Manufacturer, "manufacturer", "", "`ID` of a manufacturer; operators only")
	cmd.Flags().StringVar(&device, "device", "", "only those of one `device`: a digest, or a file with the descriptor")
	return cmd
}

func (c appealCommands) listDecisions(ctx context.Context, req *labelv1.ListDecisionsRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	trails, err := allDecisions(ctx, api, req)
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListDecisionsResponse{Trails: trails}, func(p *terminal.Page) { writeTrails(p, trails, c.now()) })
}

// writeTrails lists the refusals of one manufacturer.
func writeTrails(p *terminal.Page, list []*labelv1.Trail, now time.Time) {
	var rows [][]string
	for _, t := range list {
		d := t.GetRefusal()
		rows = append(rows, []string{short(d.GetId()), day(d.GetDecided()), strconv.Itoa(int(d.GetLevel())), short(d.GetDevice()), trailShort(t, now)})
	}
	p.Table([]string{"DECISION", "DECIDED", "LEVEL", "DEVICE", "STATE"}, rows)
}

// writeRefused names the decision that refuses a label, and what the manufacturer can do
// about it.
func writeRefused(p *terminal.Page, r *labelv1.RequestLabelResponse) {
	if r.GetAppealBy() == "" {
		p.Line("decision %s, which was appealed against:", r.GetRefusal())
		p.Command("  ", "labelctl decision show "+short(r.GetRefusal()))
		return
	}
	p.Line("decision %s, which may be appealed against until %s:", r.GetRefusal(), r.GetAppealBy())
	p.Line("  labelctl appeal file %s --grounds \"...\"", short(r.GetRefusal()))
}

// trailState says whose turn it is at an instant, and until when.
func trailState(t *labelv1.Trail, now time.Time) string {
	switch {
	case t.GetRuling().GetStrike() != nil:
		return "appeal decided: " + rulings.textOf(t.GetRuling().GetOutcome()) + "; TAKEN BACK on " + day(t.GetRuling().GetStrike().GetAt())
	case t.GetRuling() != nil:
		return "appeal decided: " + rulings.textOf(t.GetRuling().GetOutcome())
	case t.GetAppeal().GetOverdue():
		return "appeal OVERDUE since " + t.GetAppeal().GetDecideBy()
	case t.GetAppeal() != nil:
		return "appeal to be decided by " + t.GetAppeal().GetDecideBy()
	}
	until := t.GetRefusal().GetAppealBy()
	if until < now.UTC().Format(time.DateOnly) {
		return "could be appealed against until " + until
	}
	return "may be appealed against until " + until
}

// trailShort is trailState in fewer words, for the rows of a list.
func trailShort(t *labelv1.Trail, now time.Time) string {
	switch {
	case t.GetRuling() != nil:
		return "appeal " + rulings.textOf(t.GetRuling().GetOutcome())
	case t.GetAppeal().GetOverdue():
		return "OVERDUE since " + t.GetAppeal().GetDecideBy()
	case t.GetAppeal() != nil:
		return "ruling by " + t.GetAppeal().GetDecideBy()
	}
	until := t.GetRefusal().GetAppealBy()
	if until < now.UTC().Format(time.DateOnly) {
		return "no appeal by " + until
	}
	return "appeal until " + until
}

func decisionShowCommand(c appealCommands) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a refusal and what followed from it",
		Long: `Show why a label was refused, the appeal against the refusal, and the ruling. ID is
the ID of the decision or of the appeal, as "request" and the lists print it. --out
writes the signed decision, a Sigstore bundle that others can verify with the
authority's key.`,
		Example: "  labelctl decision show 5f21... --out decision.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.showTrail(cmd.Context(), args[0], func(t *labelv1.Trail) error {
				if out == "" {
					return nil
				}
				return writeFile(out, t.GetRefusal().GetBundle())
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` for the signed decision")
	return cmd
}

// trail finds a refusal by the beginning of its ID, or of its appeal's.
func (c appealCommands) trail(ctx context.Context, api labelv1.AppealServiceClient, id string) (*labelv1.Trail, error) {
	if isDigest(id) {
		r, err := api.GetDecision(ctx, &labelv1.GetDecisionRequest{Id: id})
		return r.GetTrail(), err
	}
	begins, ok := digestPrefix(id)
	if !ok {
		return nil, usagef("ID: %q is neither a SHA-256 nor the beginning of one, at least %d digits", id, minPrefix)
	}
	found, err := c.findTrails(ctx, api, begins)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, hintf(label.Errorf(label.NotFound, label.ReasonUnknownDecision, "id", "no decision or appeal has an ID that begins with %s", id),
			"operators must give the whole ID, except for appeals that are still to be decided (\"labelctl appeal list\")")
	case 1:
		return found[0], nil
	}
	return nil, usagef("ID: %d IDs begin with %s; give more of it", len(found), id)
}

// findTrails returns the refusals whose ID, or whose appeal's ID, begins so. A
// manufacturer finds its own, and an operator those with an appeal to be decided.
func (c appealCommands) findTrails(ctx context.Context, api labelv1.AppealServiceClient, id string) (found []*labelv1.Trail, err error) {
	for _, list := range []func() ([]*labelv1.Trail, error){
		func() ([]*labelv1.Trail, error) {
			return allAppeals(ctx, api, &labelv1.ListAppealsRequest{PageSize: pageSize})
		},
		func() ([]*labelv1.Trail, error) {
			return allDecisions(ctx, api, &labelv1.ListDecisionsRequest{Manufacturer: c.as, PageSize: pageSize})
		},
	} {
		trails, err := list()
		if err != nil {
			return nil, err
		}
		for _, t := range trails {
			if strings.HasPrefix(t.GetRefusal().GetId(), id) || strings.HasPrefix(t.GetAppeal().GetId(), id) {
				found = append(found, t)
			}
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

func allDecisions(ctx context.Context, api labelv1.AppealServiceClient, req *labelv1.ListDecisionsRequest) ([]*labelv1.Trail, error) {
	return listAll(func(token string) ([]*labelv1.Trail, string, error) {
		req.PageToken = token
		r, err := api.ListDecisions(ctx, req)
		return r.GetTrails(), r.GetNextPageToken(), err
	})
}

func allAppeals(ctx context.Context, api labelv1.AppealServiceClient, req *labelv1.ListAppealsRequest) ([]*labelv1.Trail, error) {
	return listAll(func(token string) ([]*labelv1.Trail, string, error) {
		req.PageToken = token
		r, err := api.ListAppeals(ctx, req)
		return r.GetTrails(), r.GetNextPageToken(), err
	})
}

// showTrail calls do with a refusal and shows the refusal and what followed from it.
func (c appealCommands) showTrail(ctx context.Context, id string, do func(*labelv1.Trail) error) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	t, err := c.trail(ctx, api, id)
	if err != nil {
		return err
	}
	if err := do(t); err != nil {
		return err
	}
	return c.show(t, func(p *terminal.Page) { writeTrail(p, t, c.now()) })
}

func writeTrail(p *terminal.Page, t *labelv1.Trail, now time.Time) {
	d := t.GetRefusal()
	p.Pairs([2]string{"decision:", d.GetId()}, [2]string{"manufacturer:", d.GetManufacturer()}, [2]string{"device:", d.GetDevice()},
		[2]string{"scheme:", d.GetScheme() + " version " + d.GetSchemeVersion()},
		[2]string{"level:", strconv.Itoa(int(d.GetLevel())) + " was requested, " + strconv.Itoa(int(d.GetReached())) + " is met"},
		[2]string{"decided:", instant(d.GetDecided().AsTime())}, [2]string{"state:", trailState(t, now)})
	p.Line("\nopen:")
	var rows [][]string
	for _, o := range d.GetOpen() {
		rows = append(rows, []string{"  " + o.GetId(), findings.textOf(o.GetState()), o.GetTitle()})
	}
	p.Table(nil, rows)
	p.Line("\nwhat is missing:")
	for _, g := range d.GetMissing() {
		p.Line("  - %s", gapText(g))
	}
	writeUnused(p, d.GetUnused())
	if a := t.GetAppeal(); a != nil {
		p.Line("")
		p.Pairs([2]string{"appeal:", a.GetId()}, [2]string{"received:", instant(a.GetReceived().AsTime())}, [2]string{"grounds:", a.GetGrounds()},
			[2]string{"about:", strings.Join(a.GetCriteria(), ", ")}, [2]string{"decide by:", a.GetDecideBy()})
	}
	if r := t.GetRuling(); r != nil {
		entry := "private until a label is based on it"
		if r.Entry != nil {
			entry = strconv.FormatInt(r.GetEntry(), 10)
		}
		p.Line("")
		p.Pairs([2]string{"ruling:", r.GetId()}, [2]string{"outcome:", rulings.textOf(r.GetOutcome())}, [2]string{"why:", r.GetText()},
			[2]string{"accepted:", strings.Join(r.GetAccepted(), ", ")}, [2]string{"made:", instant(r.GetDecided().AsTime())}, [2]string{"log entry:", entry}, [2]string{"TAKEN BACK:", strikeText(r.GetStrike())})
	}
}

// strikeText says by whom a ruling was taken back, when and why. It is empty for a
// ruling that was not taken back.
func strikeText(s *labelv1.Strike) string {
	if s == nil {
		return ""
	}
	text := "on " + instant(s.GetAt().AsTime())
	if s.GetOperator() != "" {
		text += ", by " + s.GetOperator()
	}
	text += ", for the reason " + s.GetReason()
	if s.GetTitle() != "" {
		text += " (" + s.GetTitle() + ")"
	}
	text += ": " + s.GetText()
	if s.GetEvent() != "" {
		text += " (event " + s.GetEvent() + ")"
	}
	return text
}

func appealFileCommand(c appealCommands) *cobra.Command {
	a := &label.Appeal{}
	cmd := &cobra.Command{
		Use:   "file DECISION --grounds TEXT",
		Short: "Appeal against a refusal",
		Long: `Sign an appeal against a decision and send it. Each decision can be appealed against
once, until the day that it names. Without --criterion the appeal is about all open
criteria. DECISION is its ID, or the beginning of it.`,
		Example: `  labelctl appeal file 5f21... --grounds "The button must be held; there is no remote way."
  labelctl appeal file 5f21... --criterion no-shared-passwords --grounds "See page 4 of the report."`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.file(cmd.Context(), args[0], a) },
	}
	cmd.Flags().StringVar(&a.Grounds, "grounds", "", "why the decision is wrong")
	cmd.Flags().StringArrayVar(&a.Criteria, "criterion", nil, "`ID` of a criterion it is about; repeat for several")
	require(cmd, "grounds")
	return cmd
}

func (c appealCommands) file(ctx context.Context, id string, a *label.Appeal) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	t, err := c.trail(ctx, api, id)
	if err != nil {
		return err
	}
	if a.Decision, err = label.ParseDigest(t.GetRefusal().GetId()); err != nil {
		return err
	}
	a.Manufacturer, a.Made = c.as, c.now().UTC().Truncate(time.Second)
	signed, err := c.signAbout(ctx, conn, t, label.TypeAppeal, a)
	if err != nil {
		return err
	}
	r, err := api.FileAppeal(ctx, &labelv1.FileAppealRequest{Appeal: signed})
	if err != nil {
		return err
	}
	return c.show(r, func(p *terminal.Page) {
		p.Pairs([2]string{"appeal:", r.GetTrail().GetAppeal().GetId()}, [2]string{"decide by:", r.GetTrail().GetAppeal().GetDecideBy()})
	})
}

// signAbout signs a request about the device of a refusal.
func (c appealCommands) signAbout(ctx context.Context, conn *grpc.ClientConn, t *labelv1.Trail, predicateType string, r label.Request) ([]byte, error) {
	device, err := label.ParseDigest(t.GetRefusal().GetDevice())
	if err != nil {
		return nil, err
	}
	return c.signRequest(ctx, conn, "device.json", device, predicateType, r)
}

func appealListCommand(c appealCommands) *cobra.Command {
	req := &labelv1.ListAppealsRequest{PageSize: pageSize}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List appeals, and when each must be decided",
		Long: `List your appeals, newest first. Operators see the appeals to be decided, in the order
in which they are due, or those of one manufacturer.`,
		Example: "  labelctl appeal list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.listAppeals(cmd.Context(), req) },
	}
	cmd.Flags().StringVar(&req.Manufacturer, "manufacturer", "", "`ID` of a manufacturer; operators only")
	return cmd
}

func (c appealCommands) listAppeals(ctx context.Context, req *labelv1.ListAppealsRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	trails, err := allAppeals(ctx, api, req)
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListAppealsResponse{Trails: trails}, func(p *terminal.Page) {
		var rows [][]string
		for _, t := range trails {
			rows = append(rows, []string{short(t.GetAppeal().GetId()), day(t.GetAppeal().GetReceived()), t.GetRefusal().GetManufacturer(), trailShort(t, c.now()), t.GetAppeal().GetGrounds()})
		}
		p.Table([]string{"APPEAL", "RECEIVED", "MANUFACTURER", "STATE", "GROUNDS"}, rows)
	})
}

func appealShowCommand(c appealCommands) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show an appeal, the refusal, and the ruling",
		Long:    "Show an appeal, as \"labelctl decision show\" does. ID is that of the appeal or of the\ndecision, or the beginning of it.",
		Example: "  labelctl appeal show 77ab...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.showTrail(cmd.Context(), args[0], func(*labelv1.Trail) error { return nil })
		},
	}
}

func appealDecideCommand(c appealCommands) *cobra.Command {
	r := &label.RulingRequest{}
	var how string
	cmd := &cobra.Command{
		Use:   "decide APPEAL --outcome OUTCOME --text TEXT",
		Short: "Decide an appeal (operators only)",
		Long: `Sign a ruling on an appeal, and send it. A ruling is final. Outcomes:

upheld      the appeal is dismissed and the refusal stands
changed     the appeal is allowed: the criteria in --accept count as met in
            this version of the scheme; the manufacturer requests the label
            again, and the ruling is published with the label
sent-back   the manufacturer submits what the text names, and requests again

APPEAL is its ID, or the beginning of it.`,
		Example: `  labelctl appeal decide 77ab... --outcome upheld --text "The report says the opposite."
  labelctl appeal decide 77ab... --outcome changed --accept no-shared-passwords --text "The lab confirms it."`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Outcome = label.RulingOutcome(how)
			return c.decide(cmd.Context(), args[0], r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&how, "outcome", "", strings.Join(rulings.names(), ", "))
	f.StringVar(&r.Text, "text", "", "why, and what the manufacturer may do")
	languageFlag(cmd, &r.Language)
	f.StringArrayVar(&r.Accepted, "accept", nil, "`ID` of a criterion that counts as met; repeat for several")
	require(cmd, "outcome", "text")
	complete(cmd, "outcome", rulings.names()...)
	return cmd
}

func (c appealCommands) decide(ctx context.Context, id string, r *label.RulingRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	t, err := c.trail(ctx, api, id)
	if err != nil {
		return err
	}
	if t.GetAppeal() == nil {
		return label.Errorf(label.Precondition, label.ReasonUnknownDecision, "appeal", "there is no appeal against decision %s", short(t.GetRefusal().GetId()))
	}
	if r.Appeal, err = label.ParseDigest(t.GetAppeal().GetId()); err != nil {
		return err
	}
	r.Made = c.now().UTC().Truncate(time.Second)
	signed, err := c.signAbout(ctx, conn, t, label.TypeRulingRequest, r)
	if err != nil {
		return err
	}
	return c.rule(ctx, conn, signed)
}

// rule sends a signed ruling and shows what it led to.
func (c appealCommands) rule(ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
	answer, err := labelv1.NewAppealServiceClient(conn).DecideAppeal(ctx, &labelv1.DecideAppealRequest{Ruling: signed})
	switch {
	case err != nil:
		return err
	case answer.GetWaiting() != nil:
		return c.showWaiting(ctx, conn, answer, answer.GetWaiting(), nil)
	}
	return c.show(answer, func(p *terminal.Page) { writeTrail(p, answer.GetTrail(), c.now()) })
}
