package notice

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"labeld/internal/label"
)

// A Notice says that something happened.
type Notice struct {
	ID           string          `json:"id"`             // unique for ever: receivers know repetitions by it
	Kind         string          `json:"kind"`           // the name of one of [Kinds]
	Subject      string          `json:"subject"`        // ID of the label; may be empty
	Organization string          `json:"organization"`   // whom it is for; not sent
	Hook         string          `json:"hook,omitempty"` // the only hook that it is for; all of the organization's where empty
	Time         time.Time       `json:"time"`           // when it happened
	Data         json.RawMessage `json:"data"`
}

// typePrefix makes a kind a CloudEvents type, which is to start with a domain
// name turned round.
const typePrefix = "dev.labeld."

// idForm has no dot: it is what ends the ID in what is signed.
var idForm = regexp.MustCompile(`^[0-9A-Za-z:_-]+$`)

// Validate refuses a notice that could not be delivered.
func (n *Notice) Validate() error {
	switch {
	case !idForm.MatchString(n.ID) || len(n.ID) > label.MaxText:
		return label.Errorf(label.Invalid, label.ReasonMalformed, "id",
			"must be 1 to %d ASCII letters, digits, colons, hyphens and underscores", label.MaxText)
	case len(n.Subject) > label.MaxText:
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "subject", "is longer than %d bytes", label.MaxText)
	case n.Time.IsZero():
		return label.Errorf(label.Invalid, label.ReasonMissing, "time", "is missing; say when it happened")
	case len(n.Data) > MaxData:
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "data",
			"is %d bytes, over the limit of %d; name what it is about instead of including it", len(n.Data), MaxData)
	case !jsontext.Value(n.Data).IsValid():
		return label.Errorf(label.Invalid, label.ReasonMalformed, "data", "is not JSON; use {} for none")
	}
	return validateKind("kind", n.Kind)
}

func validateKind(field, name string) error {
	if KindOf(name) == nil {
		return label.Errorf(label.Invalid, label.ReasonUnknownKind, field,
			"%.40q is not a kind of notice; they are %s", name, strings.Join(kindNames(), ", "))
	}
	return nil
}

func kindNames() (names []string) {
	for _, k := range Kinds {
		names = append(names, k.Name)
	}
	return names
}

// event is a CloudEvents 1.0 event in the JSON event format. The project's own
// SDK would bring a JSON library that is no longer maintained.
type event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"` // if present, must not be empty
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// event renders the notice as an event of a source.
func (n *Notice) event(source string) ([]byte, error) {
	return jsonv2.Marshal(event{
		SpecVersion: "1.0", ID: n.ID, Source: source, Type: typePrefix + n.Kind, Subject: n.Subject,
		Time: n.Time.UTC(), DataContentType: "application/json", Data: n.Data,
	})
}
