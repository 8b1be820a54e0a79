package rpc_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/meter"
	"labeld/internal/qr"
	"labeld/internal/rpc"
)

// A rawCodec sends bytes as they are, whatever they mean.
type rawCodec struct{}

var _ encoding.Codec = rawCodec{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

// raw makes a call with a request that is written by hand.
func (g *ground) raw(ctx context.Context, m protoreflect.MethodDescriptor, request []byte) error {
	var answer []byte
	return g.conn.Invoke(ctx, fullMethod(m), &request, &answer, grpc.ForceCodec(rawCodec{}))
}

// TestTextsAreUTF8 sends each text field of each request something that is not UTF-8:
// nothing is done with it.
func TestTextsAreUTF8(t *testing.T) {
	sent := 0
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		by := r.callers()[0]
		whole, err := proto.Marshal(r.request(g, by))
		g.must(err)
		for i := range m.Input().Fields().Len() {
			f := m.Input().Fields().Get(i)
			if f.Kind() != protoreflect.StringKind {
				continue
			}
			for _, bad := range []string{"\xff", "northlight\x80", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"} {
				sent++
				b := protowire.AppendString(protowire.AppendTag(append([]byte(nil), whole...), f.Number(), protowire.BytesType), bad)
				g.unwritten(func() {
					if err := g.raw(g.as(by), m, b); status.Code(err) == codes.OK || !strings.Contains(err.Error(), "UTF-8") {
						g.t.Errorf("%s %q is answered %v", f.Name(), bad, err)
					}
				})
			}
		}
	})
	if sent < 150 {
		t.Errorf("only %d texts were sent", sent)
	}
}

// TestMessagesThatAreNone sends each call bytes that are no message.
func TestMessagesThatAreNone(t *testing.T) {
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		by := r.callers()[0]
		for _, b := range []string{"\xff", "\x0a", "\x0a\xff\xff\xff\xff\x0f", "\x07\x07", strings.Repeat("\x0b", 20_000)} {
			if err := g.raw(g.as(by), m, []byte(b)); status.Code(err) == codes.OK {
				g.t.Errorf("%.8q is answered", b)
			}
		}
	})
}

// TestMessagesAreBounded sends messages as large as one may be, and by one byte larger.
func TestMessagesAreBounded(t *testing.T) {
	w := labeltest.New(t, nil)
	api := labelv1.NewSubmissionServiceClient(serve(t, w))
	maker := as(t, w, labeltest.Maker)
	send := func(size int) error {
		r := &labelv1.SubmitStatementRequest{}
		r.Statement = make([]byte, size-(proto.Size(&labelv1.SubmitStatementRequest{Statement: make([]byte, size)})-size))
		if n := proto.Size(r); n != size {
			t.Fatalf("the message has %d bytes, want %d", n, size)
		}
		_, err := api.SubmitStatement(maker, r)
		return err
	}
	wants(t, send(label.MaxMessage), codes.ResourceExhausted, label.ReasonTooLarge, "statement")
	err := send(label.MaxMessage + 1)
	if status.Code(err) != codes.ResourceExhausted || len(status.Convert(err).Details()) > 0 {
		t.Errorf("a message above the limit is answered %v", err)
	}
	if _, err := api.GetDevice(maker, &labelv1.GetDeviceRequest{Device: w.Submit(w.Example("camera")).String()}); err != nil {
		t.Errorf("after that the connection fails: %v", err)
	}
}

