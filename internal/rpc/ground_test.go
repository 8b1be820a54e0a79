package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A ground is a served world for the rows of [calls]: what their requests ask for is
// made here, new for each request.
type ground struct {
	*labeltest.World
	t     *testing.T
	conn  *grpc.ClientConn
	store *watchedStore
	made  int
}

// newGround serves a world.
func newGround(t *testing.T) *ground {
	t.Helper()
	g := &ground{t: t, store: &watchedStore{}}
	g.World = labeltest.New(t, g.store.before)
	g.conn = serve(t, g.World)
	return g
}

// A watchedStore has commits wait behind a gate.
type watchedStore struct {
	authority.Store
	gate atomic.Pointer[gate]
}

// A gate is shut until it is opened.
type gate struct {
	reached chan struct{} // receives when a commit has come to the gate
	open    chan struct{}
}

// before has the watched store stand before another.
func (s *watchedStore) before(inner authority.Store) authority.Store {
	s.Store = inner
	return s
}

func (s *watchedStore) Commit(b *store.Batch) error {
	if g := s.gate.Load(); g != nil {
		select {
		case g.reached <- struct{}{}:
		default:
		}
		<-g.open
	}
	return s.Store.Commit(b)
}

// shut puts a gate before the next commit.
func (s *watchedStore) shut() *gate {
	g := &gate{reached: make(chan struct{}, 1), open: make(chan struct{})}
	s.gate.Store(g)
	return g
}

// release takes the gate away.
func (s *watchedStore) release() { close(s.gate.Swap(nil).open) }

// unwritten runs what must be answered without anything being written for it, but that it
// was refused. What callers have written is in the audit trail, and what goes on beside them
// is not.
func (g *ground) unwritten(f func()) {
	g.t.Helper()
	before := g.acts()
	f()
	for _, leaf := range g.acts()[len(before):] {
		e, err := label.ParseTrailEntry(leaf)
		g.must(err)
		if e.Outcome != label.ActRefused {
			g.t.Errorf("something was written: %s", leaf)
		}
	}
}

// acts returns the entries of the audit trail.
func (g *ground) acts() (list [][]byte) {
	g.t.Helper()
	g.must(g.Store.View(func(v *store.View) error {
		return v.ActLeaves(0, func(_ int64, leaf []byte) bool {
			list = append(list, bytes.Clone(leaf))
			return true
		})
	}))
	return list
}

// roleOrgs has an organization for each role: who calls as somebody who has it.
var roleOrgs = map[label.Role]string{
	label.RoleOperator:     labeltest.Operator,
	label.RoleLab:          labeltest.Lab,
	label.RoleManufacturer: labeltest.Maker,
}

// as returns a context in which an organization calls; nobody where it is empty.
func (g *ground) as(org string) context.Context {
	if org == "" {
		return context.Background()
	}
	return as(g.t, g.World, org)
}

// call makes a call and returns its answer.
func (g *ground) call(ctx context.Context, m protoreflect.MethodDescriptor, request proto.Message) (proto.Message, error) {
	answer := newMessage(g.t, m.Output())
	return answer, g.conn.Invoke(ctx, fullMethod(m), request, answer)
}

// methods returns every method of every service of the contract.
func methods() (list []protoreflect.MethodDescriptor) {
	protoregistry.GlobalFiles.RangeFilesByPackage("label.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				list = append(list, s.Methods().Get(j))
			}
		}
		return true
	})
	return list
}

// fullMethod returns the name by which a method is called.
func fullMethod(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return typ.New().Interface()
}

func (g *ground) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// another returns a camera that nothing was done with yet.
func (g *ground) another() *example.Example {
	g.t.Helper()
	g.made++
	e := g.Example("camera")
	labeltest.Variant(g.t, e, g.made)
	return e
}

// device registers another camera.
func (g *ground) device() *example.Example {
	g.t.Helper()
	e := g.another()
	_, _, err := g.Authority.Register(context.Background(), g.Caller(labeltest.Maker), e.Descriptor)
	g.must(err)
	return e
}

// evidenced registers another camera with the evidence for level 3.
func (g *ground) evidenced() *example.Example {
	g.t.Helper()
	e := g.another()
	g.Submit(e)
	return e
}

// labelled returns a label on another camera.
func (g *ground) labelled() *authority.Published {
	g.t.Helper()
	return g.Issue(g.another(), 3)
}

// report returns a laboratory's report about another camera: its digest and bytes.
func (g *ground) report() (label.Digest, []byte) {
	g.t.Helper()
	e := g.device()
	raw := g.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)
	s, _, err := g.Authority.Submit(context.Background(), g.Caller(labeltest.Lab), raw)
	g.must(err)
	return s.ID, raw
}

