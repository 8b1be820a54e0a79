package verify_test

import (
	"encoding/json"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
)

func TestParseTrust(t *testing.T) {
	w := labeltest.New(t, nil)
	good, err := label.Encode(w.Trust)
	must(t, err)
	private, _, err := envelope.GenerateKey("ecdsa-p256", nil)
	must(t, err)
	// changed edits the decoded file.
	changed := func(change func(trust, key, log map[string]any)) string {
		var v map[string]any
		must(t, json.Unmarshal(good, &v))
		change(v, v["labelKeys"].([]any)[0].(map[string]any), v["log"].(map[string]any))
		b, err := json.Marshal(v)
		must(t, err)
		return string(b)
	}
	for _, row := range []struct {
		name   string
		text   string
		reason label.Reason
		field  string
		says   string
	}{
		{"nothing", "", label.ReasonMalformed, "trust", "not valid JSON"},
		{"a page", "<html>", label.ReasonMalformed, "trust", "not valid JSON"},
		{"a list", "[]", label.ReasonMalformed, "trust", "JSON"},
		{"empty", "{}", label.ReasonUnknownType, "trust.type", "/.well-known/labeld.json"},
		{"trailing data", string(good) + "{}", label.ReasonMalformed, "trust", "not valid JSON"},
		{"duplicate member", strings.Replace(string(good), `{"type":`, `{"type":"","type":`, 1), label.ReasonDuplicateKey, "trust.type", "twice"},
		{"oversized", string(good) + strings.Repeat(" ", label.MaxMessage), label.ReasonTooLarge, "trust", "at most 1048576"},
		{"another document", changed(func(v, _, _ map[string]any) { v["type"] = label.TypePackage }), label.ReasonUnknownType, "trust.type", "must be"},
		{"no keys", changed(func(v, _, _ map[string]any) { v["labelKeys"] = []any{} }), label.ReasonMissing, "trust.labelKeys", "at least one"},
		{"no PEM", changed(func(_, k, _ map[string]any) { k["pem"] = "key" }), label.ReasonMalformed, "trust.labelKeys.key", "one public key in PEM"},
		{"a private key", changed(func(_, k, _ map[string]any) { k["pem"] = string(private) }), label.ReasonMalformed, "trust.labelKeys.key", "never a private one"},
		{"ID of another key", changed(func(_, k, _ map[string]any) { k["id"] = strings.Repeat("0", 64) }), label.ReasonMalformed, "trust.labelKeys.id", "is not the ID of its key"},
		{"a bad instant", changed(func(_, k, _ map[string]any) { k["until"] = "soon" }), label.ReasonMalformed, "trust.labelKeys[0].until", ""},
		{"no log key", changed(func(_, _, l map[string]any) { l["vkey"] = "" }), label.ReasonMalformed, "trust.log.vkey", "malformed"},
		{"another origin", changed(func(_, _, l map[string]any) { l["origin"] = "other.test/log" }), label.ReasonMalformed, "trust.log.vkey", `is the key of "` + labeltest.Origin + `", not of origin "other.test/log"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			tr, err := verify.ParseTrust([]byte(row.text))
			if tr != nil {
				t.Error("a trust came with the error")
			}
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	// A later service may say more than we know.
	_, err = verify.ParseTrust([]byte(changed(func(v, k, _ map[string]any) { v["witnesses"], k["use"] = []any{}, "labels" })))
	must(t, err)
}
