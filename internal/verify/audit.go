package verify

import (
	"fmt"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/translog"
)

// # The audit trail
//
// An exported audit trail is a file of lines: first a [TrailHead], the head of the trail
// that the log has, and then the entries as they are hashed ([label.TrailEntry.Leaf]), from
// the first on and without gaps. So whoever reads it knows from the first line on what it
// is, of which version, and what the entries are held against. [Trust.Trail] checks:
//
//  1. an authority key of the trust file signed the head, and was in use when the head
//     was recorded;
//  2. the exact envelope is an entry of the transparency log, by an inclusion proof to a
//     checkpoint that the log's key signed;
//  3. each entry is in its one form, has the number of its place, and is not earlier than
//     the one before it;
//  4. the tree over as many entries as the head names has the root that it names.
//
// So whoever has an older export, or any head from the log, can tell whether an entry was
// changed, left out, added or moved since. Entries after those of the head are named
// ([Trail.Beyond]): they may still be rewritten. Where they are too old for that, or the
// head too old for them, the log should have a later head, and [Trail.Told] says so, as it
// does of a trail without a head, in which nothing is signed. A trail and a head that are
// both older than what the log has verify, as of then: [Trail.At] says when that was. No
// entry is from after the present.

// A TrailHead is the first line of an exported audit trail: what shows that the log has a
// head of it. Where nothing was logged yet it has a type and nothing else.
type TrailHead struct {
	Type  string     `json:"type"`            // always [label.TypeAudit]
	Head  label.JSON `json:"head,omitzero"`   // the Sigstore bundle with the head of the trail
	Proof string     `json:"proof,omitempty"` // of its log entry, with the checkpoint
}

// NewTrailHead returns what shows that the log has a head of the audit trail.
func NewTrailHead(bundle, proof []byte) *TrailHead {
	return &TrailHead{Type: label.TypeAudit, Head: bundle, Proof: string(proof)}
}

// ParseTrailHead reads the first line of an exported audit trail.
func ParseTrailHead(line []byte) (*TrailHead, error) {
	if len(line) > label.MaxMessage {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "is %d bytes, at most %d are accepted", len(line), label.MaxMessage)
	}
	kind, err := label.DocumentType(line, label.TypeAudit)
	if err != nil {
		return nil, err
	}
	h := new(TrailHead)
	err = label.Decode(line, h)
	if kind != label.TypeAudit && (err == nil || label.ReasonOf(err) == label.ReasonUnknownField) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "type", "is %q, must be %q: this is not the first line of an exported audit trail, which has the head", kind, label.TypeAudit)
	}
	if err != nil {
		return nil, err
	}
	if (h.Head == nil) != (h.Proof == "") {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "proof", "head and proof belong together: one of them is missing")
	}
	return h, nil
}

// A Trail is an audit trail that is being verified.
type Trail struct {
	Head  *label.AuditHead // that the log has; nil where none was logged
	Index int64            // its log entry
	At    time.Time        // when the checkpoint was signed that has it

	now   time.Time     // by the clock of who verifies
	tree  translog.Tree // over the entries so far
	edge  map[translog.Node]translog.Hash
	last  time.Time // of the last entry
	since time.Time // of the first entry after those of the head
}

// Trail checks that the log has a head of the audit trail, and returns the trail without
// entries yet.
func (t *Trust) Trail(h *TrailHead, now time.Time) (*Trail, error) {
	r := &Trail{now: now, tree: translog.Empty(), edge: map[translog.Node]translog.Hash{}}
	if h.Head == nil {
		return r, nil
	}
	u, err := envelope.Open(h.Head)
	if err != nil {
		return nil, label.Within("head", err)
	}
	v, err := t.Statement(u.Envelope())
	if err != nil {
		if label.ReasonOf(err) == label.ReasonNewerVersion {
			return nil, label.Within("head", err)
		}
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "head", "no trusted key of the authority signed it: %v", err)
	}
	if v.PredicateType() != label.TypeAuditHead {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "head", "the statement is a %s, not the head of an audit trail", v.PredicateType())
	}
	if r.Head, err = envelope.Predicate[label.AuditHead](v); err != nil {
		return nil, label.Within("head", err)
	}
	var at Result
	if err := t.located(&at, u.Envelope(), []byte(h.Proof), now); err != nil {
		return nil, err
	}
	r.Index, r.At = at.Index, at.Fresh
	return r, nil
}

