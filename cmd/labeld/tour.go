package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/daemon"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/terminal"
	"labeld/internal/verify"
	"labeld/labels"
)

// A tour takes one label through its life, and tells what each party sees.
type tour struct {
	*demo
	op, lab, maker *party
	camera         string     // digest of the descriptor
	label          string     // ID of the label
	told           int        // notices that the manufacturer has read
	rows           [][]string // who sees what, in the step under way
	trust          *verify.Trust
}

// tour walks the camera's label through an advisory, a suspension, the end of
// that, and supersession. It returns the label that took its place.
func (m *demo) tour(lab, maker *party, camera, id string) (*labelv1.LabelSummary, error) {
	op, err := m.party(demoAuthority, daemon.OperatorKey)
	if err != nil {
		return nil, err
	}
	defer op.conn.Close()
	t := &tour{demo: m, op: op, lab: lab, maker: maker, camera: camera, label: id}
	text, err := t.get("/.well-known/labeld.json")
	if err != nil {
		return nil, err
	}
	if t.trust, err = verify.ParseTrust(text); err != nil {
		return nil, err
	}
	m.say("\nthe life of label %s", label.ID(id).Pretty())
	for _, step := range []struct {
		title string
		do    func() error
	}{
		{"the manufacturer publishes an advisory: a weakness, and the version that fixes it", t.advise},
		{"the authority suspends the label: shops still sell units with the old version", func() error {
			return t.change(t.op, label.Suspend, "vulnerability-open", "Units in shops still have the version with the weakness.", 0)
		}},
		{"the manufacturer tries to shed the suspension, by a renewal", t.shed},
		{"the laboratory tests the new version, the units are updated, and the authority reinstates the label", func() error {
			if err := t.retest(); err != nil {
				return err
			}
			return t.change(t.op, label.Reinstate, "resolved", "All units that are sold have version 3.8.4.", 0)
		}},
		{"the manufacturer renews the label by the new report, and a new one takes its place", func() error {
			return t.change(t.maker, label.Supersede, "renewed", "The camera was judged anew.", 3)
		}},
	} {
		m.say("\n== %s", step.title)
		if err := step.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.title, err)
		}
		if err := t.look(); err != nil {
			return nil, err
		}
		if err := t.show(); err != nil {
			return nil, err
		}
	}
	next, err := t.seen()
	if err != nil {
		return nil, err
	}
	successor := next.GetBecause().GetSuccessor()
	if successor == "" {
		return nil, errors.New("no label took the place of the superseded one")
	}
	r, err := t.verify(successor)
	return r.GetSummary(), err
}

// advise publishes the example's advisory, and waits until labels say so.
func (t *tour) advise() error {
	e, err := example.Load(labels.FS, "camera", label.DateOf(t.now()))
	if err != nil {
		return err
	}
	event := &label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(e.Advisory), Reason: "advisory", Text: "Firmware 3.8.4 fixes two weaknesses.", Made: t.made()}
	event.Address(t.url)
	stmt, err := label.NewStatement("advisory.json", event.Subject(), label.TypeEvent, event)
	if err != nil {
		return err
	}
	signed, err := sealed(t.maker.signer, stmt)
	if err != nil {
		return err
	}
	api := labelv1.NewAdvisoryServiceClient(t.maker.conn)
	r, err := api.PublishAdvisory(t.ctx, &labelv1.PublishAdvisoryRequest{Event: signed, Document: e.Advisory})
	for err == nil && r.GetAdvisory().GetDone() == nil {
		select {
		case <-t.ctx.Done():
			return context.Cause(t.ctx)
		case <-time.After(50 * time.Millisecond):
		}
		r, err = api.PublishAdvisory(t.ctx, &labelv1.PublishAdvisoryRequest{Event: signed, Document: e.Advisory})
	}
	return err
}

// change has the label changed at a party's signed request.
func (t *tour) change(by *party, action label.Action, reason, text string, level int) error {
	device, err := label.ParseDigest(t.camera)
	if err != nil {
		return err
	}
	request := &label.StatusRequest{Label: label.ID(t.label), Action: action, Reason: reason, Text: text, Level: level, Made: t.made()}
	request.Address(t.url)
	stmt, err := label.NewStatement("device.json", device, label.TypeStatusRequest, request)
	if err != nil {
		return err
	}
	signed, err := sealed(by.signer, stmt)
	if err != nil {
		return err
	}
	_, err = labelv1.NewStatusServiceClient(by.conn).ChangeLabel(t.ctx, &labelv1.ChangeLabelRequest{Request: signed})
	return err
}

// shed has the manufacturer ask for a new label in place of the suspended one,
// which the hold on the product stops, and shows the way out.
func (t *tour) shed() error {
	err := t.change(t.maker, label.Supersede, "renewed", "The camera was judged anew.", 3)
	if status.Code(err) != codes.FailedPrecondition {
		return fmt.Errorf("a suspended label was renewed, or refused for another reason: %v", err)
	}
	t.sees("manufacturer", "is refused: %s", status.Convert(err).Message())
	r, err := labelv1.NewHoldServiceClient(t.maker.conn).ListHolds(t.ctx, &labelv1.ListHoldsRequest{Device: t.camera})
	if err != nil {
		return err
	}
	for _, h := range r.GetHolds() {
		t.sees("manufacturer", "sees a hold on the product since %s: %s %s", h.GetSince().AsTime().UTC().Format(time.RFC3339), h.GetTitle(), h.GetText())
		t.sees("manufacturer", "sees the way out: %s", h.GetWayOut())
	}
	return nil
}

