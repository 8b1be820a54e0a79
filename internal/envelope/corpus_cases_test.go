package envelope_test

import (
	"crypto"
	"strings"

	"labeld/internal/label"
)

// The cases of the corpus, as what is changed about a good report or
// declaration.

func acceptedMakers() []maker {
	var list []maker
	for _, s := range schemes {
		list = append(list, maker{
			name: "bundle-v1-" + s.name, about: "a report in a Sigstore bundle, Statement v1, signed with " + s.name,
			key: s.key, scheme: s.name, bundle: true,
		})
	}
	return append(list, []maker{
		{
			name: "dsse-v1", about: "a report in a bare DSSE envelope, Statement v1",
		},
		{
			name: "dsse-v01", about: "a report in a bare DSSE envelope, Statement v0.1",
			statement: label.StatementV01,
		},
		{
			name: "bundle-v01", about: "a report in a bundle, Statement v0.1, as cosign 3 writes it",
			statement: label.StatementV01, bundle: true,
		},
		{
			name: "declaration-dsse", about: "a declaration in a bare DSSE envelope",
			declares: true,
		},
		{
			name: "declaration-bundle", about: "a declaration in a bundle",
			declares: true, bundle: true, key: "ed25519", scheme: "ed25519",
		},
		{
			name: "base64url", about: "the signature is in the URL alphabet of base64, which DSSE requires its readers to take",
			url: true, key: "ed25519", scheme: "ed25519",
		},
		{
			name: "keyid-hex", about: "the envelope names the key by its ID in hex",
			dsse: edit{`{"sig":`, `{"keyid":"%id%","sig":`},
		},
		{
			name: "keyid-of-another-form", about: "a keyid of another form is no hint, and no error",
			dsse: edit{`{"sig":`, `{"keyid":"SHA256:abc","sig":`},
		},
		{
			name: "four-signatures", about: "one good signature among four is enough",
			sigs: func(s signing) [][]byte { return append(instead("a", "b", "c")(s), s.sig) },
		},
		{
			name: "unknown-member-in-statement", about: "in-toto lets a Statement have other members",
			payload: edit{`{"_type"`, `{"other":{"a":[1]},"_type"`},
		},
		{
			name: "unknown-member-in-subject", about: "in-toto lets a subject have other members",
			payload: edit{`{"name":"device.json"`, `{"annotations":{"a":1},"name":"device.json"`},
		},
		{
			name: "unknown-member-in-envelope", about: "DSSE lets an envelope have other members",
			dsse: edit{`{"payload":`, `{"other":[{}],"payload":`},
		},
		{
			name: "unknown-member-in-bundle", about: "a bundle may have members that are not looked at",
			bundle: true, whole: edit{`"verificationMaterial":{`, `"verificationMaterial":{"tlogEntries":[],"timestampVerificationData":{"rfc3161Timestamps":[]},`},
		},
		{
			name: "hint-hex", about: "the bundle's hint is the key's ID in hex",
			bundle: true, whole: edit{"%hint%", "%id%"},
		},
		{
			name: "hint-of-another-form", about: "a hint of another form is none, and no error",
			bundle: true, whole: edit{"%hint%", "our key"},
		},
		{
			name: "two-subjects", about: "a statement may be about several subjects",
			payload: edit{`"subject":[`, `"subject":[{"name":"box","digest":{"sha512":"00"}},`},
		},
		{
			name: "white-space", about: "the payload is signed as it is, white space and all",
			payload: edit{`{"_type"`, `  { "_type"`, `"predicate":{`, `"predicate" : { `},
		},
		{
			name: "escapes", about: "escapes do not change what a text says",
			predicate: edit{"It has no password.", `It \u0068as no pass\u0077ord. \ud83d\ude00`},
		},
		{
			name: "any-script", about: "texts may be in any script",
			predicate: edit{"It has no password.", "没有密码。 Пароля нет. 🔒"},
		},
		{
			name: "fact-of-any-type", about: "a fact is true or false, a number, a text or a list of texts; which of these is for the dictionary to say",
			reason: label.ReasonFactType, field: "predicate.facts.a", predicate: edit{`"units_sampled_count":3`, `"a":[1,2.5,{"b":null}],"units_sampled_count":3`},
		},
		{
			name: "level-9", about: "9 is the highest level",
			predicate: edit{`"level":1`, `"level":9`},
		},
		{
			name: "one-day", about: "a test period of one day",
			predicate: edit{`"from":"2026-09-14"`, `"from":"2026-10-16"`},
		},
		{
			name: "no-facts", about: "facts may be left out",
			predicate: edit{`,"facts":{"units_sampled_count":3}`, ""},
		},
		{
			name: "declaration-automatic", about: "automatic updates need no help",
			declares: true, predicate: edit{`"updates":"manual","updateHelp":"Open the app."`, `"updates":"automatic"`},
		},
	}...)
}

