package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/surveillance"
	"labeld/internal/terminal"
	"labeld/internal/verify"
)

func surveillanceVerifyCommand(c surveillanceCommands) *cobra.Command {
	var url, trust, file string
	cmd := &cobra.Command{
		Use:   "verify ID",
		Short: "Verify a draw from the public log alone",
		Long: `Verify a draw without trusting anyone: the signatures of the plan and the result, that
the plan was logged before anyone could know its seed, the whole log against its
signed checkpoint, the seed, the candidates and their weights, and the draw itself.
--file takes the plan and the result from a file saved from /surveillance/ID.json.

Other plans of the scheme that could be drawn and are not are listed too: someone who
makes many plans could choose one that suits them.

The whole log is read, about 5 KB for each label. The exit code is 0 if the draw is
what the log gives, 4 if it is not or was tampered with, 1 if that cannot be
determined, and 6 if it is, but --trust was not given, so that the result relies on
keys that the service itself supplied.`,
		Example: "  labelctl surveillance verify 2027-spring --url https://labels.example.org --trust labeld.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			base, _ := baseURL(url)
			return c.verify(cmd.Context(), args[0], base, trust, file)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "base `URL` of the service ("+envURL+"; default: http://127.0.0.1:8080)")
	cmd.Flags().StringVar(&trust, "trust", "", "trust `file`, as \"labelctl trust\" saves it (default: the service's own word for its keys)")
	cmd.Flags().StringVar(&file, "file", "", "`file` with the plan and the result (default: fetched from the service)")
	return cmd
}

// A drawDocument is a plan and its result as the service publishes them.
type drawDocument struct {
	ID        string     `json:"id"`
	PlanEntry int64      `json:"planEntry"`
	Plan      label.JSON `json:"plan"`
	DrawEntry int64      `json:"drawEntry,omitzero"`
	Draw      label.JSON `json:"draw,omitempty"`
}

func (c surveillanceCommands) verify(ctx context.Context, id, base, trustFile, file string) error {
	if err := checkBase(base); err != nil {
		return err
	}
	trust, err := c.trust(ctx, trustFile, base)
	if err != nil {
		return err
	}
	d, err := c.fetchDraw(ctx, id, base, file)
	if err != nil {
		return err
	}
	var r drawCheck
	err = r.check(trust, d, func(size int64, f func([]byte) error) (label.Digest, error) {
		root, err := c.readLog(ctx, base, trust, size, f)
		return label.Digest(root), err
	})
	_, mismatch := errors.AsType[*surveillance.Mismatch](err)
	wrong := mismatch || err != nil && label.KindOf(err) == label.Invalid
	if err != nil && !wrong {
		return err
	}
	if r.Genuine = !wrong; wrong {
		r.Problem = err.Error()
	}
	r.Trusted = trustFile != ""
	if err := c.show(&r, func(p *terminal.Page) {
		if !r.Trusted {
			writeUntrusted(p, base)
		}
		r.write(p)
	}); err != nil {
		return err
	}
	switch {
	case wrong:
		return exitCode(exitInvalid)
	case !r.Trusted:
		return exitCode(exitUntrusted)
	}
	return nil
}

// fetchDraw returns a plan and its result, from a file or from the service.
func (c surveillanceCommands) fetchDraw(ctx context.Context, id, base, file string) (*drawDocument, error) {
	place := file
	var b []byte
	var err error
	if file != "" {
		b, err = c.readFile(file, label.MaxMessage)
	} else {
		place = base + "/surveillance/" + id + ".json"
		b, err = c.get(ctx, base, "/surveillance/"+id+".json")
	}
	if err != nil {
		return nil, err
	}
	d := new(drawDocument)
	switch err := label.Decode(b, d); {
	case err != nil:
		return nil, &placeError{place, err}
	case d.ID != id:
		return nil, &placeError{place, label.Errorf(label.NotFound, label.ReasonUnknownPlan, "id", "is %q, not %q", d.ID, id)}
	case len(d.Draw) == 0:
		return nil, label.Errorf(label.Precondition, label.ReasonStep, "draw", "plan %s is not drawn yet", id)
	}
	return d, nil
}

