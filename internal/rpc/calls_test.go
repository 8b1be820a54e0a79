package rpc_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestEveryCallHasARow holds the table of calls against the contract.
func TestEveryCallHasARow(t *testing.T) {
	names := map[string]bool{}
	for _, m := range methods() {
		names[fullMethod(m)] = true
		if calls[fullMethod(m)].request == nil {
			t.Errorf("%s has no row in rows_test.go: add one that says who may call it, and how", m.FullName())
		}
	}
	for name := range calls {
		if !names[name] {
			t.Errorf("%s has a row, and is in no service", name)
		}
	}
	for _, role := range words(t, "../label", "Role") {
		if roleOrgs[label.Role(role)] == "" {
			t.Errorf("no organization of the tests has the role %s: add one to roleOrgs", role)
		}
	}
}

// eachCall runs a test of each call on one ground.
func eachCall(t *testing.T, f func(g *ground, m protoreflect.MethodDescriptor, r row)) {
	g := newGround(t)
	for _, m := range methods() {
		if r := calls[fullMethod(m)]; r.request != nil {
			t.Run(string(m.FullName()), func(t *testing.T) {
				g.t, g.TB = t, t
				f(g, m, r)
			})
		}
	}
	g.t, g.TB = t, t
}

// callers returns the organizations that may make a call; nobody in particular for a
// public one.
func (r row) callers() (list []string) {
	for _, role := range r.may {
		list = append(list, roleOrgs[role])
	}
	if r.may == nil {
		list = []string{""}
	}
	return list
}

// TestWhoMayCall makes each call as each role and as nobody: who may is answered, and
// who may not is told why, without anything being written for that.
func TestWhoMayCall(t *testing.T) {
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		refused := func(who string, request proto.Message, code codes.Code, reason label.Reason, field string) {
			g.t.Helper()
			var err error
			g.unwritten(func() { _, err = g.call(g.as(who), m, request) })
			if got := detail(g.t, m, err); status.Code(err) != code || got.reason != reason || field != "" && got.field != field {
				g.t.Errorf("%q is answered %v, want %s %s", who, err, code, reason)
			}
		}
		everybody := []string{""}
		for _, org := range roleOrgs {
			everybody = append(everybody, org)
		}
		slices.Sort(everybody)
		for _, who := range everybody {
			switch {
			case r.may == nil || slices.Contains(r.callers(), who):
				_, err := g.call(g.as(who), m, r.request(g, who))
				if r.fails != "" {
					if got := detail(g.t, m, err); got.reason != r.fails {
						g.t.Errorf("%q is answered %v, want %s", who, err, r.fails)
					}
				} else if err != nil {
					g.t.Errorf("%q is refused: %v", who, err)
				}
			case who == "":
				refused(who, r.request(g, r.callers()[0]), codes.Unauthenticated, label.ReasonToken, "authorization")
			default:
				by, code := r.callers()[0], codes.PermissionDenied
				if r.signed {
					by = who
				}
				if r.others == label.ReasonUnknownSubject || r.others == label.ReasonUnknownAct {
					code = codes.NotFound
				}
				refused(who, r.request(g, by), code, cmp.Or(r.others, label.ReasonWrongRole), "")
			}
		}
		if !slices.Contains(r.may, label.RoleManufacturer) {
			return
		}
		request := r.request(g, labeltest.Maker)
		_, err := g.call(g.as(labeltest.ToyMaker), m, request)
		if got := detail(g.t, m, err); got.reason != r.stranger {
			g.t.Errorf("another manufacturer is answered %v, want %q", err, r.stranger)
		}
	})
}

// TestBadTokens makes each call with a token that is wrong: nobody is answered, also
// where no token is needed.
func TestBadTokens(t *testing.T) {
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		request := r.request(g, r.callers()[0])
		for _, raw := range []string{"rubbish", "Bearer rubbish", "Bearer a.b.c", "Bearer " + strings.Repeat("a", 5000), "Basic b3A6b3A=", "Bearer"} {
			var err error
			g.unwritten(func() { _, err = g.call(withToken(raw), m, request) })
			if got := detail(g.t, m, err); status.Code(err) != codes.Unauthenticated || got.field != "authorization" {
				g.t.Errorf("the token %.20q is answered %v", raw, err)
			}
		}
	})
}

