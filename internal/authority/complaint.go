package authority

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
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

// What people report is kept in full only as far as somebody can read it. Beyond that
// it is merged: counted, with its words as far as there is room, in the newest open
// report of the same kind about the same label. So nobody can close the form for
// others, nor keep reports about his own label from being taken, and strangers cannot
// fill the disk.
const (
	// MaxLabelReports bounds the open reports about one label that are kept in full.
	MaxLabelReports = 50

	// MaxUnlabelled bounds those about no label.
	MaxUnlabelled = 1000

	// MaxOpenComplaints is how many may be open before only labels have more kept in
	// full about which there are few, FewReports. At twice as many all are merged.
	MaxOpenComplaints = 10_000
	FewReports        = 3

	// MaxMergedWords bounds the words of those that were merged into one, in bytes.
	// The last ones are kept: the first are in the reports that were kept in full. It has
	// room for the longest, in a script that takes three bytes for a letter.
	MaxMergedWords = 4 * MaxReported

	// MaxReported, MaxWhere and MaxContact bound what was seen, where, and an address to
	// ask back at: by the count of the browsers that hold people to it
	// ([label.TypedLength]), so that whatever the form takes arrives.
	MaxReported = 2000
	MaxWhere    = 200
	MaxContact  = 200
)

// A reportSubject is what reports are merged by.
type reportSubject struct {
	label label.ID
	kind  string
}

// openReports counts the open reports, so that taking one costs the same however many
// there are. Only the writer's goroutine touches it.
type openReports struct {
	known bool // it was read, and no commit has failed since
	all   map[string]reportSubject
	about map[label.ID]int
	last  map[reportSubject]string // the newest, by ID
}

// read counts what is open, once.
func (o *openReports) read(v *store.View) error {
	if o.known {
		return nil
	}
	o.all, o.about, o.last = map[string]reportSubject{}, map[label.ID]int{}, map[reportSubject]string{}
	err := v.OpenComplaints(nil, func(c *store.Complaint, _ []byte) bool {
		key := reportSubject{c.Label, c.Kind}
		newest, any := o.last[key]
		o.put(c)
		if any {
			o.last[key] = newest // they come newest first
		}
		return true
	})
	o.known = err == nil
	return err
}

// put is told of each report that was committed.
func (o *openReports) put(c *store.Complaint) {
	_, open := o.all[c.ID]
	key := reportSubject{c.Label, c.Kind}
	switch {
	case c.Closed.IsZero() && !open:
		o.all[c.ID], o.last[key] = key, c.ID
		o.about[c.Label]++
	case !c.Closed.IsZero() && open:
		delete(o.all, c.ID)
		if o.last[key] == c.ID {
			delete(o.last, key)
		}
		if o.about[c.Label]--; o.about[c.Label] == 0 {
			delete(o.about, c.Label)
		}
	}
}

// room reports whether one more report about a label is kept in full.
func (o *openReports) room(id label.ID) bool {
	n, most := o.about[id], MaxLabelReports
	if id == "" {
		most = MaxUnlabelled
	}
	switch {
	case len(o.all) >= 2*MaxOpenComplaints:
		return false
	case len(o.all) >= MaxOpenComplaints:
		return n < FewReports
	}
	return n < most
}

// into returns the report that another is merged into, or nil where it has to be kept
// in full: there is none of its kind about its label, and room for one more of each.
func (o *openReports) into(v *store.View, b *batch, c *store.Complaint) (*store.Complaint, error) {
	keys := []reportSubject{{c.Label, c.Kind}}
	if len(o.all) >= 2*MaxOpenComplaints {
		keys = append(keys, reportSubject{"", c.Kind})
	}
	for _, key := range keys {
		id, ok := o.last[key]
		if !ok || written(b, id) {
			continue // it is being closed
		}
		return v.Complaint(id)
	}
	return nil, nil
}

// written reports whether a batch writes a report.
func written(b *batch, id string) bool {
	for c := range store.Writes[*store.Complaint](&b.Batch) {
		if c.ID == id {
			return true
		}
	}
	return false
}

// merge adds a report to another.
func merge(into, c *store.Complaint) {
	line := strings.Join(strings.Fields(c.Text), " ")
	if c.Where != "" {
		line += " (" + strings.Join(strings.Fields(c.Where), " ") + ")"
	}
	if c.Label != into.Label {
		line = c.Label.Pretty() + ": " + line
	}
	into.More++
	into.Words += line + "\n"
	for len(into.Words) > MaxMergedWords {
		_, into.Words, _ = strings.Cut(into.Words, "\n")
	}
}

