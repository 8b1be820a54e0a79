package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"labeld/internal/label"
)

// spelled returns a text in which each ASCII character is replaced by the one so far above
// it, from the one for '0' or 'A' on.
func spelled(s string, digit, letter rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9' && digit != 0:
			return r - '0' + digit
		case 'A' <= r && r <= 'Z' && letter != 0:
			return r - 'A' + letter
		}
		return r
	}, s)
}

// TestTypedOnAnyKeyboard types an ID and the number under a barcode as people do whose
// keyboards have other digits, letters, dashes and spaces, or who copy them from a text.
func TestTypedOnAnyKeyboard(t *testing.T) {
	w, id, _ := stocked(t)
	const gtin = "9522104000171"
	for name, c := range map[string]struct{ typed, to string }{
		"full width":            {spelled(id.Pretty(), '０', 'Ａ'), "/l/" + string(id)},
		"full width, all of it": {strings.ReplaceAll(spelled(id.Pretty(), '０', 'Ａ'), "-", "－"), "/l/" + string(id)},
		"small full width":      {spelled(id.Pretty(), '０', 'ａ'), "/l/" + string(id)},
		"Arabic digits":         {spelled(id.Pretty(), '٠', 0), "/l/" + string(id)},
		"Persian digits":        {spelled(id.Pretty(), '۰', 0), "/l/" + string(id)},
		"en dashes":             {strings.ReplaceAll(id.Pretty(), "-", "–"), "/l/" + string(id)},
		"a minus sign":          {strings.ReplaceAll(id.Pretty(), "-", "−"), "/l/" + string(id)},
		"a Japanese keyboard":   {strings.ReplaceAll(spelled(id.Pretty(), '０', 'Ａ'), "-", "ー"), "/l/" + string(id)},
		"narrow spaces":         {strings.ReplaceAll(id.Pretty(), "-", "\u202f"), "/l/" + string(id)},
		"marks of direction":    {"\u2066" + id.Pretty() + "\u2069\u200f", "/l/" + string(id)},
		"a soft hyphen":         {strings.ReplaceAll(id.Pretty(), "-", "\u00ad"), "/l/" + string(id)},
		"a full-width number":   {spelled(gtin, '０', 0), "/01/0" + gtin},
		"an Arabic number":      {spelled(gtin, '٠', 0), "/01/0" + gtin},
		"a Persian number":      {"۹ ۵۲۲۱۰۴\u200c ۰۰۰۱۷۱", "/01/0" + gtin},
		"a Bengali number":      {spelled(gtin, '০', 0), "/01/0" + gtin},
		"digits of mathematics": {spelled(gtin, '𝟎', 0), "/01/0" + gtin},
		"a number with dashes":  {"9‑522104—000171", "/01/0" + gtin},
		"a full-width address":  {spelled(base, 0, 0) + "／ｌ／" + spelled(string(id), '０', 'Ａ'), "/l/" + string(id)},
	} {
		for _, from := range []string{"/find?q=", "/?q="} {
			if r := get(w.h, from+url.QueryEscape(c.typed)); r.Code != http.StatusSeeOther || r.Header().Get("Location") != c.to {
				t.Errorf("%s at %s: %d %s, want %s", name, from, r.Code, r.Header().Get("Location"), c.to)
			}
		}
	}
	path := "/l/" + string(id)
	for _, typed := range []string{spelled(gtin, '０', 0), spelled(gtin, '۰', 0), "9\u2009522104\u2013000171", "9+522104+000171"} {
		if r := get(w.h, path+"?gtin="+strings.ReplaceAll(url.QueryEscape(typed), "%2B", "+")); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "is of the product that this label is about") {
			t.Errorf("compared with %q: %d", typed, r.Code)
		}
	}
	if r := get(w.h, "/l/"+url.PathEscape(spelled(id.Pretty(), '０', 'Ａ'))); r.Code != http.StatusOK || !strings.Contains(r.Header().Get("Link"), base+path+">") {
		t.Errorf("in the address: %d", r.Code)
	}
	if r := get(w.h, "/find?q="+url.QueryEscape(spelled(mistyped(id), '０', 'Ａ'))); r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), "Did you mean") {
		t.Errorf("a mistake in full width: %d", r.Code)
	}
	// What a brand may be called is still looked for.
	if r := get(w.h, "/find?q="+url.QueryEscape("カメラー ２０２６")); r.Header().Get("Location") != "/?q="+url.QueryEscape("カメラー ２０２６") {
		t.Errorf("words lead to %s", r.Header().Get("Location"))
	}
	// Programs have to write what they mean.
	if _, err := label.ParseID(spelled(string(id), '０', 'Ａ')); err == nil {
		t.Error("package label reads what people type")
	}
}

// TestAddressAsPrinted types what stands on the label: an address without its scheme.
func TestAddressAsPrinted(t *testing.T) {
	w, id, _ := stocked(t)
	host := strings.TrimPrefix(base, "https://")
	for typed, to := range map[string]string{
		host + "/l/" + string(id):                    "/l/" + string(id),
		strings.ToUpper(host + "/l/" + string(id)):   "/l/" + string(id),
		host + ":443/l/" + id.Pretty():               "/l/" + string(id),
		host + "/01/09522104000171":                  "/01/09522104000171",
		" " + host + "/l/" + string(id) + "?lang=de": "/l/" + string(id),
		base + "/l/" + string(id):                    "/l/" + string(id),
	} {
		if r := get(w.h, "/find?q="+url.QueryEscape(typed)); r.Code != http.StatusSeeOther || r.Header().Get("Location") != to {
			t.Errorf("%q: %d %s, want %s", typed, r.Code, r.Header().Get("Location"), to)
		}
	}
	for _, typed := range []string{"labels.example.net/l/" + string(id), host + ":8443/l/" + string(id), host + ".example.net/l/" + string(id)} {
		r := get(w.h, "/find?q="+url.QueryEscape(typed))
		if r.Code != http.StatusBadRequest {
			t.Errorf("%q: %d", typed, r.Code)
		}
		wants(t, typed, r.Body.String(), []string{"That label belongs to another site"}, nil)
	}
	if r := send(w.h, 1, url.Values{"label": {host + "/l/" + string(id)}, "kind": {"copied"}, "text": {"It is on a lamp."}}); r.Code != http.StatusOK {
		t.Errorf("in the form for reports: %d", r.Code)
	}
}