func refusedSignatures() []maker {
	return []maker{
		{
			name: "unknown-key", about: "no key is enrolled",
			reason: label.ReasonUnknownKey, field: "signatures", stranger: true,
		},
		{
			name: "other-key", about: "the enrolled key is another than the one that signed",
			reason: label.ReasonBadSignature, field: "signatures",
			sigs: func(s signing) [][]byte {
				return s.by("another-p256", crypto.SHA256, paeOf(label.PayloadType, s.payload))
			},
		},
		{
			name: "changed-verdict", about: "a verdict was changed after signing",
			reason: label.ReasonBadSignature, field: "signatures", tamper: edit{`"verdict":"fail"`, `"verdict":"pass"`},
		},
		{
			name: "changed-subject", about: "the subject was changed after signing",
			reason: label.ReasonBadSignature, field: "signatures", tamper: edit{label.DigestOf(subject).String(), label.DigestOf(nil).String()},
		},
		{
			name: "changed-white-space", about: "a space was added after signing",
			reason: label.ReasonBadSignature, field: "signatures", tamper: edit{end, " "},
		},
		{
			name: "changed-signature", about: "a bit of the signature was changed",
			reason: label.ReasonBadSignature, field: "signatures", sigs: func(s signing) [][]byte { s.sig[len(s.sig)-1] ^= 1; return [][]byte{s.sig} },
		},
		{
			name: "signature-cut-off", about: "the signature lacks its last byte",
			reason: label.ReasonBadSignature, field: "signatures", sigs: func(s signing) [][]byte { return [][]byte{s.sig[:len(s.sig)-1]} },
		},
		{
			name: "signed-for-another-type", about: "the signature is for another payload type",
			reason: label.ReasonBadSignature, field: "signatures",
			sigs: func(s signing) [][]byte { return s.by("ecdsa-p256", crypto.SHA256, paeOf("text/plain", s.payload)) },
		},
		{
			name: "signed-without-type", about: "the signature is of the bare payload, without DSSE's encoding",
			reason: label.ReasonBadSignature, field: "signatures", sigs: func(s signing) [][]byte { return s.by("ecdsa-p256", crypto.SHA256, s.payload) },
		},
		{
			name: "signed-with-another-digest", about: "a P-256 key goes with SHA-256 only",
			reason: label.ReasonBadSignature, field: "signatures",
			sigs: func(s signing) [][]byte {
				return s.by("ecdsa-p256", crypto.SHA384, paeOf(label.PayloadType, s.payload))
			},
		},
	}
}

