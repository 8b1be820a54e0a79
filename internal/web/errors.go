package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

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

// A reader is who an address is meant for. It decides how errors are written
// where Accept leaves it open.
type reader int

const (
	forPeople   reader = iota // a page, unless Accept prefers JSON
	forPrograms               // JSON, unless Accept asks for a page by name
	forParsers                // always JSON: the address says so
)

// A problem is a refusal as it is shown.
type problem struct {
	status int
	reason label.Reason
	field  string
	text   string
	input  string               // what the person typed, to be mended
	asked  string               // the day that they asked about, to be mended
	here   string               // the address, without its language
	label  *authority.Published // that cannot be had because of how it stands; nil for other reasons
	begin  string               // address where a program begins again; for programs only
}

// fail answers with an error.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error, to reader) {
	h.failInput(w, r, err, to, "")
}

// failInput answers with an error about something that was typed. What is not
// a refusal, or is our own fault, is logged and not shown.
func (h *Handler) failInput(w http.ResponseWriter, r *http.Request, err error, to reader, typed string) {
	if lapse := h.a.Behind(); lapse.Err != nil && label.KindOf(err) == label.NotFound {
		err = lapse.Err // it may be among what is missing
	}
	e, ok := errors.AsType[*label.Error](err)
	if !ok || StatusOf(err) == http.StatusInternalServerError {
		h.log.Error("internal error", "path", r.URL.Path, "err", err)
		e = label.Errorf(label.Internal, label.ReasonInternal, "", "something went wrong here; the operator's log has the detail")
	}
	h.refuse(w, r, problem{status: StatusOf(e), reason: e.Reason, field: e.Field, text: e.Text, input: typed}, to)
}

// noPage answers for an address that is none of ours.
func (h *Handler) noPage(w http.ResponseWriter, r *http.Request, to reader) {
	h.refuse(w, r, problem{status: http.StatusNotFound, reason: reasonNoPage, text: "there is nothing at this address"}, to)
}

// refuse answers with a refusal, which is paid for: to guess costs too.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, p problem, to reader) {
	if p.status < http.StatusInternalServerError {
		if a := h.meter.Take(h.who(r), missUnits, time.Now()); !a.OK {
			h.tooMany(w, r, a.Wait, to)
			return
		}
	}
	head := w.Header()
	protect(head)
	head["Cache-Control"] = cacheNone
	head["Vary"] = varyPage
	if p.begin != "" {
		head["Link"] = []string{"<" + p.begin + `>; rel="first"`}
	}
	switch p.status {
	case http.StatusMethodNotAllowed:
		head["Allow"] = methodsAt(r.URL.Path).allow
	case http.StatusServiceUnavailable:
		head["Retry-After"] = []string{"2"}
		if p.reason == label.ReasonReadOnly { // until an operator has acted
			head["Retry-After"] = []string{"60"}
		}
	}
	if to == forParsers || to == forPrograms && !wantsPage(r.Header) || wantsJSON(r.Header) {
		write(w, r, p.status, jsonType, p.json())
		return
	}
	lang := h.languages.of(r)
	p.here, p.asked = here(r), askedDay(r.URL.RawQuery)
	page, err := h.renderProblem(p, lang)
	head["Content-Language"] = lang.tag
	if err != nil {
		h.log.Error("an error page cannot be rendered", "reason", p.reason, "err", err)
		page = []byte(http.StatusText(p.status))
	}
	write(w, r, p.status, htmlType, page)
}

func (p problem) json() []byte {
	type detail struct {
		Reason  label.Reason `json:"reason"`
		Field   string       `json:"field,omitempty"`
		Message string       `json:"message"`
		Begin   string       `json:"begin,omitempty"`
	}
	b, err := label.Encode(struct {
		Error detail `json:"error"`
	}{detail{p.reason, p.field, strings.ToValidUTF8(p.text, "\uFFFD"), p.begin}})
	if err != nil {
		return []byte(`{"error":{"reason":"INTERNAL","message":"the error cannot be written"}}`) // not possible: all texts are valid
	}
	return b
}

// write answers with bytes that were made for this request.
func write(w http.ResponseWriter, r *http.Request, status int, typ string, b []byte) {
	head := w.Header()
	if takes := acceptedCodings(r.Header); takes.gzip && !takes.plain {
		b = deflate(b, gzip.NoCompression)
		head["Content-Encoding"] = codingGzip
	}
	head["Content-Type"] = []string{typ}
	head["Content-Length"] = []string{strconv.Itoa(len(b))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b) // an error means that the client has gone
	}
}
