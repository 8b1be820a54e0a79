package web

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	lookupPath = "/api/products/lookup"

	// maxBulk bounds the products of one bulk look-up, and maxBulkBody its
	// request: a thousand numbers take 20 KB.
	maxBulk     = 1000
	maxBulkBody = 64 << 10

	// defaultChanges and maxChanges bound a page of the change feed.
	defaultChanges = 100
	maxChanges     = 500
)

// api answers what is below /api.
func (h *Handler) api(w http.ResponseWriter, r *http.Request) {
	if !h.admit(w, r, callUnits) {
		return
	}
	if r.URL.Path == lookupPath {
		h.bulk(w, r)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/api")
	switch path {
	case "", "/":
		h.send(w, r, h.apiPage, cacheMinute)
	case "/openapi.json":
		h.send(w, r, h.openAPI, cacheMinute)
	case "/products":
		h.models(w, r)
	case "/changes":
		h.changes(w, r)
	case "/changes.atom":
		h.changesFeed(w, r)
	default:
		if gtin, ok := strings.CutPrefix(path, "/products/"); ok {
			h.lookup(w, r, gtin)
		} else {
			h.noPage(w, r, forPrograms)
		}
	}
}

// Results of a look-up.
const (
	labelled       = "labelled"        // it has a label that is active
	otherState     = "other-state"     // it has one that is not; the state says how it stands
	neverLabelled  = "never-labelled"  // it is registered and has never had one
	movedAway      = "moved"           // the number was moved from a labelled product to one without a label
	unknownProduct = "unknown-product" // nobody registered it: most products have no label
	malformedGTIN  = "malformed"       // in bulk: that is no GTIN
	unavailable    = "unavailable"     // it has a label that cannot be shown now: nothing is known of it
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
	Replacement *Successor `json:"replacement,omitempty"` // what is to be known of the successor
	Badge       string     `json:"badge"`
}

func (h *Handler) answerOf(p *authority.Published) *Answer {
	l := p.Label
	a := &Answer{
		Result: otherState,
		Product: &Product{
			Brand: l.Device.Brand, Name: l.Device.Name, Model: l.Device.Model, Category: l.Device.Category, Manufacturer: l.Maker, GTINs: p.GTINs,
		},
		Label: &LabelInShort{
			ID: l.ID, URL: l.URL, State: p.State, Level: l.Level, Scheme: l.Scheme, Assurance: l.Assurance, Expires: p.Expires, Ends: p.Ends(),
			ExpiringSoon: p.Soon, UnderReview: p.Review != nil, Support: p.Support, SupportEnd: l.Product.SupportEnd,
			Advisories: p.Concerns(), OpenAdvisories: p.OpenAdvisories(), Badge: qr.URL(h.base, l.ID) + "/badge.svg",
		},
	}
	if p.State == label.Active {
		a.Result = labelled
	}
	if p.Because != nil && p.Because.Successor != nil {
		a.Label.Successor, a.Label.Replacement = p.Because.Successor.URL, successorOf(p)
	}
	return a
}

// productAt looks a product up, as of an instant that may be zero for now.
func (h *Handler) productAt(g label.GTIN, at time.Time) (*Answer, error) {
	p, err := h.a.ByGTIN(g)
	switch label.ReasonOf(err) {
	case label.ReasonUnknownProduct:
		return &Answer{GTIN: string(g), Result: unknownProduct}, nil
	case label.ReasonUnlabelled:
		return &Answer{GTIN: string(g), Result: neverLabelled}, nil
	}
	if label.ReasonOf(err) == label.ReasonMoved {
		taken, unread := h.a.Taken(g)
		return &Answer{GTIN: string(g), Result: movedAway, Message: err.Error(), Taken: formerLabels(taken)}, unread
	}
	if err != nil {
		return nil, err
	}
	if !at.IsZero() {
		p = p.As(at)
	}
	a := h.answerOf(p)
	a.GTIN = string(g)
	for _, t := range formerLabels(p.Taken) {
		if t.GTIN == g {
			a.Taken = append(a.Taken, t)
		}
	}
	return a, nil
}

// lookup answers for one product.
func (h *Handler) lookup(w http.ResponseWriter, r *http.Request, number string) {
	at, past, err := parseAt(r.URL.RawQuery, h.a.Now())
	var g label.GTIN
	if err == nil {
		g, err = label.ParseGTIN(number)
	}
	var b *body
	if err == nil {
		if !past {
			at = time.Time{}
		}
		b, err = h.productBody(g, at)
	}
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	h.send(w, r, b, cacheLabel)
}

// productBody returns what is answered about a product. What is known of a
// labelled one now is kept with its label.
func (h *Handler) productBody(g label.GTIN, at time.Time) (*body, error) {
	answer := func() (any, error) {
		a, err := h.productAt(g, at)
		if err != nil {
			return nil, err
		}
		b, err := label.Encode(a)
		return newBody(jsonType, b), err
	}
	if p, err := h.a.ByGTIN(g); err == nil && at.IsZero() {
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

// bulk answers for many products.
func (h *Handler) bulk(w http.ResponseWriter, r *http.Request) {
	at, past, err := parseAt(r.URL.RawQuery, h.a.Now())
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	if !past {
		at = time.Time{}
	}
	numbers, err := readBulk(w, r)
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	if units := bulkUnits * len(numbers) / bulkStep; units > 0 && !h.admit(w, r, units) {
		return
	}
	answers := make([]*Answer, len(numbers))
	for i, n := range numbers {
		g, err := label.ParseGTIN(n)
		if e, ok := errors.AsType[*label.Error](err); ok {
			answers[i] = &Answer{GTIN: n, Result: malformedGTIN, Message: e.Text}
			continue
		}
		if answers[i], err = h.productAt(g, at); aboutOneLabel(err) {
			answers[i] = &Answer{Result: unavailable, Message: cannotBeShown}
		} else if err != nil {
			h.fail(w, r, err, forParsers)
			return
		}
		answers[i].GTIN = n // as it was asked
	}
	h.sendJSON(w, r, struct {
		Products []*Answer `json:"products"`
	}{answers}, cacheNone)
}

func readBulk(w http.ResponseWriter, r *http.Request) ([]string, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), jsonType) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "Content-Type", "must be %s", jsonType)
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBulkBody))
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
func (h *Handler) models(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for _, name := range []string{"manufacturer", "model"} {
		if len(q[name]) != 1 || q.Get(name) == "" || len(q.Get(name)) > label.MaxText {
			h.fail(w, r, label.Errorf(label.Invalid, label.ReasonMissing, name, "is required once: give the manufacturer's ID and the model number"), forParsers)
			return
		}
	}
	list, err := h.a.ByModel(q.Get("manufacturer"), q.Get("model"))
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	answers := make([]*Answer, len(list.Labels))
	for i, p := range list.Labels {
		answers[i] = h.answerOf(p)
	}
	h.sendJSON(w, r, struct {
		Products    []*Answer  `json:"products"`
		Unavailable []label.ID `json:"unavailable,omitempty"` // of labels that may belong here
	}{answers, list.Unavailable}, cacheLabel)
}

