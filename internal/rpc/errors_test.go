package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"labeld/internal/label"
	"labeld/internal/rpc"
)

// kinds says by which code each kind of refusal reaches the caller.
var kinds = map[string]struct {
	kind label.Kind
	code codes.Code
}{
	"Invalid":         {label.Invalid, codes.InvalidArgument},
	"NotFound":        {label.NotFound, codes.NotFound},
	"Exists":          {label.Exists, codes.AlreadyExists},
	"Denied":          {label.Denied, codes.PermissionDenied},
	"Unauthenticated": {label.Unauthenticated, codes.Unauthenticated},
	"Precondition":    {label.Precondition, codes.FailedPrecondition},
	"TooLarge":        {label.TooLarge, codes.ResourceExhausted},
	"Unavailable":     {label.Unavailable, codes.Unavailable},
	"Internal":        {label.Internal, codes.Internal},
}

// kindNames returns the names of the kinds in the order in which the source declares
// them.
func kindNames(t *testing.T) (list []string) {
	t.Helper()
	counting := false
	for _, spec := range constants(t, "../label") {
		if typ, ok := spec.Type.(*ast.Ident); ok {
			counting = typ.Name == "Kind"
		} else if len(spec.Values) > 0 {
			counting = false
		}
		if counting {
			list = append(list, spec.Names[0].Name)
		}
	}
	return list
}

// says reads a status that a refusal became.
func says(t *testing.T, err error) (code codes.Code, info *errdetails.ErrorInfo, bad *errdetails.BadRequest) {
	t.Helper()
	st := status.Convert(err)
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			bad = d
		default:
			t.Errorf("%v has the detail %v", err, d)
		}
	}
	return st.Code(), info, bad
}

// TestEveryRefusalHasItsStatus turns refusals of each kind there is, for each reason
// there is, with a field and without, into statuses.
func TestEveryRefusalHasItsStatus(t *testing.T) {
	names := kindNames(t)
	if len(names) != len(kinds) {
		t.Errorf("the kinds are %v, and %d are in the table", names, len(kinds))
	}
	for _, name := range names {
		k, ok := kinds[name]
		if !ok {
			t.Errorf("the kind %s is not in the table: say which code it has", name)
			continue
		}
		for _, w := range words(t, "../label", "Reason") {
			for _, field := range []string{"", "statement.predicate.verdicts[3].reason"} {
				var log bytes.Buffer
				refusal := label.Errorf(k.kind, label.Reason(w), field, "is wrong; fix it")
				err := rpc.StatusOf(context.Background(), slog.New(slog.NewTextHandler(&log, nil)), "/x", fmt.Errorf("while trying: %w", refusal))
				code, info, bad := says(t, err)
				wantCode, wantReason, wantField := k.code, w, field
				switch {
				case k.kind == label.Internal:
					wantReason, wantField = string(label.ReasonInternal), ""
				case k.kind == label.Unavailable && w == string(label.ReasonConflict):
					wantCode = codes.Aborted
				}
				if code != wantCode || info.GetReason() != wantReason || info.GetDomain() != "labeld.dev" || info.GetMetadata()["field"] != wantField {
					t.Errorf("%s %s %q became %s with %v", name, w, field, code, info)
				}
				violations := bad.GetFieldViolations()
				if wantField == "" && bad != nil || wantField != "" && (len(violations) != 1 ||
					violations[0].GetField() != wantField || violations[0].GetReason() != wantReason || violations[0].GetDescription() != refusal.Text) {
					t.Errorf("%s %s %q became %v", name, w, field, bad)
				}
				if text := status.Convert(err).Message(); !strings.Contains(text, refusal.Text) || strings.Contains(text, "while trying") || !strings.HasPrefix(text, wantField) {
					t.Errorf("%s %s %q is told as %q", name, w, field, text)
				}
				if logged := log.Len() > 0; logged != (k.kind == label.Internal) {
					t.Errorf("%s %s is logged: %v", name, w, logged)
				}
			}
		}
	}
}

