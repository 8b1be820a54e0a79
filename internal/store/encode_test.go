package store

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/translog"
)

// samples returns a write of each type.
func samples() []Write {
	id, at := label.DigestOf([]byte("id")), start.Add(time.Hour)
	outline := new(label.Outline)
	outline.Product.SupportEnd = label.DateOf(at)
	return []Write{
		&Organization{ID: "aurora-lab", Name: "Aurora", Roles: []label.Role{label.RoleLab}, Enrolled: at},
		&Key{ID: "k", Organization: "aurora-lab", PEM: "pem", Algorithm: "ed25519", From: at, Enrolled: at},
		&Accreditation{Index: 7, Accreditation: label.Accreditation{Lab: label.Party{ID: "aurora-lab", Name: "Aurora"}, Number: "T-1", Body: "Board", Interval: label.Period{From: label.DateOf(at), To: label.DateOf(at)}, Recorded: at}},
		&Person{ID: "ann", Organization: "northlight", Added: at, AddedBy: label.Actor{Organization: "northlight", Key: "k"}},
		&Adoption{SHA256: id, At: at, Request: id},
		&Quorum{Index: 11, Alone: true},
		&Device{Digest: id, Descriptor: []byte("{}"), Org: "northlight", Registered: at},
		&Picture{Digest: id, File: []byte("picture")},
		&Statement{ID: id, Raw: Pack([]byte("raw")), Gist: PackQuick([]byte("gist")), Type: label.TypeTestReport, Device: id, Signer: "aurora-lab", Key: "k", Number: "1", Date: label.DateOf(at), Carrier: "northlight", Received: at},
		&Supersession{Device: id, Statement: id, By: id},
		&Decision{Digest: id, Device: id, Org: "northlight", Scheme: "s", Version: "1", Level: 2, Decided: at, AppealBy: label.DateOf(at), Signed: []byte("signed")},
		&Appeal{Digest: id, Decision: id, Device: id, Org: "northlight", Received: at, DecideBy: label.DateOf(at), Statement: []byte("said")},
		&Ruling{Digest: id, Device: id, Appeal: id, Decided: at, Asked: id, Signed: []byte("signed")},
		&Advisory{Digest: id, Org: "northlight", Format: "csaf", ID: "A-1", Version: "1", Title: "A flaw", Updated: at, Received: at, Event: id, Packed: Pack([]byte("{}"))},
		&AdviceProgress{Size: 12},
		&SchemeVersion{ID: "four-level", Version: "2026.2", Index: 2, SHA256: id},
		&Plan{ID: "autumn", Index: 3, Asked: id},
		&Complaint{ID: "c", Kind: "other", Text: "It hums.", Received: at},
		&Hook{ID: "h", Organization: "northlight", URL: "https://northlight.example", Secret: "whsec_x", Created: at},
		&Notice{ID: "n", Kind: notice.HookTest, Organization: "northlight", Time: at, Data: []byte("{}")},
		&Attempt{Hook: "h", Seq: 3, Notice: notice.Notice{ID: "n"}, Queued: at, Next: at, Attempts: 1, LastError: "no answer", Dead: true},
		&Retry{Hook: "h", Seq: 3, Notice: "n"},
		&HookRemoval{Hook: "h", Organization: "northlight"},
		&Watched{Until: at, Schemes: map[string]string{"b": "2", "a": "1", "c": "3"}},
		&Event{Digest: id, Event: label.Event{Kind: label.HoldEvent, Reason: "misuse"}, Received: at, Cursor: []byte("after")},
		&Hold{Device: id, Event: id, Reason: "misuse", Text: "Held.", Since: at, Ended: true},
		&GTINMove{Index: 5, GTIN: "04006381333931", To: "northlight", Event: id},
		&Strike{Statement: id, Event: id},
		&Judgement{Device: id, Since: at, Done: true},
		&Verdict{Label: "ABCDEFGHJKLM", Cause: "cause", Acted: []string{"x"}},
		&Act{At: at, Kind: "label.revoke", Actor: label.Actor{Organization: "northlight", Key: "k"}, Subject: "ABCDEFGHJKLM", Request: id, Outcome: label.ActRefused, Reason: "WRONG_ROLE", Text: "no", RequestID: "r"},
		&AuditHead{Size: 4, Index: 11},
		&Label{ID: "ABCDEFGHJKLM", Index: 9, Device: id, Org: "northlight", Scheme: "s", Version: "1", Level: 2, Issued: at, Expires: at, Outline: outline},
		&Status{Index: 10, Status: label.Status{Label: "ABCDEFGHJKLM", Number: 1, Action: label.Suspend, Reason: "complaint", Recorded: at, Effective: at}},
		&Request{Digest: id, Kind: label.ActSuspend, Subject: "ABCDEFGHJKLM", Label: "ABCDEFGHJKLM", Action: label.Suspend, Received: at, Statement: []byte("said")},
	}
}