// reassigned is the change of a number that is another manufacturer's from then on.
const reassigned = "gtin"

// A Change is one entry of the change feed.
type Change struct {
	Cursor string        `json:"cursor"` // to go on after
	Change string        `json:"change"` // issued, or what happened: suspend, reinstate, revoke, ...; or gtin: ask for the number again
	At     time.Time     `json:"at"`
	GTINs  []label.GTIN  `json:"gtins,omitempty"`
	Label  *LabelInShort `json:"label,omitempty"` // as it stands now

	// Unavailable says of which label nothing can be shown now. It is there
	// instead of the label.
	Unavailable *UnavailableLabel `json:"unavailable,omitempty"`
}

// An UnavailableLabel is a label that belongs into a list and cannot be shown now.
type UnavailableLabel struct {
	ID      label.ID `json:"id,omitempty"` // absent where not even that is known
	Message string   `json:"message"`
}

// cannotBeShown is said of such a label in what programs read.
const cannotBeShown = "cannot be shown now; the operator has been told"

// aboutOneLabel reports whether an error is about one label, and not about all of them.
func aboutOneLabel(err error) bool { return label.KindOf(err) == label.Internal && err != nil }

// issued is the change that makes a label.
const issued = "issued"

// changesAfter returns what the log says of labels after its first size entries,
// each change with its cursor, and the cursor to go on after.
func (h *Handler) changesAfter(size int64, most int) (list []Change, next cursor, more bool, err error) {
	found, last, more, err := h.a.Changes(size-1, most)
	if err != nil {
		return nil, cursorStart, false, err
	}
	sizes := make([]int64, 0, len(found)+1)
	for _, c := range found {
		sizes = append(sizes, c.Index+1)
	}
	cursors, err := h.cursorsAt(append(sizes, last+1))
	if err != nil {
		return nil, cursorStart, false, err
	}
	for i, c := range found {
		change := Change{Cursor: cursors[i].String(), Change: string(c.Action), At: c.At}
		if c.Action == "" {
			change.Change = issued
		}
		if c.GTIN != "" {
			change.Change, change.GTINs = reassigned, []label.GTIN{c.GTIN}
			list = append(list, change)
			continue
		}
		if c.Unreadable {
			change.Change, change.Unavailable = unavailable, &UnavailableLabel{Message: fmt.Sprintf("log entry %d cannot be read now; the operator has been told", c.Index)}
			list = append(list, change)
			continue
		}
		p, err := h.a.Lookup(c.Label)
		switch {
		case aboutOneLabel(err):
			change.Unavailable = &UnavailableLabel{c.Label, cannotBeShown}
		case err != nil:
			return nil, cursorStart, false, err
		default:
			a := h.answerOf(p)
			change.GTINs, change.Label = a.Product.GTINs, a.Label
		}
		list = append(list, change)
	}
	return list, cursors[len(found)], more, nil
}

// changes answers with what happened after a cursor.
func (h *Handler) changes(w http.ResponseWriter, r *http.Request) {
	after, most, err := h.pageOfChanges(r)
	if err == nil && after == nil {
		h.refuse(w, r, h.cursorGone(), forParsers)
		return
	}
	var list []Change
	var next cursor
	var more bool
	if err == nil {
		list, next, more, err = h.changesAfter(after.size, most)
	}
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	if list == nil {
		list = []Change{}
	}
	h.sendJSON(w, r, struct {
		Changes []Change `json:"changes"`
		Next    string   `json:"next"` // cursor for the next call, also where there are none
		More    bool     `json:"more"` // ask again at once
	}{list, next.String(), more}, cacheSecond)
}

// pageOfChanges reads which changes are asked for. It returns no cursor where the
// one that is given is gone.
func (h *Handler) pageOfChanges(r *http.Request) (after *cursor, most int, err error) {
	q := r.URL.Query()
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
	if err == nil && known {
		known, err = h.holds(c)
	}
	if err != nil || !known {
		return nil, 0, err
	}
	return &c, most, nil
}

// sendJSON answers with a value as JSON.
func (h *Handler) sendJSON(w http.ResponseWriter, r *http.Request, v any, cache []string) {
	b, err := label.Encode(v)
	if err != nil {
		h.fail(w, r, err, forParsers)
		return
	}
	h.send(w, r, newBody(jsonType, b), cache)
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
