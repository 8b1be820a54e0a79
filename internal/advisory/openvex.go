package advisory

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openvex/go-vex/pkg/vex"

	"labeld/internal/label"
)

const vexContext = vex.TypeURI

func parseVEX(b []byte, now time.Time) (*Advisory, error) {
	var in vex.VEX
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
	r := vexReader{Advisory: a, supplier: in.Supplier, issues: map[string]int{}, latest: map[claim]stated{}}
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
func vexHead(in *vex.VEX, now time.Time) (*Advisory, error) {
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
	if err := checkMoment("timestamp", *in.Timestamp, now); err != nil {
		return nil, err
	}
	updated := *in.Timestamp
	if in.LastUpdated != nil {
		updated = *in.LastUpdated
	}
	if err := checkMoment("last_updated", updated, now); err != nil {
		return nil, err
	}
	if updated.Before(*in.Timestamp) {
		return nil, invalid(label.ReasonOutOfRange, "last_updated", "is before the timestamp")
	}
	return &Advisory{
		Format:    OpenVEX,
		ID:        in.ID,
		Version:   strconv.Itoa(in.Version),
		Publisher: clip(visible(in.Author), label.MaxText),
		URL:       webURL(in.ID),
		Published: in.Timestamp.UTC(),
		Updated:   updated.UTC(),
	}, nil
}

// A vexReader gathers statements by vulnerability.
type vexReader struct {
	*Advisory
	supplier string           // of all products that name none
	issues   map[string]int   // ID or alias to index in Issues
	latest   map[claim]stated // what was said last
	total    int
}

// A claim is what statements replace one another on.
type claim struct {
	issue   int
	product string
}

type stated struct {
	at     time.Time
	places []int // in the issue's Products
}

func (r *vexReader) statement(field string, s *vex.Statement, now time.Time) error {
	if err := checkMoment(field+".timestamp", *s.Timestamp, now); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return invalid(label.ReasonMalformed, field, "%s", clip(visible(err.Error()), label.MaxText))
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
		remedies = []Remedy{{Category: Action, Text: clip(visible(s.ActionStatement), label.MaxProse)}}
	}
	status := Status(strings.ReplaceAll(string(s.Status), "_", "-"))
	for i := range s.Products {
		p, err := r.product(at(field+".products", i), &s.Products[i].Component)
		if err != nil {
			return err
		}
		if r.total++; r.total > MaxStatuses {
			return tooMany("statements", MaxStatuses)
		}
		r.record(n, key(&s.Products[i].Component), ProductStatus{Product: p, Status: status, Remedies: remedies, said: *s.Timestamp})
	}
	return nil
}

// record adds what is said of a product, in place of what was said before. Of
// statements made at one time all stand, so that the worst of them counts.
func (r *vexReader) record(issue int, product string, ps ProductStatus) {
	products := &r.Issues[issue].Products
	c := claim{issue, product}
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
	r.latest[c] = stated{ps.said, append(last.places, len(*products))}
	*products = append(*products, ps)
}

// issue finds the issue that a vulnerability's name or one of its aliases
// belongs to, or begins one.
func (r *vexReader) issue(field string, v *vex.Vulnerability) (int, error) {
	if err := checkLine(field+".name", string(v.Name)); err != nil {
		return 0, err
	}
	names := append([]vex.VulnerabilityID{v.Name}, v.Aliases...)
	n, known := 0, false
	for _, name := range names {
		if n, known = r.issues[string(name)]; known {
			break
		}
	}
	if !known {
		if n = len(r.Issues); n == MaxIssues {
			return 0, tooMany("statements", MaxIssues)
		}
		r.Issues = append(r.Issues, Issue{ID: string(v.Name)})
	}
	for _, name := range names {
		if _, taken := r.issues[string(name)]; !taken {
			r.issues[string(name)] = n
		}
	}
	if r.Issues[n].Title == "" {
		r.Issues[n].Title = clip(visible(v.Description), label.MaxText)
	}
	return n, nil
}

func (r *vexReader) product(field string, c *vex.Component) (p Product, err error) {
	if c.ID == "" && len(c.Identifiers) == 0 && len(c.Hashes) == 0 {
		return p, invalid(label.ReasonMissing, field+".@id", "is required, or identifiers: which product is meant")
	}
	p.Name = clip(visible(c.ID), label.MaxText)
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
		case vex.PURL:
			err = p.addPURL(field+".identifiers.purl", s)
		case vex.CPE22, vex.CPE23:
			err = p.addCPE(field+".identifiers."+string(kind), s)
		default:
			err = invalid(label.ReasonOutOfRange, field+".identifiers", "%s is not known; OpenVEX has purl, cpe22 and cpe23", clip(visible(string(kind)), label.MaxText))
		}
		if err != nil {
			return p, err
		}
		if p.Name == "" {
			p.Name = clip(visible(s), label.MaxText)
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

// key is what makes two mentions of a product the same.
func key(c *vex.Component) string {
	if c.ID != "" || len(c.Identifiers) == 0 {
		return c.ID
	}
	var s strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(c.Identifiers)) {
		s.WriteString(string(kind) + "=" + c.Identifiers[kind] + " ")
	}
	return s.String()
}
