package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/terminal"
)

// labelCommands request labels and look them up.
type labelCommands struct{ *session }

func evaluateCommand(s *session) *cobra.Command {
	c := labelCommands{s}
	var req labelv1.EvaluateDeviceRequest
	cmd := &cobra.Command{
		Use:   "evaluate DEVICE",
		Short: "Check which level a device meets and what is missing",
		Long: `Evaluate a device by all evidence accepted for it. Nothing is issued or recorded.
DEVICE is a digest or a file with the descriptor.

Shows the criteria for --level, or for the level above the one that the device meets:
the result for each, who can show it, and the evidence it is based on.`,
		Example: "  labelctl evaluate camera.yaml\n  labelctl evaluate camera.yaml --level 3 --output json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Device, err = c.records().deviceDigest(cmd.Context(), args[0]); err != nil {
				return err
			}
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewLabelServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.EvaluateDevice(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				writeDecision(p, r.GetDecision(), int(req.Level))
				if len(r.GetHolds()) > 0 {
					p.Line("\nno label is issued for now, whatever the evidence:")
					writeHolds(p, r.GetHolds())
				}
				if why := r.GetNeedsOperator(); why != "" {
					p.Line("\nno label is issued or renewed until an operator has registered the device: %s", why)
				}
			})
		},
	}
	cmd.Flags().StringVar(&req.Scheme, "scheme", "", "`ID` of the scheme, if there are several; ID@VERSION for another version that is in force")
	cmd.Flags().Int32Var(&req.Level, "level", 0, "level to show (default: the one above the level that is met)")
	return cmd
}

// shownBy says who can show that a criterion is met or, if it is not met, who can still
// do that. A lab may always stand in for the manufacturer. A failure that a lab found can
// be cleared by a lab only, and one that the manufacturer declared by itself only.
func shownBy(f *labelv1.Finding) string {
	asked, either := map[labelv1.EvidenceSource]bool{}, false
	ask := func(by labelv1.EvidenceSource, own bool) {
		if by == labelv1.EvidenceSource_EVIDENCE_SOURCE_DECLARATION && !own {
			either = true
		} else if by != labelv1.EvidenceSource_EVIDENCE_SOURCE_UNSPECIFIED {
			asked[by] = true
		}
	}
	for _, g := range f.GetGaps() {
		ask(g.GetBy(), g.GetKind() != string(scheme.GapEvidence) && g.GetKind() != string(scheme.GapFact))
	}
	if len(f.GetGaps()) == 0 {
		ask(f.GetRequired(), len(f.GetProvisions()) == 0)
	}
	if len(asked) == 0 && either {
		return "lab or manufacturer"
	}
	var list []string
	for by := range asked {
		list = append(list, sources.textOf(by))
	}
	slices.Sort(list)
	return strings.Join(list, " and ")
}

// writeDecision writes the findings of a level and what is missing for it. Level 0
// stands for the one above the level that is met.
func writeDecision(p *terminal.Page, d *labelv1.Decision, level int) {
	at := levelOf(d, level)
	if at == nil {
		p.Line("the decision does not mention level %d", level)
		return
	}
	refs := map[string]*labelv1.EvidenceRef{}
	for _, e := range d.GetEvidence() {
		refs[e.GetId()] = e
	}
	shown := presentations.value(d.GetPresentation())
	sought := levelText(shown, int(at.GetLevel()), at.GetName())
	p.Line("%s, by %s version %s", sought, d.GetScheme(), d.GetSchemeVersion())
	p.Line("device %s (risk %s), as of %s", d.GetDevice(), d.GetRisk(), d.GetAt().AsTime().UTC().Format(time.RFC3339))
	p.Line("")
	var rows [][]string
	for _, f := range at.GetFindings() {
		var rests []string
		for _, id := range f.GetEvidence() {
			rests = append(rests, evidenceName(refs[id]))
		}
		title := f.GetTitle()
		if len(f.GetWhy()) > 0 {
			title += " (" + strings.Join(f.GetWhy(), ", ") + ")"
		}
		rows = append(rows, []string{strconv.Itoa(int(f.GetLevel())), findings.textOf(f.GetState()), title, shownBy(f), strings.Join(rests, ", ")})
	}
	heads := []string{"LEVEL", "FINDING", "CRITERION", "SHOWN BY", "EVIDENCE"}
	if shown == label.PassOnly { // all criteria are of the one level
		heads = heads[1:]
		for i := range rows {
			rows[i] = rows[i][1:]
		}
	}
	p.Table(heads, rows)
	p.Line("")
	p.Line("%s", metText(shown, d))
	if missing := d.GetMissing(); len(missing) > 0 && !at.GetReached() {
		p.Line("missing for %s:", sought)
		for _, g := range missing {
			p.Line("  - %s", gapText(g))
		}
	}
	writeUnused(p, d.GetUnused())
}

