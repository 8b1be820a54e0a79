package authority

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// Kinds of complaints.
const (
	Copied   = "copied"   // the label is on another product, or looks forged
	Mistaken = "product"  // what the label says of the product is wrong
	Weakness = "weakness" // the product is not secure
	Other    = "other"
)

// ComplaintKinds lists the kinds.
var ComplaintKinds = []string{Copied, Mistaken, Weakness, Other}

const (
	// MaxOpenComplaints bounds the open complaints, so that strangers cannot
	// fill the disk: operators who have so many see a flood either way.
	MaxOpenComplaints = 10_000

	// MaxContact bounds an address to ask back at, in bytes.
	MaxContact = 200
)

// Complain takes what somebody reports who need not say who they are. It is seen
// by operators only. The label may be left out; one that is named must exist.
func (a *Authority) Complain(ctx context.Context, p store.Complaint) (*store.Complaint, error) {
	p.Text, p.Where, p.Contact = strings.TrimSpace(p.Text), strings.TrimSpace(p.Where), strings.TrimSpace(p.Contact)
	if err := checkComplaint(&p); err != nil {
		return nil, err
	}
	c := &store.Complaint{ID: strings.ToLower(rand.Text()[:12]), Label: p.Label, Kind: p.Kind, Where: p.Where, Text: p.Text, Contact: p.Contact}
	err := a.writer.do(ctx, []string{"complaint"}, func(v *store.View, b *store.Batch) error {
		if c.Label != "" {
			if _, err := v.Label(c.Label); err != nil {
				return found(err, label.ReasonUnknownLabel, "label", "no label %s was issued here; leave it out, and write what stands on the product", c.Label.Pretty())
			}
		}
		n := 0
		if err := a.past(v, "counting reports").OpenComplaints(nil, func(*store.Complaint, []byte) bool { n++; return n < MaxOpenComplaints }); err != nil {
			return err
		}
		if n >= MaxOpenComplaints {
			return label.Errorf(label.Unavailable, label.ReasonTooLarge, "", "there are too many reports at the moment; please tell the authority by mail")
		}
		c.Received = b.At.UTC()
		b.Complaints = append(b.Complaints, *c)
		return a.tellOperators(b, notice.ReportReceived, "report-"+c.ID, string(c.Label), ReportNews{c.ID, c.Label, c.Kind})
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// checkComplaint checks what a stranger wrote.
func checkComplaint(p *store.Complaint) error {
	if !slices.Contains(ComplaintKinds, p.Kind) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "kind", "must be one of %s", strings.Join(ComplaintKinds, ", "))
	}
	if p.Text == "" {
		return label.Errorf(label.Invalid, label.ReasonMissing, "text", "is required: say what you saw")
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"text", p.Text, label.MaxProse}, {"where", p.Where, label.MaxText}, {"contact", p.Contact, MaxContact}} {
		if len(f.value) > f.most {
			return label.Errorf(label.TooLarge, label.ReasonTooLarge, f.name, "is %d bytes, at most %d are accepted", len(f.value), f.most)
		}
		if !utf8.ValidString(f.value) || strings.ContainsRune(f.value, 0) {
			return label.Errorf(label.Invalid, label.ReasonMalformed, f.name, "is not UTF-8 text")
		}
	}
	return nil
}

// A ComplaintState is a complaint, and how many there are about its label.
type ComplaintState struct {
	store.Complaint
	AboutLabel int
}

// Complaints lists complaints: those that are open, newest first, or all about a
// label.
func (a *Authority) Complaints(c Caller, id label.ID, p Page) (list []*ComplaintState, next string, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, "", err
	}
	size, cursor, err := p.limits()
	if err != nil {
		return nil, "", err
	}
	page := collector[*store.Complaint]{size: size}
	err = a.store.View(func(v *store.View) error {
		if id != "" {
			err = a.past(v, "listing reports").LabelComplaints(id, cursor, page.add)
		} else {
			err = a.past(v, "listing reports").OpenComplaints(cursor, page.add)
		}
		for _, c := range page.items {
			s := &ComplaintState{Complaint: *c}
			if c.Label != "" {
				s.AboutLabel = v.Complaints(c.Label)
			}
			list = append(list, s)
		}
		return err
	})
	return list, page.next, err
}

// CloseComplaint closes a complaint with what came of it. Whom to ask back is
// forgotten. Closing it again changes nothing.
func (a *Authority) CloseComplaint(ctx context.Context, c Caller, id, outcome string) (*store.Complaint, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if outcome == "" || len(outcome) > label.MaxProse {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "outcome", "is required, in at most %d bytes: what came of it", label.MaxProse)
	}
	var out *store.Complaint
	err := a.writer.do(ctx, []string{claimf("complaint/%s", id)}, func(v *store.View, b *store.Batch) (err error) {
		if out, err = v.Complaint(id); err != nil {
			return found(err, label.ReasonUnknownSubject, "id", "no report %q was received; \"labelctl report list\" names those that are open", id)
		}
		if out.Closed.IsZero() {
			out.Closed, out.Outcome, out.Contact = b.At.UTC().Truncate(time.Second), outcome, ""
			b.Complaints = append(b.Complaints, *out)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
