package authority

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A LabelNews is the data of a notice about a label. It says where to look; what
// is found there is signed.
type LabelNews struct {
	Label     label.ID           `json:"label"`
	URL       string             `json:"url"`
	Device    label.Digest       `json:"device"`           // of the descriptor
	Number    int                `json:"number,omitzero"`  // of the status in the label's history; 0 where time brought it about
	Reason    string             `json:"reason,omitempty"` // code
	Why       string             `json:"why,omitempty"`    // the reason in plain words
	Text      string             `json:"text,omitempty"`   // what happened
	Effective time.Time          `json:"effective"`
	Expires   time.Time          `json:"expires,omitzero"` // of one that expires soon, or has
	Successor *label.LabelLink   `json:"successor,omitempty"`
	Advisory  *label.AdvisoryRef `json:"advisory,omitempty"`
}

// A SchemeNews is the data of a notice about new criteria.
type SchemeNews struct {
	Scheme  string `json:"scheme"`
	Version string `json:"version"` // that is served now
	Before  string `json:"before"`  // that was served until now
}

// An AccreditationNews is the data of a notice to a lab, and to operators.
type AccreditationNews struct {
	Lab        string         `json:"lab"`
	Number     string         `json:"number"`
	Suspended  string         `json:"suspended,omitempty"` // why; empty where it is in force
	Standards  []string       `json:"standards"`
	Categories []string       `json:"categories"`
	Methods    []label.Method `json:"methods"`
	Interval   label.Period   `json:"interval"`
	Entry      int64          `json:"entry"`           // of the log
	Notes      []string       `json:"notes,omitempty"` // what changed by it, where an operator recorded it anew
}

// A StatementNews is the data of a notice that a statement, or a ruling, was struck.
type StatementNews struct {
	Statement label.Digest `json:"statement"`
	Device    label.Digest `json:"device"`           // of the descriptor
	Type      string       `json:"type"`             // predicate type
	Signer    string       `json:"signer,omitempty"` // of a statement
	Number    string       `json:"number,omitempty"` // of a statement, as its signer gave it
	Reason    string       `json:"reason"`
	Text      string       `json:"text"`
}

// An AffiliationNews is the data of a notice that two organizations are under common
// control, or no longer.
type AffiliationNews struct {
	Organization string     `json:"organization"`
	Affiliate    string     `json:"affiliate"`
	Ended        label.Date `json:"ended,omitzero"`   // last day of common control that has ended
	Reason       string     `json:"reason,omitempty"` // code; empty where it came with an enrolment
	Text         string     `json:"text"`
}

// An EventNews is the data of a notice to operators that another of them reported
// an event.
type EventNews struct {
	Event    label.Digest    `json:"event"`
	Kind     label.EventKind `json:"kind"`
	About    string          `json:"about"` // what the event names
	Reason   string          `json:"reason"`
	Text     string          `json:"text"`
	Operator string          `json:"operator"` // that reported it, or the laboratory that withdraws its report
}

// A KeyNews is the data of a notice to the owner of a key.
type KeyNews struct {
	Key         string    `json:"key"`
	Reason      string    `json:"reason"`
	Compromised time.Time `json:"compromised,omitzero"` // from when on nothing counts that it signed
}

// A RefusalNews is the data of a notice that a label was refused which somebody else
// asked for.
type RefusalNews struct {
	Decision label.Digest `json:"decision"`
	Device   label.Digest `json:"device"` // of the descriptor
	Scheme   string       `json:"scheme"`
	Level    int          `json:"level"`    // that was asked for
	AppealBy label.Date   `json:"appealBy"` // last day for an appeal
}

// An AppealNews is the data of a notice about an appeal.
type AppealNews struct {
	Decision label.Digest        `json:"decision"`
	Appeal   label.Digest        `json:"appeal"`
	DecideBy label.Date          `json:"decideBy"`          // last day for the authority
	Outcome  label.RulingOutcome `json:"outcome,omitempty"` // of one that is decided
}

// An OverruledNews is the data of a notice to a laboratory that the authority accepts
// on appeal what its report found wrong. Why is between the authority and the
// manufacturer until a label rests on the ruling, which then discloses it.
type OverruledNews struct {
	Ruling    label.Digest `json:"ruling"` // known also by a notice, should it be struck
	Statement label.Digest `json:"statement"`
	Device    label.Digest `json:"device"` // that the report is about
	Number    string       `json:"number"` // of the report, as the laboratory gave it
	Criteria  []string     `json:"criteria"`
}