// sampleEntry returns a log entry.
func sampleEntry(t testing.TB) *Entry {
	t.Helper()
	env := &label.Envelope{PayloadType: label.PayloadType, Payload: []byte(`{"said":"so"}`), Signatures: []label.Signature{{KeyID: label.DigestOf(nil).String(), Sig: []byte("signature")}}}
	leaf, err := env.Encode()
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEntry(env, leaf)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sampleBatches returns an empty batch, one with a write of each type, and one with a
// log entry.
func sampleBatches(t testing.TB) []*Batch {
	t.Helper()
	logged := &Batch{At: start, From: translog.Empty(), Entries: []*Entry{sampleEntry(t)}}
	var err error
	if logged.Head.Tree, logged.Added, err = translog.Append(logged.From, nil, [][]byte{logged.Entries[0].Leaf}); err != nil {
		t.Fatal(err)
	}
	logged.Head.Checkpoint = []byte("head")
	return []*Batch{{At: start, From: translog.Empty()}, {At: start, From: translog.Empty(), Writes: samples()}, logged}
}

func TestEncodedBatch(t *testing.T) {
	var types []string
	for _, w := range samples() {
		types = append(types, reflect.TypeOf(w).String())
	}
	if !slices.Equal(types, WriteTypes()) {
		t.Errorf("there are samples of\n%q\nand the table has\n%q", types, WriteTypes())
	}
	numbers := map[byte]bool{}
	for _, k := range kinds {
		if k.number == 0 || numbers[k.number] {
			t.Errorf("%v has the number %d, which is 0 or another's", k.of, k.number)
		}
		numbers[k.number] = true
	}
	for _, b := range sampleBatches(t) {
		encoded, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBatch(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if !got.At.Equal(b.At) || got.From != b.From || len(got.Writes) != len(b.Writes) || !reflect.DeepEqual(got.Entries, b.Entries) || !reflect.DeepEqual(got.Added, b.Added) || !reflect.DeepEqual(got.Head, b.Head) {
			t.Errorf("decoded %+v, want %+v", got, b)
		}
		for i, w := range got.Writes {
			x, y := &coder{}, &coder{}
			w.code(x)
			b.Writes[i].code(y)
			if reflect.TypeOf(w) != reflect.TypeOf(b.Writes[i]) || !bytes.Equal(x.buf, y.buf) {
				t.Errorf("decoded %+v, want %+v", w, b.Writes[i])
			}
		}
		slices.Reverse(b.Writes)
		again, err := b.Encode()
		if err != nil || !bytes.Equal(again, encoded) {
			t.Errorf("in another order the batch has another encoding (%v)", err)
		}
		for n := range encoded {
			if _, err := DecodeBatch(encoded[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes are taken for a batch", n, len(encoded))
			}
		}
		if _, err := DecodeBatch(append(slices.Clone(encoded), 0)); err == nil {
			t.Error("a batch with a byte behind is taken for one")
		}
	}
}

type strangeWrite struct{}

func (strangeWrite) edit(*edits) {}
func (strangeWrite) code(*coder) {}

func TestStrangeWritesAreRefused(t *testing.T) {
	b := &Batch{At: start, Writes: []Write{strangeWrite{}}}
	if _, err := b.Encode(); err == nil {
		t.Error("a write that is not in the table was encoded")
	}
	for name, bytes := range map[string]string{
		"of another schema":     batchHeader + "\x63",
		"of an unknown kind":    batchHeader + string([]byte{schemaVersion}) + string(make([]byte, 8+1+32)) + "\x00\x01\xff\x00",
		"with a long number":    batchHeader + string([]byte{schemaVersion | 0x80, 0}) + string(make([]byte, 8+1+32)) + "\x00\x00",
		"that is none":          "a batch",
		"that promises more":    batchHeader + string([]byte{schemaVersion}) + string(make([]byte, 8+1+32)) + "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"with too long a write": batchHeader + string([]byte{schemaVersion}) + string(make([]byte, 8+1+32)) + "\x00\x01\x0c\x02\x01\x01",
	} {
		if _, err := DecodeBatch([]byte(bytes)); err == nil {
			t.Errorf("a batch %s was decoded", name)
		}
	}
}

// FuzzDecodeBatch holds that whatever is decoded is encoded to the same bytes.
func FuzzDecodeBatch(f *testing.F) {
	for _, b := range sampleBatches(f) {
		encoded, err := b.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBatch(data)
		if err != nil {
			return
		}
		if again, err := b.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x was decoded, and is encoded as %x (%v)", data, again, err)
		}
	})
}
