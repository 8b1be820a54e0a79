package envelope_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
)

// A maker makes one case of the corpus: a good report or declaration, with one
// thing about it changed.
type maker struct {
	name, about string

	reason label.Reason // "" if it is accepted
	field  string

	key       string // that signs and is enrolled; ecdsa-p256 if empty
	stranger  bool   // the key is not enrolled
	scheme    string // way to sign; ecdsa-p256-sha256 if empty
	statement string // version of the Statement; v1 if empty
	declares  bool   // a declaration in place of a report
	bundle    bool   // wrapped in a bundle
	url       bool   // base64 in the URL alphabet

	predicate edit                   // of the predicate's text
	payload   edit                   // of the Statement's text, before it is signed
	tamper    edit                   // of the payload, after it was signed
	sigs      func(signing) [][]byte // what stands in place of the one signature
	keyids    []string               // what the signatures name as their keys, in order
	dsse      edit                   // of the envelope's text
	whole     edit                   // of the whole text
}

// An edit replaces the first of each pair of texts, which must be there once,
// by the second. %hint% and %id% stand for those of the signing key, %pem% for the
// SHA-256 of its PEM text.
type edit []string

// What an edit may name beside a text that is there.
const (
	all = "%all%" // everything
	end = "%end%" // the end
)

// A signing is what signatures are made of.
type signing struct {
	t       *testing.T
	keys    map[string]key
	payload []byte
	sig     []byte // the good signature
}

// in returns the signature that a way to sign makes.
func (s signing) in(name string) []byte {
	i := slices.IndexFunc(schemes, func(way scheme) bool { return way.name == name })
	way := &schemes[i]
	sig, err := way.sign(s.keys[way.key], paeOf(label.PayloadType, s.payload))
	if err != nil {
		s.t.Fatal(err)
	}
	return sig
}

func (s signing) by(name string, h crypto.Hash, msg []byte) [][]byte {
	sig, err := hashed(h, h)(s.keys[name], msg)
	if err != nil {
		s.t.Fatal(err)
	}
	return [][]byte{sig}
}

func (e edit) apply(t *testing.T, k key, b []byte) []byte {
	t.Helper()
	raw, err := hex.DecodeString(k.public.ID)
	if err != nil {
		t.Fatal(err)
	}
	expand := strings.NewReplacer("%hint%", base64.StdEncoding.EncodeToString(raw), "%id%", k.public.ID, "%pem%", label.DigestOf([]byte(k.public.PEM)).String())
	for i := 0; i < len(e); i += 2 {
		from, to := []byte(expand.Replace(e[i])), []byte(expand.Replace(e[i+1]))
		switch e[i] {
		case all:
			b = to
		case end:
			b = append(bytes.Clone(b), to...)
		default:
			if n := bytes.Count(b, from); n != 1 {
				t.Fatalf("%s is there %d times: %s", from, n, b)
			}
			b = bytes.Replace(b, from, to, 1)
		}
	}
	return b
}

func (m *maker) entry() corpusCase {
	c := corpusCase{Name: m.name, File: "accept/" + m.name + ".json", Key: "keys/" + m.keyName() + ".pub", Accept: m.reason == "", About: m.about}
	if m.stranger {
		c.Key = ""
	}
	if m.reason != "" {
		c.File, c.Reason, c.Field = "refuse/"+m.name+".json", m.reason, m.field
	}
	return c
}

func (m *maker) keyName() string {
	if m.key == "" {
		return "ecdsa-p256"
	}
	return m.key
}

func (m *maker) document(t *testing.T, keys map[string]key) []byte {
	t.Helper()
	k, way := keys[m.keyName()], schemes[0]
	for _, s := range schemes {
		if s.name == m.scheme {
			way = s
		}
	}
	var predicate any = report()
	predicateType, statement := label.TypeTestReport, label.StatementV1
	if m.declares {
		predicate, predicateType = declaration(), label.TypeDeclaration
	}
	if m.statement != "" {
		statement = m.statement
	}
	text, err := json.Marshal(predicate)
	if err != nil {
		t.Fatal(err)
	}
	payload := statementOf(t, statement, predicateType, json.RawMessage(`{}`))
	payload = bytes.Replace(payload, []byte(`"predicate":{}`), append([]byte(`"predicate":`), m.predicate.apply(t, k, text)...), 1)
	payload = m.payload.apply(t, k, payload)
	sig, err := way.sign(k, paeOf(label.PayloadType, payload))
	if err != nil {
		t.Fatal(err)
	}
	sigs := [][]byte{sig}
	if m.sigs != nil {
		sigs = m.sigs(signing{t, keys, payload, sig})
	}
	doc := m.nameKeys(t, keys, dsseOf(m.tamper.apply(t, k, payload), sigs...))
	if m.url {
		std, url := base64.StdEncoding.EncodeToString(sig), base64.URLEncoding.EncodeToString(sig)
		if std == url {
			t.Fatalf("%s is the same in both alphabets", std)
		}
		doc = bytes.Replace(doc, []byte(std), []byte(url), 1)
	}
	doc = m.dsse.apply(t, k, doc)
	if m.bundle {
		doc = bundleOf(k.public, doc)
	}
	return m.whole.apply(t, k, doc)
}

// nameKeys has the signatures of an envelope name keys.
func (m *maker) nameKeys(t *testing.T, keys map[string]key, dsse []byte) []byte {
	t.Helper()
	if m.keyids == nil {
		return dsse
	}
	parts := bytes.Split(dsse, []byte(`{"sig":`))
	if len(parts) != len(m.keyids)+1 {
		t.Fatalf("%s names %d keys of %d signatures", m.name, len(m.keyids), len(parts)-1)
	}
	out := parts[0]
	for i, id := range m.keyids {
		if k, ok := keys[id]; ok {
			id = k.public.ID
		}
		out = fmt.Appendf(out, `{"keyid":%q,"sig":%s`, id, parts[i+1])
	}
	return out
}

// firmware is the digest of the firmware that the report is about.
var firmware = report().Firmware[0].SHA256.String()

// makers lists the corpus.
func makers() []maker {
	list := append(acceptedMakers(), refusedSignatures()...)
	list = append(list, refusedEnvelopes()...)
	list = append(list, refusedBundles()...)
	list = append(list, refusedStatements()...)
	list = append(list, refusedReports()...)
	list = append(list, refusedDeclarations()...)
	return append(list, otherSpellings()...)
}

// instead returns other bytes in place of the signature.
func instead(sigs ...string) func(signing) [][]byte {
	return func(signing) (list [][]byte) {
		for _, s := range sigs {
			list = append(list, []byte(s))
		}
		return list
	}
}
