package authority

import (
	"slices"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// A history has an end: what happened to a label travels in one offline package,
// which is one message. So that nobody can write a label full, and nothing could
// be said against it any more, each may use a part of the room only:
//
//	advisories of its manufacturer             the first half
//	advisories of operators, and the clocks    the first three quarters
//	that advisories start
//	releasing the hold that it left            all
//	revoking, and whatever else ends it now    all but the last place
//	suspending                                 all but the last two places
//	everything else                            all but the last three places
//
// A label that stands can therefore always be suspended, and then be revoked, and
// the hold on its product can be ended. What
// is counted is what the package would hold: an advise that a later one of the same
// advisory has replaced takes almost nothing. Numbers are shared out in the same
// way, since a package of very many statements is large even if most are left out.

// lastPlace is the room that one statement of any kind takes at most, in bytes.
const lastPlace = label.MaxStatusEntry + verify.MaxLoggedExtra

// room returns how many bytes and how many statements a history may have with
// one more statement. Maker says that it is an advise of the manufacturer.
func room(st *label.Status, maker bool) (bytes, number int) {
	switch {
	case maker:
		return label.MaxHistory / 2, label.MaxStatuses / 2
	case st.Action == label.Advise, st.Action == label.Review && len(st.Requests) == 0:
		return label.MaxHistory / 4 * 3, label.MaxStatuses / 4 * 3
	case st.Action == label.Release:
		return label.MaxHistory, label.MaxStatuses
	case st.Action == label.Revoke, (st.Action == label.Withdraw || st.Action == label.Supersede) && st.Effective.IsZero():
		return label.MaxHistory - lastPlace, label.MaxStatuses - 1
	case st.Action == label.Suspend:
		return label.MaxHistory - 2*lastPlace, label.MaxStatuses - 2
	}
	return label.MaxHistory - 3*lastPlace, label.MaxStatuses - 3
}

// fits reports whether there is room in a history for one more statement.
func fits(h *label.History, st *label.Status, maker bool) (bool, error) {
	bytes, number := room(st, maker)
	n := len(h.Statuses) + 1
	if n*lastPlace <= bytes || n > number {
		return n <= number, nil // most histories are so short that nothing needs to be measured
	}
	size, err := formSize(h, st)
	return size <= bytes, err
}

// A slot is what advises of one advisory have in common: the last one stands.
type slot struct{ publisher, advisory string }

// formSize returns how much a history with one more statement takes of a package
// at most, in bytes, where advises that were replaced are left out.
func formSize(h *label.History, st *label.Status) (total int, err error) {
	standing := map[slot]bool{}
	for i := len(h.Statuses); i >= 0; i-- {
		s := st
		if i < len(h.Statuses) {
			s = h.Statuses[i]
		}
		if s.Action == label.Advise {
			key := slot{s.Author(), s.Advisory.ID}
			if standing[key] {
				total += verify.OmittedSize
				continue
			}
			standing[key] = true
		}
		b, err := label.Encode(s)
		if err != nil {
			return 0, err
		}
		total += (len(b)+statementExtra)*4/3 + envelopeExtra + verify.MaxLoggedExtra
	}
	return total, nil
}

// What a log entry has besides the status itself, at most, in bytes: the rest of
// the statement, with the authority's name; and the envelope around that.
const (
	statementExtra = 800
	envelopeExtra  = 400
)

// checkRoom refuses a statement for which there is no room in a history.
func checkRoom(h *label.History, st *label.Status) error {
	ok, err := fits(h, st, false)
	if err == nil && !ok {
		err = label.Errorf(label.TooLarge, label.ReasonTooLarge, "label",
			"has a history of %d statements, which is full: a %s finds no room in it, only suspending the label and revoking it does; end this label and issue a new one", len(h.Statuses), st.Action)
	}
	return err
}

// A FullNews is the data of a notice about an advisory that was not added to a
// label's history. It says what the label does not.
type FullNews struct {
	Label     label.ID     `json:"label"`
	URL       string       `json:"url"`
	Device    label.Digest `json:"device"`    // of the descriptor
	Publisher string       `json:"publisher"` // of the advisory
	Advisory  string       `json:"advisory"`  // as its publisher numbers it
	SHA256    label.Digest `json:"sha256"`    // of the document
	Why       string       `json:"why"`
}

// tellFull tells whoever published an advisory, and the operators, that it was
// not added to a label's history.
func (a *Issuing) tellFull(b *batch, rec *store.Label, st *label.Status) error {
	news := FullNews{
		Label: rec.ID, URL: a.issuer.URL(rec.ID), Device: rec.Device, Publisher: st.Author(), Advisory: st.Advisory.ID, SHA256: st.Advisory.SHA256,
		Why: "The history of this label has no room for more advisories of this publisher. Newer releases of those that are there still find room if they are no longer. " +
			"To say more of the product, have the label renewed: its successor has a history of its own.",
	}
	// Several may publish one document.
	id := "full-" + string(rec.ID) + "-" + label.DigestOf([]byte(st.Author()+" "+st.Advisory.SHA256.String())).String()
	if !slices.Contains(a.distrust.Load().operators, st.Author()) {
		if err := tell(b, notice.LabelFull, id, string(rec.ID), st.Author(), news); err != nil {
			return err
		}
	}
	return a.tellOperators(b, notice.LabelFull, id, string(rec.ID), news)
}