// soughtText names the level that a request was about, which is the only one in its answer.
func soughtText(d *labelv1.Decision) string {
	shown, levels := presentations.value(d.GetPresentation()), d.GetLevels()
	if shown == label.PassOnly || len(levels) == 0 {
		return "a label"
	}
	at := levels[len(levels)-1]
	return levelText(shown, int(at.GetLevel()), at.GetName())
}

// metText says which level a device meets.
func metText(shown label.Presentation, d *labelv1.Decision) string {
	n := int(d.GetReached())
	switch {
	case shown == label.PassOnly && n > 0:
		return "meets the scheme"
	case shown == label.PassOnly:
		return "does not meet the scheme"
	case n == 0:
		return "meets no level"
	}
	if at := levelOf(d, n); at != nil {
		return "meets " + levelText(shown, n, at.GetName())
	}
	return "meets level " + strconv.Itoa(n)
}

// writeUnused lists the evidence that was accepted and does not count in full, and why.
func writeUnused(p *terminal.Page, list []*labelv1.UnusedEvidence) {
	for _, u := range list {
		line := "does not count: "
		if u.GetCountsUntil() != "" {
			line = "counts for now: "
		} else if u.GetAgainst() {
			line = "counts only against the device: "
		}
		p.Line("%s%s, of %s: it %s (%s)", line, evidenceName(u.GetEvidence()), u.GetEvidence().GetDate(), u.GetText(), u.GetCode())
	}
}

// levelOf returns the result for a level, nil if the decision has none. Level 0 stands
// for the one above the level that is met, or for the highest.
func levelOf(d *labelv1.Decision, level int) *labelv1.LevelResult {
	levels := d.GetLevels()
	if level == 0 && len(levels) > 0 {
		level = min(int(d.GetReached())+1, int(levels[len(levels)-1].GetLevel()))
	}
	for _, l := range levels {
		if int(l.GetLevel()) == level {
			return l
		}
	}
	return nil
}

// evidenceName names a statement by signer and number.
func evidenceName(e *labelv1.EvidenceRef) string { return e.GetSigner() + " " + e.GetNumber() }

func gapText(g *labelv1.Gap) string {
	if len(g.GetItems()) == 0 || g.GetKind() == string(scheme.GapRule) { // a rule's only item is the criterion
		return g.GetText()
	}
	return g.GetText() + " (" + strings.Join(g.GetItems(), ", ") + ")"
}

// A request is a request for a label, and the files for what it gives.
type request struct {
	labelv1.RequestLabelRequest
	qr, bundle, proof string // files
}

func requestCommand(s *session) *cobra.Command {
	c := labelCommands{s}
	r := &request{}
	cmd := &cobra.Command{
		Use:   "request DEVICE [--level N]",
		Short: "Request a label, or approve what others ask for",
		Long: `Evaluate a device and, if the evidence supports the level, issue, sign and log its
label. DEVICE is a digest or a file with the descriptor. Repeating the request returns
the same label. A scheme that a product meets or does not meet needs no --level.

If the device does not qualify, no label is issued, the findings say why, and the exit
code is 3. The signed decision is recorded: "labelctl decision show" shows it, and
"labelctl appeal file" appeals against it.

The commands below are about signed requests that wait for another person, because
what they ask for takes several persons ("labelctl acts show").`,
		Example: "  labelctl request camera.yaml --level 3 --qr label.svg --bundle label.json --proof label.tlog-proof",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.qr != "" {
				if r.Qr, err = codeFormat(r.qr); err != nil {
					return err
				}
			}
			if cmd.Flags().Changed("level") && r.Level < 1 {
				return usagef("--level: must be 1 or more")
			}
			if r.Device, err = c.records().deviceDigest(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.request(cmd.Context(), r)
		},
	}
	f := cmd.Flags()
	f.Int32Var(&r.Level, "level", 0, "level to ask for, from 1; not needed where the scheme has no levels")
	f.StringVar(&r.Scheme, "scheme", "", "`ID` of the scheme, if there are several; ID@VERSION for another version that is in force")
	f.StringVar(&r.qr, "qr", "", "`file` for the QR code, .png or .svg")
	f.StringVar(&r.bundle, "bundle", "", "`file` for the signed label, a Sigstore bundle")
	f.StringVar(&r.proof, "proof", "", "`file` for the proof that the label is in the log")
	return cmd
}

