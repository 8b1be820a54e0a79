package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/terminal"
)

// evidenceCommands sign, submit and list test reports and declarations.
type evidenceCommands struct{ *session }

// signOptions are the flags of attest and declare, which differ in what is signed
// and by whom.
type signOptions struct {
	file     string // results or declaration
	device   string // file or digest
	out      string
	labels   string // directory with programme data
	template bool
	standard string
	edition  string
}

func (o *signOptions) flags(cmd *cobra.Command, file, what string) {
	f := cmd.Flags()
	f.StringVar(&o.file, file, "", "YAML or JSON `file` with "+what)
	f.StringVar(&o.device, "device", "", "`file` with the device descriptor, or the digest of a registered device")
	f.StringVar(&o.out, "out", "", "`file` to write to (default: standard output)")
	f.StringVar(&o.labels, "labels", "", "`directory` with programme data, instead of the built-in data")
	f.BoolVar(&o.template, "template", false, "write a file to fill in instead")
	f.StringVar(&o.standard, "standard", "", "`ID` of the standard, for --template (default: that of the schemes)")
	f.StringVar(&o.edition, "edition", "", "edition of the standard, for --template (default: that of the schemes)")
}

// check refuses flags that do not go together.
func (o *signOptions) check(file string) error {
	switch {
	case o.template && (o.file != "" || o.device != ""):
		return usagef("--template cannot be used with --%s or --device", file)
	case o.template:
		return nil
	case o.file == "" || o.device == "":
		return usagef("--%s and --device are required, or --template for a file to fill in", file)
	case o.standard != "" || o.edition != "":
		return usagef("--standard and --edition are for --template; otherwise the file names them")
	}
	return nil
}

func attestCommand(s *session) *cobra.Command {
	c := evidenceCommands{s}
	var o signOptions
	cmd := &cobra.Command{
		Use:   "attest --results FILE --device FILE|DIGEST",
		Short: "Sign a test report (labs only)",
		Long: `Sign what was measured on samples of a device: an in-toto statement about the
device's digest, in a Sigstore bundle that "labelctl submit" takes.

The results are a YAML or JSON file; --template writes one to fill in, with
every provision of the standard's edition and every fact that a lab may state.
You can leave out its member lab: --as says it.

Everything that the service checks in a document is checked before it is signed.`,
		Example: `  labelctl attest --template --standard en303645 --edition V2.1.1 --out results.yaml
  labelctl attest --results results.yaml --device camera.json --key lab.key --as aurora-lab --out report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check("results"); err != nil {
				return err
			}
			if o.template {
				return c.writeTemplate(&o, reportTemplate)
			}
			return c.attest(cmd.Context(), &o)
		},
	}
	o.flags(cmd, "results", "the results")
	return cmd
}

func declareCommand(s *session) *cobra.Command {
	c := evidenceCommands{s}
	var o signOptions
	cmd := &cobra.Command{
		Use:   "declare --declaration FILE --device FILE|DIGEST",
		Short: "Sign a declaration of conformity (manufacturers only)",
		Long: `Sign what the manufacturer declares: an in-toto statement about the device's
digest, in a Sigstore bundle that "labelctl submit" takes.

The declaration is a YAML or JSON file; --template writes one to fill in, with
every provision of the standard's edition and every fact that a manufacturer may
state. You can leave out its member manufacturer: --as says it.

Everything that the service checks in a document is checked before it is signed.`,
		Example: `  labelctl declare --template --out declaration.yaml
  labelctl declare --declaration declaration.yaml --device camera.yaml --key maker.key --as northlight --out declaration.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check("declaration"); err != nil {
				return err
			}
			if o.template {
				return c.writeTemplate(&o, declarationTemplate)
			}
			return c.declare(cmd.Context(), &o)
		},
	}
	o.flags(cmd, "declaration", "the declaration")
	return cmd
}