// TestFaultsSayNothing turns errors that are no refusals, and refusals of a kind that
// nobody defined, into statuses: the detail is in the log, and only there.
func TestFaultsSayNothing(t *testing.T) {
	for name, fault := range map[string]error{
		"no refusal":     errors.New("open /var/lib/labeld/labels.db: SECRET"),
		"joined":         errors.Join(errors.New("SECRET"), errors.New("more")),
		"no kind":        &label.Error{Reason: label.ReasonMissing, Field: "SECRET", Text: "SECRET"},
		"a kind unknown": &label.Error{Kind: 99, Reason: "NEW", Field: "f", Text: "SECRET"},
	} {
		var log bytes.Buffer
		err := rpc.StatusOf(context.Background(), slog.New(slog.NewTextHandler(&log, nil)), "/label.v1.X/Y", fault)
		code, info, bad := says(t, err)
		if code != codes.Internal || info.GetReason() != "INTERNAL" || bad != nil || strings.Contains(fmt.Sprint(status.Convert(err).Proto()), "SECRET") {
			t.Errorf("%s became %v", name, err)
		}
		if !strings.Contains(log.String(), "SECRET") || !strings.Contains(log.String(), "/label.v1.X/Y") {
			t.Errorf("of %s the log says %q", name, &log)
		}
	}
	if err := rpc.StatusOf(context.Background(), slog.New(slog.DiscardHandler), "/x", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

// TestEndedCalls turns whatever comes of a call whose caller has gone, or waits no more,
// into that.
func TestEndedCalls(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Hour))
	defer cancel()
	for _, c := range []struct {
		ctx  context.Context
		want codes.Code
	}{{cancelled, codes.Canceled}, {late, codes.DeadlineExceeded}} {
		for _, err := range []error{c.ctx.Err(), label.Errorf(label.Invalid, label.ReasonMissing, "id", "is required"), errors.New("SECRET")} {
			var log bytes.Buffer
			got := rpc.StatusOf(c.ctx, slog.New(slog.NewTextHandler(&log, nil)), "/x", err)
			if status.Code(got) != c.want || strings.Contains(got.Error(), "SECRET") || log.Len() > 0 {
				t.Errorf("%v became %v, and the log says %q", err, got, &log)
			}
		}
		if err := rpc.StatusOf(c.ctx, slog.New(slog.DiscardHandler), "/x", nil); err != nil {
			t.Errorf("a call that was answered became %v", err)
		}
	}
}

// headerRoom is what many clients take of headers, in bytes.
const headerRoom = 8 << 10

// travels returns what a status takes in the headers that end a call: its text with each
// byte that is not plain in three, and the whole of it in base64.
func travels(err error) int {
	st := status.Convert(err)
	n := len("grpc-statusgrpc-messagegrpc-status-details-binNN") + 3*32
	for i := range len(st.Message()) {
		if c := st.Message()[i]; c >= ' ' && c <= '~' && c != '%' {
			n++
		} else {
			n += 3
		}
	}
	return n + (proto.Size(st.Proto())+2)/3*4
}

// FuzzRefusal has refusals repeat anything that a caller sent: they arrive, with their
// details.
func FuzzRefusal(f *testing.F) {
	f.Add("id", "no label \"x\" was issued here")
	f.Add("", "")
	f.Add("statement."+strings.Repeat("[0]", 10_000), "is nested too deeply")
	f.Add("id", strings.Repeat("é", 100_000))
	f.Add("id", strings.Repeat("\xff", 5_000))
	f.Add("\xff\xfe", "a\x00b\n")
	f.Add("f", strings.Repeat("a", rpc.MaxRefusalText-1)+"é")
	f.Fuzz(func(t *testing.T, field, text string) {
		err := rpc.StatusOf(context.Background(), slog.New(slog.DiscardHandler), "/x", label.Errorf(label.Invalid, label.ReasonMalformed, field, "%s", text))
		code, info, bad := says(t, err)
		if code != codes.InvalidArgument || info.GetReason() != "MALFORMED" || (bad == nil) != (field == "") {
			t.Fatalf("became %v, with %v and %v", err, info, bad)
		}
		if message := status.Convert(err).Message(); !utf8.ValidString(message) {
			t.Fatalf("the text %q is not UTF-8", message)
		}
		if n := travels(err); n > headerRoom {
			t.Fatalf("the refusal takes %d bytes of headers", n)
		}
		if b := bad.GetFieldViolations(); b != nil && utf8.ValidString(field) && len(field) <= rpc.MaxRefusalField && b[0].GetField() != field {
			t.Fatalf("the field %q became %q", field, b[0].GetField())
		}
		if utf8.ValidString(text) && len(text) <= rpc.MaxRefusalText && !strings.HasSuffix(status.Convert(err).Message(), text) {
			t.Fatalf("the text %q became %q", text, status.Convert(err).Message())
		}
	})
}
