package web

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// The API for retailers. openapi.json describes it and is served with it.

//go:embed api/openapi.json
var openAPI []byte

const (
	// maxBulk bounds the products of one bulk look-up, and maxBulkBody its
	// request: a thousand numbers take 20 KB.
	maxBulk     = 1000
	maxBulkBody = 64 << 10

	// defaultChanges and maxChanges bound a page of the change feed.
	defaultChanges = 100
	maxChanges     = 500
)

// An apiHandler answers the programs of shops.
type apiHandler struct {
	labels   Labels
	log      *changeReader
	words    programmeWords
	base     string
	pageBody *body // about the API, for people
	document *body // the same for programs
}

func newAPIHandler(r *responder, log *changeReader, words programmeWords) (h *apiHandler, err error) {
	h = &apiHandler{labels: r.labels, log: log, words: words, base: r.base}
	if h.document, err = describeAPI(r.base); err != nil {
		return nil, err
	}
	// The page is in English like the API.
	h.pageBody, err = r.languages.source().body("api", struct {
		frame
		Base  string
		Calls int
		Bulk  int
	}{newFrame("For shops and programs", r.authority, "/api"), r.base, apiPerMinute, maxBulk})
	return h, err
}

// page answers with the page about the API.
func (h *apiHandler) page(x exchange) { x.send(h.pageBody) }

// description answers with the OpenAPI document.
func (h *apiHandler) description(x exchange) { x.send(h.document) }

// Results of a look-up.
const (
	resultLabelled      = "labelled"        // it has a label that is active
	resultOtherState    = "other-state"     // it has one that is not; the state says how it stands
	resultNeverLabelled = "never-labelled"  // it is registered and has never had one
	resultMoved         = "moved"           // the number was moved from a labelled product to one without a label
	resultUnknown       = "unknown-product" // nobody registered it: most products have no label
	resultMalformed     = "malformed"       // in bulk: that is no GTIN
	resultUnavailable   = "unavailable"     // it has a label that cannot be shown now, so that nothing can be told
)

// An Answer is what is known of a product.
type Answer struct {
	GTIN    string        `json:"gtin,omitempty"`
	Result  string        `json:"result"`
	Message string        `json:"message,omitempty"` // what is wrong with the number, or why nothing can be said
	Product *Product      `json:"product,omitempty"`
	Label   *LabelInShort `json:"label,omitempty"`
	Taken   []FormerLabel `json:"taken,omitempty"` // labels of the products that had the number before it was moved
}

// A Product is the product of a label.
type Product struct {
	Brand        string       `json:"brand"`
	Name         string       `json:"name"`
	Model        string       `json:"model"`
	Category     string       `json:"category"`
	Manufacturer label.Party  `json:"manufacturer"`
	GTINs        []label.GTIN `json:"gtins,omitempty"`
}

// A LabelInShort is what a shop shows of a label.
type LabelInShort struct {
	ID           label.ID           `json:"id"`
	URL          string             `json:"url"`
	State        label.State        `json:"state"`
	Level        label.Level        `json:"level"`
	Title        string             `json:"title"` // what the label is called, as its scheme shows levels
	Scheme       label.SchemeRef    `json:"scheme"`
	Assurance    label.Assurance    `json:"assurance"`
	Expires      time.Time          `json:"expires"`
	Ends         time.Time          `json:"ends"`
	ExpiringSoon bool               `json:"expiringSoon"`
	UnderReview  bool               `json:"underReview"`
	Support      label.SupportState `json:"support"`
	SupportEnd   label.Date         `json:"supportEnd"`
	Advisories   int                `json:"advisories"` // about the product, that owners should read

	OpenAdvisories int `json:"openAdvisories"` // of these, those for which there is no remedy yet

	Successor   string     `json:"successor,omitempty"`
	Replacement *Successor `json:"replacement,omitempty"` // what a shop should know of the successor
	Badge       string     `json:"badge"`
}