// event returns the report of an event by somebody who may report one: a laboratory
// that withdraws its report, or an operator who refuses a device.
func (g *ground) event(by string) []byte {
	g.t.Helper()
	if by == labeltest.Lab {
		id, _ := g.report()
		return g.EventBy(by, label.Event{Kind: label.WithdrawalEvent, Statement: id, Reason: "report-withdrawn"})
	}
	return g.EventBy(by, label.Event{Kind: label.HoldEvent, Device: label.DigestOf(g.device().Descriptor), Reason: "complaint"})
}

// reported reports an event.
func (g *ground) reported(by string) label.Digest {
	g.t.Helper()
	e, err := g.Authority.Report(context.Background(), g.Caller(by), g.event(by))
	g.must(err)
	g.must(g.Authority.Propagate(context.Background()))
	return e.Digest
}

// advisory returns a document, and that an organization publishes it.
func (g *ground) advisory(by string) (event, document []byte) {
	g.t.Helper()
	g.made++
	g.labelled()
	document = fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/%d","author":"A","timestamp":"2026-10-01T08:00:00Z","version":1,
		"statements":[{"vulnerability":{"name":"CVE-2026-0001"},"status":"under_investigation","products":[{"@id":"pkg:generic/northlight/nl-c210-%d"}]}]}`, g.made, g.made)
	return g.AdvisoryEvent(by, document), document
}

// published publishes an advisory.
func (g *ground) published(by string) (*store.Advisory, *store.Event) {
	g.t.Helper()
	event, document := g.advisory(by)
	a, e, err := g.Authority.Advise(context.Background(), g.Caller(by), event, document)
	g.must(err)
	g.must(g.Authority.Propagate(context.Background()))
	return a, e
}

// refused has a level refused to another camera, without evidence.
func (g *ground) refused() (*example.Example, *store.Decision) {
	g.t.Helper()
	e := g.device()
	o, err := g.Authority.Request(context.Background(), g.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
	g.must(err)
	return e, o.Refusal
}

// appeal signs an appeal against a refusal.
func (g *ground) appeal() []byte {
	g.t.Helper()
	e, d := g.refused()
	return g.Seal(labeltest.Maker, e.Descriptor, label.TypeAppeal, &label.Appeal{Manufacturer: labeltest.Maker, Decision: d.Digest, Grounds: "It is fine.", Made: d.Decided})
}

// ruling signs a request to uphold a refusal against which there is an appeal.
func (g *ground) ruling() []byte {
	g.t.Helper()
	e := g.device()
	t := g.Appeal(e, 3)
	r := label.RulingRequest{Appeal: t.Appeal.Digest, Outcome: label.Upheld, Text: "As ruled in a test.", Made: g.now()}
	return g.Seal(labeltest.Operator, e.Descriptor, label.TypeRulingRequest, &r)
}

// waiting has a request to revoke a label wait for a second operator.
func (g *ground) waiting() label.Digest {
	g.t.Helper()
	c := g.Change(labeltest.Operator, g.labelled(), label.Revoke, "misuse")
	return c.Request.Digest
}

// hook registers a webhook of an organization, of which it may have no more than a few.
func (g *ground) hook(org string) *notice.Hook {
	g.t.Helper()
	g.unhook(org)
	h, err := g.Authority.AddHook(context.Background(), g.Caller(org), "https://hooks.example/", nil)
	g.must(err)
	return h
}

// unhook removes an organization's webhooks.
func (g *ground) unhook(org string) {
	g.t.Helper()
	c := g.Caller(org)
	list, err := g.Authority.Hooks(c, "")
	g.must(err)
	for _, h := range list {
		g.must(g.Authority.RemoveHook(context.Background(), c, h.ID))
	}
}

// complaint has a stranger report something.
func (g *ground) complaint() string {
	g.t.Helper()
	c, err := g.Authority.Complain(context.Background(), store.Complaint{Label: g.labelled().Label.ID, Kind: authority.Copied, Text: "It is on a toaster."})
	g.must(err)
	return c.ID
}

// ahead is by how much the log is to grow before a draw: by more than what else goes on
// may log meanwhile.
const ahead = 8

// plan announces a draw, and has the log reach the size at which it is drawn.
func (g *ground) plan() string {
	g.t.Helper()
	g.made++
	id := "plan-" + strconv.Itoa(g.made)
	p := g.Plan(id, ahead, 1)
	for g.Authority.LogSize() <= p.Announcement.Size {
		g.labelled()
	}
	return id
}

// now returns the time as signed requests write it.
func (g *ground) now() time.Time { return g.Clock.Now().UTC().Truncate(time.Second) }