func refusedEnvelopes() []maker {
	return []maker{
		{
			name: "empty", about: "no document at all",
			reason: label.ReasonMalformed, field: "", whole: edit{all, ""},
		},
		{
			name: "not-json", about: "a text that is no JSON",
			reason: label.ReasonMalformed, field: "", whole: edit{all, "hello"},
		},
		{
			name: "array", about: "JSON that is no object",
			reason: label.ReasonMalformed, field: "", whole: edit{all, "[]"},
		},
		{
			name: "neither-form", about: "an object that is neither envelope nor bundle",
			reason: label.ReasonUnknownType, field: "", whole: edit{all, "{}"},
		},
		{
			name: "bare-statement", about: "a Statement that nobody signed",
			reason: label.ReasonUnknownType, field: "",
			whole: edit{all, `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"T","predicate":{}}`},
		},
		{
			name: "truncated", about: "the document ends early",
			reason: label.ReasonMalformed, field: "signatures[0]", whole: edit{`"}]}`, `"`},
		},
		{
			name: "trailing-data", about: "a second document follows",
			reason: label.ReasonMalformed, field: "", whole: edit{end, "{}"},
		},
		{
			name: "invalid-utf8", about: "invalid UTF-8, in a member that is ignored otherwise",
			reason: label.ReasonMalformed, field: "other", dsse: edit{`{"payload":`, "{\"other\":\"\xff\",\"payload\":"},
		},
		{
			name: "duplicate-payload", about: "two payloads, of which two readers may take each another",
			reason: label.ReasonDuplicateKey, field: "payload", dsse: edit{`{"payload":`, `{"payload":"e30=","payload":`},
		},
		{
			name: "duplicate-signatures", about: "two lists of signatures",
			reason: label.ReasonDuplicateKey, field: "signatures", dsse: edit{`"signatures":`, `"signatures":[],"signatures":`},
		},
		{
			name: "duplicate-in-signature", about: "two signatures in one",
			reason: label.ReasonDuplicateKey, field: "signatures[0].sig", dsse: edit{`{"sig":`, `{"sig":"e30=","sig":`},
		},
		{
			name: "duplicate-in-unknown-member", about: "a member twice, in a member that is ignored otherwise",
			reason: label.ReasonDuplicateKey, field: "other.a", dsse: edit{`{"payload":`, `{"other":{"a":1,"a":2},"payload":`},
		},
		{
			name: "duplicate-by-escape", about: "two payloads, one with its name escaped",
			reason: label.ReasonDuplicateKey, field: "payload", dsse: edit{`{"payload":`, `{"p\u0061yload":"e30=","payload":`},
		},
		{
			name: "payload-type", about: "the payload is not in-toto",
			reason: label.ReasonUnknownType, field: "payloadType", dsse: edit{"application/vnd.in-toto+json", "application/json"},
		},
		{
			name: "no-payload", about: "the envelope has no payload",
			reason: label.ReasonMalformed, field: "payload", dsse: edit{`{"payload":`, `{"other":`},
		},
		{
			name: "empty-payload", about: "the payload is empty",
			reason: label.ReasonMalformed, field: "payload", payload: edit{all, ""},
		},
		{
			name: "payload-not-base64", about: "the payload is not base64",
			reason: label.ReasonMalformed, field: "payload", dsse: edit{`{"payload":"`, `{"payload":"{}`},
		},
		{
			name: "no-signatures", about: "the list of signatures is empty",
			reason: label.ReasonMissing, field: "signatures", sigs: instead(),
		},
		{
			name: "signatures-missing", about: "there is no list of signatures",
			reason: label.ReasonMissing, field: "signatures", dsse: edit{`"signatures":`, `"sigs":`},
		},
		{
			name: "empty-signature", about: "a signature is empty",
			reason: label.ReasonMalformed, field: "signatures.sig", sigs: func(s signing) [][]byte { return [][]byte{s.sig, {}} },
		},
		{
			name: "signature-without-padding", about: "base64 has to be padded",
			reason: label.ReasonMalformed, field: "signatures.sig", sigs: instead("a"), dsse: edit{"YQ==", "YQ"},
		},
		{
			name: "signature-of-loose-base64", about: "unused bits of base64 have to be zero",
			reason: label.ReasonMalformed, field: "signatures.sig", sigs: instead("a"), dsse: edit{"YQ==", "YR=="},
		},
		{
			name: "signature-of-two-alphabets", about: "one text is in one alphabet of base64",
			reason: label.ReasonMalformed, field: "signatures.sig", sigs: instead("abc"), dsse: edit{"YWJj", "+_+_"},
		},
		{
			name: "five-signatures", about: "one signature more than is tried",
			reason: label.ReasonTooLarge, field: "signatures", sigs: func(s signing) [][]byte { return [][]byte{s.sig, s.sig, s.sig, s.sig, s.sig} },
		},
	}
}

