package authority_test

import (
	"errors"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestTokensOfOtherLists gives every list the token of a page of every other. Each is
// refused, by the name of the field, and nobody is led somewhere into the list.
func TestTokensOfOtherLists(t *testing.T) {
	w := labeltest.New(t, nil)
	shelf(w, 2)
	w.Issue(w.Example("camera"), 3)
	op, maker := w.Caller(labeltest.Operator), w.Caller(labeltest.Maker)
	device := label.DigestOf(w.Example("camera").Descriptor)
	lists := map[string]func(authority.Page) (string, error){
		"labels of a manufacturer": func(p authority.Page) (string, error) {
			list, err := w.Authority.Labels(labeltest.Maker, p)
			if err != nil {
				return "", err
			}
			return list.Next, nil
		},
		"labels of another": func(p authority.Page) (string, error) {
			_, err := w.Authority.Labels(labeltest.ToyMaker, p)
			return "", err
		},
		"submissions of the maker": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Submissions(ctx, maker, label.Digest{}, p)
			return next, err
		},
		"submissions of the lab": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Submissions(ctx, w.Caller(labeltest.Lab), label.Digest{}, p)
			return next, err
		},
		"organizations": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Organizations(op, "", p)
			return next, err
		},
		"manufacturers": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Organizations(op, label.RoleManufacturer, p)
			return next, err
		},
		"devices": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Devices(maker, "", p)
			return next, err
		},
		"notices": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Notices(maker, "", p)
			return next, err
		},
		"advisories": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Advisories(labeltest.Maker, p)
			return next, err
		},
		"plans": func(p authority.Page) (string, error) { _, next, err := w.Authority.Plans(p); return next, err },
		"reports": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Complaints(op, "", p)
			return next, err
		},
		"refusals": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Refusals(ctx, maker, "", label.Digest{}, p)
			return next, err
		},
		"refusals of a device": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Refusals(ctx, op, "", device, p)
			return next, err
		},
		"appeals": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Appeals(ctx, maker, "", p)
			return next, err
		},
		"due appeals": func(p authority.Page) (string, error) {
			_, next, err := w.Authority.Appeals(ctx, op, "", p)
			return next, err
		},
	}
	tokens := map[string]string{}
	for name, list := range lists {
		next, err := list(authority.Page{Size: 1})
		must(t, err)
		if next != "" {
			tokens[name] = next
			if _, err := list(authority.Page{Size: 1, Token: next}); err != nil {
				t.Errorf("%s: the next page: %v", name, err)
			}
		}
	}
	if len(tokens) < 6 {
		t.Errorf("only %d lists have a second page", len(tokens))
	}
	for of, token := range tokens {
		for name, list := range lists {
			if of == name {
				continue
			}
			_, err := list(authority.Page{Token: token})
			if e, ok := errors.AsType[*label.Error](err); !ok || e.Kind != label.Invalid || e.Field != "page_token" {
				t.Errorf("%s takes a token of %s: %v", name, of, err)
			}
		}
	}
}
