package label

import (
	"encoding/json"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A LabelFact is what a label says of one fact that shoppers are told: of those that the
// dictionary has words for shoppers for. A label has them by name. Labels from before
// there were any have none.
type LabelFact struct {
	Fact  string    `json:"fact"` // name in labels/facts.yaml
	Value FactValue `json:"value"`
	By    Source    `json:"by"` // whose word it is: declaration, or lab where a laboratory measured it
}

// A FactValue is what a fact is: true or false, a whole number, or a short text.
type FactValue struct{ value any } // a bool, an int64 or a string

// BoolFact returns true or false as a value.
func BoolFact(yes bool) FactValue { return FactValue{yes} }

// Bool returns a value that is true or false; ok is false where it is neither.
func (v FactValue) Bool() (yes, ok bool) {
	yes, ok = v.value.(bool)
	return yes, ok
}

// String returns the value as people read it.
func (v FactValue) String() string {
	switch value := v.value.(type) {
	case bool:
		return strconv.FormatBool(value)
	case int64:
		return strconv.FormatInt(value, 10)
	case string:
		return value
	}
	return ""
}

// MarshalJSON returns the value as JSON.
func (v FactValue) MarshalJSON() ([]byte, error) { return json.Marshal(v.value) }

// exactFactBits bounds a whole number to those that every reader of JSON has exactly
// (RFC 8259, 6).
const exactFactBits = 54

// UnmarshalJSON reads what [FactValue.MarshalJSON] returns.
func (v *FactValue) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case 't', 'f':
		v.value = b[0] == 't'
	case '"':
		text, err := jsontext.AppendUnquote(nil, b)
		if err != nil {
			return err
		}
		v.value = string(text)
	case '0':
		n, err := strconv.ParseInt(string(b), 10, exactFactBits)
		if err != nil || strconv.FormatInt(n, 10) != string(b) {
			return invalid(ReasonMalformed, "", "is no whole number that every program reads exactly")
		}
		v.value = n
	default:
		return invalid(ReasonMalformed, "", "is neither true or false, nor a whole number, nor a text")
	}
	return nil
}

func checkLabelFacts(list []LabelFact) error {
	if len(list) > MaxDeclared {
		return tooMany("facts", len(list), MaxDeclared)
	}
	for i, f := range list {
		if !IsFactName(f.Fact) {
			return invalid(ReasonMalformed, index("facts", i)+".fact", "%q is not the name of a fact: lower-case letters, digits and underscores, at most %d", f.Fact, maxFactName)
		}
		if i > 0 && list[i-1].Fact >= f.Fact {
			return invalid(ReasonNotCanonical, index("facts", i)+".fact", "must be ascending and without repeats")
		}
		if f.By != SourceDeclaration && f.By != SourceLab {
			return invalid(ReasonOutOfRange, index("facts", i)+".by", "is %q; must be declaration or lab", f.By)
		}
		switch value := f.Value.value.(type) {
		case nil:
			return invalid(ReasonMissing, index("facts", i)+".value", "is required: true or false, a whole number, or a text")
		case string:
			if err := checkText(index("facts", i)+".value", value, MaxText); err != nil {
				return err
			}
		}
	}
	return nil
}
