package authority

import (
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// A LabelChange is one entry of the log that is about a label: it was issued, or
// something happened to it.
type LabelChange struct {
	Index  int64
	Label  label.ID
	Action label.Action // empty where it was issued
	At     time.Time    // when it was recorded
}

// changesScan bounds how many log entries are read to find changes.
const changesScan = 2048

// Changes returns what the log says of labels after an index, at most as many as
// asked for, and the index to go on after. More is whether there may be more at
// once.
func (a *Authority) Changes(after int64, most int) (list []LabelChange, next int64, more bool, err error) {
	err = a.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		end := min(head.Tree.N, after+1+changesScan)
		for next = after; next+1 < end && len(list) < most; next++ {
			c, err := changeAt(v, next+1)
			if err != nil {
				return err
			}
			if c != nil {
				list = append(list, *c)
			}
		}
		more = next+1 < head.Tree.N
		return nil
	})
	return list, next, more, err
}

// changeAt returns what a log entry says of a label, or nil.
func changeAt(v *store.View, index int64) (*LabelChange, error) {
	st, err := statementAt(v, index)
	if err != nil {
		return nil, err
	}
	return changeIn(st, index)
}

// changeIn returns what the statement of a log entry says of a label, or nil.
func changeIn(st *label.Statement, index int64) (*LabelChange, error) {
	switch st.PredicateType {
	case label.TypeLabel:
		var l struct {
			ID     label.ID  `json:"id"`
			Issued time.Time `json:"issued"`
		}
		err := label.DecodeLoose(st.Predicate, &l)
		return &LabelChange{Index: index, Label: l.ID, At: l.Issued}, err
	case label.TypeStatus:
		var s struct {
			Label    label.ID     `json:"label"`
			Action   label.Action `json:"action"`
			Recorded time.Time    `json:"recorded"`
		}
		err := label.DecodeLoose(st.Predicate, &s)
		return &LabelChange{Index: index, Label: s.Label, Action: s.Action, At: s.Recorded}, err
	}
	return nil, nil
}

// statementAt returns the statement of a log entry.
func statementAt(v *store.View, index int64) (*label.Statement, error) {
	env, err := v.Entry(index)
	if err != nil {
		return nil, err
	}
	st := new(label.Statement)
	if err := label.DecodeLoose(env.Payload, st); err != nil {
		return nil, fmt.Errorf("log entry %d: %w", index, err)
	}
	return st, nil
}

// said returns what a committed label says.
func said(v *store.View, rec *store.Label) (*label.Label, error) {
	st, err := statementAt(v, rec.Index)
	if err != nil {
		return nil, err
	}
	l := new(label.Label)
	return l, label.Decode(st.Predicate, l)
}

// MaxModels bounds the labels that a search by model number gives.
const MaxModels = 50

// ByModel returns the labels of the products with a model number, newest first:
// those of one manufacturer.
func (a *Authority) ByModel(manufacturer, model string) ([]*Published, error) {
	var ids []label.ID
	err := a.store.View(func(v *store.View) error {
		if _, err := v.Org(manufacturer); err != nil {
			return unknownOrg(err, "manufacturer", manufacturer)
		}
		var inner error
		err := v.OrgLabels(manufacturer, nil, func(rec *store.Label, _ []byte) bool {
			var dev *store.Device
			if dev, inner = v.Device(rec.Device); inner != nil {
				return false
			}
			var d struct {
				Model string `json:"model"`
			}
			if inner = label.DecodeLoose(dev.Descriptor, &d); inner == nil && d.Model == model {
				ids = append(ids, rec.ID)
			}
			return inner == nil && len(ids) < MaxModels
		})
		if inner != nil {
			return inner
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]*Published, len(ids))
	for i, id := range ids {
		if list[i], err = a.Lookup(id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// A Listed is a label with all that happened to it, and its log entry. What it
// says and the entry are absent where whoever reads the list knows the label.
type Listed struct {
	label.History
	ID    label.ID
	Index int64
}

// Read returns the labels that the log says something of after an index, each
// with all that happened to it, and the index to go on after. It reads at most as
// many entries as asked for. More is whether there are more. What a label says
// never changes: it is read again only where it is not known.
func (a *Authority) Read(after, entries int64, known func(label.ID) bool) (list []*Listed, next int64, more bool, err error) {
	err = a.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		next = min(after+entries, head.Tree.N-1)
		seen := map[label.ID]bool{}
		for i := after + 1; i <= next; i++ {
			l, err := a.listed(v, i, seen, known)
			if err != nil {
				return err
			}
			if l != nil {
				list = append(list, l)
			}
		}
		more = next < head.Tree.N-1
		return nil
	})
	return list, next, more, err
}

// listed returns the label that a log entry is about, unless it was seen.
func (a *Authority) listed(v *store.View, index int64, seen map[label.ID]bool, known func(label.ID) bool) (*Listed, error) {
	l, err := a.about(v, index)
	if l == nil || err != nil || seen[l.ID] {
		return nil, err
	}
	seen[l.ID] = true
	if l.Label == nil && !known(l.ID) {
		rec, err := v.Label(l.ID)
		if err != nil {
			return nil, err
		}
		l.Index = rec.Index
		if l.Label, err = said(v, rec); err != nil {
			return nil, err
		}
	}
	history, err := v.History(l.ID)
	for _, s := range history {
		l.Statuses = append(l.Statuses, &s.Status)
	}
	return l, err
}

// about returns the label that a log entry is about, as far as the entry says:
// all of it where it was issued, its ID where something happened to it. Whoever
// follows the log asks soon after, when we have the label at hand.
func (a *Authority) about(v *store.View, index int64) (*Listed, error) {
	if l, ok := a.issued.Get(index); ok {
		return &Listed{History: label.History{Label: l}, ID: l.ID, Index: index}, nil
	}
	st, err := statementAt(v, index)
	if err != nil {
		return nil, err
	}
	if st.PredicateType == label.TypeLabel {
		l := new(label.Label)
		err := label.Decode(st.Predicate, l)
		return &Listed{History: label.History{Label: l}, ID: l.ID, Index: index}, err
	}
	c, err := changeIn(st, index)
	if c == nil || err != nil {
		return nil, err
	}
	return &Listed{ID: c.Label}, nil
}
