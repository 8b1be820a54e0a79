package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// A waitingRequest is a request that waits for a second operator. What it asks for is
// read from the bytes that the operator would sign, and not from the service's message.
type waitingRequest struct {
	label.StatusRequest
	id        string
	device    label.Digest
	statement []byte
	keys      []string // IDs of the keys that have signed, as the service says
}

// readWaiting reads the statement of a waiting request as the service would,
// under a key that is thrown away.
func readWaiting(w *labelv1.WaitingRequest) (*waitingRequest, error) {
	key := envelope.NewThrowaway()
	env, err := key.SealPayload(w.GetStatement())
	if err != nil {
		return nil, err
	}
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, &verdictError{"the request " + w.GetId() + " that the service shows", err}
	}
	v, err := u.Verify([]*envelope.PublicKey{key.Public})
	if err != nil {
		return nil, err
	}
	r, err := envelope.Predicate[label.StatusRequest](v)
	if err != nil {
		return nil, &verdictError{"the request " + w.GetId() + " that the service shows", err}
	}
	if v.PredicateType() != label.TypeStatusRequest || v.ID().String() != w.GetId() || len(v.Subjects()) != 1 {
		return nil, label.Errorf(label.Internal, label.ReasonInternal, "requests", "what the service shows as request %s is not a request; do not sign it, and tell the authority", w.GetId())
	}
	return &waitingRequest{StatusRequest: *r, id: w.GetId(), device: v.Subjects()[0], statement: w.GetStatement(), keys: w.GetKeys()}, nil
}

// until is when the request becomes too old to be approved.
func (w *waitingRequest) until() time.Time { return w.Made.Add(label.MaxRequestAge) }

// rows are the request in names and values.
func (w *waitingRequest) rows() [][2]string {
	rows := [][2]string{
		{"request:", w.id}, {"label:", w.Label.Pretty()}, {"action:", string(w.Action)}, {"reason:", w.Reason}, {"text:", w.Text},
	}
	if !w.Effective.IsZero() {
		rows = append(rows, [2]string{"effective:", instant(w.Effective)})
	}
	if w.Successor != "" {
		rows = append(rows, [2]string{"by:", w.Successor.Pretty()})
	}
	if w.Level != 0 {
		rows = append(rows, [2]string{"level:", strconv.Itoa(w.Level)})
	}
	return append(rows, [2]string{"made:", instant(w.Made)}, [2]string{"signed by:", "key " + strings.Join(w.keys, ", key ")})
}

// writeWaiting tells the first operator what happens next.
func writeWaiting(p *terminal.Page, w *waitingRequest) {
	p.Line("label %s is not changed yet: the request waits for a second operator", w.Label.Pretty())
	p.Line("")
	p.Pairs(w.rows()...)
	p.Line("")
	p.Line("another operator can approve it with a key of their own, until %s:", instant(w.until()))
	p.Command("  ", "labelctl label approve "+w.id)
	p.Line("or end it without carrying it out:")
	p.Command("  ", "labelctl label dismiss "+w.id+" --text TEXT")
}

// noteSimilar names other waiting requests for the same action, because a second request
// does not approve the first. An error of the list is no error of the request.
func (c changeCommands) noteSimilar(ctx context.Context, api labelv1.StatusServiceClient, w *waitingRequest) {
	r, err := api.ListWaitingRequests(ctx, &labelv1.ListWaitingRequestsRequest{Label: string(w.Label)})
	if err != nil {
		return
	}
	for _, o := range r.GetRequests() {
		if o.GetId() != w.id && actions.value(o.GetAction()) == w.Action {
			c.note("the request %s to %s the label waits too; to agree with that request, approve it", short(o.GetId()), w.Action)
		}
	}
}

func labelWaitingCommand(c changeCommands) *cobra.Command {
	return &cobra.Command{
		Use:   "waiting [ID]",
		Short: "List requests that wait for a second operator",
		Long: `List the requests that wait for a second operator's signature, all or those for one
label. A request is valid for a day; after that, it must be signed again. Operators
only.`,
		Example: "  labelctl label waiting\n  labelctl label waiting K7QM-4T2X-9PWH",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := ""
			if len(args) > 0 {
				id = args[0]
			}
			return c.listWaiting(cmd.Context(), id)
		},
	}
}

func (c changeCommands) listWaiting(ctx context.Context, id string) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewStatusServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	r, err := api.ListWaitingRequests(ctx, &labelv1.ListWaitingRequestsRequest{Label: id})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, m := range r.GetRequests() {
		w, err := readWaiting(m)
		if err != nil {
			return err
		}
		until := instant(w.until())
		if w.until().Before(c.now()) {
			until = "TOO OLD"
		}
		rows = append(rows, []string{short(w.id), w.Label.Pretty(), string(w.Action), w.Reason, until, w.Text})
	}
	return c.show(r, func(p *terminal.Page) {
		p.Table([]string{"REQUEST", "LABEL", "ACTION", "REASON", "COUNTS UNTIL", "TEXT"}, rows)
	})
}

