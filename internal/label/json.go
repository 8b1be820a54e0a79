package label

import (
	"bytes"
	"encoding"
	"errors"
	"reflect"
	"strings"

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
// reads as if it were not there.
func DecodeSigned(b []byte, v any) error {
	return decodeError(json.Unmarshal(b, v, json.RejectUnknownMembers(true), json.WithUnmarshalers(digests), jsontext.AllowDuplicateNames(true)))
}

var digests = json.UnmarshalFunc(func(b []byte, d *Digest) error {
	text, err := jsontext.AppendUnquote(nil, b)
	if err == nil {
		err = d.UnmarshalText(text)
	}
	if err == nil && d.IsZero() {
		err = invalid(ReasonMalformed, "", "is the digest of nothing; leave the member out where nothing is meant")
	}
	return err
})

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
