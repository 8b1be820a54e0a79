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
	"labeld/internal/meter"
	"labeld/internal/qr"
	"labeld/internal/store"
)

// The form at /report is the one thing here that takes something in. A report goes to the
// operators and is not published. The form can be sent from this site only.

const (
	// maxForm bounds what is posted: the longest values of all fields, in a script with
	// three bytes a letter and each byte escaped, and the names of the fields.
	maxForm = 9*(maxLabel+authority.MaxReported+authority.MaxWhere+authority.MaxContact) + 1<<10

	// maxLabel bounds the ID of a label or the address in its code, as it is typed.
	maxLabel = label.MaxProse

	// reportsAtOnce and reportsEvery bound the reports of one client. A family in a shop
	// may send some, and nobody a flood. A form that is refused is no report.
	reportsAtOnce = 5
	reportsEvery  = 5 * time.Minute
)

// A reportPage is the form, filled in as far as it was.
type reportPage struct {
	frame
	ID      string   // as typed
	Known   label.ID // of the label that it is about, if there is one
	Product string
	Kinds   []reportKind
	Where   string
	Text    string
	Contact string
	Wrong   string // what to fix, in words
	Field   string // that is wrong
	Sent    bool
	Limits  struct{ Label, Text, Where, Contact int }
}

type reportKind struct {
	Value, Words string
	Chosen       bool
}

// A formError says what has to be corrected in the form: a message, and how many letters
// a text may have.
type formError struct {
	message string
	most    int
}

var formErrors = map[string]formError{
	"label": {message: "report.bad-label"}, "kind": {message: "report.bad-kind"}, "text": {"report.bad-text", authority.MaxReported},
	"where": {"report.bad-where", authority.MaxWhere}, "contact": {"report.bad-contact", authority.MaxContact},
}

// setError has the page say what is wrong with the form.
func (p *reportPage) setError(lang *pageLanguage, e *label.Error) {
	p.Field, _, _ = strings.Cut(e.Field, ".") // what is wrong within the label is wrong with the label
	m, ok := formErrors[p.Field]
	switch {
	case e.Reason == label.ReasonUnknownLabel:
		m.message = "report.unknown-label"
	case !ok && e.Reason == label.ReasonTooLarge:
		m = formError{"report.too-long", authority.MaxReported}
	case !ok:
		m.message = "report.bad"
	}
	if m.most > 0 {
		p.Wrong = lang.Text(m.message, "count", m.most)
		return
	}
	p.Wrong = lang.Text(m.message)
}

// Reports are what people report about labels and products.
type Reports interface {
	// Complain takes a report, for the operators.
	Complain(context.Context, store.Complaint) (*store.Complaint, error)
}

// A reportHandler answers with the form for reports, and takes what is sent by it.
type reportHandler struct {
	reports   Reports
	labels    Labels
	base      string
	authority label.Party
	allowance *meter.Meter                // of reports, one unit each
	origin    *http.CrossOriginProtection // tells forms that pages of other sites have browsers post
}

func newReportHandler(r *responder, reports Reports) (*reportHandler, error) {
	h := &reportHandler{
		reports: reports, labels: r.labels, base: r.base, authority: r.authority,
		allowance: meter.NewEvery(reportsEvery, reportsAtOnce), origin: http.NewCrossOriginProtection(),
	}
	// A proxy may ask us under another name than people know.
	return h, h.origin.AddTrustedOrigin(r.base)
}

// answer answers with the form, or takes what was sent by it. A form that a page of
// another origin has a browser post is refused, because the person did not fill it in
// here.
func (h *reportHandler) answer(x exchange) {
	switch {
	case x.r.Method != http.MethodPost:
		h.send(x, http.StatusOK, h.form(x.language(), url.Values{"label": {x.r.URL.Query().Get("label")}}))
	case h.origin.Check(x.r) != nil:
		x.refuse(problem{
			status: http.StatusForbidden, reason: reasonForeign, field: "Origin",
			text: "the form was sent from a page of another site, and not from this one; open " + h.base + "/report and send it from there",
		})
	default:
		h.take(x)
	}
}