// An OutweighedNews is the data of a notice to a laboratory that a label stands by an
// operator's decision, against what its report found wrong. What was found still counts:
// for a new label, for a renewal, and where more is found.
type OutweighedNews struct {
	Label     label.ID     `json:"label"`
	URL       string       `json:"url"`
	Device    label.Digest `json:"device"` // of the label
	Action    label.Action `json:"action"` // by which it stands: reinstate or clear
	Why       string       `json:"why"`    // the operator's reason, in words
	Text      string       `json:"text"`   // and what he wrote
	Statement label.Digest `json:"statement"`
	Number    string       `json:"number"` // of the report, as the laboratory gave it
	Criteria  []string     `json:"criteria"`
}

// tellOutweighed tells laboratories that a label which was judged again stands by an
// operator's decision, against what they found wrong: once for each such decision.
func (a *Issuing) tellOutweighed(b *batch, n *verdict, h *label.History, standing *label.Standing) error {
	if len(n.found) == 0 || standing.Open() {
		return nil
	}
	var by *label.Status
	for _, st := range h.Statuses {
		if st.Cause == (label.Cause{}) && (st.Action == label.Reinstate || st.Action == label.Clear) {
			by = st
		}
	}
	if by == nil {
		return nil
	}
	news := OutweighedNews{Label: n.rec.ID, URL: a.issuer.URL(n.rec.ID), Device: n.rec.Device, Action: by.Action, Text: by.Text}
	if r := a.programme.Reasons[by.Reason]; r != nil {
		news.Why = r.Title
	}
	for _, f := range n.found {
		news.Statement, news.Number, news.Criteria = f.item.ID, f.item.Number, f.criteria
		if err := tell(b, notice.FindingOutweighed, fmt.Sprintf("outweighed-%s-%d-%s", n.rec.ID, by.Number, f.item.ID), string(n.rec.ID), f.item.Signer, news); err != nil {
			return err
		}
	}
	return nil
}

// A ReportNews is the data of a notice to the authority that somebody reported
// something.
type ReportNews struct {
	Report string   `json:"report"`
	Label  label.ID `json:"label,omitempty"`
	Kind   string   `json:"kind"`
}

// A JudgedNews is the data of a notice that a live label was judged again, which
// changed what is known of it.
type JudgedNews struct {
	Label    label.ID     `json:"label"`
	URL      string       `json:"url"`
	Device   label.Digest `json:"device"`
	Outcome  string       `json:"outcome"`            // failed (a laboratory found it), disclaimed (the manufacturer declares it), unsupported, carried-again, not-judged (its version of the scheme is not served), renewable (it is to lapse, and what that was for is in order again), not-renewable (which is so no longer)
	Action   label.Action `json:"action,omitempty"`   // what became of it: none, review or suspend
	Criteria []string     `json:"criteria,omitempty"` // what is no longer met, in words
	Text     string       `json:"text,omitempty"`     // not-renewable: why, and what would make it so again
	Bar      string       `json:"bar,omitempty"`      // of renewable: why it cannot be renewed for the time being, and the way out
}

// kinds says which notice a status makes.
var kinds = map[label.Action]string{
	label.Suspend:   notice.LabelSuspended,
	label.Reinstate: notice.LabelReinstated,
	label.Revoke:    notice.LabelRevoked,
	label.Withdraw:  notice.LabelWithdrawn,
	label.Supersede: notice.LabelSuperseded,
	label.Lapse:     notice.LabelLapsing,
	label.Review:    notice.LabelReview,
	label.Clear:     notice.LabelCleared,
	label.Advise:    notice.LabelAdvised,
	label.Release:   notice.LabelReleased,
}

// tell adds a notice to a batch. Its ID follows from what happened, so that nothing
// is told twice. Whatever happens later and looks the same needs an ID of its own,
// or it is never told.
func tell(b *batch, kind, id, subject, org string, news any) error {
	n, err := newNotice(b.At, kind, id, subject, org, news)
	if err == nil {
		b.Add((*store.Notice)(n))
	}
	return err
}

// tellOperators adds a notice to a batch for each organization of operators but
// those that know already.
func (a *core) tellOperators(b *batch, kind, id, subject string, news any, know ...string) error {
	for _, org := range a.distrust.Load().operators {
		if slices.Contains(know, org) {
			continue
		}
		if err := tell(b, kind, id+"-"+org, subject, org, news); err != nil {
			return err
		}
	}
	return nil
}

