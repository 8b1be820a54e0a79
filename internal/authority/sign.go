package authority

import (
	"sync"
	"time"

	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/store"
)

// A batch is what the next commit writes, while ops are prepared for it, and what the op
// that is being prepared has to have signed.
//
// Nothing is signed while an op is prepared: the key may be slow, and everything else
// would wait for it, under an open view of the store. Where a statement is not signed
// yet, the op goes on with a draft of it, and all that it has added is taken back. Its
// statements are signed beside the writer, several at a time, and then it is prepared
// again: whether it is still admitted is decided then. Where nothing changed that it
// rests on, it comes to the same statements, finds them signed, and is committed. Where
// something did, it comes to other ones, which are signed in their turn.
type batch struct {
	store.Batch

	// Recorded is when the statements of the op say that they were recorded: when the
	// op was prepared first, so that it comes to the same statements again. That is
	// before the commit by as long as signing takes.
	Recorded time.Time

	outcome  label.ActOutcome           // what the audit trail says of the act that the op carries out
	signed   map[label.Digest]signature // what was signed for the op
	unsigned []*issue.Unsigned
	issuer   *issue.Issuer
}

// A signature is a statement that was signed, or why it was not.
type signature struct {
	*issue.Signed
	entry *store.Entry
	err   error
}

// sign returns a statement as it was signed, and its log entry; or, where it was not
// yet, as it will be.
func (b *batch) sign(u *issue.Unsigned, err error) (*issue.Signed, *store.Entry, error) {
	if err != nil {
		return nil, nil, err
	}
	if s, ok := b.signed[u.ID()]; ok {
		return s.Signed, s.entry, s.err
	}
	b.unsigned = append(b.unsigned, u)
	return b.issuer.Draft(u), &store.Entry{}, nil
}

// log adds a log entry to the batch.
func (b *batch) log(e *store.Entry) { b.Entries = append(b.Entries, e) }

// index returns the log index that the next entry of the batch will have.
func (b *batch) index() int64 { return b.From.N + int64(len(b.Entries)) }

// DefaultSigners is how many statements are signed at the same time where the
// configuration does not say. With a key in memory it is more than there are processors;
// a KMS answers as many calls at a time.
const DefaultSigners = 16

// signers sign statements, so many at a time. Where there are two places or more, one is
// for what goes first: nobody delays a suspension by asking for much.
type signers struct {
	issuer *issue.Issuer
	places chan struct{} // taken by those that are signed
	first  chan struct{}
}

func newSigners(i *issue.Issuer, n int) *signers {
	first := min(1, n-1)
	return &signers{issuer: i, places: make(chan struct{}, n-first), first: make(chan struct{}, first)}
}

// place waits for a place to sign in, and returns what gives it back. Whoever calls it
// holds nothing that others wait for.
func (s *signers) place(first bool) (leave func()) {
	if !first {
		s.places <- struct{}{}
		return func() { <-s.places }
	}
	select {
	case s.first <- struct{}{}:
		return func() { <-s.first }
	case s.places <- struct{}{}:
		return func() { <-s.places }
	}
}

// sign signs a statement that was prepared.
func (s *signers) sign(u *issue.Unsigned, err error) (*issue.Signed, error) {
	if err != nil {
		return nil, err
	}
	defer s.place(false)()
	return s.issuer.Sign(u)
}

// all signs statements, and returns them by what they say.
func (s *signers) all(list []*issue.Unsigned, first bool) map[label.Digest]signature {
	made := make([]signature, len(list))
	var wg sync.WaitGroup
	for i, u := range list {
		wg.Go(func() {
			defer s.place(first)()
			out := &made[i]
			if out.Signed, out.err = s.issuer.Sign(u); out.err == nil {
				out.entry, out.err = store.NewEntry(out.Envelope, out.Leaf)
			}
		})
	}
	wg.Wait()
	all := make(map[label.Digest]signature, len(list))
	for i, u := range list {
		all[u.ID()] = made[i]
	}
	return all
}