// writeTemplate writes a file to fill in.
func (c evidenceCommands) writeTemplate(o *signOptions, write func(*form) []byte) error {
	p, err := programme(o.labels)
	if err != nil {
		return err
	}
	f, err := newForm(p, o.standard, o.edition, c.as)
	if err != nil {
		return err
	}
	b := write(f)
	if o.out == "" {
		_, err := c.stdout.Write(b)
		return err
	}
	if err := createFile(o.out, b); err != nil { // a form that was filled in is hours of work
		return err
	}
	return c.show(map[string]string{"file": o.out, "standard": f.std.ID, "edition": f.edition}, func(p *terminal.Page) {
		p.Line("%s: fill in what is empty, remove what does not apply", o.out)
	})
}

func (c evidenceCommands) attest(ctx context.Context, o *signOptions) error {
	var r label.TestReport
	doc, err := c.document(o.file, &r)
	if err != nil {
		return err
	}
	if err := checkParty(&r.Lab, "lab", c.as); err != nil {
		return doc.at(err)
	}
	normalizeVerdicts(r.Verdicts)
	if err := r.Validate(); err != nil {
		return doc.at(nameProvision(err, r.Verdicts))
	}
	return c.sign(ctx, o, doc, &statement{label.TypeTestReport, &r, r.Verdicts, func(d *label.Device) error {
		if d.Manufacturer == r.Lab {
			return label.Errorf(label.Denied, label.ReasonAffiliated, "lab", "%s is the manufacturer of the device; a manufacturer cannot test its own devices", r.Lab)
		}
		return nil
	}})
}

func (c evidenceCommands) declare(ctx context.Context, o *signOptions) error {
	var d label.Declaration
	doc, err := c.document(o.file, &d)
	if err != nil {
		return err
	}
	if err := checkParty(&d.Manufacturer, "manufacturer", c.as); err != nil {
		return doc.at(err)
	}
	normalizeVerdicts(d.Claims)
	if err := d.Validate(); err != nil {
		return doc.at(nameProvision(err, d.Claims))
	}
	return c.sign(ctx, o, doc, &statement{label.TypeDeclaration, &d, d.Claims, func(dev *label.Device) error {
		if dev.Manufacturer != d.Manufacturer {
			return label.Errorf(label.Denied, label.ReasonWrongSigner, "manufacturer", "is %s, but the device belongs to %s", d.Manufacturer, dev.Manufacturer)
		}
		return nil
	}})
}

// A statement is a report or declaration to be signed.
type statement struct {
	predicateType string
	predicate     any
	verdicts      []label.Verdict
	fits          func(*label.Device) error // refuses a device that the signer may not sign about
}

// spellings are the ways to write each verdict, in lower case.
var spellings = map[string]label.Outcome{
	"pass": label.Pass, "passed": label.Pass, "p": label.Pass, "ok": label.Pass,
	"fail": label.Fail, "failed": label.Fail, "f": label.Fail,
	"n/a": label.NotApplicable, "na": label.NotApplicable, "not applicable": label.NotApplicable, "not-applicable": label.NotApplicable, "not_applicable": label.NotApplicable,
	"inconclusive": label.Inconclusive, "inc": label.Inconclusive,
}

// normalizeVerdicts replaces the spellings of verdicts by the verdicts themselves.
func normalizeVerdicts(verdicts []label.Verdict) {
	for i := range verdicts {
		if v, ok := spellings[strings.ToLower(strings.TrimSpace(string(verdicts[i].Verdict)))]; ok {
			verdicts[i].Verdict = v
		}
	}
}

// checkParty fills in the organization that signs a document where the document leaves
// it out, and refuses one that is not that of --as.
func checkParty(org *string, field, as string) error {
	switch {
	case *org == "":
		*org = as
	case as != "" && *org != as:
		return label.Errorf(label.Invalid, label.ReasonWrongSigner, field, "is %s, but --as is %s", *org, as)
	}
	if *org == "" {
		return usagef("an organization is required: use --as or set %s", envAs)
	}
	return nil
}

