package advisory

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/package-url/packageurl-go"

	"labeld/internal/label"
)

// A component is a piece of hardware or software, named by its identifiers. An
// OpenVEX product is one, and so is each of its subcomponents.
type component struct {
	ID          string            `json:"@id"`
	Identifiers map[string]string `json:"identifiers"` // by their kind
	Hashes      map[string]string `json:"hashes"`      // by algorithm
	Supplier    string            `json:"supplier"`
}

// empty reports whether nothing names the component.
func (c *component) empty() bool {
	return c.ID == "" && len(c.Identifiers) == 0 && len(c.Hashes) == 0
}

// identity is equal for two mentions of a component that give the same
// identifiers, however these are spelled. Where a mention gives more identifiers
// than another, or other ones, they are taken to be two components, so that
// neither takes back what is said of the other.
func (c *component) identity() string {
	var names []string
	if c.ID != "" {
		names = append(names, spell("@id", c.ID))
	}
	for kind, s := range c.Identifiers {
		names = append(names, spell(kind, s))
	}
	for algorithm, s := range c.Hashes {
		names = append(names, strings.ToLower("hash "+algorithm+" "+s))
	}
	return setOf(names)
}

// spell returns an identifier in the one form that stands for all its spellings.
// A package URL is the same one as @id and as purl.
func spell(kind, s string) string {
	switch {
	case kind == "purl" || strings.HasPrefix(strings.ToLower(s[:min(4, len(s))]), "pkg:"):
		if u, err := packageurl.FromString(s); err == nil {
			return "purl " + u.ToString()
		}
	case kind == "cpe22" || kind == "cpe23":
		return kind + " " + strings.ToLower(s)
	}
	return kind + " " + s
}

// kin is equal for all versions of a component that is named by a package URL
// or a CPE name, and else for the same identifiers.
func (c *component) kin() string {
	for _, s := range []string{c.Identifiers["purl"], c.ID} {
		if name := kinOf(s, ""); name != "" {
			return name
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Identifiers)) {
		if name := kinOf("", c.Identifiers[kind]); name != "" {
			return name
		}
	}
	return c.identity()
}

// kinOf returns what a package URL names but for its version, else what a CPE
// name does, else nothing.
func kinOf(purl, cpe string) string {
	if u, err := packageurl.FromString(purl); err == nil {
		return "purl " + u.Type + " " + u.Namespace + " " + u.Name
	}
	if part, vendor, product, _, _, ok := splitCPE(cpe); ok {
		return strings.ToLower("cpe " + part + " " + vendor + " " + product)
	}
	return ""
}

// setOf is equal for lists of the same texts, in any order and number. It is
// short for any of them.
func setOf(list []string) string {
	slices.Sort(list)
	var all []byte
	for _, s := range slices.Compact(list) {
		all = append(strconv.AppendInt(all, int64(len(s)), 10), s...)
	}
	return label.DigestOf(all).String()
}

// A route is by which components of a product a statement is about the product.
// The zero route is the whole product.
type route struct {
	exact string // the set of them, with their versions
	kin   string // the set of them, whatever their versions
}

// routeOf returns the route by way of subcomponents.
func routeOf(list []component) route {
	if len(list) == 0 {
		return route{}
	}
	var exact, kin []string
	for i := range list {
		exact, kin = append(exact, list[i].identity()), append(kin, list[i].kin())
	}
	return route{setOf(exact), setOf(kin)}
}

// through returns the route by way of a component that is itself reached by
// another route; zero routes add nothing.
func (r route) through(others ...route) route {
	var exact, kin []string
	for _, o := range append(others, r) {
		if o != (route{}) {
			exact, kin = append(exact, o.exact), append(kin, o.kin)
		}
	}
	if len(exact) == 0 {
		return route{}
	}
	return route{setOf(exact), setOf(kin)}
}