// answer returns what is known of the product of a label.
func (w programmeWords) answer(base string, p *authority.Published) *Answer {
	l := p.Label
	a := &Answer{
		Result: resultOtherState,
		Product: &Product{
			Brand: l.Device.Brand, Name: l.Device.Name, Model: l.Device.Model, Category: l.Device.Category, Manufacturer: l.Maker, GTINs: p.GTINs,
		},
		Label: &LabelInShort{
			ID: l.ID, URL: l.URL, State: p.State, Level: l.Level, Title: w.title(l), Scheme: l.Scheme, Assurance: l.Assurance, Expires: p.Expires, Ends: p.Ends(),
			ExpiringSoon: p.Soon, UnderReview: p.Review != nil, Support: p.Support, SupportEnd: l.Product.SupportEnd,
			Advisories: p.Concerns(), OpenAdvisories: p.OpenAdvisories(), Badge: qr.URL(base, l.ID) + "/badge.svg",
		},
	}
	if p.State == label.Active {
		a.Result = resultLabelled
	}
	if p.Because != nil && p.Because.Successor != nil {
		a.Label.Successor, a.Label.Replacement = p.Because.Successor.URL, successorOf(p)
	}
	return a
}

// productAt looks a product up, as of an instant that may be zero for now.
func (h *apiHandler) productAt(g label.GTIN, at time.Time) (*Answer, error) {
	p, err := h.labels.ByGTIN(g)
	switch label.ReasonOf(err) {
	case label.ReasonUnknownProduct:
		return &Answer{GTIN: string(g), Result: resultUnknown}, nil
	case label.ReasonUnlabelled:
		return &Answer{GTIN: string(g), Result: resultNeverLabelled}, nil
	}
	if label.ReasonOf(err) == label.ReasonMoved {
		taken, unread := h.labels.Taken(g)
		return &Answer{GTIN: string(g), Result: resultMoved, Message: err.Error(), Taken: formerLabels(taken)}, unread
	}
	if err != nil {
		return nil, err
	}
	if !at.IsZero() {
		p = p.As(at)
	}
	a := h.words.answer(h.base, p)
	a.GTIN = string(g)
	for _, t := range formerLabels(p.Taken) {
		if t.GTIN == g {
			a.Taken = append(a.Taken, t)
		}
	}
	return a, nil
}

// product answers for one product.
func (h *apiHandler) product(x exchange) {
	at, past, err := parseInstant(x.r.URL.RawQuery, h.labels.Now())
	var g label.GTIN
	if err == nil {
		g, err = label.ParseGTIN(x.first)
	}
	var b *body
	if err == nil {
		if !past {
			at = time.Time{}
		}
		b, err = h.productBody(g, at)
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.send(b)
}

// productBody returns the answer about a product. The answer about a product with a label,
// as the label stands now, is kept with the label.
func (h *apiHandler) productBody(g label.GTIN, at time.Time) (*body, error) {
	answer := func() (any, error) {
		a, err := h.productAt(g, at)
		if err != nil {
			return nil, err
		}
		b, err := label.Encode(a)
		return newBody(jsonType, b), err
	}
	if p, err := h.labels.ByGTIN(g); err == nil && at.IsZero() {
		b, err := p.Render("web.product."+string(g), answer)
		if err != nil {
			return nil, err
		}
		return b.(*body), nil
	}
	b, err := answer()
	if err != nil {
		return nil, err
	}
	return b.(*body), nil
}

// lookup answers for many products.
func (h *apiHandler) lookup(x exchange) {
	at, past, err := parseInstant(x.r.URL.RawQuery, h.labels.Now())
	if err != nil {
		x.fail(err)
		return
	}
	if !past {
		at = time.Time{}
	}
	numbers, err := readLookup(x)
	if err != nil {
		x.fail(err)
		return
	}
	if units := bulkUnits * len(numbers) / bulkStep; units > 0 && !x.payCall(units) {
		return
	}
	answers := make([]*Answer, len(numbers))
	for i, n := range numbers {
		g, err := label.ParseGTIN(n)
		if e, ok := errors.AsType[*label.Error](err); ok {
			answers[i] = &Answer{GTIN: n, Result: resultMalformed, Message: e.Text}
			continue
		}
		if answers[i], err = h.productAt(g, at); aboutOneLabel(err) {
			answers[i] = &Answer{Result: resultUnavailable, Message: cannotBeShown}
		} else if err != nil {
			x.fail(err)
			return
		}
		answers[i].GTIN = n // as it was asked
	}
	x.sendJSON(struct {
		Products []*Answer `json:"products"`
	}{answers})
}

// readLookup reads the barcode numbers that are looked up.
func readLookup(x exchange) ([]string, error) {
	media, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), jsonType) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "Content-Type", "must be %s", jsonType)
	}
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBulkBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "the request is more than %d bytes; ask for at most %d products", maxBulkBody, maxBulk)
	}
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "", "the request ended early")
	}
	var q struct {
		GTINs []string `json:"gtins"`
	}
	if err := label.Decode(b, &q); err != nil {
		return nil, err
	}
	switch n := len(q.GTINs); {
	case n == 0:
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "gtins", "is required: the numbers under the barcodes")
	case n > maxBulk:
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "gtins", "has %d numbers, at most %d are looked up at once", n, maxBulk)
	}
	return q.GTINs, nil
}

