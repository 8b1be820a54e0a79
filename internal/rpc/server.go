package rpc

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"path"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/meter"
)

// A Server serves an authority over gRPC.
type Server struct {
	*grpc.Server
	health *health.Server
	in     *interceptor
}

// streamWorkers is how many goroutines wait for calls. A call beyond them gets
// one of its own; those that are kept have stacks that need not grow again.
const streamWorkers = 64

// New returns a server. TLS may be nil on loopback only; that is for the caller
// to see to. QR draws label codes.
func New(a *authority.Authority, draw QR, tlsConfig *tls.Config, limits Limits, log *slog.Logger) *Server {
	in := &interceptor{Limits: limits, a: a, log: log}
	if in.Meter == nil {
		in.Meter = meter.New(0, 0)
	}
	if in.Clients == nil {
		in.Clients = meter.NewClients("", log)
	}
	opts := []grpc.ServerOption{
		grpc.UnaryInterceptor(in.unary),
		grpc.StreamInterceptor(in.stream),
		grpc.MaxRecvMsgSize(label.MaxMessage),
		grpc.MaxConcurrentStreams(256),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: 2 * time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 30 * time.Second}),
	}
	if tlsConfig != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(tlsConfig)))
	}
	s := &Server{Server: grpc.NewServer(opts...), health: health.NewServer(), in: in}
	labelv1.RegisterSubmissionServiceServer(s, &submissions{a: a})
	labelv1.RegisterLabelServiceServer(s, &labels{a: a, draw: draw})
	labelv1.RegisterStatusServiceServer(s, &statuses{a: a})
	labelv1.RegisterOversightServiceServer(s, &oversight{a: a})
	labelv1.RegisterHoldServiceServer(s, &holds{a: a})
	labelv1.RegisterAdvisoryServiceServer(s, &advisories{a: a})
	labelv1.RegisterAppealServiceServer(s, &appeals{a: a})
	labelv1.RegisterNoticeServiceServer(s, &notices{a: a})
	labelv1.RegisterReportServiceServer(s, &reports{a: a})
	labelv1.RegisterSurveillanceServiceServer(s, &surveillances{a: a})
	labelv1.RegisterAuditServiceServer(s, &audit{a: a})
	labelv1.RegisterVerificationServiceServer(s, &verification{a: a})
	labelv1.RegisterAuthorityServiceServer(s, &operations{a: a})
	healthpb.RegisterHealthServer(s, s.health)
	reflection.Register(s)
	s.SetReady(false, false)
	return s
}

// SetReady tells health checks what is ready: the services that only read, and
// those that write as well. The server as a whole, with no name, is ready if all
// are. Before the first call none is.
func (s *Server) SetReady(reading, writing bool) {
	for name := range s.GetServiceInfo() {
		ready := writing
		if name == labelv1.VerificationService_ServiceDesc.ServiceName {
			ready = reading
		}
		if strings.HasPrefix(name, "label.v1.") {
			s.health.SetServingStatus(name, serving(ready))
		}
	}
	s.health.SetServingStatus("", serving(reading && writing))
}

func serving(ready bool) healthpb.HealthCheckResponse_ServingStatus {
	if ready {
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// Panics returns how many calls met a panic since the start.
func (s *Server) Panics() int64 { return s.in.panics.Load() }

// Serve answers calls until the server is drained, which is no error.
func (s *Server) Serve(l net.Listener) error {
	if err := s.Server.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// Drain tells health checks that the server is leaving, and waits for calls
// under way, at most until ctx ends.
func (s *Server) Drain(ctx context.Context) {
	s.health.Shutdown()
	done := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.Stop()
	}
}

// An interceptor stands before every call.
type interceptor struct {
	Limits
	a      *authority.Authority
	log    *slog.Logger
	panics atomic.Int64
}

// recovered returns the answer to a call that panicked.
func (in *interceptor) recovered(ctx context.Context, method string, r any) error {
	in.log.Error("panic", "method", method, "panic", r, "panics", in.panics.Add(1), "stack", string(debug.Stack()))
	return statusOf(ctx, in.log, method, label.Errorf(label.Internal, label.ReasonInternal, "", "something went wrong here; the operator's log has the detail"))
}

// stream stands before health and reflection, the only calls that are streams.
// Reflection is paid for.
func (in *interceptor) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = in.recovered(ss.Context(), info.FullMethod, r)
		}
	}()
	if !strings.HasPrefix(info.FullMethod, free) {
		if err := in.pay(ss.Context(), authority.Caller{}, CallUnits); err != nil {
			return statusOf(ss.Context(), in.log, path.Base(info.FullMethod), err)
		}
	}
	return next(srv, ss)
}