func refusedBundles() []maker {
	return []maker{
		{
			name: "bundle-version", about: "a bundle v0.2",
			reason: label.ReasonUnknownType, field: "mediaType", bundle: true, whole: edit{"v0.3+json", "v0.2+json"},
		},
		{
			name: "bundle-certificate", about: "signed with a certificate",
			reason: label.ReasonUnknownType, field: "verificationMaterial",
			bundle: true, whole: edit{`{"publicKey":{"hint":"%hint%"}}`, `{"certificate":{"rawBytes":"MAA="}}`},
		},
		{
			name: "bundle-certificate-chain", about: "signed with a chain of certificates",
			reason: label.ReasonUnknownType, field: "verificationMaterial",
			bundle: true, whole: edit{`{"publicKey":{"hint":"%hint%"}}`, `{"x509CertificateChain":{"certificates":[{"rawBytes":"MAA="}]}}`},
		},
		{
			name: "bundle-certificate-beside-key", about: "a certificate beside the key",
			reason: label.ReasonUnknownType, field: "verificationMaterial",
			bundle: true, whole: edit{`"verificationMaterial":{`, `"verificationMaterial":{"certificate":{"rawBytes":"MAA="},`},
		},
		{
			name: "bundle-message-signature", about: "a bare message is signed, as cosign sign-blob does",
			reason: label.ReasonUnknownType, field: "messageSignature",
			bundle: true, whole: edit{`"dsseEnvelope":`, `"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AA=="},"signature":"AA=="},"other":`},
		},
		{
			name: "bundle-without-key", about: "the bundle has no key",
			reason: label.ReasonMissing, field: "verificationMaterial.publicKey", bundle: true, whole: edit{`{"publicKey":{"hint":"%hint%"}}`, "{}"},
		},
		{
			name: "bundle-without-envelope", about: "the bundle has no envelope",
			reason: label.ReasonMissing, field: "dsseEnvelope", bundle: true, whole: edit{`"dsseEnvelope":`, `"other":`},
		},
		{
			name: "bundle-duplicate-envelope", about: "two envelopes in a bundle",
			reason: label.ReasonDuplicateKey, field: "dsseEnvelope", bundle: true, whole: edit{`"dsseEnvelope":`, `"dsseEnvelope":{},"dsseEnvelope":`},
		},
		{
			name: "bundle-duplicate-payload", about: "two payloads in a bundle",
			reason: label.ReasonDuplicateKey, field: "dsseEnvelope.payload", bundle: true, dsse: edit{`{"payload":`, `{"payload":"e30=","payload":`},
		},
		{
			name: "bundle-unknown-key", about: "the bundle names a key that is not enrolled",
			reason: label.ReasonUnknownKey, field: "signatures", bundle: true, stranger: true,
		},
	}
}

func refusedStatements() []maker {
	return []maker{
		{
			name: "statement-type", about: "a Statement of another version",
			reason: label.ReasonUnknownType, field: "_type", statement: "https://in-toto.io/Statement/v2",
		},
		{
			name: "statement-not-json", about: "the payload is no JSON",
			reason: label.ReasonMalformed, field: "", payload: edit{all, "hello"},
		},
		{
			name: "statement-truncated", about: "the Statement ends early",
			reason: label.ReasonMalformed, field: "predicate.facts", payload: edit{"3}}}", "3"},
		},
		{
			name: "statement-trailing-data", about: "a second Statement follows",
			reason: label.ReasonMalformed, field: "", payload: edit{end, "{}"},
		},
		{
			name: "statement-invalid-utf8", about: "invalid UTF-8 in the Statement",
			reason: label.ReasonMalformed, field: "subject[0].name", payload: edit{"device.json", "\xff.json"},
		},
		{
			name: "statement-duplicate", about: "two subjects, of which two readers may take each another",
			reason: label.ReasonDuplicateKey, field: "subject", payload: edit{`"subject":`, `"subject":[],"subject":`},
		},
		{
			name: "statement-duplicate-predicate", about: "two predicates",
			reason: label.ReasonDuplicateKey, field: "predicate", payload: edit{`"predicate":`, `"predicate":{},"predicate":`},
		},
		{
			name: "statement-duplicate-in-unknown-member", about: "a member twice, in a member that is ignored otherwise",
			reason: label.ReasonDuplicateKey, field: "other.a", payload: edit{`{"_type"`, `{"other":{"a":1,"a":2},"_type"`},
		},
		{
			name: "no-subject", about: "the Statement has no subject",
			reason: label.ReasonMissing, field: "subject", payload: edit{`"subject":`, `"other":`},
		},
		{
			name: "empty-subject", about: "the list of subjects is empty",
			reason: label.ReasonMissing, field: "subject",
			payload: edit{all, `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://labeld.dev/test-report/v1","predicate":{}}`},
		},
		{
			name: "subject-without-digest", about: "the subject has a name only",
			reason: label.ReasonMissing, field: "subject.digest", payload: edit{`"subject":[`, `"subject":[{"name":"box"},`},
		},
		{
			name: "subject-with-empty-digest", about: "the subject has an empty digest set",
			reason: label.ReasonMissing, field: "subject.digest", payload: edit{`"subject":[`, `"subject":[{"name":"box","digest":{}},`},
		},
		{
			name: "seventeen-subjects", about: "one subject more than is accepted",
			reason: label.ReasonTooLarge, field: "subject",
			payload: edit{`"subject":[`, `"subject":[` + strings.Repeat(`{"digest":{"sha512":"00"}},`, label.MaxSubjects)},
		},
		{
			name: "no-predicate-type", about: "the Statement does not say what it is",
			reason: label.ReasonMissing, field: "predicateType", payload: edit{`"predicateType":`, `"other":`},
		},
		{
			name: "no-predicate", about: "the Statement has no predicate",
			reason: label.ReasonMissing, field: "predicate", payload: edit{`"predicate":`, `"other":`},
		},
		{
			name: "predicate-null", about: "the predicate is null",
			reason: label.ReasonMissing, field: "predicate", payload: edit{`"predicate":`, `"predicate":null,"other":`},
		},
		{
			name: "predicate-array", about: "the predicate is no object",
			reason: label.ReasonMissing, field: "predicate", payload: edit{`"predicate":`, `"predicate":[],"other":`},
		},
	}
}

