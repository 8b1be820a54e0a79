package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// A waitingRequest is a request that waits for another person. What it asks for is read
// from the bytes that the person would sign, and not from the service's message.
type waitingRequest struct {
	id        string
	kind      label.ActKind // that of the bytes, or the same about operators, which the service says
	terms     label.Request
	subject   label.Digest
	statement []byte
	keys      []string // IDs of the keys that have signed, as the service says
	how       *requestForm
}

// A requestForm is what labelctl knows of one type of request.
type requestForm struct {
	read func(*envelope.Verified) (label.Request, error)

	// context returns what the service says of the thing that a request is about, and
	// refuses a request whose subject is another.
	context func(requestCommands, context.Context, *grpc.ClientConn, *waitingRequest) ([][2]string, error)

	// send sends the signed request, and shows what it led to.
	send func(requestCommands, context.Context, *grpc.ClientConn, []byte) error
}

// requestForms returns the types of requests that can wait, each with the call that takes
// it. (It is a function because what a call leads to can be another request that waits.)
func requestForms() map[string]*requestForm {
	return map[string]*requestForm{
		label.TypeStatusRequest: {readTerms[label.StatusRequest], requestCommands.labelContext,
			func(c requestCommands, ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
				return changeCommands(c).send(ctx, conn, signed)
			}},
		label.TypeRegistryRequest: {readTerms[label.RegistryRequest], requestCommands.registryContext,
			func(c requestCommands, ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
				return orgCommands(c).send(ctx, conn, signed)
			}},
		label.TypeEvent: {readTerms[label.Event], requestCommands.eventContext,
			func(c requestCommands, ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
				return eventCommands(c).report(ctx, conn, signed)
			}},
		label.TypeRulingRequest: {readTerms[label.RulingRequest], requestCommands.appealContext,
			func(c requestCommands, ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
				return appealCommands(c).rule(ctx, conn, signed)
			}},
		label.TypeSurveillanceRequest: {readTerms[surveillance.Request], requestCommands.planContext,
			func(c requestCommands, ctx context.Context, conn *grpc.ClientConn, signed []byte) error {
				return surveillanceCommands(c).plan(ctx, conn, signed)
			}},
	}
}

// readTerms reads a request of one type, of which no member is unknown.
func readTerms[T any, P interface {
	*T
	label.Request
}](v *envelope.Verified) (label.Request, error) {
	p, err := envelope.Submitted[T, P](v)
	return P(p), err
}

// readWaiting reads the statement of a waiting request as the service would,
// under a key that is thrown away.
func readWaiting(w *labelv1.WaitingRequest) (*waitingRequest, error) {
	key := envelope.NewThrowaway()
	env, err := key.SealPayload(w.GetStatement())
	if err != nil {
		return nil, err
	}
	shown := func(err error) error {
		return &verdictError{"the request " + w.GetId() + " that the service shows", err}
	}
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, shown(err)
	}
	v, err := u.Verify([]*envelope.PublicKey{key.Public})
	if err != nil {
		return nil, err
	}
	how := requestForms()[v.PredicateType()]
	if how == nil || v.ID().String() != w.GetId() || len(v.Subjects()) != 1 {
		return nil, label.Errorf(label.Internal, label.ReasonInternal, "requests", "what the service shows as request %s is not a request that labelctl knows; do not sign it, and tell the authority", w.GetId())
	}
	terms, err := how.read(v)
	if err != nil {
		return nil, shown(err)
	}
	kind := label.ActKind(w.GetKind())
	if kind != terms.ActKind() && kind != terms.ActKind().OfOperators() {
		return nil, label.Errorf(label.Internal, label.ReasonInternal, "requests", "the service shows request %s as one for the act %q, and it asks for %s; do not sign it, and tell the authority", w.GetId(), kind, terms.ActKind())
	}
	return &waitingRequest{
		id: w.GetId(), kind: kind, terms: terms, subject: v.Subjects()[0], statement: w.GetStatement(), keys: w.GetKeys(), how: how,
	}, nil
}

// until is when the request becomes too old to be approved.
func (w *waitingRequest) until() time.Time { return w.terms.MadeAt().Add(label.MaxRequestAge) }

// about says in few words what the request is about.
func (w *waitingRequest) about() string {
	switch r := w.terms.(type) {
	case *label.StatusRequest:
		return r.Label.Pretty()
	case *label.RegistryRequest:
		if r.Act == label.ActAddPerson || r.Act == label.ActRemovePerson {
			return r.Person + " of " + r.Organization
		}
	}
	return shortened(w.terms.About())
}

// shortened shortens a digest, and leaves other names as they are.
func shortened(name string) string {
	if isDigest(name) {
		return short(name)
	}
	return name
}

// text returns why it is asked for, where the request says that.
func (w *waitingRequest) text() string {
	for _, row := range termRows(w.terms) {
		if row[0] == "text:" {
			return row[1]
		}
	}
	return ""
}

// rows are the request in names and values, with every member that it has.
func (w *waitingRequest) rows() [][2]string {
	return append([][2]string{{"request:", w.id}, {"asks for:", string(w.kind)}}, termRows(w.terms)...)
}

// termRows are all members of what is signed, by their names there, so that nobody signs
// what was not shown. A public key is shown by its ID, which people compare.
func termRows(terms label.Request) [][2]string {
	b, err := label.Encode(terms)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return memberRows(d, "")
}

// memberRows reads the next value of a document as rows under a name.
func memberRows(d *json.Decoder, name string) (rows [][2]string) {
	t, err := d.Token()
	if err != nil {
		panic(err) // what Encode made is JSON
	}
	switch t {
	case json.Delim('{'):
		for d.More() {
			key, _ := d.Token() // of what was found to be JSON
			rows = append(rows, memberRows(d, strings.TrimSpace(name+" "+fmt.Sprint(key)))...)
		}
		_, _ = d.Token() // the end of the object
		return rows
	case json.Delim('['):
		var all []string
		for d.More() {
			for _, row := range memberRows(d, name) {
				all = append(all, row[1])
			}
		}
		_, _ = d.Token() // the end of the list
		if len(all) == 0 {
			return nil
		}
		return [][2]string{{name + ":", strings.Join(all, ", ")}}
	}
	if text := memberText(name, t); text != "" {
		return [][2]string{{name + ":", text}}
	}
	return nil
}

// memberText writes one value of a request, or nothing for one that says nothing.
func memberText(name string, t json.Token) string {
	switch t {
	case nil, "0001-01-01T00:00:00Z": // a time that is not set
		return ""
	case true:
		return "yes"
	case false:
		return "no"
	}
	text := fmt.Sprint(t)
	switch name {
	case "label", "successor":
		return label.ID(text).Pretty()
	case "pem":
		key, err := envelope.ParsePublicKey([]byte(text))
		if err != nil {
			return "NOT A PUBLIC KEY: " + err.Error()
		}
		return "key " + key.ID + " (" + key.Algorithm + ")"
	}
	return text
}
