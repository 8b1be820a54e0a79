package rpc

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// A refusal travels in the headers that end a call, of which many clients take no more
// than 8 KiB: as a text in which each byte that is not ASCII takes three, and once more
// as a message in base64, with its details. What a caller sent and is told of is cut off
// so that it fits: a caller must not be able to have an answer fail on its way.
const (
	maxRefusalText  = 1024
	maxRefusalField = 200
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
	code, known := codes.Internal, false
	if ok {
		code, known = statusCodes[e.Kind]
	}
	if !known || code == codes.Internal {
		log.Error("internal error", "method", method, "request", authority.RequestID(ctx), "err", err)
		text := "something went wrong here; the operator's log has the detail"
		if known {
			text = e.Text
		}
		code, e = codes.Internal, label.Errorf(label.Internal, label.ReasonInternal, "", "%s", text)
	}
	if e.Kind == label.Unavailable && e.Reason == label.ReasonConflict {
		code = codes.Aborted // repeat the whole request, not just the call
	}
	e = &label.Error{Reason: e.Reason, Field: sendable(e.Field, maxRefusalField), Text: sendable(e.Text, maxRefusalText)}
	info := &errdetails.ErrorInfo{Reason: string(e.Reason), Domain: domain}
	details := []protoadapt.MessageV1{info}
	if e.Field != "" {
		info.Metadata = map[string]string{"field": e.Field}
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.Field, Description: e.Text, Reason: string(e.Reason)},
		}})
	}
	st := status.New(code, e.Error())
	if d, err := st.WithDetails(details...); err == nil {
		st = d
	}
	return st.Err()
}

// sendable returns as much of a text as a refusal has room for. Protobuf takes no text
// that is not UTF-8, and the refusal would lose its details.
func sendable(s string, most int) string { return label.Clip(strings.ToValidUTF8(s, "\uFFFD"), most) }

// renamed returns a refusal with a field as the request calls it, for which package
// authority has another name. Where the request has the parts of the field and not the
// field, to is empty.
func renamed(from, to string, err error) error {
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		return err
	}
	part, ok := strings.CutPrefix(e.Field, from)
	if !ok || part != "" && part[0] != '.' {
		return err
	}
	inner := *e
	inner.Field = strings.TrimPrefix(to+part, ".")
	return &inner
}

// below returns a refusal with the field that it names as a path of the request, where
// the field is in a document that the request has as bytes. What a refusal blames on no
// field, or on the caller's token, is not about the document.
func below(field string, err error) error {
	e, ok := errors.AsType[*label.Error](err)
	if !ok || e.Field == "" || e.Field == field || e.Kind == label.Unauthenticated {
		return err
	}
	return label.Within(field, err)
}

// missing is the refusal of a request that lacks a field.
func missing(field string) error {
	return label.Errorf(label.Invalid, label.ReasonMissing, field, "is required")
}