// TestEmptyRequests sends each call an empty request of somebody who may make it: the
// field that is missing is named.
func TestEmptyRequests(t *testing.T) {
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		_, err := g.call(g.as(r.callers()[0]), m, newMessage(g.t, m.Input()))
		if r.needs == "" {
			if err != nil {
				g.t.Errorf("is refused: %v", err)
			}
			return
		}
		if got := detail(g.t, m, err); status.Code(err) != codes.InvalidArgument || got.reason != label.ReasonMissing || got.field != r.needs {
			g.t.Errorf("is answered %v (%s), want that %s is missing", err, got.reason, r.needs)
		}
	})
}

// TestPages asks each list for pages out of bounds, and by tokens that it did not give.
func TestPages(t *testing.T) {
	lists := 0
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		size, token := m.Input().Fields().ByName("page_size"), m.Input().Fields().ByName("page_token")
		if size == nil && token != nil {
			g.t.Fatal("a list has a page size and a page token")
		}
		if token == nil { // an export goes on by number
			return
		}
		lists++
		if m.Output().Fields().ByName("next_page_token") == nil {
			g.t.Error("a list says where the next page begins")
		}
		by := r.callers()[0]
		request := r.request(g, by)
		ask := func(n int32, from string) error {
			q := proto.Clone(request).ProtoReflect()
			q.Set(size, protoreflect.ValueOfInt32(n))
			q.Set(token, protoreflect.ValueOfString(from))
			_, err := g.call(g.as(by), m, q.Interface())
			return err
		}
		for _, n := range []int32{-1, label.MaxPage + 1, 1 << 30, -1 << 31} {
			if got := detail(g.t, m, ask(n, "")); got.reason != label.ReasonOutOfRange || got.field != "page_size" {
				g.t.Errorf("a page of %d is answered %+v", n, got)
			}
		}
		for _, n := range []int32{0, 1, label.MaxPage} {
			if err := ask(n, ""); err != nil {
				g.t.Errorf("a page of %d: %v", n, err)
			}
		}
		other := "AbHy0HRAo2FEdGVzdA"
		for _, from := range []string{"0", "next", other, other + "A", "====", "\x00", strings.Repeat("A", 10_000), "é"} {
			if got := detail(g.t, m, ask(0, from)); got.reason != label.ReasonMalformed || got.field != "page_token" {
				g.t.Errorf("the token %.20q is answered %+v", from, got)
			}
		}
	})
	if lists < 10 {
		t.Errorf("only %d lists were asked", lists)
	}
}

// TestRubbish puts into each field of each request, one at a time, what does not belong
// there: the call is answered or refused, and what it says of that is short, names a
// field that there is, and is no fault of the service.
func TestRubbish(t *testing.T) {
	texts := []string{"x", strings.Repeat("é", 100_000), "\x00\x1b[31m\n\u202e\ufeff", "../../etc/passwd", strings.Repeat("0", 64), `"`, "%s%n", strings.Repeat("🔒", 400)}
	files := [][]byte{[]byte("x"), []byte("{}"), []byte("[]"), []byte("null"), {0xff, 0xfe}, bytes.Repeat([]byte("["), 100_000), []byte(`{"payloadType":"` + strings.Repeat("\xff", 100) + `"}`),
		[]byte(`{"` + strings.Repeat("a", 200_000) + `":1}`), []byte(`{"payload":"AAAA","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA","keyid":"` + strings.Repeat("k", 50_000) + `"}]}`)}
	numbers := []int64{-1, 1<<31 - 1, -1 << 31}
	sent := 0
	eachCall(t, func(g *ground, m protoreflect.MethodDescriptor, r row) {
		by := r.callers()[0]
		request := r.request(g, by)
		for i := range m.Input().Fields().Len() {
			f := m.Input().Fields().Get(i)
			var values []protoreflect.Value
			switch f.Kind() {
			case protoreflect.StringKind:
				for _, s := range texts {
					values = append(values, protoreflect.ValueOfString(s))
				}
			case protoreflect.BytesKind:
				for _, b := range files {
					values = append(values, protoreflect.ValueOfBytes(b))
				}
			case protoreflect.Int32Kind:
				for _, n := range numbers {
					values = append(values, protoreflect.ValueOfInt32(int32(n)))
				}
			case protoreflect.Int64Kind:
				for _, n := range []int64{-1, 1<<63 - 1, -1 << 63} {
					values = append(values, protoreflect.ValueOfInt64(n))
				}
			case protoreflect.Uint64Kind:
				values = append(values, protoreflect.ValueOfUint64(1<<63))
			case protoreflect.EnumKind:
				values = append(values, protoreflect.ValueOfEnum(99), protoreflect.ValueOfEnum(-1))
			case protoreflect.MessageKind:
				values = append(values, newMessageValue(g.t, f.Message()))
			case protoreflect.BoolKind:
			default:
				g.t.Fatalf("no rubbish is known for the field %s of kind %s", f.Name(), f.Kind())
			}
			for j, v := range values {
				sent++
				q := proto.Clone(request).ProtoReflect()
				if f.IsList() {
					q.Mutable(f).List().Append(v)
				} else {
					q.Set(f, v)
				}
				_, err := g.call(g.as(by), m, q.Interface())
				switch status.Code(err) {
				case codes.Internal, codes.Unknown, codes.Unavailable, codes.Unauthenticated:
					g.t.Errorf("%s, value %d: %.300v", f.Name(), j, err)
				}
				if got := detail(g.t, m, err); err != nil && got.reason == "" {
					g.t.Errorf("%s, value %d: %.300v has no reason", f.Name(), j, err)
				}
				if n := proto.Size(status.Convert(err).Proto()); n > maxRefusal {
					g.t.Errorf("%s, value %d: the refusal takes %d bytes: %.300v", f.Name(), j, n, err)
				}
			}
		}
	})
	if sent < 400 {
		t.Errorf("only %d values were sent", sent)
	}
}

