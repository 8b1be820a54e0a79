package authority

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// A LabelChange is one entry of the log that is about a label (it was issued, or
// something happened to it) or about a trade item number that leads elsewhere.
type LabelChange struct {
	Index  int64
	Label  label.ID
	GTIN   label.GTIN   // that leads elsewhere from then on; then there is no label
	Action label.Action // empty where it was issued
	At     time.Time    // when it was recorded

	Unreadable bool // the entry is damaged: it may be about a label, and nothing else is known
}

// changesScan bounds how many log entries are read to find changes.
const changesScan = 2048

// Changes returns what the log says of labels after an index, at most as many as
// asked for, and the index to go on after. More is whether there may be more at
// once.
func (a *Publishing) Changes(after int64, most int) (list []LabelChange, next int64, more bool, err error) {
	err = a.read(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		end := min(head.Tree.N, after+1+changesScan)
		for next = after; next+1 < end && len(list) < most; next++ {
			c, err := changeAt(v, next+1)
			if err != nil {
				a.alarm("reading the changes of labels", fmt.Sprintf("log entry %d", next+1), err)
				c = &LabelChange{Index: next + 1, Unreadable: true}
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
	var l struct {
		ID     label.ID  `json:"id"`
		Issued time.Time `json:"issued"`
	}
	var s struct {
		Label    label.ID     `json:"label"`
		Action   label.Action `json:"action"`
		Recorded time.Time    `json:"recorded"`
	}
	var g struct {
		GTIN     label.GTIN `json:"gtin"`
		Recorded time.Time  `json:"recorded"`
	}
	kind, err := readEntry(v, index, map[string]any{label.TypeLabel: &l, label.TypeStatus: &s, label.TypeStatusV1: &s, label.TypeAssignment: &g})
	switch {
	case err != nil:
		return nil, err
	case kind == label.TypeLabel:
		return &LabelChange{Index: index, Label: l.ID, At: l.Issued}, nil
	case kind == label.TypeStatus, kind == label.TypeStatusV1:
		return &LabelChange{Index: index, Label: s.Label, Action: s.Action, At: s.Recorded}, nil
	case kind == label.TypeAssignment:
		return &LabelChange{Index: index, GTIN: g.GTIN, At: g.Recorded}, nil
	}
	return nil, nil
}

// readEntry reads as much of a log entry's predicate as there is room for in
// what is given for its type, and nothing where that is nothing. It returns the
// type.
func readEntry(v *store.View, index int64, into map[string]any) (kind string, err error) {
	env, err := v.Entry(index)
	if err != nil {
		return "", err
	}
	return readEnvelope(env, index, into)
}

// readEnvelope is [readEntry] of the entry that has an index.
func readEnvelope(env *label.Envelope, index int64, into map[string]any) (kind string, err error) {
	err = label.ReadPredicate(env.Payload, func(k string) any {
		kind = k
		return into[k]
	})
	if err != nil {
		return "", fmt.Errorf("log entry %d: %w", index, err)
	}
	return kind, nil
}

// readLabel is [readEntry] of a committed label. It returns the digest of the statement.
func readLabel(v *store.View, rec *store.Label, into any) (label.Digest, error) {
	env, err := v.Entry(rec.Index)
	if err != nil {
		return label.Digest{}, err
	}
	kind, err := readEnvelope(env, rec.Index, map[string]any{label.TypeLabel: into})
	if err == nil && kind != label.TypeLabel {
		err = fmt.Errorf("log entry %d is not label %s but a %s", rec.Index, rec.ID, kind)
	}
	return label.DigestOf(env.Payload), err
}

// statementOf returns the digest of the signed statement of a label, which is committed or
// in a batch. The batch may be nil.
func statementOf(v *store.View, b *batch, rec *store.Label) (label.Digest, error) {
	read := func() (*label.Envelope, error) { return v.Entry(rec.Index) }
	if b != nil && rec.Index >= b.From.N {
		read = func() (*label.Envelope, error) { return label.ParseEnvelope(b.Entries[rec.Index-b.From.N].Leaf) }
	}
	env, err := read()
	if err != nil {
		return label.Digest{}, err
	}
	return label.DigestOf(env.Payload), nil
}

// signedLabel returns what a committed label says.
func signedLabel(v *store.View, rec *store.Label) (*label.Label, error) {
	l := new(label.Label)
	_, err := readLabel(v, rec, l)
	return l, err
}

// MaxModels bounds the labels that a search by model number gives.
const MaxModels = 50

// ByModel returns the labels of the products with a model number, however that is
// spelled ([label.FoldModel]), newest first: those of one manufacturer. What it reads is
// those products' devices and labels, not all that the manufacturer has.
func (a *Publishing) ByModel(manufacturer, model string) (*LabelPage, error) {
	out := &LabelPage{}
	var ids []label.ID
	err := a.read(func(v *store.View) error {
		if _, err := v.Org(manufacturer); err != nil {
			return unknownOrg(err, "manufacturer", manufacturer)
		}
		devices, err := v.ModelDevices(manufacturer, model)
		if err != nil {
			return err
		}
		// A label of which nobody can tell the model may be of this one.
		v = v.Past(func(d *store.Damage) { out.unavailable(a, d.Label(), d) })
		var list []*store.Label
		for _, digest := range devices {
			d, err := v.Device(digest)
			if err != nil {
				ids, err = a.byModelOfAll(v, out, manufacturer, model)
				return err
			}
			labels, err := v.LabelsOf(d)
			if err != nil {
				return err
			}
			list = append(list, labels...)
		}
		slices.SortFunc(list, func(a, b *store.Label) int { return cmp.Compare(b.Index, a.Index) })
		for _, rec := range list[:min(len(list), MaxModels)] {
			ids = append(ids, rec.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, out.show(a, ids)
}

// ofModel reports whether a device has a model number, however that is spelled.
func ofModel(v *store.View, digest label.Digest, model string) (bool, error) {
	var desc struct {
		Model string `json:"model"`
	}
	d, err := v.Device(digest)
	if err == nil {
		err = label.DecodeLoose(d.Descriptor, &desc)
	}
	return label.FoldModel(desc.Model) == label.FoldModel(model), err
}

// byModelOfAll looks through all labels of a manufacturer. Nothing else leads from a
// device that cannot be read to its labels.
func (a *Publishing) byModelOfAll(v *store.View, out *LabelPage, manufacturer, model string) (ids []label.ID, err error) {
	err = v.OrgLabels(manufacturer, nil, func(rec *store.Label, _ []byte) bool {
		if is, err := ofModel(v, rec.Device, model); err != nil {
			out.unavailable(a, rec.ID, err)
		} else if is {
			ids = append(ids, rec.ID)
		}
		return len(ids) < MaxModels
	})
	return ids, err
}

// A LabelRecord is a label as lists show it, with all that happened to it.
type LabelRecord struct {
	Index    int64 // log entry
	Outline  *label.Outline
	Statuses []*label.Status
}

// Read returns the labels that the log says something of after an index, each
// with all that happened to it, and the index to go on after. It reads at most as
// many entries as asked for. More is whether there are more. An entry that cannot
// be read, or a label whose history cannot, is left out with an alarm: how such a
// label stands nobody can tell, and a list must not say that it is valid.
func (a *Publishing) Read(after, entries int64) (list []*LabelRecord, next int64, more bool, err error) {
	err = a.read(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		next = min(after+entries, head.Tree.N-1)
		seen := map[int64]bool{}
		for i := after + 1; i <= next; i++ {
			l, err := listed(v, i)
			var history []*store.Status
			if err == nil && l != nil && !seen[l.Index] {
				history, err = v.History(l.Outline.ID)
			}
			if err != nil {
				a.alarm("reading the log for lists", fmt.Sprintf("log entry %d", i), err)
				continue
			}
			if l == nil || seen[l.Index] {
				continue
			}
			seen[l.Index] = true
			for _, s := range history {
				l.Statuses = append(l.Statuses, &s.Status)
			}
			list = append(list, l)
		}
		more = next < head.Tree.N-1
		return nil
	})
	return list, next, more, err
}

// listed returns the label that a log entry is about, without what happened to
// it, or nil.
func listed(v *store.View, index int64) (*LabelRecord, error) {
	o, err := v.Outline(index)
	if !errors.Is(err, store.ErrNotFound) {
		return &LabelRecord{Index: index, Outline: o}, err
	}
	var s struct {
		Label label.ID `json:"label"`
	}
	if _, err := readEntry(v, index, map[string]any{label.TypeStatus: &s, label.TypeStatusV1: &s}); err != nil || s.Label == "" {
		return nil, err
	}
	rec, err := v.Label(s.Label)
	if err != nil {
		return nil, err
	}
	o, err = v.Outline(rec.Index)
	return &LabelRecord{Index: rec.Index, Outline: o}, err
}