// models answers for the products of a manufacturer with a model number.
func (h *apiHandler) models(x exchange) {
	q := x.r.URL.Query()
	for _, name := range []string{"manufacturer", "model"} {
		if len(q[name]) != 1 || q.Get(name) == "" || len(q.Get(name)) > label.MaxText {
			x.fail(label.Errorf(label.Invalid, label.ReasonMissing, name, "is required once: give the manufacturer's ID and the model number"))
			return
		}
	}
	list, err := h.labels.ByModel(q.Get("manufacturer"), q.Get("model"))
	if err != nil {
		x.fail(err)
		return
	}
	answers := make([]*Answer, len(list.Labels))
	for i, p := range list.Labels {
		answers[i] = h.words.answer(h.base, p)
	}
	x.sendJSON(struct {
		Products    []*Answer  `json:"products"`
		Unavailable []label.ID `json:"unavailable,omitempty"` // of labels that may belong here
	}{answers, list.Unavailable})
}

// changes answers with what happened after a cursor.
func (h *apiHandler) changes(x exchange) {
	after, most, err := readChangesQuery(x.r.URL.Query())
	known := after != nil
	if known && err == nil {
		known, err = h.log.holds(*after)
	}
	switch {
	case err != nil:
		x.fail(err)
		return
	case !known:
		x.refuse(cursorGone(h.base))
		return
	}
	list, next, more, err := h.log.after(after.size, most)
	if err != nil {
		x.fail(err)
		return
	}
	if list == nil {
		list = []Change{}
	}
	x.sendJSON(struct {
		Changes []Change `json:"changes"`
		Next    string   `json:"next"` // cursor for the next call, also where there are none
		More    bool     `json:"more"` // ask again at once
	}{list, next.String(), more})
}

// readChangesQuery reads after which cursor changes are asked for, and how many. There
// is no cursor where the one that is given says nothing of the log that it is of.
func readChangesQuery(q url.Values) (after *cursor, most int, err error) {
	most = defaultChanges
	if s := q.Get("limit"); s != "" {
		if most, err = strconv.Atoi(s); err != nil || most < 1 || most > maxChanges {
			return nil, 0, label.Errorf(label.Invalid, label.ReasonOutOfRange, "limit", "must be 1 to %d", maxChanges)
		}
	}
	given := q.Get("after")
	if given == "" {
		return &cursorStart, most, nil
	}
	c, known, err := parseCursor(given)
	if err != nil || !known {
		return nil, 0, err
	}
	return &c, most, nil
}

// describeAPI fills the service's address into the description.
func describeAPI(base string) (*body, error) {
	var doc map[string]any
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		return nil, err
	}
	doc["servers"] = []map[string]string{{"url": base}}
	b, err := label.Encode(doc)
	if err != nil {
		return nil, err
	}
	return newBody("application/openapi+json", b), nil
}