// TestTokenIsSentOnce calls with two tokens, both of which are right.
func TestTokenIsSentOnce(t *testing.T) {
	w := labeltest.New(t, nil)
	api := labelv1.NewAuthorityServiceClient(serve(t, w))
	ctx := as(t, w, labeltest.Operator)
	if _, err := api.ListOrganizations(ctx, &labelv1.ListOrganizationsRequest{}); err != nil {
		t.Fatal(err)
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	raw := md.Get("authorization")[0]
	_, err := api.ListOrganizations(metadata.AppendToOutgoingContext(ctx, "authorization", raw), &labelv1.ListOrganizationsRequest{})
	wants(t, err, codes.Unauthenticated, label.ReasonToken, "authorization")
	lower := metadata.AppendToOutgoingContext(context.Background(), "authorization", "bearer"+strings.TrimPrefix(raw, "Bearer"))
	if _, err := api.ListOrganizations(lower, &labelv1.ListOrganizationsRequest{}); err != nil {
		t.Errorf("the scheme is written in lower case, which RFC 9110 11.1 allows: %v", err)
	}
}

// TestCallerGoes has a caller wait no more while what it sent is being committed: it is
// told that, the device is on record all the same, and sending it again says so.
func TestCallerGoes(t *testing.T) {
	var s watchedStore
	w := labeltest.New(t, s.before)
	api := labelv1.NewSubmissionServiceClient(serve(t, w))
	request := &labelv1.RegisterDeviceRequest{Descriptor_: w.Example("camera").Descriptor}
	ctx, cancel := context.WithCancel(as(t, w, labeltest.Maker))
	gate := s.shut()
	answered := make(chan error)
	go func() {
		_, err := api.RegisterDevice(ctx, request)
		answered <- err
	}()
	<-gate.reached
	cancel()
	if err := <-answered; status.Code(err) != codes.Canceled {
		t.Errorf("the caller who went is answered %v", err)
	}
	s.release()
	r, err := api.RegisterDevice(as(t, w, labeltest.Maker), request)
	if err != nil || !r.GetKnown() {
		t.Errorf("sent again, it is answered %v, %v", r, err)
	}
}

// TestEveryCallerGoes makes each call that writes and goes away while that is being
// committed: the service goes on, and the check of the store at the end finds it whole.
func TestEveryCallerGoes(t *testing.T) {
	wrote := 0
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		for _, by := range r.callers() {
			request := r.request(g, by)
			g.must(g.Authority.Propagate(context.Background()))
			ctx, cancel := context.WithCancel(g.as(by))
			gate := g.store.shut()
			answered := make(chan error)
			go func() {
				_, err := g.call(ctx, m, request)
				answered <- err
			}()
			select {
			case <-answered: // it writes nothing
			case <-gate.reached:
				wrote++
				cancel()
				if err := <-answered; err != nil && status.Code(err) != codes.Canceled {
					g.t.Errorf("%q who went is answered %v", by, err)
				}
			}
			cancel()
			g.store.release()
			g.device() // is written after it
		}
	})
	if wrote < 20 { // besides those behind which something else was written
		t.Errorf("only %d calls wrote something", wrote)
	}
}

// TestLateCallers makes each call with a deadline that is past and with a context that
// has ended: nothing is answered.
func TestLateCallers(t *testing.T) {
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		by := r.callers()[0]
		request := r.request(g, by)
		g.unwritten(func() {
			cancelled, cancel := context.WithCancel(g.as(by))
			cancel()
			if _, err := g.call(cancelled, m, request); status.Code(err) != codes.Canceled {
				g.t.Errorf("a call that was cancelled is answered %v", err)
			}
			late, cancel := context.WithDeadline(g.as(by), time.Now().Add(-time.Second))
			defer cancel()
			if _, err := g.call(late, m, request); status.Code(err) != codes.DeadlineExceeded {
				g.t.Errorf("a call that is late is answered %v", err)
			}
		})
	})
}

// TestPanics has the drawing of a code panic: that call fails without a word of it, the
// service counts it and goes on.
func TestPanics(t *testing.T) {
	w := labeltest.New(t, nil)
	var log strings.Builder
	s, conn := serveAs(t, w, func(label.ID) (*qr.Code, error) { panic("SECRET") }, slog.New(slog.NewTextHandler(&log, nil)))
	api := labelv1.NewLabelServiceClient(conn)
	maker := as(t, w, labeltest.Maker)
	device := w.Submit(w.Example("camera")).String()
	_, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: 3, Qr: labelv1.QRFormat_QR_FORMAT_PNG})
	wants(t, err, codes.Internal, label.ReasonInternal, "")
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("the caller is told of the panic: %v", err)
	}
	if s.Panics() != 1 {
		t.Errorf("%d panics were counted", s.Panics())
	}
	r, err := api.RequestLabel(maker, &labelv1.RequestLabelRequest{Device: device, Level: 3})
	if err != nil || !r.GetKnown() {
		t.Errorf("the same call without a code is answered %v, %v", r, err)
	}
	stop(t, s)
	if !strings.Contains(log.String(), "SECRET") || !strings.Contains(log.String(), "RequestLabel") {
		t.Errorf("the log says %q", &log)
	}
}

