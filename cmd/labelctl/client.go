package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/token"
)

// pageSize is how many elements of a list one call asks for. Further calls fetch the
// rest, so that a list is always whole.
const pageSize = 200

// signer returns the private key in --key. The key is loaded once, so that a command
// that calls and signs asks for the passphrase once.
func (s *session) signer(ctx context.Context) (*envelope.Signer, error) {
	if s.key == "" {
		return nil, usagef("a private key is required: use --key or set %s", envKey)
	}
	if s.private == nil {
		private, err := s.loadSigner(ctx, s.key)
		if err != nil {
			return nil, err
		}
		s.private = private
	}
	return s.private, nil
}

// loadSigner loads the private key in a file or of a KMS.
func (s *session) loadSigner(ctx context.Context, ref string) (*envelope.Signer, error) {
	if envelope.Exposed(ref) {
		s.note("other users of this computer can read the private key %s; to prevent that: chmod 600 %[1]s", ref)
	}
	private, err := envelope.LoadSigner(ctx, ref, func() ([]byte, error) {
		if p, ok := environmentPassphrase(); ok {
			return p, nil
		}
		return s.ask(ctx, "passphrase of "+ref+": ")
	})
	if errors.Is(err, errNoTerminal) {
		return nil, hintf(fmt.Errorf("the private key %s is encrypted and no passphrase was given", ref), "set %s, or run from a terminal to be asked", envPass)
	}
	return private, err
}

// environmentPassphrase returns the passphrase in the environment.
func environmentPassphrase() ([]byte, bool) {
	for _, name := range []string{envPass, envCosign} {
		if p, ok := os.LookupEnv(name); ok {
			return []byte(p), true
		}
	}
	return nil, false
}

// public connects without a caller.
func (s *session) public() (*grpc.ClientConn, error) { return s.dial(nil) }

// caller connects as the organization in --as.
func (s *session) caller(ctx context.Context) (*grpc.ClientConn, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return nil, err
	}
	if s.as == "" {
		return nil, usagef("an organization is required: use --as or set %s", envAs)
	}
	return s.dial(signer)
}

// clientAs returns a client of one of the service's interfaces that calls as the
// organization in --as, with the connection to close after its use.
func clientAs[C any](ctx context.Context, s *session, client func(grpc.ClientConnInterface) C) (api C, conn *grpc.ClientConn, err error) {
	if conn, err = s.caller(ctx); err != nil {
		return api, nil, err
	}
	return client(conn), conn, nil
}

// publicClient is clientAs without a caller.
func publicClient[C any](s *session, client func(grpc.ClientConnInterface) C) (api C, conn *grpc.ClientConn, err error) {
	if conn, err = s.public(); err != nil {
		return api, nil, err
	}
	return client(conn), conn, nil
}

// signRequest signs a request about a subject with the caller's key, made to the authority
// in --authority, or else to that which the service says it is.
func (s *session) signRequest(ctx context.Context, conn *grpc.ClientConn, name string, subject label.Digest, predicateType string, r label.Request) ([]byte, error) {
	to := s.to
	if to == "" {
		acts, err := labelv1.NewAuthorityServiceClient(conn).GetActs(ctx, &labelv1.GetActsRequest{})
		if err != nil {
			return nil, err
		}
		to = acts.GetAuthority()
	}
	r.Address(to)
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return s.signStatement(ctx, name, subject, predicateType, r)
}

// signStatement signs a statement about a subject with the caller's key.
func (s *session) signStatement(ctx context.Context, name string, subject label.Digest, predicateType string, predicate any) ([]byte, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return nil, err
	}
	stmt, err := label.NewStatement(name, subject, predicateType, predicate)
	if err != nil {
		return nil, err
	}
	env, err := signer.Seal(stmt)
	if err != nil {
		return nil, err
	}
	return envelope.Bundle(env)
}