// codeFormat returns the format that a file's ending asks for.
func codeFormat(path string) (labelv1.QRFormat, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return labelv1.QRFormat_QR_FORMAT_PNG, nil
	case ".svg":
		return labelv1.QRFormat_QR_FORMAT_SVG, nil
	}
	return 0, usagef("%q must end in .png or .svg", path)
}

func (c labelCommands) request(ctx context.Context, r *request) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewLabelServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := api.RequestLabel(ctx, &r.RequestLabelRequest)
	if err != nil {
		return err
	}
	l := answer.GetLabel()
	if l == nil {
		err := c.show(answer, func(p *terminal.Page) {
			writeDecision(p, answer.GetDecision(), int(r.Level))
			p.Line("\nno label: the evidence does not support %s", soughtText(answer.GetDecision()))
			writeRefused(p, answer)
		})
		if err != nil {
			return err
		}
		return exitCode(exitShort)
	}
	for _, f := range []struct {
		path string
		b    []byte
	}{{r.qr, l.GetQr()}, {r.bundle, l.GetBundle()}, {r.proof, l.GetProof()}} {
		if f.path == "" {
			continue
		}
		if err := writeFile(f.path, f.b); err != nil {
			return hintf(err, "the label %s is issued; repeat the request to get it again", l.GetSummary().GetId())
		}
	}
	return c.show(answer, func(p *terminal.Page) {
		writeSummary(p, l.GetSummary())
		if answer.GetKnown() {
			c.note("the device already had this label")
		}
	})
}

// productName writes brand and name, without the brand where the name begins with it.
func productName(brand, name string) string {
	if strings.HasPrefix(name, brand) {
		return name
	}
	return brand + " " + name
}

// writeSummary writes a label in short. The rows in state are for callers that know more
// of its state than the summary does, and replace what the summary says.
func writeSummary(p *terminal.Page, s *labelv1.LabelSummary, state ...[2]string) {
	if len(state) == 0 {
		state = [][2]string{{"state:", stateText(s)}}
	}
	end, announced := endOf(s)
	valid := lastDay(end) + ": " + bounds.textOf(s.GetExpiresFor())
	if announced {
		valid = lastDay(end) + ": it ends then, as announced"
	}
	if states.value(s.GetState()).Final() {
		valid = ""
	}
	rows := append([][2]string{
		{"label:", label.ID(s.GetId()).Pretty()},
		{"url:", s.GetUrl()},
		resultRow(levelIn(s), fmt.Sprintf("%s (%s version %s)", assurances.textOf(s.GetAssurance()), s.GetSchemeName(), s.GetSchemeVersion())),
		{"device:", deviceText(s)},
		{"moved barcode:", movedText(s.GetMovedGtins())},
	}, state...)
	p.Pairs(append(rows,
		[2]string{"issued:", day(s.GetIssued())},
		[2]string{"valid until:", valid},
		[2]string{"updates until:", supportText(s)},
		[2]string{"log entry:", strconv.FormatInt(s.GetLogIndex(), 10)})...)
}

// endOf returns when a label ends, and whether that end was announced. An announced end
// does not come while the label is under review or suspended.
func endOf(s *labelv1.LabelSummary) (end time.Time, announced bool) {
	if e := s.GetAnnouncedEnd(); e != nil && !s.GetUnderReview() && s.GetState() == labelv1.LabelState_LABEL_STATE_ACTIVE {
		return e.AsTime(), true
	}
	return s.GetExpires().AsTime(), false
}

