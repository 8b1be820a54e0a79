package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// A hiddenLabel is an authority that cannot show one label.
type hiddenLabel struct {
	*authority.Authority
	id label.ID
}

var errHidden = label.Errorf(label.Internal, label.ReasonInternal, "id", "the stored label does not verify and is not served; the operator has been told")

func (h hiddenLabel) Lookup(id label.ID) (*authority.Published, error) {
	if id == h.id {
		return nil, errHidden
	}
	return h.Authority.Lookup(id)
}

func (h hiddenLabel) ByGTIN(g label.GTIN) (*authority.Published, error) {
	p, err := h.Authority.ByGTIN(g)
	if err == nil && p.Label.ID == h.id {
		return nil, errHidden
	}
	return p, err
}

// TestListsWithALabelThatCannotBeShown goes through the lists with one label that
// cannot be shown: each answers with the other label, and names that one.
func TestListsWithALabelThatCannotBeShown(t *testing.T) {
	w := newWorld(t)
	good, bad := w.camera(), w.plug()
	w.change(labeltest.Operator, bad, label.Suspend, "complaint", nil)
	h := w.handler(hiddenLabel{w.Authority, bad.Label.ID})
	id, pretty := string(bad.Label.ID), bad.Label.ID.Pretty()
	bulk := `{"gtins":["` + string(good.Label.Device.GTINs[0]) + `","` + string(bad.Label.Device.GTINs[0]) + `"]}`
	for _, c := range []struct {
		method, path, body string
		want               []string
	}{
		{"GET", "/api/changes", "", []string{string(good.Label.ID), `"unavailable":{"id":"` + id + `"`}},
		{"GET", "/api/changes.atom", "", []string{good.Label.ID.Pretty(), pretty}},
		{"GET", "/feeds/" + labeltest.Maker + ".atom", "", []string{pretty, "cannot be shown now"}},
		{"POST", "/api/products/lookup", bulk, []string{string(good.Label.ID), `"result":"unavailable"`, "cannot be shown now"}},
		{"GET", "/compare?id=" + string(good.Label.ID) + "&id=" + id, "", []string{good.Label.ID.Pretty(), pretty, "cannot be shown at present"}},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != 200 {
			t.Errorf("%s answers %d: %s", c.path, answer.Code, answer.Body)
		}
		for _, want := range c.want {
			if !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s does not have %q:\n%s", c.path, want, answer.Body)
			}
		}
	}
}
