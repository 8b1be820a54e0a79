package label

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// JSON is one undecoded JSON value.
type JSON = jsontext.Value

// Decode reads exactly one JSON value from b into v, strictly: duplicate and
// unknown members, members in another letter case, invalid UTF-8 and trailing
// data are errors that name the place.
func Decode(b []byte, v any) error {
	return decodeError(json.Unmarshal(b, v, json.RejectUnknownMembers(true)))
}

// DecodeSigned is [Decode] for what somebody signed, as a part of a value in which no
// member stands twice: whoever decoded the whole has seen to that, and it is not looked
// for again. It refuses digests of 64 zeros, which nothing has: in Go the zero [Digest]
// stands for an absent one, and what is absent is left out, so that nobody signs what
// reads as if it were not there. Instants have one form ([time.RFC3339], in UTC and whole
// seconds), so that two readers never take the same bytes for different times.
func DecodeSigned(b []byte, v any) error {
	return decodeError(json.Unmarshal(b, v, json.RejectUnknownMembers(true), json.WithUnmarshalers(signed), jsontext.AllowDuplicateNames(true)))
}

var signed = json.JoinUnmarshalers(digests, instants)

var instants = json.UnmarshalFunc(func(b []byte, t *time.Time) error {
	const form = "2006-01-02T15:04:05Z"
	if JSON(b).Kind() == 'n' {
		return saysNothing("", nil)
	}
	text, err := jsontext.AppendUnquote(nil, b)
	if err == nil {
		*t, err = time.Parse(form, string(text))
	}
	if err != nil || t.Format(form) != string(text) { // time.Parse accepts fractions of seconds
		return invalid(ReasonMalformed, "", "is %s; an instant is in UTC and whole seconds, such as \"2026-11-02T09:00:00Z\"", Clip(Readable(string(b)), MaxText))
	}
	return nil
})

var digests = json.UnmarshalFunc(func(b []byte, d *Digest) error {
	if JSON(b).Kind() == 'n' {
		return saysNothing("", nil)
	}
	text, err := jsontext.AppendUnquote(nil, b)
	if err == nil {
		err = d.UnmarshalText(text)
	}
	if err == nil && d.IsZero() {
		err = invalid(ReasonMalformed, "", "is the digest of nothing; leave the member out where nothing is meant")
	}
	return err
})

// CheckLeftOut requires of a predicate that comes in, or is about to be signed, that
// whatever v, which was decoded from it, reads as if it were not there is left out: null,
// and in a member that may be absent an empty text, list or object, 0, false, and the
// instant that stands for none. So there is one way to say nothing, and nobody signs a
// list without elements that others read as a list of everything.
//
// What is on record is not held to it again. Earlier releases accepted such members, and
// wrote some ("level": 0 in a request for a suspension), and what was signed is read for
// ever as it was when it was accepted.
func CheckLeftOut(predicate []byte, v any) error {
	b, err := Encode(v)
	if err != nil || bytes.Equal(b, predicate) { // as almost all is, for labelctl and we encode alike
		return err
	}
	var sent, written any
	for _, d := range []struct {
		from []byte
		into *any
	}{{predicate, &sent}, {b, &written}} {
		if err := json.Unmarshal(d.from, d.into, jsontext.AllowDuplicateNames(true)); err != nil {
			return decodeError(err)
		}
	}
	return checkWritten("", sent, written)
}

// checkWritten requires that all that was sent is written again.
func checkWritten(field string, sent, written any) error {
	switch sent := sent.(type) {
	case nil:
		if written != nil {
			return saysNothing(field, sent)
		}
	case map[string]any:
		w, _ := written.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(sent)) {
			inner, ok := w[name]
			if at := strings.TrimPrefix(field+"."+name, "."); !ok {
				return saysNothing(at, sent[name])
			} else if err := checkWritten(at, sent[name], inner); err != nil {
				return err
			}
		}
	case []any:
		w, _ := written.([]any)
		for i := range min(len(sent), len(w)) {
			if err := checkWritten(index(field, i), sent[i], w[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func saysNothing(field string, sent any) error {
	is := "empty"
	switch v := sent.(type) {
	case nil:
		is = "null"
	case float64, bool:
		is = fmt.Sprint(v)
	case string:
		if v != "" {
			is = strconv.Quote(v)
		}
	}
	return invalid(ReasonNotCanonical, field, "is %s, which says nothing here; leave the member out", is)
}

// DecodeLoose is [Decode] for formats that tell their readers to ignore members
// they do not know (in-toto Statement). Duplicate members stay errors.
func DecodeLoose(b []byte, v any) error {
	return decodeError(json.Unmarshal(b, v))
}

// Member returns a member of a JSON object, or nil where it has none of that name.
func Member(object []byte, name string) (JSON, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	if d.PeekKind() != '{' {
		return nil, Errorf(Invalid, ReasonMalformed, "", "is not a JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, decodeError(err)
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, decodeError(err)
		}
		if t.String() == name {
			v, err := d.ReadValue()
			return v.Clone(), decodeError(err)
		}
		if err := d.SkipValue(); err != nil {
			return nil, decodeError(err)
		}
	}
	_, err := d.ReadToken()
	return nil, decodeError(err)
}

// Encode returns v as compact JSON with members in declaration order.
func Encode(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

// Canonical returns b, which holds one JSON value, in the form of RFC 8785.
func Canonical(b []byte) ([]byte, error) {
	v := JSON(b).Clone()
	if err := v.Canonicalize(); err != nil {
		return nil, decodeError(err)
	}
	return v, nil
}

// decodeError turns an error of the JSON library into an [Error].
func decodeError(err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*Error](err); ok {
		// A text method of ours refused: keep its reason, add the place.
		if se, ok := errors.AsType[*json.SemanticError](err); ok {
			return Within(fieldPath(se.JSONPointer), inner)
		}
		return inner
	}
	if se, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		field := fieldPath(se.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return invalid(ReasonDuplicateKey, field, "this member stands twice in its object; keep one")
		}
		return invalid(ReasonMalformed, field, "not valid JSON at byte %d: %v", se.ByteOffset, se.Err)
	}
	if se, ok := errors.AsType[*json.SemanticError](err); ok {
		field := fieldPath(se.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return invalid(ReasonUnknownField, field, "no such member is defined here; remove it or fix its spelling")
		}
		return invalid(ReasonMalformed, field, "found %s where %s is expected", kindName(se.JSONKind), typeName(se.GoType))
	}
	return invalid(ReasonMalformed, "", "not valid JSON: %v", err)
}

// kindName says what kind of JSON value was found.
func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "a JSON object"
	case '[':
		return "a JSON array"
	case 0:
		return "a value"
	default:
		return "a JSON " + k.String()
	}
}

// typeName says in JSON's words what a Go type is read from.
func typeName(t reflect.Type) string {
	if t == nil {
		return "another type"
	}
	if t == reflect.TypeFor[time.Time]() {
		return `an instant such as "2026-11-02T09:00:00Z"`
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// fieldPath turns a JSON Pointer (/verdicts/3/reason) into the path form used
// in errors (verdicts[3].reason).
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	for tok := range p.Tokens() {
		if tok != "" && strings.Trim(tok, "0123456789") == "" {
			b.WriteString("[" + tok + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(tok)
	}
	return b.String()
}