func deviceText(s *labelv1.LabelSummary) string {
	return fmt.Sprintf("%s, model %s, by %s", productName(s.GetBrand(), s.GetName()), s.GetModel(), s.GetManufacturerName())
}

// stateText says in a few words how a label stands and what is open about it, so that
// nobody takes a label in a list for one that nothing is open about.
func stateText(s *labelv1.LabelSummary) string {
	text := states.textOf(s.GetState())
	if s.GetExpiringSoon() && s.GetAnnouncedEnd() == nil { // an announced end says more
		text += ", expiring soon"
	}
	live := states.value(s.GetState()).Live()
	if live && s.GetExpiresFor() == labelv1.ExpiryBound_EXPIRY_BOUND_GRACE_END {
		text += ", ends early"
	}
	if end := s.GetAnnouncedEnd(); end != nil {
		text += ", to end on " + day(end)
	}
	if s.GetUnderReview() {
		text += ", under review"
	}
	if n := int(s.GetAdvisories()); n > 0 && s.GetState() == labelv1.LabelState_LABEL_STATE_ACTIVE {
		text += ", " + plural(n, "security notice", "security notices")
	}
	if s.GetUnsettled() && s.GetState() == labelv1.LabelState_LABEL_STATE_EXPIRED {
		text += ", product on hold"
	}
	return text
}

func supportText(s *labelv1.LabelSummary) string {
	if words := supports.textOf(s.GetSupportState()); words != "" {
		return s.GetSupportEnd() + ": " + words
	}
	return s.GetSupportEnd()
}

func labelCommand(s *session) *cobra.Command {
	c, changes := labelCommands{s}, changeCommands{s}
	return group("label", "Look up labels at the service, and change them",
		`Show what the service says of labels, and change labels after they were issued. To
check a label without trusting the service, use "labelctl verify".`,
		`  labelctl label show K7QM-4T2X-9PWH
  labelctl label history K7QM-4T2X-9PWH
  labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "Two buyers report a shared password."`,
		labelShowCommand(c), labelListCommand(c), labelHistoryCommand(c), labelArtCommand(c),
		labelSuspendCommand(changes), labelReinstateCommand(changes), labelRevokeCommand(changes),
		labelReviewCommand(changes), labelClearCommand(changes), labelReleaseCommand(changes), labelAdviseCommand(advisoryCommands{s}),
		labelWithdrawCommand(changes), labelRenewCommand(changes), labelSupersedeCommand(changes))
}

// lookup asks the service how a label stands, and does not verify the answer.
func (c labelCommands) lookup(ctx context.Context, req *labelv1.VerifyRequest) (*labelv1.VerifyResponse, error) {
	req.History = true
	api, conn, err := publicClient(c.session, labelv1.NewVerificationServiceClient)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return api.Verify(ctx, req)
}

// byName returns a request about the label with an ID or URL.
func byName(arg string) *labelv1.VerifyRequest {
	if strings.Contains(arg, "://") {
		return &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Url{Url: arg}}
	}
	return &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: arg}}
}

func labelShowCommand(c labelCommands) *cobra.Command {
	var gtin string
	cmd := &cobra.Command{
		Use:   "show ID|URL",
		Short: "Show the status of a label",
		Long: `Show what the service says of a label: its status and why, an announced end, a review,
advisories about the product, and what the manufacturer declared about personal data
and sensors. Name the label by its ID, its URL, or with --gtin by the number under the
product's barcode. Needs no key.`,
		Example: "  labelctl label show K7QM-4T2X-9PWH\n  labelctl label show --gtin 09522105000101",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var req *labelv1.VerifyRequest
			switch {
			case (gtin == "") == (len(args) == 0):
				return usagef("give a label ID or URL, or use --gtin")
			case gtin != "":
				req = &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Gtin{Gtin: gtin}}
			default:
				req = byName(args[0])
			}
			r, err := c.lookup(cmd.Context(), req)
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				writeSummary(p, r.GetSummary(), standingOf(r).rows()...)
				var list []factText
				for _, d := range r.GetDeclared() {
					list = append(list, factText{label.LabelFact{Fact: d.GetFact(), Value: label.BoolFact(d.GetValue()), By: label.Source(d.GetBy())}, d.GetText()})
				}
				writeDeclared(p, list)
			})
		},
	}
	cmd.Flags().StringVar(&gtin, "gtin", "", "`number` under the barcode")
	return cmd
}

