package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// requestCommands list, show, approve and dismiss requests that wait for another person,
// whatever they ask for.
type requestCommands struct{ *session }

// showWaiting tells whoever signed a request first what happens next. The answer is that
// of the call, which output in JSON shows.
func (s *session) showWaiting(ctx context.Context, conn *grpc.ClientConn, answer proto.Message, m *labelv1.WaitingRequest, notes []string, after ...string) error {
	w, err := readWaiting(m)
	if err != nil {
		return err
	}
	c := requestCommands{s}
	own := c.holders(ctx, conn)
	if err := c.show(answer, func(p *terminal.Page) {
		writeWaiting(p, w, own)
		writeNotes(p, notes)
		if len(after) > 0 {
			p.Line("when it has been carried out, go on with:")
			for _, command := range after {
				p.Command("  ", command)
			}
		}
	}); err != nil {
		return err
	}
	c.noteSimilar(ctx, conn, w)
	return nil
}

func writeWaiting(p *terminal.Page, w *waitingRequest, own holders) {
	p.Line("nothing is changed yet: the request waits for another person")
	p.Line("")
	p.Pairs(append(w.rows(), own.signed(w))...)
	p.Line("")
	p.Line("another person can approve it with a key of their own, until %s:", instant(w.until()))
	p.Command("  ", "labelctl request approve "+w.id)
	p.Line("or end it without carrying it out:")
	p.Command("  ", "labelctl request dismiss "+w.id+" --text TEXT")
}

func writeNotes(p *terminal.Page, notes []string) {
	for _, n := range notes {
		p.Line("note: %s", n)
	}
}

// noteSimilar names other waiting requests for the same, because a second request does
// not approve the first. An error of the list is no error of the request.
func (c requestCommands) noteSimilar(ctx context.Context, conn *grpc.ClientConn, w *waitingRequest) {
	list, err := c.waiting(ctx, conn, "")
	if err != nil {
		return
	}
	for _, m := range list {
		o, err := readWaiting(m)
		if err == nil && o.id != w.id && o.kind == w.kind && o.terms.About() == w.terms.About() {
			c.note("the request %s for %s of %s waits too; to agree with that request, approve it", short(o.id), o.kind, o.about())
		}
	}
}

// holders are the keys of the caller's own organization, by their IDs.
type holders map[string]*labelv1.Key

// holders asks for the keys of the caller's organization. They only help to say who
// signed, so that an error leaves them out.
func (c requestCommands) holders(ctx context.Context, conn *grpc.ClientConn) holders {
	own := holders{}
	r, err := labelv1.NewAuthorityServiceClient(conn).GetOrganization(ctx, &labelv1.GetOrganizationRequest{Id: c.as})
	if err != nil {
		return own
	}
	for _, k := range r.GetKeys() {
		own[k.GetId()] = k
	}
	return own
}

// signed says which keys have signed, and who of the own organization holds them.
func (h holders) signed(w *waitingRequest) [2]string {
	var list []string
	for _, id := range w.keys {
		text := "key " + id
		if k := h[id]; k != nil {
			text += " of " + holderText(k) + ", your organization"
		}
		list = append(list, text)
	}
	return [2]string{"signed by:", strings.Join(list, "; ")}
}

// holderText names who holds a key.
func holderText(k *labelv1.Key) string {
	return cmp.Or(k.GetPerson(), "nobody in particular")
}

// agreed returns the key with which the holder of a key has signed a request already, or
// nothing. A key that is used no more does not count, so that who lost it may sign again.
func (h holders) agreed(w *waitingRequest, with string) string {
	if slices.Contains(w.keys, with) {
		return with
	}
	mine := h[with]
	if mine == nil {
		return ""
	}
	for _, id := range w.keys {
		if k := h[id]; k != nil && k.GetRevoked() == nil && k.GetPerson() == mine.GetPerson() {
			return id
		}
	}
	return ""
}

