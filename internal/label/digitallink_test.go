package label_test

import (
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
)

func TestParseDigitalLink(t *testing.T) {
	for _, c := range []struct {
		path, query string
		want        label.DigitalLink
	}{
		{"09522104000171", "", label.DigitalLink{}},
		{"9522104000171", "", label.DigitalLink{}},
		{"09522104000171/", "", label.DigitalLink{}},
		{"09522104000171/21/S%2F1", "", label.DigitalLink{Serial: "S/1"}},
		{"09522104000171/22/V/10/B-1/21/S", "", label.DigitalLink{Variant: "V", Batch: "B-1", Serial: "S"}},
		{"09522104000171/235/third-party", "", label.DigitalLink{TPX: "third-party"}},
		{"09522104000171", "17=271200&linkType=gs1:safetyInfo&utm=a%20b", label.DigitalLink{LinkType: "gs1:safetyInfo", Query: []string{"17=271200", "utm=a%20b"}}},
		{"09522104000171", "linkType=https%3A%2F%2Fgs1.org%2Fvoc%2Fpip", label.DigitalLink{LinkType: "https://gs1.org/voc/pip"}},
	} {
		d, err := label.ParseDigitalLink(c.path, c.query)
		if err != nil {
			t.Errorf("%s?%s: %v", c.path, c.query, err)
			continue
		}
		c.want.GTIN = "09522104000171"
		if d.GTIN != c.want.GTIN || d.Variant != c.want.Variant || d.Batch != c.want.Batch || d.Serial != c.want.Serial || d.TPX != c.want.TPX ||
			d.LinkType != c.want.LinkType || !slices.Equal(d.Query, c.want.Query) {
			t.Errorf("%s?%s is %+v, want %+v", c.path, c.query, *d, c.want)
		}
	}
	for _, c := range []struct{ path, query, field string }{
		{"09522104000172", "", "gtin"},
		{"095221040001", "", "gtin"},
		{"", "", "gtin"},
		{"09522104000171/21", "", "path"},
		{"09522104000171/8011/5", "", "path"},
		{"09522104000171/21/S/10/B", "", "path"},
		{"09522104000171/21/S/21/S", "", "path"},
		{"09522104000171/10/B/235/T", "", "path"},
		{"09522104000171/235/T/21/S", "", "path"},
		{"09522104000171/21/", "", "path"},
		{"09522104000171/21/%zz", "", "path"},
		{"09522104000171/21/%C3%A4", "", "path"},
		{"09522104000171/21/a%0d%0ab", "", "path"},
		{"09522104000171/21/" + strings.Repeat("1", 21), "", "path"},
		{"09522104000171", "21=S", "21"},
		{"09522104000171", "01=09522104000171", "01"},
		{"09522104000171", "17=2712", "17"},
		{"09522104000171", "17=271300", "17"},
		{"09522104000171", "linkType=", "linkType"},
		{"09522104000171", "linkType=a&linkType=b", "linkType"},
	} {
		if _, err := label.ParseDigitalLink(c.path, c.query); err == nil || !strings.HasPrefix(err.Error(), c.field+":") {
			t.Errorf("%s?%s: %v, want a refusal of %s", c.path, c.query, err, c.field)
		}
	}
}

func FuzzParseDigitalLink(f *testing.F) {
	f.Add("09522104000171/22/V/10/B-1/21/S", "17=271200&linkType=gs1:pip")
	f.Add("9522104000171/235/%2F", "a=b&&c")
	f.Fuzz(func(t *testing.T, path, query string) {
		d, err := label.ParseDigitalLink(path, query)
		if err != nil {
			return
		}
		if again, err := label.ParseGTIN(string(d.GTIN)); err != nil || again != d.GTIN {
			t.Errorf("the GTIN %q is none: %v", d.GTIN, err)
		}
		for _, v := range []string{d.Variant, d.Batch, d.Serial, d.TPX} {
			if len(v) > 28 || strings.ContainsAny(v, "\r\n\x00 ") {
				t.Errorf("a qualifier is %q", v)
			}
		}
	})
}