// maxRefusal is how large a status may be: it travels in headers twice, of which many
// clients take no more than 8 KiB.
const maxRefusal = 5 << 10

// newMessageValue returns a message with nothing in it that makes sense.
func newMessageValue(t *testing.T, d protoreflect.MessageDescriptor) protoreflect.Value {
	m := newMessage(t, d).ProtoReflect()
	if d.FullName() == "google.protobuf.Timestamp" {
		m.Set(d.Fields().ByName("seconds"), protoreflect.ValueOfInt64(1<<62))
		return protoreflect.ValueOfMessage(m)
	}
	for i := range d.Fields().Len() {
		switch f := d.Fields().Get(i); {
		case f.Kind() == protoreflect.StringKind && !f.IsList():
			m.Set(f, protoreflect.ValueOfString("\x00"))
		case f.Kind() == protoreflect.EnumKind && f.IsList():
			m.Mutable(f).List().Append(protoreflect.ValueOfEnum(99))
		}
	}
	return protoreflect.ValueOfMessage(m)
}

// A refusal is what a status says in its details.
type refusal struct {
	reason label.Reason
	field  string
}

// detail reads a refusal, and fails the test where its parts do not agree: the field is
// one of the request, and the same in all of them.
func detail(t *testing.T, m protoreflect.MethodDescriptor, err error) (r refusal) {
	t.Helper()
	if err == nil {
		return r
	}
	st := status.Convert(err)
	violations := 0
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			r = refusal{label.Reason(d.GetReason()), d.GetMetadata()["field"]}
			if d.GetDomain() != "labeld.dev" {
				t.Errorf("%v is of the domain %q", err, d.GetDomain())
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				violations++
				if v.GetField() != r.field || v.GetReason() != string(r.reason) || v.GetDescription() == "" {
					t.Errorf("%v: the field violation is %v", err, v)
				}
			}
		default:
			t.Errorf("%v has the detail %v", err, d)
		}
	}
	if r.field == "" {
		if violations > 0 {
			t.Errorf("%v violates a field without a name", err)
		}
		return r
	}
	if violations != 1 {
		t.Errorf("%v violates %d fields", err, violations)
	}
	first := r.field
	if i := strings.IndexAny(first, ".["); i >= 0 {
		first = first[:i]
	}
	known := m.Input().Fields().ByName(protoreflect.Name(first)) != nil || m.Input().Oneofs().ByName(protoreflect.Name(first)) != nil
	if !known && r.field != "authorization" {
		t.Errorf("%.200v names the field %q, which %s has not", err, r.field, m.Input().Name())
	}
	return r
}

// withToken returns a context in which somebody calls with a header.
func withToken(raw string) context.Context {
	return metadata.AppendToOutgoingContext(context.Background(), "authorization", raw)
}
