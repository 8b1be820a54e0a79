package advisory

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"labeld/internal/label"
)

func parseVEX(b []byte, now time.Time) (*Advisory, error) {
	var in vexDocument
	if err := label.DecodeLoose(b, &in); err != nil {
		return nil, err
	}
	a, err := vexHead(&in, now)
	if err != nil {
		return nil, err
	}
	if len(in.Statements) == 0 {
		return nil, invalid(label.ReasonMissing, "statements", "at least one is required")
	}
	for i := range in.Statements {
		v := &in.Statements[i].Vulnerability
		v.Name = issueName(v.Name)
		for j, alias := range v.Aliases {
			v.Aliases[j] = issueName(alias)
		}
	}
	r := vexReader{Advisory: a, supplier: in.Supplier, issues: map[string]int{}, shared: sharedAliases(in.Statements), latest: map[claim]openVEXStatement{}}
	for i := range in.Statements {
		s := &in.Statements[i]
		if s.Timestamp == nil {
			s.Timestamp = in.Timestamp
		}
		if err := r.statement(at("statements", i), s, now); err != nil {
			return nil, err
		}
	}
	a.Final = true
	for i := range a.Issues {
		a.Issues[i].Products = slices.DeleteFunc(a.Issues[i].Products, func(p ProductStatus) bool { return p.Status == "" })
		for j := range a.Issues[i].Products {
			p := &a.Issues[i].Products[j]
			p.findFixes()
			a.Final = a.Final && p.Status != UnderInvestigation
		}
	}
	return a, nil
}

// vexHead reads what is said about the document itself.
func vexHead(in *vexDocument, now time.Time) (*Advisory, error) {
	if err := checkLine("@id", in.ID); err != nil {
		return nil, err
	}
	if in.Author == "" {
		return nil, invalid(label.ReasonMissing, "author", "is required")
	}
	if in.Version < 1 {
		return nil, invalid(label.ReasonOutOfRange, "version", "is required and counts from 1")
	}
	if in.Timestamp == nil {
		return nil, invalid(label.ReasonMissing, "timestamp", "is required")
	}
	issued := time.Time(*in.Timestamp)
	if err := checkMoment("timestamp", issued, now); err != nil {
		return nil, err
	}
	updated := issued
	if in.Updated != nil {
		updated = time.Time(*in.Updated)
	}
	if err := checkMoment("last_updated", updated, now); err != nil {
		return nil, err
	}
	if updated.Before(issued) {
		return nil, invalid(label.ReasonOutOfRange, "last_updated", "is before the timestamp")
	}
	return &Advisory{
		Format:    OpenVEX,
		ID:        in.ID,
		Version:   strconv.Itoa(in.Version),
		Publisher: clip(label.Readable(in.Author), label.MaxText),
		URL:       webURL(in.ID),
		Published: issued,
		Updated:   updated,
	}, nil
}

// A vexReader gathers statements by vulnerability.
type vexReader struct {
	*Advisory
	supplier string                     // of all products that name none
	issues   map[string]int             // name or alias to index in Issues
	shared   map[string]bool            // aliases that tell nothing
	latest   map[claim]openVEXStatement // what was said last
	total    int
}

// A claim is what statements replace one another on. What is said of a product
// by way of one component is not taken back by what is said by way of another,
// nor by what is said of the whole product, and the reverse: the package comment
// has the reason.
type claim struct {
	issue    int
	product  string
	supplier string // with another one, the same name may be another product
	route    string
}

type openVEXStatement struct {
	at     time.Time
	places []int // in the issue's Products
}

func (r *vexReader) statement(field string, s *vexStatement, now time.Time) error {
	said := time.Time(*s.Timestamp)
	if err := checkMoment(field+".timestamp", said, now); err != nil {
		return err
	}
	if fault := s.check(); fault != "" {
		return invalid(label.ReasonMalformed, field, "%s", clip(label.Readable(fault), maxFault))
	}
	n, err := r.issue(field+".vulnerability", &s.Vulnerability)
	if err != nil {
		return err
	}
	if len(s.Products) == 0 {
		return invalid(label.ReasonMissing, field+".products", "at least one is required")
	}
	var remedies []Remedy
	if s.ActionStatement != "" {
		remedies = []Remedy{{Category: Action, Text: clip(label.Readable(s.ActionStatement), label.MaxProse)}}
	}
	status := Status(strings.ReplaceAll(s.Status, "_", "-"))
	for i := range s.Products {
		product := &s.Products[i]
		p, err := r.product(at(field+".products", i), &product.component)
		if err != nil {
			return err
		}
		if j := slices.IndexFunc(product.Subcomponents, func(c component) bool { return c.empty() }); j >= 0 {
			return unnamed(at(at(field+".products", i)+".subcomponents", j))
		}
		if r.total++; r.total > MaxStatuses {
			return tooMany("statements", MaxStatuses)
		}
		p.route = routeOf(product.Subcomponents)
		r.record(claim{n, product.identity(), product.Supplier, p.route.exact}, ProductStatus{Product: p, Status: status, Remedies: remedies, said: said})
	}
	return nil
}