func (in *interceptor) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = in.recovered(ctx, info.FullMethod, r)
		}
	}()
	id := strings.ToLower(rand.Text()[:16])
	ctx = authority.WithRequestID(ctx, id)
	// Whoever calls can name it, and the audit trail and the log name it too. There is no
	// call without a transport, but in tests, where nobody reads it.
	_ = grpc.SetTrailer(ctx, metadata.Pairs(requestIDKey, id))
	var c authority.Caller
	if raw, sent := bearer(ctx); sent {
		if c, err = in.a.Authenticate(raw); err != nil {
			return nil, in.refused(ctx, c, info.FullMethod, err)
		}
		ctx = context.WithValue(ctx, callerKey{}, c)
	}
	if err := in.behind(c, info.FullMethod); err != nil {
		return nil, statusOf(ctx, in.log, info.FullMethod, err)
	}
	if err := in.pay(ctx, c, costOf(info.FullMethod, req)); err != nil {
		return nil, statusOf(ctx, in.log, info.FullMethod, err)
	}
	resp, err = next(ctx, req)
	if err != nil && strings.HasPrefix(info.FullMethod, "/label.v1.") {
		return nil, in.refused(ctx, c, info.FullMethod, err)
	}
	return resp, err
}

// behind refuses a call where the service may lack what happened: a program that reads
// "active" acts by it. Operators are told what to do. The criteria follow from the
// programme's data, and are told all the same; nothing else is, so that a call that is
// added later is refused until somebody has thought of it.
func (in *interceptor) behind(c authority.Caller, method string) error {
	lapse := in.a.Behind()
	switch {
	case lapse.Err == nil, !strings.HasPrefix(method, "/label.v1."),
		method == labelv1.AuthorityService_ListSchemes_FullMethodName, method == labelv1.AuthorityService_GetScheme_FullMethodName:
		return nil
	case c.Is(label.RoleOperator):
		return in.a.ReadOnly()
	}
	return lapse.Err
}

// refused returns the status of a call that failed, which is paid for: to guess costs
// too.
func (in *interceptor) refused(ctx context.Context, c authority.Caller, method string, err error) error {
	st := statusOf(ctx, in.log, method, err)
	if failed(st) {
		if err := in.pay(ctx, c, missUnits); err != nil {
			return statusOf(ctx, in.log, method, err)
		}
	}
	return st
}

// bearer returns the caller token of a call, and whether there is one: an empty one is a
// wrong one, as are two, of which nobody can tell which is meant.
func bearer(ctx context.Context) (raw string, sent bool) {
	v := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(v) != 1 {
		return "", len(v) > 0
	}
	scheme, raw, _ := strings.Cut(v[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return v[0], true // and be refused for what it is
	}
	return raw, true
}

// requestIDKey is that of the ID of a call in the trailer of the answer.
const requestIDKey = "labeld-request-id"

type callerKey struct{}

// caller returns who calls: nobody in particular, where no token was sent. From
// here on the caller is an argument.
func caller(ctx context.Context) authority.Caller {
	c, _ := ctx.Value(callerKey{}).(authority.Caller)
	return c
}
