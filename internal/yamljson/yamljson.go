// Package yamljson turns what people write (YAML, or JSON, which is YAML) into
// the strict JSON that is checked and signed.
//
// Every scalar that YAML itself would not call a number, a boolean or null stays
// the text it is: a date is a string, as in our JSON. Repeated keys are refused.
package yamljson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// maxDepth bounds the nesting of a document.
const maxDepth = 32

// escapes finds all escapes in a JSON text, those of two surrogates as one.
var escapes = regexp.MustCompile(`\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|.)`)

// pair replaces the escapes of two surrogates by the character that they stand for: as
// such JSON has what is beyond the first plane, and YAML does not know them.
func pair(escape []byte) []byte {
	var s string
	if len(escape) == 2 || json.Unmarshal([]byte(`"`+string(escape)+`"`), &s) != nil {
		return escape
	}
	return []byte(s)
}

// Convert returns the one document in text as JSON.
func Convert(text []byte) ([]byte, error) {
	if bytes.Contains(text, []byte(`\u`)) && jsontext.Value(text).IsValid() {
		text = escapes.ReplaceAllFunc(text, pair)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var root yaml.Node
	if err := dec.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has more than one document")
	}
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out)
	if err := write(enc, &root, 0); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func write(enc *jsontext.Encoder, n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested deeper than %d", n.Line, maxDepth)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return write(enc, n.Content[0], depth)
	case yaml.AliasNode:
		return fmt.Errorf("line %d: aliases are not supported; write the value out", n.Line)
	case yaml.SequenceNode:
		if err := enc.WriteToken(jsontext.BeginArray); err != nil {
			return err
		}
		for _, c := range n.Content {
			if err := write(enc, c, depth+1); err != nil {
				return err
			}
		}
		return enc.WriteToken(jsontext.EndArray)
	case yaml.MappingNode:
		return writeMapping(enc, n, depth)
	default:
		return writeScalar(enc, n)
	}
}

func writeMapping(enc *jsontext.Encoder, n *yaml.Node, depth int) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a key must be a plain text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q stands here twice; keep one", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := enc.WriteToken(jsontext.String(key.Value)); err != nil {
			return err
		}
		if err := write(enc, n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

func writeScalar(enc *jsontext.Encoder, n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		return enc.WriteToken(jsontext.Null)
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return err
		}
		return enc.WriteToken(jsontext.Bool(b))
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return enc.WriteToken(jsontext.Int(i))
		}
		return enc.WriteToken(jsontext.String(n.Value)) // 0x1f, 1_000: not our numbers
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil {
			return err
		}
		b, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("line %d: %s is not a number that JSON has", n.Line, n.Value)
		}
		return enc.WriteValue(b)
	default:
		return enc.WriteToken(jsontext.String(n.Value))
	}
}
