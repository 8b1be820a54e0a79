package advisory

import (
	"regexp"
	"slices"

	"labeld/internal/label"
)

// A csafTree is the product tree of a CSAF document, as far as it is used.
type csafTree struct {
	Branches []csafBranch  `json:"branches"`
	Flat     []csafProduct `json:"full_product_names"`
	Groups   []struct {
		ID       string   `json:"group_id"`
		Products []string `json:"product_ids"`
	} `json:"product_groups"`
	Relationships []csafRelationship `json:"relationships"`
}

type csafBranch struct {
	Category string       `json:"category"`
	Name     string       `json:"name"`
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	ID     string `json:"product_id"`
	Name   string `json:"name"`
	Helper struct {
		CPE     string       `json:"cpe"`
		PURL    string       `json:"purl"`
		Hashes  []label.JSON `json:"hashes"`
		Models  []string     `json:"model_numbers"`
		Serials []string     `json:"serial_numbers"`
		SKUs    []string     `json:"skus"`
		URIs    []struct {
			URI string `json:"uri"`
		} `json:"x_generic_uris"`
	} `json:"product_identification_helper"`
}

type csafRelationship struct {
	Category string      `json:"category"`
	Product  csafProduct `json:"full_product_name"`
	Part     string      `json:"product_reference"`
	Whole    string      `json:"relates_to_product_reference"`
}

// A tree resolves the product IDs of one document.
type tree struct {
	products  map[string]*Product
	relations map[string]relation // not yet resolved
	depth     map[string]int      // relationships below a product that is one
	groups    map[string][]string
	left      int // references that may still be followed
}

type relation struct {
	field string
	*csafRelationship
}

// grow reads a product tree. The publisher stands in for a vendor where it is
// given and no branch names one.
func grow(in *csafTree, publisher string) (*tree, error) {
	t := &tree{
		products:  map[string]*Product{},
		relations: map[string]relation{},
		depth:     map[string]int{},
		groups:    map[string][]string{},
		left:      MaxReferences,
	}
	for i := range in.Branches {
		if err := t.branch(at("product_tree.branches", i), &in.Branches[i], Product{}); err != nil {
			return nil, err
		}
	}
	for i := range in.Flat {
		if err := t.define(at("product_tree.full_product_names", i), &in.Flat[i], Product{}); err != nil {
			return nil, err
		}
	}
	for i := range in.Relationships {
		r := relation{at("product_tree.relationships", i), &in.Relationships[i]}
		if err := t.unique(r.field+".full_product_name", r.Product.ID); err != nil {
			return nil, err
		}
		t.relations[r.Product.ID] = r
	}
	for i := range in.Relationships {
		if _, err := t.resolve(at("product_tree.relationships", i), in.Relationships[i].Product.ID, MaxChain); err != nil {
			return nil, err
		}
	}
	for _, p := range t.products {
		if len(p.Vendors) == 0 && publisher != "" {
			p.Vendors = []string{publisher}
		}
	}
	for i, g := range in.Groups {
		field := at("product_tree.product_groups", i)
		if _, ok := t.groups[g.ID]; ok {
			return nil, invalid(label.ReasonExists, field+".group_id", "group %s is defined twice", clip(label.Readable(g.ID), label.MaxText))
		}
		if err := t.known(field+".product_ids", g.Products); err != nil {
			return nil, err
		}
		t.groups[g.ID] = g.Products
	}
	return t, nil
}

// branch reads a branch; p has what the branches above say.
func (t *tree) branch(field string, b *csafBranch, p Product) error {
	switch b.Category {
	case "vendor":
		p.Vendors = []string{b.Name}
	case "product_name":
		p.Models = []string{b.Name}
	case "product_version":
		p.Versions = exactly(b.Name)
	case "product_version_range":
		p.Versions = versionRange(b.Name)
	case "architecture", "host_name", "language", "patch_level", "service_pack", "specification":
		p.Partial = true
	}
	if b.Product != nil {
		return t.define(field+".product", b.Product, p)
	}
	for i := range b.Branches {
		if err := t.branch(at(field+".branches", i), &b.Branches[i], p); err != nil {
			return err
		}
	}
	return nil
}

// versioned finds a version in a product's name.
var versioned = regexp.MustCompile(`[0-9]\.[0-9]`)