// TestHealthFollows watches the health of services while they become ready, one after
// another, and while the server leaves.
func TestHealthFollows(t *testing.T) {
	w := labeltest.New(t, nil)
	s, conn := serveAs(t, w, nil, slog.New(slog.DiscardHandler))
	health := healthpb.NewHealthClient(conn)
	watch := func(name string) func() healthpb.HealthCheckResponse_ServingStatus {
		stream, err := health.Watch(context.Background(), &healthpb.HealthCheckRequest{Service: name})
		if err != nil {
			t.Fatal(err)
		}
		return func() healthpb.HealthCheckResponse_ServingStatus {
			r, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			return r.GetStatus()
		}
	}
	const up, down = healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING
	services := map[string]bool{"": false} // whether it only reads
	for _, m := range methods() {
		name := string(m.Parent().FullName())
		services[name] = name == labelv1.VerificationService_ServiceDesc.ServiceName
	}
	for name, reads := range services {
		s.SetReady(false, false)
		next := watch(name)
		if got := next(); got != down {
			t.Errorf("%q begins %s", name, got)
		}
		s.SetReady(true, false)
		if reads {
			if got := next(); got != up {
				t.Errorf("%q is %s while labels can be read", name, got)
			}
			s.SetReady(false, true)
			if got := next(); got != down {
				t.Errorf("%q is %s while labels cannot be read", name, got)
			}
		}
		s.SetReady(true, true)
		if got := next(); got != up {
			t.Errorf("%q is %s while all is ready", name, got)
		}
	}
	if _, err := health.Check(context.Background(), &healthpb.HealthCheckRequest{Service: "label.v1.NoSuchService"}); status.Code(err) != codes.NotFound {
		t.Errorf("the health of no service is %v", err)
	}
	next := watch("")
	next()
	drained := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		s.Drain(ctx)
		close(drained)
	}()
	if got := next(); got != down {
		t.Errorf("a server that leaves is %s", got)
	}
	cancel() // the watch never ends by itself
	<-drained
}

// TestReflectionIsPaidFor opens streams until the allowance of their address is used up:
// those of the health service go on being free.
func TestReflectionIsPaidFor(t *testing.T) {
	w := labeltest.New(t, nil)
	conn := serveWithin(t, w, rpc.Limits{Meter: meter.New(5*rpc.CallUnits, 5*rpc.CallUnits)})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reflect := func() error {
		stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		if err := stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil && err != io.EOF {
			return err
		}
		_, err = stream.Recv()
		return err
	}
	answered := 0
	var err error
	for ; err == nil && answered < 50; answered++ {
		err = reflect()
	}
	wants(t, err, codes.ResourceExhausted, label.ReasonTooMany, "")
	if answered < 2 {
		t.Errorf("%d streams were answered", answered-1)
	}
	for range 20 {
		if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
			t.Fatalf("the health of the service: %v", err)
		}
	}
}

// TestDrainEndsCalls has a server leave while a call waits for the store: the call is
// answered where there is time, and ended where there is none.
func TestDrainEndsCalls(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprint(patient), func(t *testing.T) {
			var s watchedStore
			w := labeltest.New(t, s.before)
			server, conn := serveAs(t, w, nil, slog.New(slog.DiscardHandler))
			maker := as(t, w, labeltest.Maker)
			gate := s.shut()
			answered := make(chan error)
			go func() {
				_, err := labelv1.NewSubmissionServiceClient(conn).RegisterDevice(maker, &labelv1.RegisterDeviceRequest{Descriptor_: w.Example("camera").Descriptor})
				answered <- err
			}()
			<-gate.reached
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			drained := make(chan struct{})
			go func() {
				server.Drain(ctx)
				close(drained)
			}()
			if patient {
				s.release()
				if err := <-answered; err != nil {
					t.Errorf("the call is answered %v", err)
				}
				<-drained
				return
			}
			cancel()
			if err := <-answered; status.Code(err) != codes.Unavailable {
				t.Errorf("the call is answered %v", err)
			}
			s.release()
			<-drained
		})
	}
}

// TestServeSaysWhyItFails serves on a listener that is closed, and on one whose server has
// stopped, which is no error.
func TestServeSaysWhyItFails(t *testing.T) {
	w := labeltest.New(t, nil)
	s, _ := serveAs(t, w, nil, slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(l); err == nil {
		t.Error("a closed listener is served")
	}
	stop(t, s)
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); err != nil {
		t.Errorf("a server that has stopped says %v", err)
	}
}

// serveAs serves a world that draws codes and logs as it is told, not ready yet.
func serveAs(t *testing.T, w *labeltest.World, draw rpc.QR, log *slog.Logger) (*rpc.Server, *grpc.ClientConn) {
	t.Helper()
	s := rpc.New(w.Authority, draw, nil, rpc.Limits{}, log)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		stop(t, s)
	})
	return s, conn
}

// stop stops a server, with the calls under way.
func stop(t *testing.T, s *rpc.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Drain(ctx)
}