func newNotice(at time.Time, kind, id, subject, org string, news any) (*notice.Notice, error) {
	data, err := label.Encode(news)
	if err != nil {
		return nil, err
	}
	n := &notice.Notice{ID: id, Kind: kind, Subject: subject, Organization: org, Time: at.UTC(), Data: data}
	if err := n.Validate(); err != nil {
		return nil, fmt.Errorf("notice %s: %w", id, err)
	}
	return n, nil
}

// tellStatus tells a manufacturer what happened to a label, and operators what
// others of them did to it.
//
// What follows from an event is told to the manufacturer alone: operators hear of
// the event once ([notice.EventReported]), which may touch ten thousand labels. Of
// what follows from a judgement they hear by [notice.LabelJudged], and where a
// judgement ends a label early, by the notice that the manufacturer gets: there is
// neither an event nor a verdict of which they hear.
func (a *Issuing) tellStatus(b *batch, rec *store.Label, st *label.Status) error {
	news := LabelNews{
		Label: rec.ID, URL: a.issuer.URL(rec.ID), Device: rec.Device, Number: st.Number, Reason: st.Reason, Text: st.Text,
		Effective: st.Effective, Successor: st.Successor, Advisory: st.Advisory,
	}
	if r := a.programme.Reasons[st.Reason]; r != nil {
		news.Why = r.Title
	}
	kind, id := kinds[st.Action], fmt.Sprintf("%s-%d", rec.ID, st.Number)
	if err := tell(b, kind, id, string(rec.ID), rec.Org, news); err != nil {
		return err
	}
	// Of several who asked, the last one had it done; the others have waited for that.
	know := []string{rec.Org}
	if n := len(st.Requests); n > 0 {
		know = append(know, st.Requests[n-1].Organization)
	}
	operators := a.distrust.Load().operators
	acted := st.Cause == (label.Cause{}) && slices.ContainsFunc(st.Requests, func(r label.RequestRef) bool { return slices.Contains(operators, r.Organization) })
	if acted || st.Action == label.Lapse && st.Cause.Kind == label.CauseEvidence && st.Effective.Before(rec.Expires) { // of a label that was issued with that end everybody knows
		return a.tellOperators(b, kind, id, string(rec.ID), news, know...)
	}
	return nil
}

// tellEvent tells operators that another of them reported an event.
func (a *Events) tellEvent(b *batch, e *store.Event) error {
	by := e.Signature.Organization
	if e.Event.Kind == label.AdvisoryEvent && !slices.Contains(a.distrust.Load().operators, by) {
		return nil // of a manufacturer's advisory nobody has to know who has not asked
	}
	return a.tellOperators(b, notice.EventReported, "event-reported-"+e.Digest.String(), e.Event.Name(), EventNews{
		Event: e.Digest, Kind: e.Event.Kind, About: e.Event.Name(), Reason: e.Event.Reason, Text: e.Event.Text, Operator: by,
	}, by)
}

// tellStruck tells whoever signed and carried a statement, and the manufacturer of
// the device, that it was struck; of a ruling, the laboratories whose findings it
// overruled, which count again. A statement is struck once, and withdrawn once before.
func (a *Events) tellStruck(v *store.View, b *batch, e *label.Event, device label.Digest) error {
	d, err := v.Device(device)
	if err != nil {
		return err
	}
	news := StatementNews{Statement: e.Statement, Device: device, Type: label.TypeRuling, Reason: e.Reason, Text: e.Text}
	concerned := []string{d.Org}
	switch st, err := v.Statement(e.Statement); {
	case err == nil:
		news.Type, news.Signer, news.Number = st.Type, st.Signer, st.Number
		concerned = append(concerned, st.Signer, st.Carrier)
	case !errors.Is(err, store.ErrNotFound):
		return err
	default:
		labs, err := a.issuing.overruledLabs(v, device, e.Statement)
		if err != nil {
			return err
		}
		concerned = append(concerned, labs...)
	}
	slices.Sort(concerned)
	what := "struck-"
	if e.Kind == label.WithdrawalEvent {
		what = "withdrawn-"
	}
	for _, org := range slices.Compact(concerned) {
		if err := tell(b, notice.StatementStruck, what+e.Statement.String()+"-"+org, e.Statement.String(), org, news); err != nil {
			return err
		}
	}
	return nil
}

