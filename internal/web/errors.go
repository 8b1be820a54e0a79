package web

import (
	"errors"
	"net/http"
	"strings"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// Reasons that only HTTP has.
const (
	reasonNoPage    label.Reason = "NO_SUCH_PAGE"
	reasonMethod    label.Reason = "METHOD_NOT_ALLOWED"
	reasonNoCoding  label.Reason = "NOT_ACCEPTABLE"
	reasonForeign   label.Reason = "ANOTHER_ORIGIN"  // a form that a page of another site posts
	reasonElsewhere label.Reason = "ANOTHER_SERVICE" // the address of a label that is not ours
)

// statuses is the one table from refusals to HTTP statuses.
var statuses = map[label.Kind]int{
	label.Invalid:         http.StatusBadRequest,
	label.NotFound:        http.StatusNotFound,
	label.Exists:          http.StatusConflict,
	label.Denied:          http.StatusForbidden,
	label.Unauthenticated: http.StatusUnauthorized,
	label.Precondition:    http.StatusConflict,
	label.TooLarge:        http.StatusRequestEntityTooLarge,
	label.Unavailable:     http.StatusServiceUnavailable,
	label.Internal:        http.StatusInternalServerError,
}

// StatusOf returns the HTTP status of an error.
func StatusOf(err error) int {
	if s, ok := statuses[label.KindOf(err)]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// A reader is who an address is meant for. That decides how errors are written
// where the Accept header leaves it open.
type reader int

const (
	forPeople   reader = iota // a page, unless Accept prefers JSON
	forPrograms               // JSON, unless Accept asks for a page by name
	forParsers                // always JSON: the address says so
)

// A problem is a refusal as it is shown.
type problem struct {
	status  int
	reason  label.Reason
	field   string
	text    string
	input   string               // what the person typed, so that they can correct it
	day     string               // the day that they asked about, likewise
	here    string               // the address, without its language
	label   *authority.Published // that cannot be had because of its state; nil for other reasons
	restart string               // address where a program begins again; for programs only
	allow   []string             // the methods that the address takes, where it is the method that is refused
}

// fail answers with an error.
func (x exchange) fail(err error) { x.failInput(err, "") }

// failInput answers with an error about something that was typed. An error that is no
// refusal, or that is our own fault, is logged and not shown.
func (x exchange) failInput(err error, input string) {
	if x.lapse.Err != nil && label.KindOf(err) == label.NotFound {
		err = x.lapse.Err // it may be among what is missing
	}
	e, ok := errors.AsType[*label.Error](err)
	if !ok || StatusOf(err) == http.StatusInternalServerError {
		x.log.Error("internal error", "route", x.route.name, "path", x.r.URL.Path, "err", err)
		e = label.Errorf(label.Internal, label.ReasonInternal, "", "something went wrong here; the operator's log has the detail")
	}
	x.refuse(problem{status: StatusOf(e), reason: e.Reason, field: e.Field, text: e.Text, input: input})
}

// noPage answers that there is nothing at an address.
func (x exchange) noPage() {
	x.refuse(problem{status: http.StatusNotFound, reason: reasonNoPage, text: "there is nothing at this address"})
}

// refuse answers with a refusal, which is paid for, because guessing costs too.
func (x exchange) refuse(p problem) {
	if p.status < http.StatusInternalServerError && !x.pay(missUnits) {
		return
	}
	head := x.w.Header()
	protect(head)
	head["Cache-Control"] = cacheNone
	head["Vary"] = varyPage
	if p.restart != "" {
		head["Link"] = []string{"<" + p.restart + `>; rel="first"`}
	}
	if p.allow != nil {
		head["Allow"] = p.allow
	}
	if p.status == http.StatusServiceUnavailable {
		head["Retry-After"] = []string{"2"}
		if p.reason == label.ReasonReadOnly { // until an operator has acted
			head["Retry-After"] = []string{"60"}
		}
	}
	if x.errorsAreJSON() {
		x.write(p.status, jsonType, p.json())
		return
	}
	lang := x.language()
	p.here, p.day = requestAddress(x.r), dayOf(x.r.URL.RawQuery)
	page, err := x.renderProblem(p, lang)
	head["Content-Language"] = lang.tag
	if err != nil {
		x.log.Error("an error page cannot be rendered", "reason", p.reason, "err", err)
		page = []byte(http.StatusText(p.status))
	}
	x.write(p.status, htmlType, page)
}

// errorsAreJSON reports whether errors are written for programs and not for people.
func (x exchange) errorsAreJSON() bool {
	to := x.route.reader
	return to == forParsers || to == forPrograms && !wantsPage(x.r.Header) || wantsJSON(x.r.Header)
}

// json returns a refusal as programs read it.
func (p problem) json() []byte {
	type detail struct {
		Reason  label.Reason `json:"reason"`
		Field   string       `json:"field,omitempty"`
		Message string       `json:"message"`
		Restart string       `json:"begin,omitempty"`
	}
	b, err := label.Encode(struct {
		Error detail `json:"error"`
	}{detail{p.reason, p.field, strings.ToValidUTF8(p.text, "\uFFFD"), p.restart}})
	if err != nil {
		return []byte(`{"error":{"reason":"INTERNAL","message":"the error cannot be written"}}`) // not possible: all texts are valid
	}
	return b
}
