package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/store"
)

// The form at /report is the one address here that takes something in. It goes
// to the operators, and nothing of it is shown again. It can be sent from this site
// only: what a page of another one has a browser post is refused.

const (
	// maxForm bounds what is posted: the longest that the fields take, in a script that
	// has three bytes for a letter, each byte escaped, and their names.
	maxForm = 9*(maxLabel+authority.MaxReported+authority.MaxWhere+authority.MaxContact) + 1<<10

	// maxLabel bounds the ID of a label or the address in its code, as it is typed.
	maxLabel = label.MaxProse

	// reportsAtOnce and reportsEvery bound the reports of one client: a family
	// in a shop, and not a flood. A form that is not taken is no report.
	reportsAtOnce = 5
	reportsEvery  = 5 * time.Minute
)

// A reportPage is the form, filled in as far as it was.
type reportPage struct {
	frame
	ID      string   // as typed
	Known   label.ID // it is about, if there is such a label
	Product string
	Kinds   []reportKind
	Where   string
	Text    string
	Contact string
	Wrong   string // what to mend, in words
	Field   string // that is wrong
	Sent    bool
	Limits  struct{ Label, Text, Where, Contact int }
}

type reportKind struct {
	Value, Words string
	Chosen       bool
}

// reportKinds are the kinds of report, and the messages that say so.
var reportKinds = []reportKind{
	{Value: authority.Copied, Words: "report.copied"},
	{Value: authority.Mistaken, Words: "report.mistaken"},
	{Value: authority.Weakness, Words: "report.weakness"},
	{Value: authority.Other, Words: "report.other"},
}

// A formError is something in the form that has to be mended: a message, and how
// many letters a text may have.
type formError struct {
	says string
	most int
}

var formErrors = map[string]formError{
	"label": {says: "report.bad-label"}, "kind": {says: "report.bad-kind"}, "text": {"report.bad-text", authority.MaxReported},
	"where": {"report.bad-where", authority.MaxWhere}, "contact": {"report.bad-contact", authority.MaxContact},
}

// mend says what is wrong with the form.
func (p *reportPage) setError(lang *pageLanguage, e *label.Error) {
	p.Field, _, _ = strings.Cut(e.Field, ".") // what is wrong within the label is wrong with the label
	m, ok := formErrors[p.Field]
	switch {
	case e.Reason == label.ReasonUnknownLabel:
		m.says = "report.unknown-label"
	case !ok && e.Reason == label.ReasonTooLarge:
		m = formError{"report.too-long", authority.MaxReported}
	case !ok:
		m.says = "report.bad"
	}
	if m.most > 0 {
		p.Wrong = lang.Text(m.says, "count", m.most)
		return
	}
	p.Wrong = lang.Text(m.says)
}

// report answers /report: the form, and what is sent by it.
func (h *Handler) report(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if !h.foreign(w, r) {
			h.takeReport(w, r)
		}
		return
	}
	if !h.pay(w, r, formUnits) {
		return
	}
	id := r.URL.Query().Get("label")
	h.sendForm(w, r, http.StatusOK, h.reportForm(h.languages.of(r), url.Values{"label": {id}}))
}

// reportForm returns the form with what was filled in.
func (h *Handler) reportForm(lang *pageLanguage, form url.Values) *reportPage {
	p := &reportPage{
		frame: newFrame(lang.Text("report.title"), h.a.Trust().Authority, "/report"), ID: form.Get("label"),
		Where: form.Get("where"), Text: form.Get("text"), Contact: form.Get("contact"),
	}
	p.Limits.Label, p.Limits.Text, p.Limits.Where, p.Limits.Contact = maxLabel, authority.MaxReported, authority.MaxWhere, authority.MaxContact
	for _, k := range reportKinds {
		k.Words, k.Chosen = lang.Text(k.Words), k.Value == form.Get("kind")
		p.Kinds = append(p.Kinds, k)
	}
	if id, err := h.labelOf(p.ID); err == nil {
		if known, err := h.a.Lookup(id); err == nil {
			p.Known, p.Product = id, known.Label.Device.FullName()
			p.Here += "?label=" + string(id)
		}
	}
	return p
}

func (h *Handler) takeReport(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	lang := h.languages.of(r)
	page := h.reportForm(lang, form)
	if err != nil {
		h.refuseReport(w, r, page, err)
		return
	}
	if form.Get("website") != "" { // not shown to people: who fills it in is no person
		page.Sent = true
		h.sendForm(w, r, http.StatusOK, page)
		return
	}
	c := store.Complaint{Kind: form.Get("kind"), Where: form.Get("where"), Text: form.Get("text"), Contact: form.Get("contact")}
	if err := h.checkReport(page, &c); err != nil {
		h.refuseReport(w, r, page, err)
		return
	}
	if a := h.reports.Take(h.who(r), 1, time.Now()); !a.OK {
		w.Header()["Retry-After"] = []string{seconds(a.Wait)}
		page.Wrong = lang.Text("report.too-many")
		h.sendForm(w, r, http.StatusTooManyRequests, page)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	if _, err := h.a.Complain(ctx, c); err != nil {
		h.refuseReport(w, r, page, err)
		return
	}
	page.Sent = true
	h.sendForm(w, r, http.StatusOK, page)
}

// checkReport reads the label that a report is about, and finds what has to be mended in
// the form before anything is counted: who corrects a form has sent no report yet.
func (h *Handler) checkReport(page *reportPage, c *store.Complaint) (err error) {
	if page.ID != "" {
		if c.Label, err = h.labelOf(page.ID); err != nil {
			return err
		}
		if _, err := h.a.Lookup(c.Label); err != nil && !aboutOneLabel(err) { // a label that cannot be shown can be reported
			return label.Within("label", err)
		}
	}
	return authority.CheckComplaint(c)
}

// refuseReport answers with the form and what has to be mended in it. It costs as much as
// any refusal.
func (h *Handler) refuseReport(w http.ResponseWriter, r *http.Request, page *reportPage, err error) {
	e, ok := errors.AsType[*label.Error](err)
	if !ok || e.Kind == label.Internal {
		h.fail(w, r, err, forPeople)
		return
	}
	if h.pay(w, r, missUnits) {
		page.setError(h.languages.of(r), e)
		h.sendForm(w, r, StatusOf(e), page)
	}
}

// labelOf reads the label that a report is about: an ID, or the address in a
// code.
func (h *Handler) labelOf(typed string) (label.ID, error) {
	_, id, err := qr.ParsePayload(h.addressed(fold(typed)))
	return id, label.Within("label", err)
}

// readForm reads what a browser posts.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "Content-Type", "must be application/x-www-form-urlencoded, as the form sends it")
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "the report is too long; at most %d characters of text are accepted", authority.MaxReported)
	}
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "", "the report did not arrive whole; send it again")
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "", "the report is not in the form that the page sends")
	}
	return form, nil
}

// sendForm answers with the form, or with thanks.
func (h *Handler) sendForm(w http.ResponseWriter, r *http.Request, status int, p *reportPage) {
	lang := h.languages.of(r)
	b, err := lang.render("report", p)
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	head := w.Header()
	protect(head)
	head["Cache-Control"] = cacheNone
	head["Vary"] = varyPage
	head["Referrer-Policy"] = referOwn
	head["Content-Language"] = lang.tag
	write(w, r, status, htmlType, b)
}