// A drawCheck draws again, and is the result of that as JSON.
type drawCheck struct {
	Genuine bool                  `json:"genuine"`
	Trusted bool                  `json:"trusted"` // the keys are those of a trust file
	Problem string                `json:"problem,omitempty"`
	Checks  []verify.Check        `json:"checks"`
	Drawn   []*labelv1.DrawnLabel `json:"drawn,omitempty"`
	Undrawn []string              `json:"undrawn,omitempty"` // other plans of the scheme that could be drawn, by ID

	draw     *drawDocument
	trust    *verify.Trust
	plan     *logEntry[surveillance.Announcement]
	result   *logEntry[surveillance.Result]
	read     int64 // log entries
	census   *surveillance.Census
	others   map[string]int64 // plans of the scheme: the size for their seed, by ID
	finished map[string]bool  // IDs of plans that are drawn
}

// add records a check that the draw has passed.
func (r *drawCheck) add(name, format string, args ...any) {
	r.Checks = append(r.Checks, verify.Check{Name: name, Says: fmt.Sprintf(format, args...)})
}

func (r *drawCheck) write(p *terminal.Page) {
	var rows [][]string
	for _, check := range r.Checks {
		rows = append(rows, []string{"✓ " + check.Name, check.Says})
	}
	p.Table(nil, rows)
	p.Line("")
	if !r.Genuine {
		p.Line("NOT what the log gives: %s", r.Problem)
		return
	}
	writeDrawn(p, r.Drawn)
	p.Line("")
	for _, id := range r.Undrawn {
		p.Line("plan %s has its seed and is not drawn: ask the authority why", id)
	}
	p.Line("the draw is what the log gives")
}

// check goes through a draw step by step. Its error is of the kind [label.Invalid] or
// a [surveillance.Mismatch] where the draw is wrong. The function readLog calls f with
// each entry of the log and returns the root hash over the first of them.
func (r *drawCheck) check(trust *verify.Trust, d *drawDocument, readLog func(size int64, f func(entry []byte) error) (label.Digest, error)) (err error) {
	r.trust, r.draw, r.census = trust, d, surveillance.NewCensus()
	r.others, r.finished = map[string]int64{}, map[string]bool{}
	if err := r.signatures(); err != nil {
		return err
	}
	plan, result := r.plan.predicate, r.result.predicate
	seed, err := readLog(plan.Size, r.entry)
	if err != nil {
		return err
	}
	if r.read <= d.DrawEntry {
		return logError("has %d entries, and not the result at %d", r.read, d.DrawEntry)
	}
	r.add("log", "%d entries give the root hash that the log signed; plan at %d, result at %d, no other of that ID", r.read, d.PlanEntry, d.DrawEntry)
	if seed != result.Seed {
		return &surveillance.Mismatch{Field: "seed", Claimed: result.Seed.String(), Computed: seed.String(), Places: 1}
	}
	r.add("seed", "root hash at %d entries, %d after the plan", plan.Size, plan.Size-d.PlanEntry-1)
	candidates, err := r.census.Candidates(plan)
	if err != nil {
		return logError("%v", err)
	}
	if len(candidates) != result.Candidates {
		return &surveillance.Mismatch{Field: "candidates", Claimed: strconv.Itoa(result.Candidates), Computed: strconv.Itoa(len(candidates)), Places: 1}
	}
	r.add("candidates", "%s live before the plan, on %s", plural(len(candidates), "label was", "labels were"), instant(plan.Recorded))
	if err := surveillance.Verify(seed, plan.ID, candidates, plan.Count, result.Drawn); err != nil {
		return err
	}
	r.add("draw", "%s, in the order that seed and weights give", plural(len(result.Drawn), "label", "labels"))
	r.setResult()
	return nil
}

// signatures checks what plan and result say of each other, without the log.
func (r *drawCheck) signatures() (err error) {
	if r.plan, err = openEntry[surveillance.Announcement](r.trust, r.draw.Plan, r.draw.ID, label.TypeSurveillancePlan); err != nil {
		return label.Within("plan", err)
	}
	if r.result, err = openEntry[surveillance.Result](r.trust, r.draw.Draw, r.draw.ID, label.TypeSurveillanceDraw); err != nil {
		return label.Within("draw", err)
	}
	plan, result := r.plan.predicate, r.result.predicate
	if err := cmp.Or(r.trust.CheckLog(plan.Log), r.trust.CheckLog(result.Log)); err != nil {
		return err
	}
	if plan.ID != r.draw.ID || result.Plan != plan.ID || result.SHA256 != r.plan.id || result.Entry != r.draw.PlanEntry {
		return label.Errorf(label.Invalid, label.ReasonUnknownPlan, "draw", "is of another plan")
	}
	r.add("signatures", "plan and result are signed by %s", plan.Authority.Name)
	if err := plan.CheckEntry(r.draw.PlanEntry); err != nil {
		return label.Errorf(label.Invalid, label.ReasonOf(err), "plan", "%v", err)
	}
	if r.draw.DrawEntry < plan.Size {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "draw", "is log entry %d, before the seed at %d entries", r.draw.DrawEntry, plan.Size)
	}
	return nil
}