// retest has the laboratory report on the version that fixes the weaknesses.
func (t *tour) retest() error {
	e, err := example.Load(labels.FS, "camera", label.DateOf(t.now()))
	if err != nil {
		return err
	}
	device, err := label.ParseDigest(t.camera)
	if err != nil {
		return err
	}
	r := *e.Report
	r.Number, r.Period.To = r.Number+"-2", label.DateOf(t.now())
	r.Firmware = []label.Firmware{{Version: "3.8.4", SHA256: label.DigestOf([]byte("the image of version 3.8.4"))}}
	r.Changed = &label.Change{What: label.ChangedFirmware, Text: "Version 3.8.4 fixes two weaknesses."}
	stmt, err := label.NewStatement("device.json", device, label.TypeTestReport, &r)
	if err != nil {
		return err
	}
	signed, err := sealed(t.lab.signer, stmt)
	if err != nil {
		return err
	}
	_, err = labelv1.NewSubmissionServiceClient(t.lab.conn).SubmitStatement(t.ctx, &labelv1.SubmitStatementRequest{Statement: signed})
	return err
}

func (t *tour) made() time.Time { return t.now().UTC().Truncate(time.Second) }

// look notes what a shopper, a shop, the manufacturer and an auditor see.
func (t *tour) look() error {
	r, err := t.seen()
	if err != nil {
		return err
	}
	t.sees("shopper", "%s", shopper(r))
	text, err := t.get("/l/" + t.label + ".json")
	if err != nil {
		return err
	}
	var seen struct {
		State      label.State `json:"state"`
		Advisories []struct{}  `json:"advisories"`
		History    []struct{}  `json:"history"`
	}
	if err := label.DecodeLoose(text, &seen); err != nil {
		return err
	}
	t.sees("shop", "gets as data: %s, with %s and %s", seen.State,
		plural(len(seen.History), "statement", "statements"), plural(len(seen.Advisories), "advisory", "advisories"))
	if err := t.notices(); err != nil {
		return err
	}
	pkg, err := t.get("/l/" + t.label + "/package")
	if err != nil {
		return err
	}
	checked, err := t.trust.Verify(pkg, t.now(), t.now())
	if err == nil {
		err = checked.Told()
	}
	if err != nil {
		return fmt.Errorf("checking the label offline: %w", err)
	}
	t.sees("auditor", "offline: genuine, and %s; the log had %s about it on %s", checked.State,
		plural(len(checked.Statuses), "statement", "statements"), checked.Fresh.UTC().Format(time.RFC3339))
	return nil
}

// seen asks where the label stands.
func (t *tour) seen() (*labelv1.VerifyResponse, error) { return t.verify(t.label) }

func (t *tour) verify(id string) (*labelv1.VerifyResponse, error) {
	return labelv1.NewVerificationServiceClient(t.maker.conn).Verify(t.ctx, &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: id}})
}

// shopper says what the label's page says first, in whole sentences.
func shopper(r *labelv1.VerifyResponse) string {
	words := []string{strings.ToLower(strings.TrimPrefix(r.GetSummary().GetState().String(), "LABEL_STATE_")) + "."}
	if b := r.GetBecause(); b != nil {
		words = append(words, b.GetTitle(), b.GetText())
	}
	for _, a := range r.GetAdvisories() {
		if fixed := a.GetAdvisory().GetFixedIn(); fixed != "" {
			words = append(words, "You need version "+fixed+" or later.")
		}
	}
	if next := r.GetBecause().GetSuccessor(); next != "" {
		words = append(words, "See label "+label.ID(next).Pretty()+".")
	}
	return strings.Join(words, " ")
}

// sees notes what a party sees.
func (t *tour) sees(party, format string, args ...any) {
	t.rows = append(t.rows, []string{party, fmt.Sprintf(format, args...)})
}

// show prints what the parties see.
func (t *tour) show() error {
	p := terminal.NewPage(terminal.Width(t.out))
	p.Table(nil, t.rows)
	t.rows = nil
	_, err := t.out.Write(p.Bytes())
	return err
}

// plural writes a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// notices notes what the manufacturer is told that it has not read.
func (t *tour) notices() error {
	r, err := labelv1.NewNoticeServiceClient(t.maker.conn).ListNotices(t.ctx, &labelv1.ListNoticesRequest{PageSize: label.MaxPage})
	if err != nil {
		return err
	}
	all := r.GetNotices()
	for _, n := range all[:len(all)-t.told] { // newest first
		subject := n.GetSubject()
		if id, err := label.ParseID(subject); err == nil {
			subject = id.Pretty()
		}
		t.sees("manufacturer", "is told: %s of %s", n.GetKind(), subject)
	}
	t.told = len(all)
	return nil
}

// get reads what the service has at an address.
func (t *tour) get(path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(t.ctx, http.MethodGet, t.url+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", path, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, label.MaxMessage))
}