// overruledLabs returns the laboratories whose findings a ruling on record overruled.
func (a *Issuing) overruledLabs(v *store.View, device, ruling label.Digest) (labs []string, err error) {
	r, err := v.Ruling(device, ruling)
	if err != nil {
		return nil, err
	}
	predicate, err := r.Predicate()
	if err != nil {
		return nil, err
	}
	list, err := a.overruled(v, predicate, device)
	for id := range list {
		if st, err := v.Statement(id); err == nil && label.SourceOf(st.Type) == label.SourceLab {
			labs = append(labs, st.Signer)
		}
	}
	return labs, err
}

// tellAffiliation tells two organizations, where they are enrolled, that they are on
// record as being under common control, or no longer. Enrolled is one that is enrolled
// in this very batch, or empty.
func tellAffiliation(v *store.View, b *batch, id, enrolled string, news AffiliationNews) error {
	for _, org := range []string{news.Organization, news.Affiliate} {
		if _, err := v.Org(org); errors.Is(err, store.ErrNotFound) && org != enrolled {
			continue // a parent need not be enrolled
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tell(b, notice.AffiliationChanged, id+"-"+org, news.Affiliate, org, news); err != nil {
			return err
		}
	}
	return nil
}

// ProductNews is the data of a notice that operators put a device, or all of a
// manufacturer, on hold or no longer do, or that a trade item number is another
// manufacturer's.
type ProductNews struct {
	Device       label.Digest `json:"device,omitzero"` // of the descriptor; zero where all of the manufacturer is meant
	GTIN         label.GTIN   `json:"gtin,omitempty"`
	Manufacturer string       `json:"manufacturer,omitempty"` // that the number belongs to now, or that the hold is about
	Reason       string       `json:"reason"`
	Text         string       `json:"text"`
}

// tellAccreditation tells a lab what it may test from now on. Where an operator
// recorded that without an event, by says who, and the other operators are told.
func (a *Registry) tellAccreditation(b *batch, rec *store.Accreditation, by string) error {
	id := fmt.Sprintf("entry-%d", rec.Index)
	news := AccreditationNews{
		Lab: rec.Lab.ID, Number: rec.Number, Suspended: rec.Suspended, Standards: rec.Standards, Categories: rec.Categories,
		Methods: rec.Methods, Interval: rec.Interval, Entry: rec.Index, Notes: rec.Notes,
	}
	if err := tell(b, notice.AccreditationChanged, id, rec.Number, rec.Lab.ID, news); err != nil || by == "" {
		return err
	}
	return a.tellOperators(b, notice.AccreditationChanged, id, rec.Number, news, by)
}

// tellAppeal tells the operators that there is an appeal, or the manufacturer, and
// the operators other than the one who decided, what became of it.
func (a *Oversight) tellAppeal(b *batch, appeal *store.Appeal, o label.RulingOutcome, by string) error {
	id := appeal.Digest.String()
	news := AppealNews{appeal.Decision, appeal.Digest, appeal.DecideBy, o}
	if o == "" {
		return a.tellOperators(b, notice.AppealFiled, "appeal-filed-"+id, id, news)
	}
	if err := tell(b, notice.AppealDecided, "appeal-decided-"+id, id, appeal.Org, news); err != nil {
		return err
	}
	return a.tellOperators(b, notice.AppealDecided, "appeal-decided-"+id, id, news, appeal.Org, by)
}

// tellOverruled tells laboratories which of their reports found wrong what a ruling
// accepts.
func (a *Oversight) tellOverruled(v *store.View, b *batch, predicate *label.Ruling, r *store.Ruling) error {
	list, err := a.issuing.overruled(v, predicate, r.Device)
	if err != nil {
		return err
	}
	for _, id := range slices.SortedFunc(maps.Keys(list), func(x, y label.Digest) int { return slices.Compare(x[:], y[:]) }) {
		st, err := v.Statement(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && label.SourceOf(st.Type) != label.SourceLab {
			continue // a ruling, or the manufacturer's own declaration
		}
		if err != nil {
			return err
		}
		if err := tell(b, notice.FindingOverruled, "overruled-"+r.Digest.String()+"-"+id.String(), id.String(), st.Signer, OverruledNews{
			Ruling: r.Digest, Statement: id, Device: st.Device, Number: st.Number, Criteria: list[id],
		}); err != nil {
			return err
		}
	}
	return nil
}

// EnrolledNews is the data of a notice that a key was enrolled.
type EnrolledNews struct {
	Key          string    `json:"key"`
	Organization string    `json:"organization"` // whose it is
	From         time.Time `json:"from"`         // when it counts
}

// tellKey tells the owner of a key that it is revoked. Where an operator revoked it
// without an event, by says who, and the other operators are told.
func (a *Registry) tellKey(b *batch, k *label.Key, by string) error {
	id, news := "key-"+k.ID, KeyNews{k.ID, k.RevokedFor, k.Compromised}
	if !k.Compromised.IsZero() {
		id += fmt.Sprintf("-%d", k.Compromised.UnixNano())
	}
	if err := tell(b, notice.KeyRevoked, id, k.ID, k.Organization, news); err != nil || by == "" {
		return err
	}
	return a.tellOperators(b, notice.KeyRevoked, id, k.ID, news, k.Organization, by)
}

// tellEnrolled tells an organization that it has another key, and of a key with which
// somebody can act as an operator all of these: whoever enrols one in the name of
// others makes a second operator of himself.
func (a *Registry) tellEnrolled(b *batch, owner *label.Organization, k *label.Key) error {
	news := EnrolledNews{k.ID, k.Organization, k.From}
	if owner.Has(label.RoleOperator) {
		if err := a.tellOperators(b, notice.KeyEnrolled, "enrolled-"+k.ID, k.ID, news); err != nil {
			return err
		}
		if slices.Contains(a.distrust.Load().operators, owner.ID) {
			return nil
		}
	}
	return tell(b, notice.KeyEnrolled, "enrolled-"+k.ID+"-"+owner.ID, k.ID, owner.ID, news)
}

// Notices lists what the caller was told, or another organization that an
// operator names, newest first.
func (a *Registry) Notices(c Caller, org string, p Page) ([]*notice.Notice, string, error) {
	org, err := c.itself(org, "organization")
	if err != nil {
		return nil, "", err
	}
	page, err := collect[*notice.Notice](p, "notices", org)
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if _, err := v.Org(org); err != nil {
			return unknownOrg(err, "organization", org)
		}
		return a.past(v, "listing notices").OrgNotices(org, page.after.at, page.add)
	})
	return page.items, page.next, err
}