// refuseAgain refuses to sign again what the same person has signed.
func (h holders) refuseAgain(w *waitingRequest, with string) error {
	id := h.agreed(w, with)
	switch {
	case id == "":
		return nil
	case id == with:
		return label.Errorf(label.Precondition, label.ReasonWrongSigner, "key",
			"%s signed the request already; another person must sign it with a key of their own", with)
	case h[id].GetPerson() == "":
		return label.Errorf(label.Precondition, label.ReasonWrongSigner, "key",
			"key %s signed the request already, and neither key is of anybody in particular, so that both count as one person's; give each its holder (\"labelctl org key --person\")", short(id))
	}
	return label.Errorf(label.Precondition, label.ReasonWrongSigner, "key",
		"%s signed the request already, with key %s; persons count and not their keys, so that another person must sign it", h[id].GetPerson(), short(id))
}

// waiting returns the requests that wait, all or those for one label.
func (c requestCommands) waiting(ctx context.Context, conn *grpc.ClientConn, id string) ([]*labelv1.WaitingRequest, error) {
	r, err := labelv1.NewStatusServiceClient(conn).ListWaitingRequests(ctx, &labelv1.ListWaitingRequestsRequest{Label: id})
	return r.GetRequests(), err
}

// requestsOf adds to the command that requests a label those about requests that wait.
func requestsOf(c requestCommands, cmd *cobra.Command) *cobra.Command {
	cmd.AddCommand(requestListCommand(c), requestShowCommand(c), requestApproveCommand(c), requestDismissCommand(c))
	return cmd
}

func requestListCommand(c requestCommands) *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List requests that wait for another person",
		Long: `List the requests that wait for another person's signature, whatever they ask for: all,
or those for one label. A request is valid for a day; after that, it must be signed
again. Labs and manufacturers see those that they signed.`,
		Example: "  labelctl request list\n  labelctl request list --label K7QM-4T2X-9PWH",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.list(cmd.Context(), id) },
	}
	cmd.Flags().StringVar(&id, "label", "", "only those for the label with this `ID`")
	return cmd
}