// nameProvision adds the provision to an error about a verdict, because people know
// verdicts by their provision and not by their position in a list.
func nameProvision(err error, verdicts []label.Verdict) error {
	e, ok := err.(*label.Error)
	if !ok {
		return err
	}
	for i := range verdicts {
		for _, list := range []string{"verdicts", "claims"} {
			if strings.Contains(e.Field, list+index(i)+".") && verdicts[i].Provision != "" {
				inner := *e
				inner.Text = "(provision " + verdicts[i].Provision + ") " + e.Text
				return &inner
			}
		}
	}
	return err
}

// sign makes the statement, checks it as the service will, signs it and writes it.
func (c evidenceCommands) sign(ctx context.Context, o *signOptions, doc *document, st *statement) error {
	device, descriptor, err := c.records().device(ctx, o.device)
	if err != nil {
		return err
	}
	if err := st.fits(device); err != nil {
		return doc.at(err)
	}
	p, err := programme(o.labels)
	if err != nil {
		return err
	}
	if err := p.CheckDevice(device); err != nil {
		return &placeError{o.device, err}
	}
	stmt, err := label.NewStatement("device.json", label.DigestOf(descriptor), st.predicateType, st.predicate)
	if err != nil {
		return err
	}
	item, err := lint(p, stmt, c.now())
	if err != nil {
		return doc.at(nameProvision(err, st.verdicts))
	}
	c.noteGaps(p, item, st.verdicts)
	signer, err := c.signer(ctx)
	if err != nil {
		return err
	}
	bundle, _, err := seal(p, signer, stmt)
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err := c.stdout.Write(append(bundle, '\n'))
		return err
	}
	if err := writeFile(o.out, bundle); err != nil {
		return err
	}
	result := struct {
		Statement string `json:"statement"`
		Type      string `json:"type"`
		Device    string `json:"device"`
		Signer    string `json:"signer"`
		Key       string `json:"key"`
		File      string `json:"file"`
	}{item.ID.String(), st.predicateType, label.DigestOf(descriptor).String(), item.Signer, signer.Public.ID, o.out}
	return c.show(result, func(p *terminal.Page) {
		p.Pairs([2]string{"statement", result.Statement}, [2]string{"device", result.Device},
			[2]string{"signer", result.Signer}, [2]string{"key", result.Key}, [2]string{"file", result.File})
	})
}

// lint checks a statement as the service will, under a key that is thrown away. So a
// mistake is found before a passphrase is asked for or a KMS signs.
func lint(p *scheme.Programme, stmt *label.Statement, now time.Time) (*scheme.Item, error) {
	private, _, err := envelope.GenerateKey("ed25519", nil)
	if err != nil {
		return nil, err
	}
	signer, err := envelope.ParseSigner(private, nil)
	if err != nil {
		return nil, err
	}
	_, item, err := seal(p, signer, stmt)
	if err != nil {
		return nil, err
	}
	return item, p.CheckAge(item, now)
}

// seal signs a statement and reads back what it made.
func seal(p *scheme.Programme, signer *envelope.Signer, stmt *label.Statement) ([]byte, *scheme.Item, error) {
	env, err := signer.Seal(stmt)
	if err != nil {
		return nil, nil, err
	}
	bundle, err := envelope.Bundle(env)
	if err != nil {
		return nil, nil, err
	}
	u, err := envelope.Open(bundle)
	if err != nil {
		return nil, nil, err
	}
	v, err := u.Verify([]*envelope.PublicKey{signer.Public})
	if err != nil {
		return nil, nil, err
	}
	item, err := p.ReadSubmitted(v)
	return bundle, item, err
}

