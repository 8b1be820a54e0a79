package rpc

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// domain is the domain of the reasons in google.rpc.ErrorInfo.
const domain = "labeld.dev"

// statusCodes is the one table from refusals to gRPC codes.
var statusCodes = map[label.Kind]codes.Code{
	label.Invalid:         codes.InvalidArgument,
	label.NotFound:        codes.NotFound,
	label.Exists:          codes.AlreadyExists,
	label.Denied:          codes.PermissionDenied,
	label.Unauthenticated: codes.Unauthenticated,
	label.Precondition:    codes.FailedPrecondition,
	label.TooLarge:        codes.ResourceExhausted,
	label.Unavailable:     codes.Unavailable,
	label.Internal:        codes.Internal,
}

// statusOf turns an error into the status that the caller gets. The text of an
// internal error stays in the log.
func statusOf(ctx context.Context, log *slog.Logger, method string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	e, ok := errors.AsType[*label.Error](err)
	if !ok || e.Kind == label.Internal {
		log.Error("internal error", "method", method, "request", authority.RequestID(ctx), "err", err)
		text := "something went wrong here; the operator's log has the detail"
		if ok {
			text = e.Text
		}
		e = label.Errorf(label.Internal, label.ReasonInternal, "", "%s", text)
	}
	code := statusCodes[e.Kind]
	if e.Kind == label.Unavailable && e.Reason == label.ReasonConflict {
		code = codes.Aborted // repeat the whole request, not just the call
	}
	st := status.New(code, e.Error())
	info := &errdetails.ErrorInfo{Reason: string(e.Reason), Domain: domain}
	if e.Field == "" {
		if d, err := st.WithDetails(info); err == nil {
			st = d
		}
		return st.Err()
	}
	info.Metadata = map[string]string{"field": e.Field}
	if d, err := st.WithDetails(info, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: e.Field, Description: e.Text, Reason: string(e.Reason)},
	}}); err == nil {
		st = d
	}
	return st.Err()
}

// missing is the refusal of a request that lacks a field.
func missing(field string) error {
	return label.Errorf(label.Invalid, label.ReasonMissing, field, "is required")
}