// define adds a product of which p is known already.
func (t *tree) define(field string, in *csafProduct, p Product) error {
	if err := t.unique(field, in.ID); err != nil {
		return err
	}
	p.Name = clip(label.Readable(in.Name), label.MaxText)
	p.Vendors, p.Models, p.GTINs = slices.Clone(p.Vendors), slices.Clone(p.Models), slices.Clone(p.GTINs)
	h := &in.Helper
	p.Models = append(p.Models, h.Models...)
	for _, s := range h.SKUs {
		p.addSKU(s)
	}
	for _, u := range h.URIs {
		p.addURI(u.URI)
	}
	field += ".product_identification_helper"
	if h.PURL != "" {
		if err := p.addPURL(field+".purl", h.PURL); err != nil {
			return err
		}
	}
	if h.CPE != "" {
		if err := p.addCPE(field+".cpe", h.CPE); err != nil {
			return err
		}
	}
	// Some units only, or a version that is told to people but not to us.
	if len(h.Serials) > 0 || p.Versions.all() && (len(h.Hashes) > 0 || p.Versions.text == "" && versioned.MatchString(p.Name)) {
		p.Partial = true
	}
	switch named := kinOf(h.PURL, h.CPE); {
	case named != "":
		p.kin = named
	case p.kin != "": // of what it is made of
	case len(p.Models) > 0:
		p.kin = setOf(append(slices.Clone(p.Models), p.Vendors...))
	default:
		p.kin = setOf([]string{in.ID})
	}
	t.products[in.ID] = &p
	return nil
}

// unique requires that a product ID has no definition yet.
func (t *tree) unique(field, id string) error {
	_, defined := t.products[id]
	if _, related := t.relations[id]; defined || related {
		return invalid(label.ReasonExists, field+".product_id", "product %s is defined twice", clip(label.Readable(id), label.MaxText))
	}
	if len(t.products)+len(t.relations) >= MaxProducts {
		return tooMany("product_tree", MaxProducts)
	}
	return nil
}

// resolve returns the product of an ID that field refers to.
func (t *tree) resolve(field, id string, chain int) (*Product, error) {
	if p, ok := t.products[id]; ok {
		return p, nil
	}
	r, ok := t.relations[id]
	switch {
	case !ok:
		return nil, invalid(label.ReasonUnknownProduct, field, "product %s is not defined in product_tree", clip(label.Readable(id), label.MaxText))
	case chain == 0:
		return nil, tooDeep(field)
	}
	part, err := t.resolve(r.field+".product_reference", r.Part, chain-1)
	if err != nil {
		return nil, err
	}
	whole, err := t.resolve(r.field+".relates_to_product_reference", r.Whole, chain-1)
	if err != nil {
		return nil, err
	}
	if t.depth[id] = 1 + max(t.depth[r.Part], t.depth[r.Whole]); t.depth[id] > MaxChain {
		return nil, tooDeep(field)
	}
	delete(t.relations, id)
	if err := t.define(r.field+".full_product_name", &r.Product, join(r.csafRelationship, part, whole)); err != nil {
		return nil, err
	}
	return t.products[id], nil
}

func tooDeep(field string) error {
	return label.Errorf(label.TooLarge, label.ReasonTooLarge, field,
		"relationships go round in a circle, or build on one another more than %d times", MaxChain)
}

// join says what a part and what it belongs to are together. It is the whole
// that people own; of firmware installed on hardware it is the part that has
// the version.
func join(r *csafRelationship, part, whole *Product) Product {
	p := Product{Vendors: whole.Vendors, Models: whole.Models, GTINs: whole.GTINs, Revision: whole.Revision}
	nameless := len(p.Models) == 0 && len(p.GTINs) == 0
	if nameless {
		p.Vendors, p.Models, p.GTINs = part.Vendors, part.Models, part.GTINs
	}
	p.Partial = part.Partial || whole.Partial
	p.kin = setOf([]string{part.kin, whole.kin})
	p.route = part.route.through(whole.route)
	if r.Category != "installed_on" && !nameless {
		component := route{setOf([]string{r.Part}), part.kin}
		p.route = component.through(part.route, whole.route)
	}
	switch r.Category {
	case "installed_on":
		p.Versions = part.Versions
		if hardware := whole.Versions.text; hardware != "" {
			p.Revision = hardware
		}
	case "default_component_of":
		p.Versions = whole.Versions
		p.Partial = p.Partial || whole.Versions.all() && !part.Versions.all()
	default: // not every device of the kind has the part
		p.Versions = whole.Versions
		p.Partial = true
	}
	return p
}

// known checks that every product of a list is defined.
func (t *tree) known(field string, products []string) error {
	for i, id := range products {
		if _, err := t.resolve(at(field, i), id, 0); err != nil {
			return err
		}
	}
	return t.spend(field, len(products))
}

// spend counts references.
func (t *tree) spend(field string, n int) error {
	if t.left -= n; t.left < 0 {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, field,
			"products are referred to more than %d times in all; split the document", MaxReferences)
	}
	return nil
}

// A scope is a list of products and of groups.
type scope struct {
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

// expand writes out the groups of a scope and checks all that it names.
func (t *tree) expand(field string, s scope) ([]string, error) {
	if err := t.known(field+".product_ids", s.Products); err != nil {
		return nil, err
	}
	ids := slices.Clone(s.Products)
	for i, id := range s.Groups {
		members, ok := t.groups[id]
		if !ok {
			return nil, invalid(label.ReasonUnknownProduct, at(field+".group_ids", i),
				"group %s is not defined in product_tree.product_groups", clip(label.Readable(id), label.MaxText))
		}
		if err := t.spend(at(field+".group_ids", i), len(members)); err != nil {
			return nil, err
		}
		ids = append(ids, members...)
	}
	return ids, nil
}