// A factText is a fact that a label repeats, with its words if there are any.
type factText struct {
	label.LabelFact
	words string
}

// writeDeclared writes what the manufacturer declared, and what of it a laboratory measured.
func writeDeclared(p *terminal.Page, list []factText) {
	if len(list) == 0 {
		return
	}
	for _, by := range []struct {
		source label.Source
		title  string
	}{{label.SourceDeclaration, "the manufacturer declares:"}, {label.SourceLab, "a laboratory has measured:"}} {
		title := by.title
		for _, d := range list {
			if d.By != by.source {
				continue
			}
			if title != "" {
				p.Line("%s", title)
				title = ""
			}
			p.Line("  - %s", cmp.Or(d.words, d.Fact+": "+factWord(d.Value)))
		}
	}
}

// factWord returns the value of a fact that there are no words for.
func factWord(v label.FactValue) string {
	switch yes, ok := v.Bool(); {
	case !ok:
		return v.String()
	case yes:
		return "yes"
	}
	return "no"
}

func labelListCommand(c labelCommands) *cobra.Command {
	var manufacturer string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List labels",
		Long: `List labels, newest first: those of your devices or, with --manufacturer, those of one
manufacturer, which needs no key.`,
		Example: "  labelctl label list --key maker.key --as northlight\n  labelctl label list --manufacturer northlight",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			var list []*labelv1.LabelSummary
			if manufacturer == "" {
				list, err = c.ownLabels(cmd.Context())
			} else {
				list, err = c.labelsOf(cmd.Context(), manufacturer)
			}
			if err != nil {
				return err
			}
			return c.show(&labelv1.ListLabelsResponse{Labels: list}, func(p *terminal.Page) { writeLabels(p, list) })
		},
	}
	cmd.Flags().StringVar(&manufacturer, "manufacturer", "", "`ID` of a manufacturer")
	return cmd
}

// ownLabels fetches the labels of the caller's devices.
func (c labelCommands) ownLabels(ctx context.Context) (list []*labelv1.LabelSummary, err error) {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewLabelServiceClient)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return listAll(func(token string) ([]*labelv1.LabelSummary, string, error) {
		r, err := api.ListLabels(ctx, &labelv1.ListLabelsRequest{PageSize: pageSize, PageToken: token})
		return r.GetLabels(), r.GetNextPageToken(), err
	})
}

// labelsOf fetches the labels of a manufacturer, as anybody may.
func (c labelCommands) labelsOf(ctx context.Context, manufacturer string) (list []*labelv1.LabelSummary, err error) {
	api, conn, err := publicClient(c.session, labelv1.NewVerificationServiceClient)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return listAll(func(token string) ([]*labelv1.LabelSummary, string, error) {
		r, err := api.ListManufacturerLabels(ctx, &labelv1.ListManufacturerLabelsRequest{Manufacturer: manufacturer, PageSize: pageSize, PageToken: token})
		return r.GetLabels(), r.GetNextPageToken(), err
	})
}

func writeLabels(p *terminal.Page, list []*labelv1.LabelSummary) {
	var rows [][]string
	for _, s := range list {
		end, _ := endOf(s)
		rows = append(rows, []string{label.ID(s.GetId()).Pretty(), stateText(s), fmt.Sprintf("%d/%d", s.GetLevel(), s.GetLevelOf()), s.GetScheme(),
			productName(s.GetBrand(), s.GetName()), s.GetModel(), day(s.GetIssued()), lastDay(end), supportText(s)})
	}
	p.Table([]string{"LABEL", "STATE", "LEVEL", "SCHEME", "DEVICE", "MODEL", "ISSUED", "VALID UNTIL", "UPDATES UNTIL"}, rows)
}