func refusedReports() []maker {
	return []maker{
		{
			name: "report-empty", about: "a report that says nothing",
			reason: label.ReasonMissing, field: "predicate.lab", predicate: edit{all, "{}"},
		},
		{
			name: "report-duplicate", about: "a lab twice",
			reason: label.ReasonDuplicateKey, field: "predicate.lab", predicate: edit{`{"lab":`, `{"lab":"other-lab","lab":`},
		},
		{
			name: "report-duplicate-verdict", about: "two verdicts in one",
			reason: label.ReasonDuplicateKey, field: "predicate.verdicts[2].verdict", predicate: edit{`"verdict":"fail"`, `"verdict":"fail","verdict":"pass"`},
		},
		{
			name: "report-unknown-member", about: "a member that is not defined",
			reason: label.ReasonUnknownField, field: "predicate.sku", predicate: edit{`{"lab":`, `{"sku":"1","lab":`},
		},
		{
			name: "report-unknown-member-deep", about: "a member that is not defined, in a verdict",
			reason: label.ReasonUnknownField, field: "predicate.verdicts[2].note", predicate: edit{`"verdict":"fail"`, `"verdict":"fail","note":"x"`},
		},
		{
			name: "report-letter-case", about: "names of members have one letter case",
			reason: label.ReasonUnknownField, field: "predicate.Lab", predicate: edit{`{"lab":`, `{"Lab":`},
		},
		{
			name: "report-type", about: "a number where a text belongs",
			reason: label.ReasonMalformed, field: "predicate.number", predicate: edit{`"AUR-2026-0422"`, "422"},
		},
		{
			name: "report-lab", about: "the lab is no identifier",
			reason: label.ReasonMalformed, field: "predicate.lab", predicate: edit{`"aurora-lab"`, `"Aurora Lab"`},
		},
		{
			name: "report-no-number", about: "the report has no number",
			reason: label.ReasonMissing, field: "predicate.number", predicate: edit{`"AUR-2026-0422"`, `""`},
		},
		{
			name: "report-invisible-character", about: "a text that reads otherwise than it is",
			reason: label.ReasonMalformed, field: "predicate.number", predicate: edit{`"AUR-2026-0422"`, `"AUR\u202e2026"`},
		},
		{
			name: "report-level", about: "there is no level 0",
			reason: label.ReasonOutOfRange, field: "predicate.level", predicate: edit{`"level":1`, `"level":0`},
		},
		{
			name: "report-date", about: "a date of another form",
			reason: label.ReasonMalformed, field: "predicate.period.from", predicate: edit{`"from":"2026-09-14"`, `"from":"14.09.2026"`},
		},
		{
			name: "report-day-that-is-none", about: "a date that is in no calendar",
			reason: label.ReasonMalformed, field: "predicate.period.from", predicate: edit{`"from":"2026-09-14"`, `"from":"2026-09-31"`},
		},
		{
			name: "report-period-reversed", about: "the test period ends before it begins",
			reason: label.ReasonOutOfRange, field: "predicate.period.to", predicate: edit{`"from":"2026-09-14"`, `"from":"2026-10-17"`},
		},
		{
			name: "report-no-firmware-digest", about: "it is not said which firmware was tested",
			reason: label.ReasonMissing, field: "predicate.firmware.sha256", predicate: edit{`,"sha256":"` + firmware + `"`, ""},
		},
		{
			name: "report-digest-in-capitals", about: "digests are in lower case",
			reason: label.ReasonMalformed, field: "predicate.firmware.sha256", predicate: edit{firmware, strings.ToUpper(firmware)},
		},
		{
			name: "report-no-verdicts", about: "a report without verdicts",
			reason: label.ReasonMissing, field: "predicate.verdicts",
			predicate: edit{`"verdicts":[{"provision":"5.1-1","verdict":"pass"},{"provision":"5.1-2","verdict":"not-applicable","reason":"It has no password."},{"provision":"5.3-1","verdict":"fail","reason":"The meter cannot be updated."}]`, `"verdicts":[]`},
		},
		{
			name: "report-provision-twice", about: "one provision has two verdicts",
			reason: label.ReasonExists, field: "predicate.verdicts[2].provision", predicate: edit{`"provision":"5.3-1"`, `"provision":"5.1-1"`},
		},
		{
			name: "report-unknown-verdict", about: "a verdict that is none",
			reason: label.ReasonOutOfRange, field: "predicate.verdicts[2].verdict", predicate: edit{`"verdict":"fail"`, `"verdict":"failed"`},
		},
		{
			name: "report-not-applicable-without-reason", about: "not applicable, and not said why",
			reason: label.ReasonMissing, field: "predicate.verdicts[1].reason", predicate: edit{`,"reason":"It has no password."`, ""},
		},
		{
			name: "report-fail-with-blank-reason", about: "a reason of white space is none",
			reason: label.ReasonMissing, field: "predicate.verdicts[2].reason", predicate: edit{"The meter cannot be updated.", " "},
		},
		{
			name: "report-long-reason", about: "a reason that is too long",
			reason: label.ReasonTooLarge, field: "predicate.verdicts[2].reason",
			predicate: edit{"The meter cannot be updated.", strings.Repeat("x", label.MaxProse+1)},
		},
		{
			name: "report-read-as-declaration", about: "a report under the type of a declaration",
			reason: label.ReasonUnknownField, field: "predicate.lab", payload: edit{"test-report/v1", "declaration/v1"},
		},
	}
}