func labelApproveCommand(c changeCommands) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "approve REQUEST",
		Short: "Approve a waiting request as the second operator",
		Long: `Show a request that waits for a second operator, ask for confirmation, sign the same
bytes, and send them. The request is then carried out. REQUEST is its ID as "labelctl
label waiting" lists it, or the beginning of it, at least 8 digits.

What is shown comes from the bytes to be signed, and not from the service.`,
		Example: "  labelctl label approve 5f21c0de9b7a4413\n  labelctl label approve 5f21c0de9b7a4413 --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := digestPrefix(args[0]); !ok && !isDigest(args[0]) {
				return usagef("REQUEST: %q is neither the ID of a request nor the beginning of one, at least %d digits", args[0], minPrefix)
			}
			return c.approve(cmd.Context(), args[0], yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

func labelDismissCommand(c changeCommands) *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use:   "dismiss REQUEST --text TEXT",
		Short: "End a waiting request without carrying it out",
		Long: `End a request that waits for a second operator, because you would not sign it or made
it by mistake. It is not carried out, whatever waited for it continues, and all
operators are told why. REQUEST is its ID as "labelctl label waiting" lists it, or the
beginning of it, at least 8 digits. Operators only.`,
		Example: "  labelctl label dismiss 5f21c0de9b7a4413 --text \"It was meant for the other model.\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := digestPrefix(args[0]); !ok && !isDigest(args[0]) {
				return usagef("REQUEST: %q is neither the ID of a request nor the beginning of one, at least %d digits", args[0], minPrefix)
			}
			return c.dismiss(cmd.Context(), args[0], text)
		},
	}
	cmd.Flags().StringVar(&text, "text", "", "why, in plain words")
	require(cmd, "text")
	return cmd
}

func (c changeCommands) dismiss(ctx context.Context, id, text string) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewStatusServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	if !isDigest(id) {
		all, err := api.ListWaitingRequests(ctx, &labelv1.ListWaitingRequestsRequest{})
		if err != nil {
			return err
		}
		w, err := findWaiting(all.GetRequests(), id)
		if err != nil {
			return err
		}
		id = w.id
	}
	r, err := api.CloseRequest(ctx, &labelv1.CloseRequestRequest{Id: id, Text: text})
	if err != nil {
		return err
	}
	return c.show(r, func(p *terminal.Page) {
		p.Line("request %s to %s label %s is closed: %s", short(r.GetRequest().GetId()), actions.name(r.GetRequest().GetAction()), label.ID(r.GetRequest().GetLabel()).Pretty(), r.GetClosed())
	})
}

func (c changeCommands) approve(ctx context.Context, id string, yes bool) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewStatusServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	all, err := api.ListWaitingRequests(ctx, &labelv1.ListWaitingRequestsRequest{})
	if err != nil {
		return err
	}
	w, err := findWaiting(all.GetRequests(), id)
	if err != nil {
		return err
	}
	signer, err := c.signer(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(w.keys, signer.Public.ID) {
		return label.Errorf(label.Precondition, label.ReasonWrongSigner, "key",
			"%s signed the request already; another operator must sign it with a key of their own", signer.Public.ID)
	}
	summary, device, err := labelAndDevice(ctx, conn, w.Label)
	if err != nil {
		return err
	}
	if device != w.device {
		return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "subject", "the request is about another device than the label's; it cannot be carried out")
	}
	if err := c.confirmSigning(ctx, w, summary, yes); err != nil {
		return err
	}
	env, err := signer.SealPayload(w.statement)
	if err != nil {
		return err
	}
	signed, err := envelope.Bundle(env)
	if err != nil {
		return err
	}
	return c.send(ctx, conn, signed)
}

// findWaiting returns the request whose ID begins so.
func findWaiting(list []*labelv1.WaitingRequest, id string) (*waitingRequest, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(w *labelv1.WaitingRequest) bool { return !strings.HasPrefix(w.GetId(), strings.ToLower(id)) })
	switch len(list) {
	case 0:
		return nil, hintf(label.Errorf(label.NotFound, label.ReasonUnknownSubject, "request", "no waiting request has an ID that begins with %s; it may have been carried out or closed (see \"labelctl notice list\")", id),
			"\"labelctl label waiting\" lists waiting requests")
	case 1:
		return readWaiting(list[0])
	}
	return nil, usagef("REQUEST: the IDs of %d requests begin with %s; give more of it", len(list), id)
}

// confirmSigning shows what would be signed and asks whether to.
func (c changeCommands) confirmSigning(ctx context.Context, w *waitingRequest, s *labelv1.LabelSummary, yes bool) error {
	p := terminal.NewPage(terminal.Width(c.stderr))
	p.Pairs(append([][2]string{{"device:", deviceText(s)}, {"state:", stateText(s)}}, w.rows()...)...)
	if !yes || c.output == "text" {
		if _, err := c.stderr.Write(p.Bytes()); err != nil {
			return err
		}
	}
	if yes {
		return nil
	}
	agreed, err := c.confirm(ctx, "sign this request?")
	switch {
	case errors.Is(err, errNoTerminal):
		return hintf(errors.New("nothing was signed: cannot ask for input"), "run from a terminal, or use --yes")
	case err != nil:
		return err
	case !agreed:
		return errors.New("nothing was signed")
	}
	return nil
}
