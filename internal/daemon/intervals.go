package daemon

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"labeld/internal/store"
	"labeld/internal/verify"
)

// A statement counts only if its key was in use when it was made ([verify.Trust]), so
// that a wrong time in the configuration takes from labels what they stand on. The
// times are therefore held against the log before anything is served: what each label
// key has signed there lies between its from and its until. Whatever else a label key
// signs, the status list, is of the present, in which the key that signs must be in use.
// The key of the log has no such times.
//
// A log is long, and a start is to be quick. Entries are in the order of time, and a
// key signs until another takes its place, so that where each begins and ends is found
// by bisection. A key that was put back after another is found where bisection comes
// upon it; "labeld check" reads every entry.

// nearEnds is how many entries at either end of a key's run are looked at: what was
// made first need not be logged first, since requests wait for each other.
const nearEnds = 256

// A keyRun is a stretch of the log that one key has signed.
type keyRun struct {
	key        string
	first, end int64 // entries
}

// checkIntervals refuses a configuration by which a label key was not in use when it
// signed what is in the log, or is not in use now.
func checkIntervals(v *store.View, size int64, trust *verify.Trust, now time.Time) error {
	if from := trust.LabelKeys[0].From; from.Truncate(time.Second).After(now) {
		return fmt.Errorf("label_key_from: is %s, and it is %s now; nothing that is signed until then would verify, so give the instant at which the key came into use", instant(from), instant(now))
	}
	for _, run := range keyRuns(v, size) {
		i := slices.IndexFunc(trust.LabelKeys, func(k verify.TrustKey) bool { return k.ID == run.key })
		if i < 0 {
			return fmt.Errorf("label_key: key %.16s has signed entry %d of the log, and nothing that it signed would verify; list its public key in retired_keys, with from and until", run.key, run.first)
		}
		if err := run.within(v, &trust.LabelKeys[i], i); err != nil {
			return err
		}
	}
	return nil
}

// keyRuns returns which keys have signed the log. An entry that cannot be read is of
// none: the check tells of it.
func keyRuns(v *store.View, size int64) (runs []keyRun) {
	keyAt := func(index int64) string {
		e, err := v.Entry(index)
		if err != nil {
			return ""
		}
		return e.Signatures[0].KeyID
	}
	for first := int64(0); first < size; {
		run := keyRun{key: keyAt(first), first: first}
		run.end = first + int64(sort.Search(int(size-first), func(i int) bool { return keyAt(first+int64(i)) != run.key }))
		if run.key != "" {
			runs = append(runs, run)
		}
		first = run.end
	}
	return runs
}

// within refuses times of a key that do not hold what it signed. The configuration has
// the key that signs now, at 0, and after it the retired ones.
func (r keyRun) within(v *store.View, k *verify.TrustKey, at int) error {
	from, until := "label_key_from", ""
	if at > 0 {
		from, until = fmt.Sprintf("retired_keys[%d].from", at-1), fmt.Sprintf("retired_keys[%d].until", at-1)
	}
	var first, last time.Time
	var firstAt, lastAt int64
	for i := r.first; i < r.end; i++ {
		if i == r.first+nearEnds {
			i = max(i, r.end-nearEnds)
		}
		e, err := v.Entry(i)
		if err != nil {
			continue
		}
		made, err := verify.Made(e.Payload)
		if err != nil {
			continue
		}
		if first.IsZero() || made.Before(first) {
			first, firstAt = made, i
		}
		if !made.Before(last) {
			last, lastAt = made, i
		}
	}
	switch {
	case first.Before(k.From.Truncate(time.Second)):
		return fmt.Errorf("%s: is %s, and the key signed entry %d of the log on %s; what it signed before that time would not verify, so give %s or an earlier instant",
			from, instant(k.From), firstAt, instant(first), instant(first))
	case !k.Until.IsZero() && !last.Before(k.Until):
		return fmt.Errorf("%s: is %s, and the key signed entry %d of the log on %s; what it signed from that time on would not verify, so give %s or a later instant",
			until, instant(k.Until), lastAt, instant(last), instant(last.Truncate(time.Second).Add(time.Second)))
	}
	return nil
}

// instant writes an instant as the configuration has it.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
