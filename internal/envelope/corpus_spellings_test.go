package envelope_test

import (
	"crypto"
	"strings"

	"labeld/internal/label"
)

// The cases of the corpus about what may be spelled in several ways: several
// signatures in any order, hints of any form, media types, members that are
// null.

// stranger is a digest that no key has as its ID.
var stranger = strings.Repeat("5e", 32)

func otherSpellings() []maker {
	return append(severalSignatures(), append(bundleSpellings(), nullMembers()...)...)
}

// severalSignatures are a good signature beside one of a key that is not
// enrolled, in both orders, naming their keys and not.
func severalSignatures() (list []maker) {
	others := []struct {
		name, about string
		id          string // what the other signature names as its key: a key of the corpus, or as it stands
		sign        func(signing) []byte
	}{
		{"countersigned", "a laboratory's report with the manufacturer's signature as well", "ed25519",
			func(s signing) []byte { return s.in("ed25519") }},
		{"retired-key", "a signature by a key that is enrolled no more beside one by the key that is", "another-p256",
			func(s signing) []byte {
				return s.by("another-p256", crypto.SHA256, paeOf(label.PayloadType, s.payload))[0]
			}},
		{"stranger", "a signature that nobody can check, which names a key of 64 hex digits", stranger,
			func(signing) []byte { return []byte("junk") }},
		{"usurper", "a signature of another key, which names the enrolled key as its own", "ecdsa-p256",
			func(s signing) []byte { return s.in("ed25519") }},
	}
	for _, o := range others {
		for _, first := range []bool{true, false} {
			for _, named := range []bool{true, false} {
				m := maker{name: o.name, about: o.about, sigs: func(s signing) [][]byte { return [][]byte{s.sig, o.sign(s)} }}
				ids := []string{"ecdsa-p256", o.id}
				if first {
					m.name, m.about = m.name+"-first", m.about+"; it comes first"
					m.sigs = func(s signing) [][]byte { return [][]byte{o.sign(s), s.sig} }
					ids = []string{o.id, "ecdsa-p256"}
				}
				if named {
					m.name, m.about, m.keyids = m.name+"-keyids", m.about+", and keys are named", ids
				}
				list = append(list, m)
			}
		}
	}
	return append(list, []maker{
		{
			name: "keyid-of-pem", about: "the keyid is the SHA-256 of the key's PEM text, as some tools have it: a hint of no use, and no error",
			dsse: edit{`{"sig":`, `{"keyid":"%pem%","sig":`},
		},
		{
			name: "hint-of-a-stranger", about: "the bundle's hint is of another key than the one that signed: a hint is a hint",
			bundle: true, whole: edit{"%hint%", stranger},
		},
		{
			name: "only-others-sign", about: "two signatures, neither by the enrolled key, though one names it",
			reason: label.ReasonBadSignature, field: "signatures", keyids: []string{"ecdsa-p256", "another-p256"},
			sigs: func(s signing) [][]byte {
				return append(s.by("another-p256", crypto.SHA256, paeOf(label.PayloadType, s.payload)), s.in("ed25519"))
			},
		},
		{
			name: "good-signature-after-four", about: "the good signature is the fifth: no more than four are tried, so that nobody makes readers try hundreds",
			reason: label.ReasonTooLarge, field: "signatures", sigs: func(s signing) [][]byte { return append(instead("a", "b", "c", "d")(s), s.sig) },
		},
	}...)
}

func bundleSpellings() (list []maker) {
	const theirs = "application/vnd.dev.sigstore.bundle"
	for _, c := range []struct{ name, about, mediaType string }{
		{"bundle-older-type", "the older spelling of v0.3: the version as a parameter", theirs + "+json;version=0.3"},
		{"bundle-older-type-space", "white space before a media type's parameter says nothing", theirs + "+json; version=0.3"},
		{"bundle-older-type-quotes", "a media type's parameter may be in quotes", theirs + `+json; version=\"0.3\"`},
		{"bundle-type-capitals", "media types have no letter case", "Application/VND.dev.sigstore.Bundle.v0.3+JSON"},
	} {
		list = append(list, maker{name: c.name, about: c.about, bundle: true, whole: edit{label.BundleType, c.mediaType}})
	}
	for _, c := range []struct{ name, about, mediaType string }{
		{"bundle-older-version", "a bundle v0.2 in its own spelling", theirs + "+json;version=0.2"},
		{"bundle-no-version", "the older spelling without a version", theirs + "+json"},
		{"bundle-two-versions", "a media type of v0.3 whose parameter says v0.2", theirs + ".v0.3+json;version=0.2"},
		{"bundle-type-garbage", "a media type that is none", theirs + ".v0.3+json;;version"},
	} {
		list = append(list, maker{name: c.name, about: c.about, bundle: true, whole: edit{label.BundleType, c.mediaType}, reason: label.ReasonUnknownType, field: "mediaType"})
	}
	return list
}

// nullMembers are members that are null: as if they were absent.
func nullMembers() []maker {
	const material, signature = `"verificationMaterial":{`, `{"sig":`
	return []maker{
		{
			name: "bundle-nulls", about: "every member of a bundle that may be absent is null",
			bundle: true, whole: edit{
				material, `"messageSignature":null,` + material + `"certificate":null,"x509CertificateChain":null,"tlogEntries":null,"timestampVerificationData":null,`,
				`{"hint":"%hint%"}`, `{"hint":null}`, signature, `{"keyid":null,"sig":`,
			},
		},
		{
			name: "dsse-nulls", about: "every member of an envelope that may be absent is null",
			dsse: edit{`{"payload":`, `{"mediaType":null,"verificationMaterial":null,"dsseEnvelope":null,"payload":`, signature, `{"keyid":null,"sig":`},
		},
		{
			name: "statement-nulls", about: "every member of a subject that may be absent is null",
			payload: edit{`"name":"device.json","digest":{`, `"name":null,"uri":null,"content":null,"downloadLocation":null,"mediaType":null,"annotations":null,"digest":{"sha512":null,`},
		},
		{
			name: "bundle-null-key", about: "the bundle's key is null: it has none",
			bundle: true, whole: edit{`{"hint":"%hint%"}`, "null"}, reason: label.ReasonMissing, field: "verificationMaterial.publicKey",
		},
		{
			name: "bundle-null-material", about: "all verification material is null",
			bundle: true, whole: edit{`{"publicKey":{"hint":"%hint%"}}`, "null"}, reason: label.ReasonMissing, field: "verificationMaterial.publicKey",
		},
		{
			name: "bundle-null-envelope", about: "the bundle's envelope is null: it has none",
			bundle: true, whole: edit{`"dsseEnvelope":`, `"dsseEnvelope":null,"other":`}, reason: label.ReasonMissing, field: "dsseEnvelope",
		},
		{
			name: "signatures-null", about: "the list of signatures is null",
			dsse: edit{`"signatures":`, `"signatures":null,"sigs":`}, reason: label.ReasonMissing, field: "signatures",
		},
		{
			name: "signature-null", about: "a signature is null",
			dsse: edit{`"signatures":[`, `"signatures":[null,`}, reason: label.ReasonMalformed, field: "signatures.sig",
		},
		{
			name: "subject-null", about: "a subject is null: it has no digest",
			payload: edit{`"subject":[`, `"subject":[null,`}, reason: label.ReasonMissing, field: "subject.digest",
		},
		{
			name: "subject-with-null-digest", about: "a subject's only digest is null",
			payload: edit{`"subject":[`, `"subject":[{"digest":{"sha512":null}},`}, reason: label.ReasonMissing, field: "subject.digest",
		},
	}
}