// noteGaps names the provisions of the edition that a statement leaves out. That is
// allowed and may be a mistake.
func (c evidenceCommands) noteGaps(p *scheme.Programme, it *scheme.Item, verdicts []label.Verdict) {
	has := map[string]bool{}
	for _, v := range verdicts {
		has[v.Provision] = true
	}
	var missing []string
	if s := editionsAsked(p, it.Standard, it.Edition); s != "" {
		c.note("no scheme asks for %s %s; %s", it.Standard, it.Edition, s)
	}
	for _, v := range p.Standards[it.Standard].In(it.Edition) {
		if !has[v.ID] {
			missing = append(missing, v.ID)
		}
	}
	if len(missing) > 0 {
		c.note("says nothing about %s of %s %s: %s", plural(len(missing), "provision", "provisions"), it.Standard, it.Edition, strings.Join(missing, ", "))
	}
}

// editionsAsked says which editions the schemes ask for, if none of them asks for this
// one: a statement about it supports nothing.
func editionsAsked(p *scheme.Programme, standard, edition string) string {
	var asked []string
	for _, s := range p.Judging(time.Now()) {
		if s.Standard == standard && s.Edition == edition {
			return ""
		}
		asked = append(asked, fmt.Sprintf("%s asks for %s %s", s.ID, s.Standard, s.Edition))
	}
	return strings.Join(asked, ", ")
}

func submitCommand(s *session) *cobra.Command {
	c := evidenceCommands{s}
	return &cobra.Command{
		Use:   "submit FILE...",
		Short: "Submit signed test reports and declarations",
		Long: `Submit signed statements: Sigstore bundles as attest, declare and cosign write them,
or bare DSSE envelopes. Any enrolled organization can submit them: only the signer
counts. If there are several signatures, one of them must be by a key in use of the
lab or manufacturer that the statement names. Submitting a statement again is no
error and returns the first receipt.

Files are submitted in the order given. The first that is refused ends the command.`,
		Example: "  labelctl submit report.json declaration.json --key maker.key --as northlight",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.submit(cmd.Context(), args)
		},
	}
}

// A receipt is the service's answer to one file.
type receipt struct {
	file   string
	answer *labelv1.SubmitStatementResponse
}

func (c evidenceCommands) submit(ctx context.Context, files []string) error {
	var statements [][]byte
	for _, file := range files {
		b, err := c.readFile(file, label.MaxStatement)
		if err != nil {
			return err
		}
		if _, err := envelope.Open(b); err != nil {
			err = &placeError{file, err}
			if label.ReasonOf(err) == label.ReasonMalformed && !bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
				err = hintf(err, "sign the file before you submit it: \"labelctl attest\" signs a lab's results, \"labelctl declare\" a declaration")
			}
			return err
		}
		statements = append(statements, b)
	}
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSubmissionServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	var receipts []receipt
	var refused error
	for i, file := range files {
		r, err := api.SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: statements[i]})
		if err != nil {
			refused = err
			if len(files) > 1 {
				refused = &placeError{file, err}
			}
			break
		}
		receipts = append(receipts, receipt{file, r})
	}
	if err := c.showReceipts(receipts); err != nil {
		return err
	}
	return refused
}

func (c evidenceCommands) showReceipts(receipts []receipt) error {
	// A line is a submission with the rest of the answer to it.
	type line struct {
		File       string     `json:"file"`
		Known      bool       `json:"known"`
		Submission label.JSON `json:"submission"`
		Notes      []note     `json:"notes,omitempty"`
	}
	lines := []line{}
	var rows [][]string
	for _, r := range receipts {
		b, err := encode(r.answer.GetSubmission())
		if err != nil {
			return err
		}
		lines = append(lines, line{r.file, r.answer.GetKnown(), b, notesOf(r.answer)})
		state := "new"
		if r.answer.GetKnown() {
			state = "known"
		}
		st := r.answer.GetSubmission().GetStatement()
		rows = append(rows, []string{st.GetId(), state, evidenceKind(st.GetType()), st.GetSigner(), st.GetNumber(), r.file})
	}
	if len(receipts) == 0 && c.output == "text" {
		return nil
	}
	return c.show(map[string][]line{"submissions": lines}, func(p *terminal.Page) {
		p.Table([]string{"STATEMENT", "STATE", "TYPE", "SIGNER", "NUMBER", "FILE"}, rows)
		for _, r := range receipts {
			for _, n := range notesOf(r.answer) {
				p.Line("%s: the statement %s", r.file, n.Text)
			}
		}
	})
}