// dial connects to the service, with caller tokens if there is a signer. To a
// loopback address the connection is plain unless TLS is asked for.
func (s *session) dial(signer *envelope.Signer) (*grpc.ClientConn, error) {
	host, _, err := net.SplitHostPort(s.server)
	if err != nil {
		return nil, usagef("--server: %q is not of the form host:port", s.server)
	}
	plaintext := loopback(host) && !s.tls && s.ca == ""
	transport := insecure.NewCredentials()
	if !plaintext {
		config, err := s.tlsConfig()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent("labelctl"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(label.MaxMessage)),
		grpc.WithUnaryInterceptor(s.intercept),
	}
	if signer != nil {
		audience := s.audience
		if audience == "" {
			audience = s.server
		}
		opts = append(opts, grpc.WithPerRPCCredentials(&token.Source{Signer: signer, Organization: s.as, Audience: audience, Loopback: plaintext, Now: s.now}))
	}
	return grpc.NewClient("passthrough:///"+s.server, opts...)
}

// loopback reports whether a host is this machine. Names other than localhost
// are not looked up: the answer would decide whether a token goes in the clear.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tlsConfig returns the TLS settings by --ca.
func (s *session) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.ca == "" {
		return config, nil
	}
	text, err := s.readFile(s.ca, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, &placeError{s.ca, errors.New("has no certificate in PEM")}
	}
	return config, nil
}

// intercept bounds the time of each call and decodes its error.
func (s *session) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	inner, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := call(inner, method, req, reply, conn, opts...)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.decodeError(err)
}

// A serviceError is a refusal by the service, or the failure to reach it.
type serviceError struct {
	code   codes.Code
	reason label.Reason
	field  string
	text   string
	hint   string
}

func (e *serviceError) Error() string {
	if e.field == "" {
		return e.text
	}
	return e.field + ": " + e.text
}

// A hint helps where the service's own words cannot: it does not know what was typed
// here.
type hint struct {
	text string

	// A hint about the caller is given only where the code says that the caller is
	// meant: the service gives the same reason of other organizations and keys that a
	// request names, and then the hint would lead away from what is wrong.
	aboutCaller bool
}

// hints are the hints there are, by the reason of a refusal.
var hints = map[label.Reason]hint{
	label.ReasonUnknownKey:  {"\"labelctl key show FILE\" prints a key's ID, an operator enrols it with \"labelctl org key\"; correct --key and --as otherwise", true},
	label.ReasonWrongRole:   {"check whom --as names, and which key --key", true},
	label.ReasonNotYours:    {"check whom --as names, and which key --key", true},
	label.ReasonConflict:    {"run the command again", false},
	label.ReasonUnknownType: {"\"labelctl attest\" and \"labelctl declare\" make what is accepted", false},
}

// decodeError reads a call's error with its details (google.rpc.ErrorInfo and
// BadRequest).
func (s *session) decodeError(err error) error {
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	e := &serviceError{code: st.Code(), text: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			e.reason = label.Reason(d.GetReason())
		case *errdetails.BadRequest:
			// labeld names one field. Where another service names several, all are shown.
			var all []string
			for _, v := range d.GetFieldViolations() {
				e.field, e.text = v.GetField(), v.GetDescription()
				all = append(all, v.GetField()+": "+v.GetDescription())
			}
			if len(all) > 1 {
				e.field, e.text = "", strings.Join(all, "\n")
			}
		}
	}
	if h := hints[e.reason]; !h.aboutCaller || e.code == codes.PermissionDenied || e.code == codes.Unauthenticated {
		e.hint = h.text
	}
	if e.reason != "" {
		return e
	}
	switch e.code {
	case codes.Unavailable:
		e.text = fmt.Sprintf("no answer from %s (%s)", s.server, innermost(st.Message()))
		e.hint = "is labeld running there? --server names its gRPC address, host:port"
		switch {
		case strings.Contains(st.Message(), "first record does not look like a TLS handshake"):
			e.hint = "the service there does not speak TLS, which is allowed on this computer only, without --tls and --ca"
		case strings.Contains(st.Message(), "reading server preface"):
			e.hint = "is that its gRPC address, and not that for HTTP? if it speaks TLS, use --tls, or --ca for roots of its own"
		}
	case codes.DeadlineExceeded:
		e.text = fmt.Sprintf("%s did not answer within %s", s.server, s.timeout)
		e.hint = "--timeout gives it longer"
	case codes.Unimplemented:
		e.hint = "is a labeld of about the same version at " + s.server + "?"
	}
	return e
}

