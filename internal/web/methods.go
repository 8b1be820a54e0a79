package web

import (
	"net/http"
	"strings"
)

// methods are those that an address takes.
type methods struct {
	list  []string
	allow []string // the header value that names them

	// pages are those that a page of another origin may use, as a header value; nil
	// where it may post nothing.
	pages []string
}

// Which methods there are at addresses that are read, at the one where questions
// are posted, and at the one where people post a form.
var (
	toRead   = newMethods(true, http.MethodGet, http.MethodHead, http.MethodOptions)
	toLookUp = newMethods(true, http.MethodPost, http.MethodOptions)
	toReport = newMethods(false, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions)
)

func newMethods(pages bool, list ...string) *methods {
	all := []string{strings.Join(list, ", ")}
	m := &methods{list: list, allow: all}
	if pages {
		m.pages = all
	}
	return m
}

// methodsAt returns the methods that an address takes.
func methodsAt(path string) *methods {
	switch path {
	case "/report":
		return toReport
	case lookupPath:
		return toLookUp
	}
	return toRead
}

func (m *methods) take(method string) bool {
	for _, name := range m.list {
		if name == method {
			return true
		}
	}
	return false
}

// askedHeaders are the headers that a page of another origin may send besides those
// that need no leave. JSON cannot be posted without Content-Type.
var (
	askedHeaders = []string{"Accept, Accept-Language, Content-Type, If-None-Match"}
	aDay         = []string{"86400"}
)

// options answers what an address takes, and what of it a page of another origin
// may use (Fetch, CORS-preflight request).
func (h *Handler) options(w http.ResponseWriter, m *methods) {
	head := w.Header()
	protect(head)
	head["Allow"] = m.allow
	if m.pages == nil {
		delete(head, "Access-Control-Allow-Origin")
		delete(head, "Access-Control-Expose-Headers")
	} else {
		head["Access-Control-Allow-Methods"] = m.pages
		head["Access-Control-Allow-Headers"] = askedHeaders
		head["Access-Control-Max-Age"] = aDay
	}
	w.WriteHeader(http.StatusNoContent)
}

// notHere refuses a method.
func (h *Handler) notHere(w http.ResponseWriter, r *http.Request, m *methods) {
	text := "only " + m.allow[0] + " are answered here; everything that changes something is a gRPC call"
	to := forPeople
	switch m {
	case toLookUp:
		text, to = `look-ups of many products are posted: {"gtins": [...]}`, forParsers
	case toReport:
		text = "only " + m.allow[0] + " are answered here: the form is read with GET and sent with POST"
	}
	h.refuse(w, r, problem{status: http.StatusMethodNotAllowed, reason: reasonMethod, text: text}, to)
}

// foreign refuses a form that a page of another origin has a browser post: it was
// not this site that the person filled it in at.
func (h *Handler) foreign(w http.ResponseWriter, r *http.Request) bool {
	if h.own.Check(r) == nil {
		return false
	}
	h.refuse(w, r, problem{
		status: http.StatusForbidden, reason: reasonForeign, field: "Origin",
		text: "the form was sent from a page of another site, and not from this one; open " + h.base + "/report and send it from there",
	}, forPeople)
	return true
}
