package verify

import (
	"labeld/internal/label"
	"labeld/internal/tally"
	"labeld/internal/translog"
)

// A Package is everything that offline verification of one label needs.
type Package struct {
	Type     string            `json:"type"`
	Bundle   label.JSON        `json:"bundle"`
	Device   string            `json:"device"`
	Proof    string            `json:"proof"`
	Statuses []LoggedStatement `json:"statuses,omitempty"` // all that happened to the label, by number
	History  *History          `json:"history,omitempty"`  // what shows that it is all
}

// A LoggedStatement is a signed statement with the proof that the log has it, in the head
// that the label's own proof leads to; or what is left of an advise that a later
// one in the package has replaced.
type LoggedStatement struct {
	Bundle  label.JSON        `json:"bundle,omitempty"`
	Index   int64             `json:"index,omitzero"`
	Hashes  []string          `json:"hashes,omitempty"`
	Omitted *OmittedStatement `json:"omitted,omitempty"`
}

// An OmittedStatement is what the digest of a history covers of a statement.
type OmittedStatement struct {
	Action label.Action `json:"action"`
	Slot   label.Digest `json:"slot"`
	Entry  label.Digest `json:"entry"` // SHA-256 of the log entry
}

// A History proves how much had happened to a label when the authority signed
// its tally of all histories.
type History struct {
	Head  string   `json:"head"` // of the tally, signed
	Count int      `json:"count"`
	Proof []string `json:"proof,omitempty"`
}

// NewLogged returns a statement with its proof as a package holds it.
func NewLogged(bundle []byte, index int64, hashes []translog.Hash) LoggedStatement {
	l := LoggedStatement{Bundle: bundle, Index: index, Hashes: make([]string, len(hashes))}
	for i, h := range hashes {
		l.Hashes[i] = h.String()
	}
	return l
}

// NewOmitted returns what a package holds of a statement that it leaves out.
func NewOmitted(s tally.Step) LoggedStatement {
	return LoggedStatement{Omitted: &OmittedStatement{s.Action, s.Slot, s.Entry}}
}

const (
	// MaxLoggedExtra is how much of a package a statement takes at most besides
	// its log entry, in bytes: the names of members, what a bundle has around an
	// envelope, and a proof in a log of 2^40 entries.
	MaxLoggedExtra = 600 + 40*hashSize

	// OmittedSize is how much one takes at most that is left out.
	OmittedSize = 240

	hashSize = 47 // in base64, with quotes and a comma
)

// Size returns how much of a package a statement takes at most, in bytes.
func (l *LoggedStatement) Size() int {
	if l.Omitted != nil {
		return OmittedSize
	}
	return len(l.Bundle) + len(l.Hashes)*hashSize + 80
}

// NewPackage puts a package together.
func NewPackage(bundle, device, proof []byte, statuses []LoggedStatement, history *History) ([]byte, error) {
	return label.Encode(&Package{
		Type: label.TypePackage, Bundle: bundle, Device: string(device), Proof: string(proof), Statuses: statuses, History: history,
	})
}

// ParsePackage reads a package. Nothing in it is believed yet.
func ParsePackage(b []byte) (*Package, error) {
	if len(b) > label.MaxMessage {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "package", "is %d bytes, at most %d are accepted", len(b), label.MaxMessage)
	}
	kind, err := label.DocumentType(b, label.TypePackage)
	if err != nil {
		return nil, label.Within("package", err)
	}
	var p Package
	err = label.Decode(b, &p)
	if kind != label.TypePackage && (err == nil || kind != "" && label.ReasonOf(err) == label.ReasonUnknownField) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "package.type", "is %q, must be %q: this is not the package of a label", kind, label.TypePackage)
	}
	if err != nil {
		return nil, label.Within("package", err)
	}
	return &p, nil
}