// innermost returns the last cause in the message of a transport error.
func innermost(message string) string {
	message = strings.TrimRight(message, `"`)
	if i := strings.LastIndex(message, `desc = "`); i >= 0 {
		message = message[i+len(`desc = "`):]
	}
	return strings.TrimPrefix(message, "transport: ")
}

// listAll returns the items of all pages of a list. The function get fetches the page
// that a token names and returns the token of the next page.
func listAll[T any](get func(token string) (items []T, next string, err error)) (list []T, err error) {
	token := ""
	for {
		items, next, err := get(token)
		if err != nil {
			return nil, err
		}
		list = append(list, items...)
		if next == "" {
			return list, nil
		}
		if next == token {
			return nil, errors.New("the service sent a page of the list twice; the list cannot be read to the end")
		}
		token = next
	}
}

// baseURL returns the address of the HTTP side: the flag, the environment, or
// the default of a service on this machine.
func baseURL(flag string) (base string, chosen bool) {
	for _, s := range []string{flag, os.Getenv(envURL)} {
		if s != "" {
			return strings.TrimSuffix(s, "/"), true
		}
	}
	return "http://127.0.0.1:8080", false
}

// checkBase refuses what is no base URL, and plain http to another machine.
func checkBase(base string) error {
	if err := qr.CheckBase(base); err != nil {
		return err
	}
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "url",
			"%s is plain http, over which anyone on the network can answer; use https, or --offline with a package and a trust file", base)
	}
	return nil
}

// get fetches what the HTTP side has at an address, at most label.MaxMessage
// bytes.
func (s *session) get(ctx context.Context, base, path string) ([]byte, error) {
	return s.fetch(ctx, base, path, label.MaxMessage)
}

// fetch is get for answers of at most so many bytes.
func (s *session) fetch(ctx context.Context, base, path string, most int) ([]byte, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		Timeout:       s.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5")
	req.Header.Set("User-Agent", "labelctl")
	resp, err := client.Do(req)
	if err != nil {
		return nil, connectionError(ctx, base, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err != nil {
		return nil, connectionError(ctx, base, err)
	}
	if len(b) > most {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "%s%s is more than the %d bytes that are accepted", base, path, most)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, responseError(resp, base, path, b)
	}
	return b, nil
}

// connectionError is the error of a request that got no answer.
func connectionError(ctx context.Context, base string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return &serviceError{
		code: codes.Unavailable, text: fmt.Sprintf("no answer from %s (%v)", base, err),
		hint: "is that the service's HTTP address? --url names another; --timeout gives it longer",
	}
}

// httpCodes are the gRPC codes for the HTTP statuses that the service answers with.
var httpCodes = map[int]codes.Code{
	http.StatusBadRequest:            codes.InvalidArgument,
	http.StatusNotFound:              codes.NotFound,
	http.StatusConflict:              codes.FailedPrecondition,
	http.StatusForbidden:             codes.PermissionDenied,
	http.StatusUnauthorized:          codes.Unauthenticated,
	http.StatusRequestEntityTooLarge: codes.ResourceExhausted,
	http.StatusTooManyRequests:       codes.ResourceExhausted,
	http.StatusServiceUnavailable:    codes.Unavailable,
}

// responseError returns the error in an answer whose status is not 200.
func responseError(resp *http.Response, base, path string, body []byte) error {
	code, ok := httpCodes[resp.StatusCode]
	if !ok {
		code = codes.Unknown
	}
	var answer struct {
		Error struct {
			Reason  label.Reason `json:"reason"`
			Field   string       `json:"field"`
			Message string       `json:"message"`
		} `json:"error"`
	}
	if label.DecodeLoose(bytes.TrimSpace(body), &answer) == nil && answer.Error.Message != "" {
		return &serviceError{code: code, reason: answer.Error.Reason, field: answer.Error.Field, text: answer.Error.Message}
	}
	e := &serviceError{code: code, text: fmt.Sprintf("%s%s answered %s", base, path, resp.Status)}
	if to := resp.Header.Get("Location"); to != "" {
		e.text += ", to " + to
		e.hint = "if the service has moved, name its new address with --url"
	} else {
		e.hint = "is that the address of labeld's HTTP side?"
	}
	return e
}