func (c requestCommands) list(ctx context.Context, id string) error {
	conn, err := c.caller(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	list, err := c.waiting(ctx, conn, id)
	if err != nil {
		return err
	}
	own := c.holders(ctx, conn)
	var rows [][]string
	for _, m := range list {
		w, err := readWaiting(m)
		if err != nil {
			return err
		}
		until := instant(w.until())
		if w.until().Before(c.now()) {
			until = "TOO OLD"
		}
		rows = append(rows, []string{short(w.id), string(w.kind), w.about(), c.signedText(w, own), until, w.text()})
	}
	return c.show(&labelv1.ListWaitingRequestsResponse{Requests: list}, func(p *terminal.Page) {
		p.Table([]string{"REQUEST", "ASKS FOR", "ABOUT", "SIGNED", "COUNTS UNTIL", "TEXT"}, rows)
	})
}

// signedText says whether the caller has signed a request, or how many others.
func (c requestCommands) signedText(w *waitingRequest, own holders) string {
	if c.private != nil && own.agreed(w, c.private.Public.ID) != "" {
		return "by you"
	}
	return "by " + plural(len(w.keys), "key", "keys")
}

func requestShowCommand(c requestCommands) *cobra.Command {
	return c.aboutRequest(&cobra.Command{
		Use:   "show REQUEST",
		Short: "Show all that a waiting request says",
		Long: `Show all that a waiting request says, as it is to be signed, and which keys have signed
it. What is shown comes from the bytes to be signed, and not from the service.
REQUEST is its ID as "labelctl request list" shows it, or the beginning of it, at
least 8 digits.`,
		Example: "  labelctl request show 5f21c0de9b7a4413",
	}, func(ctx context.Context, conn *grpc.ClientConn, m *labelv1.WaitingRequest, w *waitingRequest) error {
		rows, err := c.contextRows(ctx, conn, w)
		if err != nil {
			return err
		}
		return c.show(m, func(p *terminal.Page) { p.Pairs(rows...) })
	})
}

func requestApproveCommand(c requestCommands) *cobra.Command {
	var yes bool
	cmd := c.aboutRequest(&cobra.Command{
		Use:   "approve REQUEST",
		Short: "Approve a waiting request as another person",
		Long: `Show a request that waits for another person, ask for confirmation, sign the same
bytes, and send them. When as many persons have signed as the act takes, the request
is carried out. Persons count and not their keys. REQUEST is its ID as "labelctl
request list" shows it, or the beginning of it, at least 8 digits.

What is shown comes from the bytes to be signed, and not from the service.`,
		Example: "  labelctl request approve 5f21c0de9b7a4413\n  labelctl request approve 5f21c0de9b7a4413 --yes",
	}, func(ctx context.Context, conn *grpc.ClientConn, _ *labelv1.WaitingRequest, w *waitingRequest) error {
		return c.approve(ctx, conn, w, yes)
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

func requestDismissCommand(c requestCommands) *cobra.Command {
	var text string
	cmd := c.aboutRequest(&cobra.Command{
		Use:   "dismiss REQUEST --text TEXT",
		Short: "End a waiting request without carrying it out",
		Long: `End a request that waits for another person, because you would not sign it or made it
by mistake. It is not carried out, whatever waited for it continues, and all operators
are told why. REQUEST is its ID as "labelctl request list" shows it, or the beginning
of it, at least 8 digits. For operators, and for who signed it.`,
		Example: "  labelctl request dismiss 5f21c0de9b7a4413 --text \"It was meant for the other model.\"",
	}, func(ctx context.Context, conn *grpc.ClientConn, _ *labelv1.WaitingRequest, w *waitingRequest) error {
		r, err := labelv1.NewStatusServiceClient(conn).CloseRequest(ctx, &labelv1.CloseRequestRequest{Id: w.id, Text: text})
		if err != nil {
			return err
		}
		return c.show(r, func(p *terminal.Page) {
			p.Line("request %s for %s of %s is closed: %s", short(w.id), w.kind, w.about(), r.GetClosed())
		})
	})
	cmd.Flags().StringVar(&text, "text", "", "why, in plain words")
	require(cmd, "text")
	return cmd
}

// aboutRequest completes a command that does something with one waiting request.
func (c requestCommands) aboutRequest(cmd *cobra.Command, do func(context.Context, *grpc.ClientConn, *labelv1.WaitingRequest, *waitingRequest) error) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, ok := digestPrefix(args[0]); !ok && !isDigest(args[0]) {
			return usagef("REQUEST: %q is neither the ID of a request nor the beginning of one, at least %d digits", args[0], minPrefix)
		}
		ctx := cmd.Context()
		conn, err := c.caller(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		list, err := c.waiting(ctx, conn, "")
		if err != nil {
			return err
		}
		m, err := findWaiting(list, args[0])
		if err != nil {
			return err
		}
		w, err := readWaiting(m)
		if err != nil {
			return err
		}
		return do(ctx, conn, m, w)
	}
	return cmd
}

func (c requestCommands) approve(ctx context.Context, conn *grpc.ClientConn, w *waitingRequest, yes bool) error {
	signer, err := c.signer(ctx)
	if err != nil {
		return err
	}
	if err := c.holders(ctx, conn).refuseAgain(w, signer.Public.ID); err != nil {
		return err
	}
	if err := c.ours(w); err != nil {
		return err
	}
	rows, err := c.contextRows(ctx, conn, w)
	if err != nil {
		return err
	}
	if err := c.confirmSigning(ctx, rows, yes); err != nil {
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
	return w.how.send(c, ctx, conn, signed)
}

// ours refuses a request that is made to another authority than that in --authority.
func (c requestCommands) ours(w *waitingRequest) error {
	if to := w.terms.MadeTo(); c.to != "" && to != c.to {
		return label.Errorf(label.Invalid, label.ReasonOtherAuthority, "authority", "the request is made to the authority at %s, and yours is the one at %s (--authority); nothing was signed", to, c.to)
	}
	return nil
}

// findWaiting returns the request whose ID begins so.
func findWaiting(list []*labelv1.WaitingRequest, id string) (*labelv1.WaitingRequest, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(w *labelv1.WaitingRequest) bool { return !strings.HasPrefix(w.GetId(), strings.ToLower(id)) })
	switch len(list) {
	case 0:
		return nil, hintf(label.Errorf(label.NotFound, label.ReasonUnknownSubject, "request", "no waiting request has an ID that begins with %s; it may have been carried out or closed (see \"labelctl notice list\")", id),
			"\"labelctl request list\" lists waiting requests")
	case 1:
		return list[0], nil
	}
	return nil, usagef("REQUEST: the IDs of %d requests begin with %s; give more of it", len(list), id)
}

// contextRows are a request with what the service says of the thing that it is about.
func (c requestCommands) contextRows(ctx context.Context, conn *grpc.ClientConn, w *waitingRequest) (rows [][2]string, err error) {
	if rows, err = w.how.context(c, ctx, conn, w); err != nil {
		return nil, err
	}
	return append(append(rows, w.rows()...), c.holders(ctx, conn).signed(w)), nil
}

// otherSubject is the error of a request whose subject is not what it says it is about.
func otherSubject(what string) error {
	return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "subject", "the request is about another %s than it says; it cannot be carried out", what)
}

// labelContext says how the label stands that is to be changed.
func (c requestCommands) labelContext(ctx context.Context, conn *grpc.ClientConn, w *waitingRequest) ([][2]string, error) {
	s, device, err := labelAndDevice(ctx, conn, label.ID(w.terms.About()))
	if err != nil {
		return nil, err
	}
	if device != w.subject {
		return nil, otherSubject("device")
	}
	return [][2]string{{"device:", deviceText(s)}, {"state:", stateText(s)}}, nil
}

// registryContext checks that a change of the registry is about what it says.
func (c requestCommands) registryContext(_ context.Context, _ *grpc.ClientConn, w *waitingRequest) ([][2]string, error) {
	if r, ok := w.terms.(*label.RegistryRequest); !ok || r.Subject() != w.subject {
		return nil, otherSubject("organization, person or key")
	}
	return nil, nil
}

// eventContext checks that an event is about what it says.
func (c requestCommands) eventContext(_ context.Context, _ *grpc.ClientConn, w *waitingRequest) ([][2]string, error) {
	if e, ok := w.terms.(*label.Event); !ok || e.Subject() != w.subject {
		return nil, otherSubject("thing")
	}
	return nil, nil
}

// planContext checks that a request for a plan is about the plan that it names.
func (c requestCommands) planContext(_ context.Context, _ *grpc.ClientConn, w *waitingRequest) ([][2]string, error) {
	if label.DigestOf([]byte(w.terms.About())) != w.subject {
		return nil, otherSubject("plan")
	}
	return nil, nil
}

// appealContext says whose appeal it is that is to be decided.
func (c requestCommands) appealContext(ctx context.Context, conn *grpc.ClientConn, w *waitingRequest) ([][2]string, error) {
	r, err := labelv1.NewAppealServiceClient(conn).GetDecision(ctx, &labelv1.GetDecisionRequest{Id: w.terms.About()})
	if err != nil {
		return nil, err
	}
	d := r.GetTrail().GetRefusal()
	if d.GetDevice() != w.subject.String() {
		return nil, otherSubject("device")
	}
	return [][2]string{{"manufacturer:", d.GetManufacturer()}, {"device:", d.GetDevice()}, {"decision:", d.GetId()}, {"grounds:", r.GetTrail().GetAppeal().GetGrounds()}}, nil
}

// confirmSigning shows what would be signed and asks whether to.
func (c requestCommands) confirmSigning(ctx context.Context, rows [][2]string, yes bool) error {
	p := terminal.NewPage(terminal.Width(c.stderr))
	p.Pairs(rows...)
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