// A note is what a statement is worth under a scheme.
type note struct {
	Scheme  string `json:"scheme"`
	Counts  bool   `json:"counts"`
	Code    string `json:"code,omitempty"`
	Text    string `json:"text"`
	Against bool   `json:"against,omitempty"`
}

// notesOf returns the notes of an answer. Those of schemes that ask for another standard
// are left out, unless no scheme asks for the standard of the statement.
func notesOf(r *labelv1.SubmitStatementResponse) (list []note) {
	var others []note
	for _, n := range r.GetNotes() {
		m := note{n.GetScheme(), n.GetCounts(), n.GetCode(), n.GetText(), n.GetAgainst()}
		if m.Code == scheme.OtherStandard {
			others = append(others, m)
		} else {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return others
	}
	return list
}

// evidenceKind returns the name of a predicate type for people.
func evidenceKind(predicateType string) string {
	if p, err := label.PredicateOf(predicateType); err == nil {
		return p.Name
	}
	return unknown(predicateType)
}

func submissionsCommand(s *session) *cobra.Command {
	c := evidenceCommands{s}
	var device string
	cmd := &cobra.Command{
		Use:   "submissions",
		Short: "List statements you signed or submitted",
		Long: `List the accepted statements that your organization signed or submitted, newest
first. The list says which statements do not count and why, and which count until
some day only. With --device, the device's manufacturer and operators see all
statements about it, including those of others. Faults that a lab found in another
device of the product are listed too: they count against this device.`,
		Example: "  labelctl submissions\n  labelctl submissions --device camera.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			about := ""
			if device != "" {
				var err error
				if about, err = c.records().deviceDigest(cmd.Context(), device); err != nil {
					return err
				}
			}
			return c.list(cmd.Context(), about)
		},
	}
	cmd.Flags().StringVar(&device, "device", "", "only about this device: its digest, or a `file` with its descriptor")
	return cmd
}

func (c evidenceCommands) list(ctx context.Context, device string) error {
	list, err := c.records().submissions(ctx, device)
	if err != nil {
		return err
	}
	all := &labelv1.ListSubmissionsResponse{Submissions: list}
	return c.show(all, func(p *terminal.Page) {
		var rows [][]string
		for _, s := range all.GetSubmissions() {
			st := s.GetStatement()
			rows = append(rows, []string{s.GetReceived().AsTime().UTC().Format(time.RFC3339), evidenceKind(st.GetType()), st.GetSigner(),
				st.GetNumber(), st.GetDate(), short(st.GetId()), short(s.GetDevice())})
		}
		p.Table([]string{"RECEIVED", "TYPE", "SIGNER", "NUMBER", "DATE", "STATEMENT", "DEVICE"}, rows)
		for _, s := range all.GetSubmissions() {
			if s.GetOtherDevice() {
				p.Line("%s counts against the device: it %s", short(s.GetStatement().GetId()), s.GetDoubtText())
			} else if s.GetCountsUntil() != "" {
				p.Line("%s counts until %s, and then no longer (%s): %s", short(s.GetStatement().GetId()), s.GetCountsUntil(), s.GetDoubt(), s.GetDoubtText())
			} else if s.GetDoubt() != "" {
				p.Line("%s does not count (%s): %s", short(s.GetStatement().GetId()), s.GetDoubt(), s.GetDoubtText())
			}
		}
	})
}

// short returns the beginning of a digest, enough to tell it from others.
func short(digest string) string { return digest[:min(16, len(digest))] }
