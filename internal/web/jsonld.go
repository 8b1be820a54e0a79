package web

import (
	"labeld/internal/label"
)

// rating says a level in the vocabulary of schema.org, as its scheme shows levels: a
// class by its name, and nothing where a product meets the scheme or does not.
func rating(l label.Level) map[string]any {
	switch l.Presentation {
	case label.Ladder:
		return map[string]any{"@type": "Rating", "ratingValue": l.Number, "bestRating": l.Of, "worstRating": 1, "ratingExplanation": l.Name}
	case label.NamedClasses:
		return map[string]any{"@type": "Rating", "ratingValue": l.Name}
	}
	return nil
}

// certification says a label in the vocabulary of schema.org, for the page: what
// search engines and shops read from it. html/template writes it, and escapes
// what comes from strangers.
func (h *labelHandler) certification(p shownLabel) map[string]any {
	l := p.Label
	status := "https://schema.org/CertificationInactive"
	if p.State == label.Active {
		status = "https://schema.org/CertificationActive"
	}
	expires, _ := p.language.lastNamed(&p.Standing, l)
	product := map[string]any{
		"@type": "Product", "name": l.Device.FullName(), "model": l.Device.Model,
		"brand":        map[string]string{"@type": "Brand", "name": l.Device.Brand},
		"manufacturer": map[string]string{"@type": "Organization", "name": l.Maker.Name},
	}
	if len(p.GTINs) > 0 {
		product["gtin"] = p.GTINs
	}
	said := map[string]any{
		"@context": "https://schema.org", "@type": "Certification",
		"name": l.Scheme.Name, "url": l.URL, "certificationIdentification": l.ID.Pretty(), "certificationStatus": status,
		"issuedBy":    map[string]string{"@type": "Organization", "name": l.Authority.Name},
		"validFrom":   label.DateOf(l.Issued).String(),
		"expires":     expires,
		"about":       product,
		"description": h.words.title(l),
	}
	if r := rating(l.Level); r != nil {
		said["certificationRating"] = r
	}
	return said
}
