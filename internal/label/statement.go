package label

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Base is the common beginning of all our type URIs. Nothing is fetched from
// there: the URIs are names.
const Base = "https://labeld.dev/"

// The types of documents that are not statements.
const (
	TypeDevice  = Base + "device/v1"  // a device descriptor
	TypePackage = Base + "package/v1" // everything that offline verification needs
	TypeAudit   = Base + "audit/v1"   // the first line of an exported audit trail
	TypeTrust   = Base + "trust/v1"   // the keys a verifier trusts: /.well-known/labeld.json
)

// CheckNewer refuses a type that is a later version of one that is known here, such as
// device/v2. It is asked before anything else is read of a document: what was made for a
// newer version of labeld is neither wrong nor forged, and its reader has to be told that.
func CheckNewer(field, got, known string) error {
	name, version := cutVersion(got)
	if of, last := cutVersion(known); name == of && version > last {
		return invalid(ReasonNewerVersion, field, "is %q, which was made for a newer version of labeld than this; update this program", Clip(Readable(got), MaxText))
	}
	return nil
}

// cutVersion takes a type apart into its name and its version, which is 0 where it has none.
func cutVersion(t string) (name string, version int) {
	i := strings.LastIndex(t, "/v")
	if i < 0 {
		return t, 0
	}
	n, err := strconv.Atoi(t[i+2:])
	if err != nil {
		return t, 0
	}
	return t[:i], n
}

// DocumentType returns what the member `type` of a document says that it is, and nothing
// where it says nothing that can be read: decoding the document tells what is wrong with
// it. It refuses what is a later version of the type that is wanted.
func DocumentType(document []byte, want string) (got string, err error) {
	if member, err := Member(document, "type"); err != nil || member == nil || Decode(member, &got) != nil {
		return "", nil
	}
	return got, CheckNewer("type", got, want)
}

// Standards of in-toto and DSSE.
const (
	PayloadType   = "application/vnd.in-toto+json"
	StatementV01  = "https://in-toto.io/Statement/v0.1"
	StatementV1   = "https://in-toto.io/Statement/v1"
	BundleType    = "application/vnd.dev.sigstore.bundle.v0.3+json"
	PackageType   = "application/vnd.labeld.package.v1+json"
	TLogProofType = "text/plain; charset=utf-8"
)

// A Statement is an in-toto Statement with its predicate undecoded.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     JSON      `json:"predicate"`
}

// A Subject is what a Statement speaks of: an in-toto ResourceDescriptor, of
// which we use the digest.
type Subject struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"`
}

// NewStatement returns a Statement v1 about one subject.
func NewStatement(name string, subject Digest, predicateType string, predicate any) (*Statement, error) {
	b, err := Encode(predicate)
	if err != nil {
		return nil, err
	}
	return &Statement{
		Type:          StatementV1,
		Subject:       subjects(name, subject),
		PredicateType: predicateType,
		Predicate:     b,
	}, nil
}

// EncodeStatement is [Encode] of a [NewStatement], without encoding the
// predicate twice.
func EncodeStatement(name string, subject Digest, predicateType string, predicate any) ([]byte, error) {
	return Encode(&struct {
		Type          string    `json:"_type"`
		Subject       []Subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     any       `json:"predicate"`
	}{StatementV1, subjects(name, subject), predicateType, predicate})
}

func subjects(name string, digest Digest) []Subject {
	return []Subject{{Name: name, Digest: map[string]string{"sha256": digest.String()}}}
}

// ReadPredicate reads the predicate of a statement, which is known to be well
// formed, into what into returns for its type, and nothing where that is nil.
// Members that it does not have are passed over: in one pass as little is read
// as is asked for.
func ReadPredicate(statement []byte, into func(predicateType string) any) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(statement), jsontext.AllowDuplicateNames(true))
	var kind string
	var early JSON // the predicate, where its type comes after it
	if _, err := d.ReadToken(); err != nil {
		return decodeError(err)
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return decodeError(err)
		}
		switch name := name.String(); {
		case name == "predicateType":
			err = json.UnmarshalDecode(d, &kind)
		case name == "predicate" && kind == "":
			early, err = d.ReadValue()
			early = early.Clone()
		case name == "predicate":
			if v := into(kind); v != nil {
				err = json.UnmarshalDecode(d, v)
			} else {
				err = d.SkipValue()
			}
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return decodeError(err)
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return decodeError(err)
	}
	if early == nil {
		return nil
	}
	if v := into(kind); v != nil {
		return decodeError(json.Unmarshal(early, v, jsontext.AllowDuplicateNames(true)))
	}
	return nil
}