// Complain takes what somebody reports who need not say who they are. It is seen
// by operators only. The label may be left out; one that is named must exist. Where
// there are many already, what is returned is the report that it was merged into.
func (a *Oversight) Complain(ctx context.Context, p store.Complaint) (*store.Complaint, error) {
	if err := CheckComplaint(&p); err != nil {
		return nil, err
	}
	if err := a.spare(); err != nil {
		return nil, err
	}
	c := &store.Complaint{ID: strings.ToLower(rand.Text()[:12]), Label: p.Label, Kind: p.Kind, Where: p.Where, Text: p.Text, Contact: p.Contact}
	out := c
	err := a.writer.do(ctx, []string{"complaint"}, func(v *store.View, b *batch) error {
		if c.Label != "" {
			if _, err := v.Label(c.Label); err != nil {
				return found(err, label.ReasonUnknownLabel, "label", "no label %s was issued here; leave it out, and write what stands on the product", c.Label.Pretty())
			}
		}
		if err := a.openReports.read(a.past(v, "counting reports")); err != nil {
			return err
		}
		out = c
		if !a.openReports.room(c.Label) {
			into, err := a.openReports.into(v, b, c)
			if err != nil {
				return err
			}
			if into != nil {
				merge(into, c)
				out = into
			}
		}
		if out == c {
			c.Received = b.At.UTC()
		}
		b.Add(out)
		id := "report-" + out.ID
		if out.More > 0 {
			if !powerOfTen(out.More) {
				return nil
			}
			id += "-" + strconv.Itoa(out.More)
		}
		return a.tellOperators(b, notice.ReportReceived, id, string(out.Label), ReportNews{out.ID, out.Label, out.Kind})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// powerOfTen reports whether operators are told of so many merged reports: of the
// first, the tenth, the hundredth.
func powerOfTen(n int) bool {
	for n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// CheckComplaint tidies up what a stranger wrote, and says what has to be fixed in it;
// whether there is such a label it does not know.
func CheckComplaint(p *store.Complaint) error {
	p.Text, p.Where, p.Contact = strings.TrimSpace(p.Text), strings.TrimSpace(p.Where), strings.TrimSpace(p.Contact)
	if !slices.Contains(ComplaintKinds, p.Kind) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "kind", "must be one of %s", strings.Join(ComplaintKinds, ", "))
	}
	if p.Text == "" {
		return label.Errorf(label.Invalid, label.ReasonMissing, "text", "is required: say what you saw")
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"text", p.Text, MaxReported}, {"where", p.Where, MaxWhere}, {"contact", p.Contact, MaxContact}} {
		if n := label.TypedLength(f.value); n > f.most {
			return label.Errorf(label.TooLarge, label.ReasonTooLarge, f.name, "is %d characters, at most %d are accepted", n, f.most)
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
func (a *Oversight) Complaints(c Caller, id label.ID, p Page) (list []*ComplaintState, next string, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, "", err
	}
	page, err := collect[*store.Complaint](p, "complaints", string(id))
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if id != "" {
			err = a.past(v, "listing reports").LabelComplaints(id, page.after.at, page.add)
		} else {
			err = a.past(v, "listing reports").OpenComplaints(page.after.at, page.add)
		}
		about := map[label.ID]int{} // counted once for each label
		for _, c := range page.items {
			s := &ComplaintState{Complaint: *c}
			if _, counted := about[c.Label]; !counted && c.Label != "" {
				about[c.Label] = v.Complaints(c.Label)
			}
			s.AboutLabel = about[c.Label]
			list = append(list, s)
		}
		return err
	})
	return list, page.next, err
}

// CloseComplaint closes a complaint with what came of it. Whom to ask back is
// forgotten. Closing it again changes nothing.
func (a *Oversight) CloseComplaint(ctx context.Context, c Caller, id, outcome string) (*store.Complaint, error) {
	var out *store.Complaint
	err := a.act(ctx, c, label.ActCloseReport, id, func(x *act) (err error) {
		out, err = closeComplaint(x, id, outcome)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func closeComplaint(x *act, id, outcome string) (*store.Complaint, error) {
	if outcome == "" || len(outcome) > label.MaxProse {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "outcome", "is required, in at most %d bytes: what came of it", label.MaxProse)
	}
	var out *store.Complaint
	err := x.do([]string{claimf("complaint/%s", id)}, func(v *store.View, b *batch) (err error) {
		if out, err = v.Complaint(id); err != nil {
			return found(err, label.ReasonUnknownSubject, "id", "no report %q was received; \"labelctl report list\" names those that are open", id)
		}
		if out.Closed.IsZero() {
			out.Closed, out.Outcome, out.Contact = b.At.UTC().Truncate(time.Second), outcome, ""
			b.Add(out)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// committed counts the reports of a commit.
func (a *Oversight) committed(b *store.Batch) {
	if !a.openReports.known {
		return
	}
	for c := range store.Writes[*store.Complaint](b) {
		a.openReports.put(c)
	}
}