// entry reads the next log entry, which may be a candidate, a plan or a result.
func (r *drawCheck) entry(entry []byte) error {
	at := r.read
	r.read++
	for _, s := range []struct {
		at   int64
		leaf string
	}{{r.draw.PlanEntry, r.plan.leaf}, {r.draw.DrawEntry, r.result.leaf}} {
		if at == s.at && string(entry) != s.leaf {
			return logError("entry %d is not the statement that was published", at)
		}
	}
	env, err := label.ParseEnvelope(entry)
	if err != nil {
		return logError("entry %d: %v", at, err)
	}
	if at < r.plan.predicate.Fixed {
		if _, err := r.trust.Statement(env); err != nil {
			return label.Errorf(label.Invalid, label.ReasonBadSignature, "log", "entry %d: no trusted key signed it: %v", at, err)
		}
		if err := r.census.Add(env.Payload); err != nil {
			return logError("%v", err)
		}
	}
	return r.recordPlan(at, env.Payload)
}

// recordPlan remembers the plans of the scheme and which of them are drawn, and refuses
// a second plan or result with the ID of this one.
func (r *drawCheck) recordPlan(at int64, payload []byte) error {
	var st label.Statement
	if err := label.DecodeLoose(payload, &st); err != nil {
		return logError("entry %d: %v", at, err)
	}
	var id string
	var err error
	own := r.draw.PlanEntry
	switch st.PredicateType {
	case label.TypeSurveillancePlan:
		var a surveillance.Announcement
		if err = label.Decode(st.Predicate, &a); a.Scheme == r.plan.predicate.Scheme {
			r.others[a.ID] = a.Size
		}
		id = a.ID
	case label.TypeSurveillanceDraw:
		var result surveillance.Result
		err = label.Decode(st.Predicate, &result)
		id, own = result.Plan, r.draw.DrawEntry
		r.finished[id] = true
	}
	if err != nil {
		return logError("entry %d: %v", at, err)
	}
	if id == r.draw.ID && at != own {
		return logError("entry %d is another %s of plan %s", at, st.PredicateType, id)
	}
	return nil
}

// setResult fills in the products that were drawn, as the log describes them, and the
// plans that could be drawn and are not.
func (r *drawCheck) setResult() {
	plan := r.plan.predicate
	for _, d := range r.result.predicate.Drawn {
		l := r.census.Label(d.ID)
		m := &labelv1.DrawnLabel{
			Label: string(d.ID), Weight: d.Weight, Ticket: d.Ticket.String(),
			Brand: l.Device.Brand, Name: l.Device.Name, Model: l.Device.Model, Manufacturer: l.Device.Manufacturer,
			Level: int32(l.Level.Number), Risk: plan.Risk(l.Device.Category), Assurance: string(l.Assurance),
		}
		for _, lab := range l.Labs {
			m.Labs = append(m.Labs, lab.ID)
		}
		r.Drawn = append(r.Drawn, m)
	}
	for id, size := range r.others {
		if size <= r.read && !r.finished[id] {
			r.Undrawn = append(r.Undrawn, id)
		}
	}
	slices.Sort(r.Undrawn)
}

// logError is the error of a log that differs from what was published.
func logError(format string, args ...any) error {
	return label.Errorf(label.Invalid, label.ReasonNotLogged, "log", format, args...)
}

// A logEntry is a statement about a plan that the authority signed and logged.
type logEntry[T any] struct {
	predicate *T
	id        label.Digest // SHA-256 of the statement
	leaf      string       // log entry
}

// openEntry verifies a statement of the authority about a plan.
func openEntry[T any, P interface {
	*T
	Validate() error
}](trust *verify.Trust, bundle []byte, id, predicateType string) (*logEntry[T], error) {
	u, err := envelope.Open(bundle)
	if err != nil {
		return nil, err
	}
	v, err := trust.Statement(u.Envelope())
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "", "no trusted key of the authority signed it: %v", err)
	}
	if v.PredicateType() != predicateType || !slices.Equal(v.Subjects(), []label.Digest{label.DigestOf([]byte(id))}) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "", "is another statement than %s about %q", predicateType, id)
	}
	s := &logEntry[T]{id: v.ID()}
	if s.predicate, err = envelope.Predicate[T, P](v); err != nil {
		return nil, err
	}
	leaf, err := u.Envelope().Encode()
	s.leaf = string(leaf)
	return s, err
}