// Feed returns the latest notices about a manufacturer's labels, newest first,
// and its name. It is public, and so is all that it tells. What a manufacturer that
// is an operator as well was told as such is about labels of others, and is left out:
// the IDs of such notices end with its own.
func (a *Registry) Feed(manufacturer string) (org *label.Organization, list []*notice.Notice, err error) {
	err = a.store.View(func(v *store.View) error {
		if org, err = v.Org(manufacturer); err != nil || !org.Has(label.RoleManufacturer) {
			return label.Errorf(label.NotFound, label.ReasonUnknownOrg, "manufacturer", "no manufacturer %q is enrolled here", manufacturer)
		}
		seen := 0
		return a.past(v, "listing notices").OrgNotices(manufacturer, nil, func(n *notice.Notice, _ []byte) bool {
			if notice.KindOf(n.Kind).Public && !(org.Has(label.RoleOperator) && strings.HasSuffix(n.ID, "-"+manufacturer)) {
				list = append(list, n)
			}
			seen++
			return len(list) < notice.MaxFeed && seen < maxFeedRead
		})
	})
	return org, list, err
}

// maxFeedRead bounds the notices that are read for a feed: many are for the
// manufacturer alone.
const maxFeedRead = 20 * notice.MaxFeed

// Manufacturer returns a manufacturer. It is public.
func (a *Registry) Manufacturer(id string) (org *label.Organization, err error) {
	err = a.store.View(func(v *store.View) error {
		if org, err = v.Org(id); err != nil || !org.Has(label.RoleManufacturer) {
			return label.Errorf(label.NotFound, label.ReasonUnknownOrg, "manufacturer", "no manufacturer %q is enrolled here", id)
		}
		return nil
	})
	return org, err
}

// itself returns the organization that a caller asks about: itself, or another
// one, if it is an operator.
func (c Caller) itself(org, field string) (string, error) {
	switch {
	case c.Org == "":
		return "", c.need(label.RoleOperator)
	case org == "":
		return c.Org, nil
	case org != c.Org && !c.Is(label.RoleOperator):
		return "", label.Errorf(label.Denied, label.ReasonNotYours, field, "only operators see what is for another organization")
	}
	return org, nil
}