func refusedDeclarations() []maker {
	return []maker{
		{
			name: "declaration-no-support-end", about: "it is not said until when there are updates",
			reason: label.ReasonMissing, field: "predicate.product.supportEnd", declares: true, predicate: edit{`"supportEnd":"2030-12-31",`, ""},
		},
		{
			name: "declaration-manual-without-help", about: "updates are manual, and not said how",
			reason: label.ReasonMissing, field: "predicate.product.updateHelp", declares: true, predicate: edit{`,"updateHelp":"Open the app."`, ""},
		},
		{
			name: "declaration-unknown-updates", about: "updates of no known kind",
			reason: label.ReasonOutOfRange, field: "predicate.product.updates", declares: true, predicate: edit{`"manual"`, `"often"`},
		},
		{
			name: "declaration-page-over-http", about: "the product page is not https",
			reason: label.ReasonMalformed, field: "predicate.product.page",
			declares: true, predicate: edit{`"product":{`, `"product":{"page":"http://northlight.example/",`},
		},
		{
			name: "declaration-no-contact", about: "nobody takes reports of vulnerabilities",
			reason: label.ReasonMissing, field: "predicate.product.vulnerabilities.contact",
			declares: true, predicate: edit{`"contact":"mailto:psirt@northlight.example",`, ""},
		},
		{
			name: "declaration-contact", about: "the contact is no address",
			reason: label.ReasonMalformed, field: "predicate.product.vulnerabilities.contact",
			declares: true, predicate: edit{"mailto:psirt@northlight.example", "mailto:psirt"},
		},
		{
			name: "declaration-days", about: "a report is acknowledged before it is made",
			reason: label.ReasonOutOfRange, field: "predicate.product.vulnerabilities.ackDays", declares: true, predicate: edit{`"ackDays":3`, `"ackDays":-3`},
		},
		{
			name: "declaration-claim-twice", about: "one provision is claimed twice",
			reason: label.ReasonExists, field: "predicate.claims[1].provision", declares: true, predicate: edit{`"provision":"5.3-4"`, `"provision":"5.1-1"`},
		},
		{
			name: "declaration-claim-without-reason", about: "a failure that is not explained",
			reason: label.ReasonMissing, field: "predicate.claims[1].reason", declares: true, predicate: edit{`,"reason":"Owners choose when to update."`, ""},
		},
		{
			name: "declaration-no-signatory", about: "nobody signs for the manufacturer",
			reason: label.ReasonMissing, field: "predicate.signatory.name", declares: true, predicate: edit{`"name":"Ingrid Solheim",`, ""},
		},
	}
}
