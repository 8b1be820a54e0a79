package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// detailed returns a status as the service sends it.
func detailed(t *testing.T, code codes.Code, message string, reason label.Reason, violations ...*errdetails.BadRequest_FieldViolation) error {
	t.Helper()
	st, err := status.New(code, message).WithDetails(
		&errdetails.ErrorInfo{Reason: string(reason), Domain: "labeld.dev"},
		&errdetails.BadRequest{FieldViolations: violations})
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func TestReport(t *testing.T) {
	s := &session{server: "labels.example:443"}
	refusal := label.Errorf(label.Invalid, label.ReasonOutOfRange, "verdicts[3].verdict", "must be pass")
	for _, tc := range []struct {
		name string
		err  error
		text string
		json problem
		code int
	}{
		{
			"refusal of ours", refusal,
			"labelctl: verdicts[3].verdict: must be pass\n",
			problem{Reason: "OUT_OF_RANGE", Field: "verdicts[3].verdict", Message: "must be pass", Code: "INVALID_ARGUMENT"}, exitFailed,
		},
		{
			"in a file", &placeError{"results.yaml:41", refusal},
			"labelctl: results.yaml:41: verdicts[3].verdict: must be pass\n",
			problem{Reason: "OUT_OF_RANGE", Place: "results.yaml:41", Field: "verdicts[3].verdict", Message: "must be pass", Code: "INVALID_ARGUMENT"}, exitFailed,
		},
		{
			"with a verdict", &verdictError{"not genuine", refusal},
			"labelctl: not genuine: verdicts[3].verdict: must be pass\n",
			problem{Reason: "OUT_OF_RANGE", Field: "verdicts[3].verdict", Message: "not genuine: must be pass", Code: "INVALID_ARGUMENT"}, exitFailed,
		},
		{
			"refusal of the service", s.decodeError(detailed(t, codes.PermissionDenied, "device: not yours", label.ReasonNotYours,
				&errdetails.BadRequest_FieldViolation{Field: "device", Description: "not yours"})),
			"labelctl: device: not yours\nlabelctl: hint: check whom --as names, and which key --key\n",
			problem{Reason: "NOT_YOURS", Field: "device", Message: "not yours", Code: "PERMISSION_DENIED", Hint: hints[label.ReasonNotYours].text}, exitFailed,
		},
		{
			"another's role", s.decodeError(detailed(t, codes.FailedPrecondition, "event.lab: x is not enrolled as lab", label.ReasonWrongRole,
				&errdetails.BadRequest_FieldViolation{Field: "event.lab", Description: "x is not enrolled as lab"})),
			"labelctl: event.lab: x is not enrolled as lab\n",
			problem{Reason: "WRONG_ROLE", Field: "event.lab", Message: "x is not enrolled as lab", Code: "FAILED_PRECONDITION"}, exitFailed,
		},
		{
			"another's key", s.decodeError(detailed(t, codes.NotFound, "event.key: no key \"00\" is enrolled", label.ReasonUnknownKey,
				&errdetails.BadRequest_FieldViolation{Field: "event.key", Description: "no key \"00\" is enrolled"})),
			"labelctl: event.key: no key \"00\" is enrolled\n",
			problem{Reason: "UNKNOWN_KEY", Field: "event.key", Message: "no key \"00\" is enrolled", Code: "NOT_FOUND"}, exitFailed,
		},
		{
			"several fields", s.decodeError(detailed(t, codes.InvalidArgument, "two things", label.ReasonMissing,
				&errdetails.BadRequest_FieldViolation{Field: "a", Description: "is required"},
				&errdetails.BadRequest_FieldViolation{Field: "b", Description: "is required"})),
			"labelctl: a: is required\n  b: is required\n",
			problem{Reason: "MISSING", Message: "a: is required\nb: is required", Code: "INVALID_ARGUMENT"}, exitFailed,
		},
		{
			"no field", s.decodeError(detailed(t, codes.FailedPrecondition, "not now", label.ReasonClock)),
			"labelctl: not now\n",
			problem{Reason: "CLOCK_WENT_BACK", Message: "not now", Code: "FAILED_PRECONDITION"}, exitFailed,
		},
		{
			"nobody there", s.decodeError(status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp: connection refused"`)),
			"labelctl: no answer from labels.example:443 (Error while dialing: dial tcp: connection refused)\nlabelctl: hint: is labeld running there? --server names its gRPC address, host:port\n",
			problem{Message: "no answer from labels.example:443 (Error while dialing: dial tcp: connection refused)", Code: "UNAVAILABLE", Hint: "is labeld running there? --server names its gRPC address, host:port"}, exitFailed,
		},
		{
			"advice", hintf(errors.New("no"), "try %d", 2),
			"labelctl: no\nlabelctl: hint: try 2\n",
			problem{Message: "no", Code: "UNKNOWN", Hint: "try 2"}, exitFailed,
		},
		{
			"interrupted", fmt.Errorf("asking: %w", context.Canceled),
			"labelctl: interrupted\n",
			problem{Message: "interrupted", Code: "CANCELED"}, exitFailed,
		},
		{
			"what a terminal would obey", errors.New("a\x1b[2Jb\u202ec\r"),
			"labelctl: a\uFFFD[2Jb\uFFFDc\uFFFD\n",
			problem{Message: "a\x1b[2Jb\u202ec\r", Code: "UNKNOWN"}, exitFailed,
		},
		{
			"usage", usagef("give %s", "--as"),
			"labelctl: give --as\nlabelctl: hint: \"labelctl x --help\" says how\n",
			problem{Reason: "USAGE", Message: "give --as", Code: "INVALID_ARGUMENT", Hint: "\"labelctl x --help\" says how"}, exitUsage,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			if code := printError(&b, false, "labelctl x", &failure{tc.err}); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if b.String() != tc.text {
				t.Errorf("text:\n%swant:\n%s", b.String(), tc.text)
			}
			b.Reset()
			printError(&b, true, "labelctl x", &failure{tc.err})
			var got map[string]problem
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got["error"] != tc.json {
				t.Errorf("JSON:\n%+v\nwant:\n%+v", got["error"], tc.json)
			}
		})
	}
}

func TestReportOfOutcomesIsSilent(t *testing.T) {
	var b bytes.Buffer
	if code := printError(&b, false, "labelctl request", &failure{exitCode(exitShort)}); code != exitShort || b.Len() > 0 {
		t.Errorf("exit code %d, wrote %q", code, b.String())
	}
	if code := printError(&b, false, "labelctl", nil); code != 0 || b.Len() > 0 {
		t.Errorf("exit code %d, wrote %q", code, b.String())
	}
}

func TestEncodeIsStable(t *testing.T) {
	m := &labelv1.Organization{Id: "lab", Name: "A & B <lab>", Roles: []labelv1.Role{labelv1.Role_ROLE_LAB}}
	want := "{\n  \"id\": \"lab\",\n  \"name\": \"A & B <lab>\",\n  \"roles\": [\n    \"ROLE_LAB\"\n  ]\n}\n"
	for range 20 {
		if b, err := encode(m); err != nil || string(b) != want {
			t.Fatalf("%v\n%s", err, b)
		}
	}
}

// TestNothingIsObeyed prints what a terminal would act on, as JSON and as text.
func TestNothingIsObeyed(t *testing.T) {
	name := "a\u001b[31mb\u009b31mc\u202ed\u2066e\u200ff\u2028g\u007fh\U000e0041i می\u200cخ"
	b, err := encode(&labelv1.Organization{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	var back struct{ Name string }
	if err := json.Unmarshal(b, &back); err != nil || back.Name != name {
		t.Errorf("comes back as %q, %v", back.Name, err)
	}
	var p terminal.Page
	p.Line("%s", name)
	for form, out := range map[string]string{"JSON": string(b), "text": strings.ReplaceAll(string(p.Bytes()), "\u200c", "")} {
		for _, r := range out {
			if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
				t.Errorf("%s has %U: %q", form, r, out)
			}
		}
	}
}

func TestPage(t *testing.T) {
	var p terminal.Page
	p.Table([]string{"ID", "NAME"}, [][]string{{"one", "First\nforged  line"}, {"eleven", "\x1b[31mred"}})
	p.Table([]string{"ID"}, nil)
	p.Pairs([2]string{"a:", "1"}, [2]string{"absent:", ""}, [2]string{"long:", "2"})
	p.Line("%s of %d", "x\ny", 3)
	want := "ID      NAME\none     First forged  line\neleven  \uFFFD[31mred\nnone\na:     1\nlong:  2\nx y of 3\n"
	if string(p.Bytes()) != want {
		t.Errorf("got:\n%s\nwant:\n%s", string(p.Bytes()), want)
	}
}

func TestCodeNames(t *testing.T) {
	for c, want := range map[codes.Code]string{
		codes.InvalidArgument: "INVALID_ARGUMENT", codes.NotFound: "NOT_FOUND", codes.Unavailable: "UNAVAILABLE",
		codes.ResourceExhausted: "RESOURCE_EXHAUSTED", codes.Canceled: "CANCELED",
	} {
		if got := codeName(c); got != want {
			t.Errorf("codeName(%v) = %s, want %s", c, got, want)
		}
	}
	for kind := label.Invalid; kind <= label.Internal; kind++ {
		if _, ok := kindCodes[kind]; !ok {
			t.Errorf("kind %d has no code", kind)
		}
	}
}

func TestListAllStopsAtAPageThatRepeats(t *testing.T) {
	pages := 0
	_, err := listAll(func(string) ([]int, string, error) { pages++; return nil, "same", nil })
	if err == nil || !strings.Contains(err.Error(), "twice") || pages != 2 {
		t.Errorf("%d pages, %v", pages, err)
	}
}
