package web

import (
	"fmt"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// A ChangeLog is the log as what happened to labels.
type ChangeLog interface {
	// Changes returns what the log says of labels after an index.
	Changes(after int64, most int) (list []authority.LabelChange, last int64, more bool, err error)
	LogSize() int64
	View(func(*store.View) error) error
}

// A changeReader reads what happened to labels from the log, for the API and for feeds.
type changeReader struct {
	log    ChangeLog
	labels Labels
	words  programmeWords
	base   string
}

// A Change is one entry of the change feed.
type Change struct {
	Cursor string        `json:"cursor"` // to go on after
	Change string        `json:"change"` // issued, or what happened: suspend, reinstate, revoke, ...; or gtin: ask for the number again
	At     time.Time     `json:"at"`
	GTINs  []label.GTIN  `json:"gtins,omitempty"`
	Label  *LabelInShort `json:"label,omitempty"` // as it stands now

	// Unavailable says of which label nothing can be shown now. It is there
	// instead of the label.
	Unavailable *UnavailableLabel `json:"unavailable,omitempty"`
}

// An UnavailableLabel is a label that belongs into a list and cannot be shown now.
type UnavailableLabel struct {
	ID      label.ID `json:"id,omitempty"` // absent where not even that is known
	Message string   `json:"message"`
}

// Changes that are no [label.Action].
const (
	changeIssued      = "issued"      // a label was issued
	changeGTIN        = "gtin"        // a number is another manufacturer's from now on
	changeUnavailable = "unavailable" // the log entry cannot be read now
)

// after returns what the log says of labels after its first size entries, each change
// with its cursor, and the cursor to go on after.
func (c *changeReader) after(size int64, most int) (list []Change, next cursor, more bool, err error) {
	found, last, more, err := c.log.Changes(size-1, most)
	if err != nil {
		return nil, cursorStart, false, err
	}
	sizes := make([]int64, 0, len(found)+1)
	for _, entry := range found {
		sizes = append(sizes, entry.Index+1)
	}
	cursors, err := c.cursorsAt(append(sizes, last+1))
	if err != nil {
		return nil, cursorStart, false, err
	}
	for i, entry := range found {
		change := Change{Cursor: cursors[i].String(), Change: string(entry.Action), At: entry.At}
		if entry.Action == "" {
			change.Change = changeIssued
		}
		if entry.GTIN != "" {
			change.Change, change.GTINs = changeGTIN, []label.GTIN{entry.GTIN}
			list = append(list, change)
			continue
		}
		if entry.Unreadable {
			change.Change, change.Unavailable = changeUnavailable, &UnavailableLabel{Message: fmt.Sprintf("log entry %d cannot be read now; the operator has been told", entry.Index)}
			list = append(list, change)
			continue
		}
		p, err := c.labels.Lookup(entry.Label)
		switch {
		case aboutOneLabel(err):
			change.Unavailable = &UnavailableLabel{entry.Label, cannotBeShown}
		case err != nil:
			return nil, cursorStart, false, err
		default:
			a := c.words.answer(c.base, p)
			change.GTINs, change.Label = a.Product.GTINs, a.Label
		}
		list = append(list, change)
	}
	return list, cursors[len(found)], more, nil
}

// cannotBeShown is what programs read about a label that cannot be shown.
const cannotBeShown = "cannot be shown now; the operator has been told"

// aboutOneLabel reports whether an error is about one label, and not about all of them.
func aboutOneLabel(err error) bool { return label.KindOf(err) == label.Internal && err != nil }

// latest returns the changes among the last entries of the log.
func (c *changeReader) latest(entries int) ([]Change, error) {
	list, _, _, err := c.after(max(0, c.log.LogSize()-int64(entries)), entries)
	return list, err
}