// record adds what is said of a product, in place of what was said before. Of
// statements made at one time all stand, so that the worst of them counts.
func (r *vexReader) record(c claim, ps ProductStatus) {
	products := &r.Issues[c.issue].Products
	last, found := r.latest[c]
	if found && ps.said.Before(last.at) {
		return
	}
	if found && ps.said.After(last.at) {
		for _, i := range last.places {
			(*products)[i].Status = ""
		}
		last.places = nil
	}
	r.latest[c] = openVEXStatement{ps.said, append(last.places, len(*products))}
	*products = append(*products, ps)
}

// sharedAliases returns the aliases that vulnerabilities of several names have.
// The number of a notice that covers them all is often given so: it does not make
// one vulnerability of them, of which a word about one would take back what is
// said of another.
func sharedAliases(statements []vexStatement) map[string]bool {
	owner, shared := map[string]string{}, map[string]bool{}
	for i := range statements {
		v := &statements[i].Vulnerability
		for _, alias := range v.Aliases {
			if name, known := owner[alias]; known && name != v.Name {
				shared[alias] = true
			}
			owner[alias] = v.Name
		}
	}
	return shared
}

// issue finds the issue that a vulnerability's name or one of its aliases
// belongs to, or begins one.
func (r *vexReader) issue(field string, v *vexVulnerability) (int, error) {
	if err := label.CheckIssueName(field+".name", v.Name); err != nil {
		return 0, err
	}
	names := []string{v.Name}
	for _, alias := range v.Aliases {
		if !r.shared[alias] {
			names = append(names, alias)
		}
	}
	n, known := 0, false
	for _, name := range names {
		if n, known = r.issues[name]; known {
			break
		}
	}
	if !known {
		if n = len(r.Issues); n == MaxIssues {
			return 0, tooMany("statements", MaxIssues)
		}
		r.Issues = append(r.Issues, Issue{ID: v.Name})
	}
	for _, name := range names {
		if _, taken := r.issues[name]; !taken {
			r.issues[name] = n
		}
	}
	if r.Issues[n].Title == "" {
		r.Issues[n].Title = clip(label.Readable(v.Description), label.MaxText)
	}
	return n, nil
}

func unnamed(field string) error {
	return invalid(label.ReasonMissing, field+".@id", "is required, or identifiers: which product or component is meant")
}

func (r *vexReader) product(field string, c *component) (p Product, err error) {
	if c.empty() {
		return p, unnamed(field)
	}
	p.Name = clip(label.Readable(c.ID), label.MaxText)
	p.addURI(c.ID)
	if strings.HasPrefix(c.ID, "pkg:") {
		if err := p.addPURL(field+".@id", c.ID); err != nil {
			return p, err
		}
	}
	kinds := slices.Sorted(maps.Keys(c.Identifiers))
	slices.Reverse(kinds) // of versions the first counts, and purl says most
	for _, kind := range kinds {
		s := c.Identifiers[kind]
		switch kind {
		case "purl":
			err = p.addPURL(field+".identifiers.purl", s)
		case "cpe22", "cpe23":
			err = p.addCPE(field+".identifiers."+kind, s)
		default:
			err = invalid(label.ReasonOutOfRange, field+".identifiers", "%s is not known; OpenVEX has purl, cpe22 and cpe23", clip(label.Readable(kind), label.MaxText))
		}
		if err != nil {
			return p, err
		}
		if p.Name == "" {
			p.Name = clip(label.Readable(s), label.MaxText)
		}
	}
	if s := c.Supplier; s != "" {
		p.Vendors = append(p.Vendors, s)
	}
	if len(p.Vendors) == 0 && r.supplier != "" {
		p.Vendors = []string{r.supplier}
	}
	p.Partial = p.Partial || len(c.Hashes) > 0 && p.Versions.all()
	return p, nil
}