// form returns the form with what was filled in.
func (h *reportHandler) form(lang *pageLanguage, form url.Values) *reportPage {
	p := &reportPage{
		frame: newFrame(lang.Text("report.title"), h.authority, "/report"), ID: form.Get("label"),
		Where: form.Get("where"), Text: form.Get("text"), Contact: form.Get("contact"),
	}
	p.Limits.Label, p.Limits.Text, p.Limits.Where, p.Limits.Contact = maxLabel, authority.MaxReported, authority.MaxWhere, authority.MaxContact
	for _, kind := range authority.ComplaintKinds {
		p.Kinds = append(p.Kinds, reportKind{kind, lang.Text(complaints[kind]), kind == form.Get("kind")})
	}
	if id, err := h.labelOf(p.ID); err == nil {
		if known, err := h.labels.Lookup(id); err == nil {
			p.Known, p.Product = id, known.Label.Device.FullName()
			p.Here += "?label=" + string(id)
		}
	}
	return p
}

// take takes what was sent by the form.
func (h *reportHandler) take(x exchange) {
	form, err := readForm(x)
	lang := x.language()
	page := h.form(lang, form)
	if err != nil {
		h.refuse(x, page, err)
		return
	}
	if form.Get("website") != "" { // not shown to people: who fills it in is no person
		page.Sent = true
		h.send(x, http.StatusOK, page)
		return
	}
	c := store.Complaint{Kind: form.Get("kind"), Where: form.Get("where"), Text: form.Get("text"), Contact: form.Get("contact")}
	if err := h.check(page, &c); err != nil {
		h.refuse(x, page, err)
		return
	}
	if a := h.allowance.Take(x.client(), 1, time.Now()); !a.OK {
		x.w.Header()["Retry-After"] = []string{seconds(a.Wait)}
		page.Wrong = lang.Text("report.too-many")
		h.send(x, http.StatusTooManyRequests, page)
		return
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), 10*time.Second)
	defer cancel()
	if _, err := h.reports.Complain(ctx, c); err != nil {
		h.refuse(x, page, err)
		return
	}
	page.Sent = true
	h.send(x, http.StatusOK, page)
}

// check reads the label that a report is about, and finds what has to be corrected in the
// form. Only then is a report counted, because a form that is corrected was no report yet.
func (h *reportHandler) check(page *reportPage, c *store.Complaint) (err error) {
	if page.ID != "" {
		if c.Label, err = h.labelOf(page.ID); err != nil {
			return err
		}
		if _, err := h.labels.Lookup(c.Label); err != nil && !aboutOneLabel(err) { // a label that cannot be shown can be reported
			return label.Within("label", err)
		}
	}
	return authority.CheckComplaint(c)
}

// refuse answers with the form and what has to be corrected in it, which costs as much as
// any refusal.
func (h *reportHandler) refuse(x exchange, page *reportPage, err error) {
	e, ok := errors.AsType[*label.Error](err)
	if !ok || e.Kind == label.Internal {
		x.fail(err)
		return
	}
	if x.pay(missUnits) {
		page.setError(x.language(), e)
		h.send(x, StatusOf(e), page)
	}
}

// labelOf reads the label that a report is about: an ID, or the address in a
// code.
func (h *reportHandler) labelOf(typed string) (label.ID, error) {
	_, id, err := qr.ParsePayload(withScheme(h.base, fold(typed)))
	return id, label.Within("label", err)
}

// readForm reads what a browser posts.
func readForm(x exchange) (url.Values, error) {
	media, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "Content-Type", "must be application/x-www-form-urlencoded, as the form sends it")
	}
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxForm))
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

// send answers with the form, or with thanks.
func (h *reportHandler) send(x exchange, status int, p *reportPage) {
	lang := x.language()
	b, err := lang.render("report", p)
	if err != nil {
		x.fail(err)
		return
	}
	head := x.w.Header()
	protect(head)
	head["Cache-Control"] = x.route.cache
	head["Vary"] = varyPage
	head["Referrer-Policy"] = referOwn
	head["Content-Language"] = lang.tag
	x.write(status, htmlType, b)
}
