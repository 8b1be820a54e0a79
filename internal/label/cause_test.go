package label_test

import (
	"testing"

	"labeld/internal/label"
)

// caused returns a good status with a cause.
func caused(c label.Cause) *label.Status {
	s := largest()
	s.Cause = c
	return s
}

func TestCause(t *testing.T) {
	some, id := label.DigestOf([]byte("something")), someLabel().ID
	for _, c := range []label.Cause{
		label.EventCause(some),
		{Kind: label.CauseEvidence},
		{Kind: label.CauseEvidence, SHA256: some},
		{Kind: label.CauseAdvisory, SHA256: some},
		{Kind: label.CausePredecessor, SHA256: some, Label: id, Number: 1},
	} {
		if err := caused(c).Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, row := range []struct {
		field  string
		reason label.Reason
		cause  label.Cause
	}{
		{"cause.kind", label.ReasonOutOfRange, label.Cause{SHA256: some}},
		{"cause.kind", label.ReasonOutOfRange, label.Cause{Kind: "judged", SHA256: some}},
		{"cause.sha256", label.ReasonMissing, label.Cause{Kind: label.CauseEvent}},
		{"cause.sha256", label.ReasonMissing, label.Cause{Kind: label.CauseAdvisory}},
		{"cause.sha256", label.ReasonMissing, label.Cause{Kind: label.CausePredecessor, Label: id, Number: 1}},
		{"cause.label", label.ReasonMissing, label.Cause{Kind: label.CauseEvent, SHA256: some, Label: id, Number: 1}},
		{"cause.label", label.ReasonMissing, label.Cause{Kind: label.CausePredecessor, SHA256: some}},
		{"cause.label", label.ReasonMissing, label.Cause{Kind: label.CausePredecessor, SHA256: some, Label: id}},
		{"cause.label", label.ReasonIDMalformed, label.Cause{Kind: label.CausePredecessor, SHA256: some, Label: "X", Number: 1}},
		{"cause.number", label.ReasonOutOfRange, label.Cause{Kind: label.CausePredecessor, SHA256: some, Label: id, Number: label.MaxStatuses + 1}},
	} {
		wantRefusal(t, caused(row.cause).Validate(), label.Invalid, row.reason, row.field)
	}
}

// TestStatusNamesItsLabel requires the digests of the label and of its successor.
func TestStatusNamesItsLabel(t *testing.T) {
	s := largest()
	s.SHA256 = label.Digest{}
	wantRefusal(t, s.Validate(), label.Invalid, label.ReasonMissing, "sha256")
	s = largest()
	s.Action, s.Advisory = label.Supersede, nil
	for _, digest := range []label.Digest{{}, s.SHA256} {
		s.Successor = &label.LabelLink{ID: s.Label, SHA256: digest}
		wantRefusal(t, s.Validate(), label.Invalid, label.ReasonMissing, "successor.sha256")
	}
	s.Successor.SHA256 = label.DigestOf([]byte("issued anew"))
	if err := s.Validate(); err != nil {
		t.Errorf("another statement of the same ID: %v", err)
	}
}

// TestFormerStatus reads statuses of the former type, and what they say as a cause.
func TestFormerStatus(t *testing.T) {
	some, id := label.DigestOf([]byte("something")), someLabel().ID
	former := func(cause string) *label.StatusV1 {
		s := caused(label.Cause{})
		s.SHA256 = label.Digest{}
		return &label.StatusV1{Status: *s, Cause: cause}
	}
	for code, want := range map[string]label.Cause{
		"":                             {},
		some.String():                  label.EventCause(some),
		"judged:" + some.String():      {Kind: label.CauseEvidence},
		"issued:" + some.String():      {Kind: label.CauseEvidence, SHA256: some},
		"overdue:" + some.String():     {Kind: label.CauseAdvisory, SHA256: some},
		"carried:" + string(id) + "/3": {Kind: label.CausePredecessor, Label: id, Number: 3},
	} {
		s := former(code)
		b, err := label.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		var read label.StatusV1
		if err := label.Decode(b, &read); err != nil || read.Cause != code {
			t.Errorf("%q is read as %q (%v)", code, read.Cause, err)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%q: %v", code, err)
		}
		if now, err := s.Current(); err != nil || now.Cause != want {
			t.Errorf("%q is %+v (%v)", code, now.Cause, err)
		}
	}
	for _, code := range []string{"5f21", "judging:" + some.String(), "overdue:5f21", "carried:" + string(id), "carried:X/1", "carried:" + string(id) + "/0"} {
		if err := former(code).Validate(); label.KindOf(err) != label.Invalid {
			t.Errorf("%q: %v", code, err)
		}
	}
	digest := former("")
	digest.SHA256 = some
	wantRefusal(t, digest.Validate(), label.Invalid, label.ReasonUnknownField, "sha256")
	same := former("")
	same.Action, same.Advisory, same.Successor = label.Supersede, nil, &label.LabelLink{ID: same.Label}
	wantRefusal(t, same.Validate(), label.Invalid, label.ReasonIDMalformed, "successor.id")
}