// Proves checks that an entry is among those of the head, by its inclusion proof.
func (r *Trail) Proves(leaf []byte, hashes []translog.Hash) (*label.TrailEntry, error) {
	e, err := label.ParseTrailEntry(leaf)
	if err != nil {
		return nil, err
	}
	if r.Head == nil || e.Number >= r.Head.Size {
		return nil, label.Errorf(label.Precondition, label.ReasonNotLogged, "number", "entry %d is not among those of the head in the log; that may take a minute", e.Number)
	}
	tree := translog.Tree{N: r.Head.Size, Hash: translog.Hash(r.Head.Root)}
	if err := translog.VerifyInclusion(tree, e.Number, translog.LeafHash(leaf), hashes); err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "proof", "entry %d is not shown to be in the audit trail: %v", e.Number, err)
	}
	return e, nil
}

// Add takes the next entry. After an error the trail is worth nothing.
func (r *Trail) Add(leaf []byte) (*label.TrailEntry, error) {
	e, err := label.ParseTrailEntry(leaf)
	if err != nil {
		return nil, label.Within(fmt.Sprintf("entries[%d]", r.tree.N), err)
	}
	field := fmt.Sprintf("entries[%d]", r.tree.N)
	if e.Number != r.tree.N {
		return nil, label.Errorf(label.Invalid, label.ReasonWithheld, field, "entry %d stands where entry %d belongs: entries were left out, put in or moved", e.Number, r.tree.N)
	}
	if err := notAhead(field+".at", e.At, r.now); err != nil {
		return nil, err
	}
	next, added, err := translog.Append(r.tree, translog.NodeFunc(r.hash), [][]byte{leaf})
	if err != nil {
		return nil, err
	}
	for _, s := range added {
		r.edge[s.Node] = s.Hash
	}
	for n := range r.edge { // what is left of it is all that the next entry needs
		if next.N>>n.Level&1 == 0 || n.N != next.N>>n.Level-1 {
			delete(r.edge, n)
		}
	}
	r.tree, r.last = next, e.At
	switch {
	case r.Head == nil && next.N == 1, r.Head != nil && next.N == r.Head.Size+1:
		r.since = e.At
	case r.Head != nil && next.N == r.Head.Size && next.Hash != translog.Hash(r.Head.Root):
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "entries",
			"the first %d entries have the root %s, and the log has %s (entry %d): an entry was changed, left out or put in", next.N, label.Digest(next.Hash), r.Head.Root, r.Index)
	}
	return e, nil
}

func (r *Trail) hash(n translog.Node) (translog.Hash, error) {
	h, ok := r.edge[n]
	if !ok {
		return h, fmt.Errorf("no hash at level %d, %d", n.Level, n.N)
	}
	return h, nil
}

// End checks that all entries of the head were there.
func (r *Trail) End() error {
	if r.Head != nil && r.tree.N < r.Head.Size {
		return label.Errorf(label.Invalid, label.ReasonWithheld, "entries", "there are %d entries, and the log has the head of %d: the last ones are missing", r.tree.N, r.Head.Size)
	}
	return nil
}

// Size returns how many entries there were.
func (r *Trail) Size() int64 { return r.tree.N }

// Beyond returns how many entries there were after those of the head, and of when the
// first of them is. They are not logged yet, and nothing shows whether they are as they
// were written.
func (r *Trail) Beyond() (n int64, since time.Time) {
	if r.Head == nil {
		return r.tree.N, r.since
	}
	return max(0, r.tree.N-r.Head.Size), r.since
}

// Told returns why nobody can tell whether all entries are as they were written: there is
// no head, or by the time of the log's head, or of the last entry, a later head of the trail
// was due ([label.MaxTrailDelay]). Either the service does not log what it should, or a
// later head is withheld.
func (r *Trail) Told() error {
	if r.Head == nil {
		return label.Errorf(label.Precondition, label.ReasonIncomplete, "head",
			"is missing, so that nothing in the trail is signed; the log has a head within %.0f minutes of the first entry, export the trail again", label.MaxTrailDelay.Minutes())
	}
	n, since := r.Beyond()
	if n == 0 {
		return nil
	}
	end := r.At
	if r.last.After(end) {
		end = r.last
	}
	if end.Sub(since) <= label.MaxTrailDelay && r.last.Sub(r.At) <= label.MaxTrailDelay {
		return nil
	}
	return label.Errorf(label.Precondition, label.ReasonIncomplete, "head",
		"is of %s; entries from %d on, of %s, are not among those of it, and by %s the log should have had a later one; ask the authority for that",
		r.At.UTC().Format(time.RFC3339), r.tree.N-n, since.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339))
}
