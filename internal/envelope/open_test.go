package envelope_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// TestOpen is the table of all that is accepted: every way to sign, in both
// wrappings, with both versions of the Statement.
func TestOpen(t *testing.T) {
	for _, s := range schemes {
		for _, statement := range []string{label.StatementV01, label.StatementV1} {
			for _, form := range []string{"dsse", "bundle"} {
				t.Run(s.name+" "+form+" "+statement[len(statement)-4:], func(t *testing.T) {
					payload := statementOf(t, statement, label.TypeTestReport, report())
					pub := testKeys(t)[s.key].public
					raw := dsseOf(payload, s.signature(t, payload))
					var hints []string
					if form == "bundle" {
						raw, hints = bundleOf(pub, raw), []string{pub.ID}
					}
					u, err := envelope.Open(raw)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(u.Hints(), hints) || u.Claimed() != "aurora-lab" || u.PredicateType() != label.TypeTestReport || u.ID() != label.DigestOf(payload) {
						t.Errorf("hints %v, claimed %q, type %s, ID %s", u.Hints(), u.Claimed(), u.PredicateType(), u.ID())
					}
					v, err := u.Verify([]*envelope.PublicKey{testKeys(t)["another-p256"].public, pub})
					if err != nil {
						t.Fatal(err)
					}
					if v.KeyID() != pub.ID || v.ID() != u.ID() || !bytes.Equal(v.Raw(), raw) || v.PredicateType() != label.TypeTestReport {
						t.Errorf("key %s, ID %s, type %s, raw %s", v.KeyID(), v.ID(), v.PredicateType(), v.Raw())
					}
					if want := []label.Digest{label.DigestOf(subject)}; !slices.Equal(v.Subjects(), want) {
						t.Errorf("subjects %v, want %v", v.Subjects(), want)
					}
					got, err := envelope.Predicate[label.TestReport](v)
					if err != nil || !reflect.DeepEqual(got, report()) {
						t.Errorf("predicate %+v, %v", got, err)
					}
				})
			}
		}
	}
}

// TestVerifyRefusesOtherSchemes requires that a key verifies only what goes
// with its kind: other digests, and messages without DSSE's encoding, do not.
func TestVerifyRefusesOtherSchemes(t *testing.T) {
	payload := reportStatement(t)
	unencoded := func(s scheme) scheme {
		s.sign = func(k crypto.Signer, _ []byte) ([]byte, error) { return schemes[0].sign(k, payload) }
		return s
	}
	for _, s := range []scheme{
		{"ecdsa-p256-sha384", "ecdsa-p256", hashed(crypto.SHA384, crypto.SHA384)},
		{"ecdsa-p256-sha1", "ecdsa-p256", hashed(crypto.SHA1, crypto.SHA1)},
		{"ecdsa-p384-sha512", "ecdsa-p384", hashed(crypto.SHA512, crypto.SHA512)},
		{"rsa-pkcs1v15-sha1", "rsa-2048", hashed(crypto.SHA1, crypto.SHA1)},
		{"rsa-pkcs1v15-sha384", "rsa-2048", hashed(crypto.SHA384, crypto.SHA384)},
		unencoded(scheme{"no pre-authentication encoding", "ecdsa-p256", nil}),
	} {
		_, err := openAndVerify(dsseOf(payload, s.signature(t, payload)), testKeys(t)[s.key].public)
		if label.ReasonOf(err) != label.ReasonBadSignature {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// TestTampering flips a bit of every byte of payload and signature: nothing of
// it verifies. In the outer text a flip may be harmless, but then the
// statement is the same.
func TestTampering(t *testing.T) {
	t.Parallel()
	payload := reportStatement(t)
	for _, s := range []scheme{schemes[0], schemes[3], schemes[5]} {
		pub := testKeys(t)[s.key].public
		sig := s.signature(t, payload)
		verify := func(payload, sig []byte) error { _, err := openAndVerify(dsseOf(payload, sig), pub); return err }
		if err := verify(payload, sig); err != nil {
			t.Fatal(err)
		}
		for i := range payload {
			b := bytes.Clone(payload)
			b[i] ^= 1 << (i % 8)
			if verify(b, sig) == nil {
				t.Errorf("%s: byte %d of the payload can be changed", s.name, i)
			}
		}
		for i := range sig {
			b := bytes.Clone(sig)
			b[i] ^= 1 << (i % 8)
			if err := verify(payload, b); label.ReasonOf(err) != label.ReasonBadSignature {
				t.Errorf("%s: byte %d of the signature can be changed: %v", s.name, i, err)
			}
		}
		for name, b := range map[string][]byte{
			"one byte less": sig[:len(sig)-1], "one byte more": append(bytes.Clone(sig), 0), "zeroes": make([]byte, len(sig)),
		} {
			if err := verify(payload, b); label.ReasonOf(err) != label.ReasonBadSignature {
				t.Errorf("%s: %s: %v", s.name, name, err)
			}
		}
	}
	raw, pub := signedReport(t)
	raw = bundleOf(pub, raw)
	for i := range raw {
		b := bytes.Clone(raw)
		b[i] ^= 1 << (i % 8)
		if v, err := openAndVerify(b, pub); err == nil && v.ID() != label.DigestOf(payload) {
			t.Errorf("with byte %d changed, another statement verifies", i)
		}
	}
}

func TestVerifyKeys(t *testing.T) {
	raw, pub := signedReport(t)
	other := testKeys(t)["another-p256"].public
	_, err := openAndVerify(raw)
	wantRefusal(t, err, label.Denied, label.ReasonUnknownKey, "signatures")
	for _, k := range testKeys(t) {
		if k.public != pub {
			_, err = openAndVerify(raw, k.public)
			wantRefusal(t, err, label.Denied, label.ReasonBadSignature, "signatures")
		}
	}
	// A hint is a hint: it does not make a signature.
	_, err = openAndVerify(bundleOf(other, raw), other)
	wantRefusal(t, err, label.Denied, label.ReasonBadSignature, "signatures")
}

// TestSeveralSignatures requires that one good signature among others is
// enough, that the key that made it is named, and that no more than
// [label.MaxSignatures] are tried.
func TestSeveralSignatures(t *testing.T) {
	payload := reportStatement(t)
	lab, other := testKeys(t)["ecdsa-p256"].public, testKeys(t)["ed25519"].public
	byLab, byOther := schemes[0].signature(t, payload), schemes[3].signature(t, payload)
	junk := []byte("junk")
	for name, c := range map[string]struct {
		sigs [][]byte
		keys []*envelope.PublicKey
		by   *envelope.PublicKey
	}{
		"first":            {[][]byte{byLab, junk}, []*envelope.PublicKey{lab}, lab},
		"last":             {[][]byte{junk, junk, junk, byLab}, []*envelope.PublicKey{lab}, lab},
		"two good":         {[][]byte{byOther, byLab}, []*envelope.PublicKey{lab, other}, lab},
		"two good, turned": {[][]byte{byLab, byOther}, []*envelope.PublicKey{other, lab}, other},
		"only one trusted": {[][]byte{byLab, byOther}, []*envelope.PublicKey{other}, other},
	} {
		v, err := openAndVerify(dsseOf(payload, c.sigs...), c.keys...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if v.KeyID() != c.by.ID {
			t.Errorf("%s: verified by %s, want %s", name, v.KeyID(), c.by.ID)
		}
	}
	_, err := envelope.Open(dsseOf(payload, junk, junk, junk, junk, byLab))
	wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, "signatures")
}

// TestSigners requires that every key that made a signature is given, once, in
// the order of the keys and not of the signatures, and that no key is tried
// before its turn.
func TestSigners(t *testing.T) {
	payload := reportStatement(t)
	lab, maker, stranger := testKeys(t)["ecdsa-p256"].public, testKeys(t)["ed25519"].public, testKeys(t)["another-p256"].public
	byLab, byMaker := schemes[0].signature(t, payload), schemes[3].signature(t, payload)
	again := schemes[0].signature(t, payload) // another signature of the same key
	keys := []*envelope.PublicKey{stranger, maker, lab}
	for name, c := range map[string]struct {
		sigs [][]byte
		want []*envelope.PublicKey
	}{
		"both":         {[][]byte{byLab, byMaker}, []*envelope.PublicKey{maker, lab}},
		"both, turned": {[][]byte{byMaker, byLab}, []*envelope.PublicKey{maker, lab}},
		"one twice":    {[][]byte{byLab, again, byLab}, []*envelope.PublicKey{lab}},
		"none":         {[][]byte{[]byte("junk")}, nil},
	} {
		u, err := envelope.Open(dsseOf(payload, c.sigs...))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for v := range u.Signers(keys) {
			got = append(got, v.KeyID())
			if v.ID() != u.ID() || !bytes.Equal(v.Payload(), payload) {
				t.Errorf("%s: %s verified another statement", name, v.KeyID())
			}
		}
		var want []string
		for _, k := range c.want {
			want = append(want, k.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: signed by %v, want %v", name, got, want)
		}
		if len(want) == 0 {
			continue
		}
		for v := range u.Signers(append(c.want, nil)) { // the key that is nil must not be tried
			if v.KeyID() == want[len(want)-1] {
				break
			}
		}
	}
}

func TestHints(t *testing.T) {
	payload := reportStatement(t)
	pub, other := testKeys(t)["ecdsa-p256"].public, testKeys(t)["ed25519"].public
	sig := base64.StdEncoding.EncodeToString(schemes[0].signature(t, payload))
	b64 := base64.StdEncoding.EncodeToString(payload)
	base64ID := func(k *envelope.PublicKey) string { return hintIn(t, k) }
	doc := func(hint string, keyids ...string) []byte {
		var sigs []string
		for _, id := range keyids {
			sigs = append(sigs, fmt.Sprintf(`{"keyid":%q,"sig":%q}`, id, sig))
		}
		dsse := fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[%s]}`, label.PayloadType, b64, strings.Join(sigs, ","))
		if hint == "bare" {
			return []byte(dsse)
		}
		return fmt.Appendf(nil, `{"mediaType":%q,"verificationMaterial":{"publicKey":{"hint":%q}},"dsseEnvelope":%s}`, label.BundleType, hint, dsse)
	}
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"none":                      {doc("bare", ""), nil},
		"key ID in hex":             {doc("bare", pub.ID), []string{pub.ID}},
		"key ID in base64":          {doc("bare", base64ID(pub)), []string{pub.ID}},
		"key ID of another form":    {doc("bare", "SHA256:abc"), nil},
		"key ID in capitals":        {doc("bare", strings.ToUpper(pub.ID)), nil},
		"key ID too short":          {doc("bare", pub.ID[2:]), nil},
		"two key IDs":               {doc("bare", other.ID, pub.ID), []string{other.ID, pub.ID}},
		"one key ID twice":          {doc("bare", pub.ID, base64ID(pub)), []string{pub.ID}},
		"hint in base64":            {doc(base64ID(pub), ""), []string{pub.ID}},
		"hint in hex":               {doc(pub.ID, ""), []string{pub.ID}},
		"hint of another form":      {doc("our key", ""), nil},
		"empty hint":                {doc("", ""), nil},
		"hint and another key ID":   {doc(base64ID(other), pub.ID), []string{other.ID, pub.ID}},
		"hint and the same key ID":  {doc(base64ID(pub), pub.ID), []string{pub.ID}},
		"base64 of too few octets":  {doc(base64.StdEncoding.EncodeToString(make([]byte, 31)), ""), nil},
		"base64 of too many octets": {doc(base64.StdEncoding.EncodeToString(make([]byte, 33)), ""), nil},
	} {
		u, err := envelope.Open(c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(u.Hints(), c.want) {
			t.Errorf("%s: hints %v, want %v", name, u.Hints(), c.want)
		}
		if _, err := u.Verify([]*envelope.PublicKey{pub}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hintIn(t *testing.T, k *envelope.PublicKey) string {
	t.Helper()
	var b struct {
		Material struct {
			PublicKey struct{ Hint string }
		} `json:"verificationMaterial"`
	}
	if err := json.Unmarshal(bundleOf(k, []byte("{}")), &b); err != nil {
		t.Fatal(err)
	}
	return b.Material.PublicKey.Hint
}

func TestClaimed(t *testing.T) {
	for _, c := range []struct{ kind, predicate, want string }{
		{label.TypeTestReport, `{}`, ""},
		{label.TypeTestReport, `{"lab":"a"}`, "a"},
		{label.TypeTestReport, `{"manufacturer":"b","lab":"a"}`, "a"},
		{label.TypeTestReport, `{"manufacturer":"b"}`, ""},
		{label.TypeTestReport, `{"lab":7}`, ""},
		{label.TypeTestReport, `{"lab":null}`, ""},
		{label.TypeTestReport, `{"Lab":"a"}`, ""},
		{label.TypeDeclaration, `{"manufacturer":"b"}`, "b"},
		{label.TypeDeclaration, `{"manufacturer":"b","lab":"a"}`, "b"},
		{label.TypeDeclaration, `{"manufacturer":{"id":"b"}}`, ""},
		{label.TypeAppeal, `{"manufacturer":"b"}`, "b"},
		// What these are about is not who speaks.
		{label.TypeEvent, `{"kind":"lab","lab":"a"}`, ""},
		{label.TypeAccreditation, `{"lab":{"id":"a"}}`, ""},
		{label.TypeStatusRequest, `{"label":"K7QM4T2X9PWH"}`, ""},
		{"T", `{"lab":"a","manufacturer":"b"}`, ""},
	} {
		payload := statementOf(t, label.StatementV1, c.kind, json.RawMessage(c.predicate))
		u, err := envelope.Open(dsseOf(payload, []byte("sig")))
		if err != nil {
			t.Fatal(err)
		}
		if u.Claimed() != c.want {
			t.Errorf("%s %s claims to speak for %q, want %q", c.kind, c.predicate, u.Claimed(), c.want)
		}
	}
}

func TestSubjects(t *testing.T) {
	a, b := label.DigestOf([]byte("a")), label.DigestOf([]byte("b"))
	subjects := func(list string) []byte {
		payload := fmt.Appendf(nil, `{"_type":%q,"subject":[%s],"predicateType":"T","predicate":{}}`, label.StatementV1, list)
		return dsseOf(payload, schemes[0].signature(t, payload))
	}
	for list, want := range map[string][]label.Digest{
		fmt.Sprintf(`{"digest":{"sha256":%q}}`, a):                                            {a},
		fmt.Sprintf(`{"digest":{"sha256":%q}},{"digest":{"sha256":%q}}`, a, b):                {a, b},
		fmt.Sprintf(`{"uri":"x","digest":{"sha512":"00","sha256":%q}}`, a):                    {a},
		`{"digest":{"sha512":"00"}}`:                                                          nil,
		fmt.Sprintf(`{"digest":{"SHA256":%q}}`, a):                                            nil,
		fmt.Sprintf(`{"digest":{"sha256":%q}}`, strings.ToUpper(a.String())):                  nil,
		fmt.Sprintf(`{"digest":{"sha256":%q}},{"digest":{"gitCommit":"00"}}`, a):              {a},
		fmt.Sprintf(`{"digest":{"sha256":"not hex"}},{"name":"x","digest":{"sha256":%q}}`, a): {a},
	} {
		v, err := openAndVerify(subjects(list), testKeys(t)["ecdsa-p256"].public)
		if err != nil {
			t.Errorf("%s: %v", list, err)
		} else if !slices.Equal(v.Subjects(), want) {
			t.Errorf("%s: %v, want %v", list, v.Subjects(), want)
		}
	}
}

// TestLimits requires of every limit enforced here that what is exactly as
// large is accepted, and what is larger by one is not.
func TestLimits(t *testing.T) {
	pub := testKeys(t)["ecdsa-p256"].public
	padded := func(n int) []byte { // a bundle of n bytes, padded outside the payload
		raw, _ := signedReport(t)
		raw = bundleOf(pub, raw)
		return append(raw, strings.Repeat(" ", n-len(raw))...)
	}
	signatures := func(n int) []byte {
		payload := reportStatement(t)
		sigs := slices.Repeat([][]byte{[]byte("junk")}, n)
		sigs[n-1] = schemes[0].signature(t, payload)
		return dsseOf(payload, sigs...)
	}
	subjects := func(n int) []byte {
		list := strings.Repeat(`,{"digest":{"sha256":"`+label.DigestOf(subject).String()+`"}}`, n)
		payload := fmt.Appendf(nil, `{"_type":%q,"subject":[%s],"predicateType":"T","predicate":{}}`, label.StatementV1, list[1:])
		return dsseOf(payload, schemes[0].signature(t, payload))
	}
	for _, c := range []struct {
		limit int
		field string
		of    func(int) []byte
	}{
		{label.MaxStatement, "statement", padded},
		{label.MaxSignatures, "signatures", signatures},
		{label.MaxSubjects, "subject", subjects},
	} {
		if _, err := openAndVerify(c.of(c.limit), pub); err != nil {
			t.Errorf("%s of exactly %d: %v", c.field, c.limit, err)
		}
		_, err := envelope.Open(c.of(c.limit + 1))
		wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, c.field)
	}
}

// TestPredicate requires that a predicate's errors name their place in it, and
// that a statement is not read as what it is not.
func TestPredicate(t *testing.T) {
	pub := testKeys(t)["ecdsa-p256"].public
	payload := statementOf(t, label.StatementV1, label.TypeDeclaration, declaration())
	v, err := openAndVerify(dsseOf(payload, schemes[0].signature(t, payload)), pub)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := envelope.Predicate[label.Declaration](v); err != nil || !reflect.DeepEqual(d, declaration()) {
		t.Errorf("read %+v, %v", d, err)
	}
	_, err = envelope.Predicate[label.TestReport](v)
	wantRefusal(t, err, label.Invalid, label.ReasonUnknownField, "predicate.manufacturer")
	d := declaration()
	d.Claims[1].Reason = ""
	payload = statementOf(t, label.StatementV1, label.TypeDeclaration, d)
	if v, err = openAndVerify(dsseOf(payload, schemes[0].signature(t, payload)), pub); err != nil {
		t.Fatal(err)
	}
	_, err = envelope.Predicate[label.Declaration](v)
	wantRefusal(t, err, label.Invalid, label.ReasonMissing, "predicate.claims[1].reason")
}

// TestSubmitted requires that what says nothing is refused of what comes in, and read of
// what is on record.
func TestSubmitted(t *testing.T) {
	pub := testKeys(t)["ecdsa-p256"].public
	verified := func(predicateType string, p any, from, to string) *envelope.Verified {
		payload := statementOf(t, label.StatementV1, predicateType, p)
		if bytes.Count(payload, []byte(from)) != 1 {
			t.Fatalf("%s is not in %s", from, payload)
		}
		payload = bytes.Replace(payload, []byte(from), []byte(to), 1)
		v, err := openAndVerify(dsseOf(payload, schemes[0].signature(t, payload)), pub)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := verified(label.TypeDeclaration, declaration(), `"ackDays":3`, `"ackDays":0`)
	if _, err := envelope.Predicate[label.Declaration](v); err != nil {
		t.Error(err)
	}
	_, err := envelope.Submitted[label.Declaration](v)
	wantRefusal(t, err, label.Invalid, label.ReasonNotCanonical, "predicate.product.vulnerabilities.ackDays")

	v = verified(label.TypeTestReport, report(), `"facts":`, `"samples":[],"facts":`)
	if _, err := envelope.Report(v); err != nil {
		t.Error(err)
	}
	_, err = envelope.SubmittedReport(v)
	wantRefusal(t, err, label.Invalid, label.ReasonNotCanonical, "predicate.samples")
	if _, err := envelope.SubmittedReport(verified(label.TypeTestReport, report(), `"lab":`, `"lab":`)); err != nil {
		t.Error(err)
	}
	if _, err := envelope.Submitted[label.Declaration](verified(label.TypeDeclaration, declaration(), `"manufacturer":`, `"manufacturer":`)); err != nil {
		t.Error(err)
	}
}

// TestSealedForms requires that what is sealed here comes in again in each of
// its forms, as the same statement.
func TestSealedForms(t *testing.T) {
	s, err := envelope.NewSigner(testKeys(t)["ed25519"].Signer)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := label.NewStatement("device.json", label.DigestOf(subject), label.TypeTestReport, report())
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.Seal(stmt)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := env.Encode()
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := envelope.Bundle(env)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := envelope.Bundle(env); err != nil || !bytes.Equal(again, bundle) {
		t.Errorf("the same envelope gives another bundle: %s, %v", again, err)
	}
	parsed, err := label.ParseEnvelope(bare)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := parsed.Encode(); err != nil || !bytes.Equal(again, bare) {
		t.Errorf("the envelope has two encodings: %s and %s, %v", bare, again, err)
	}
	direct, err := envelope.OpenEnvelope(parsed)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := direct.Verify([]*envelope.PublicKey{s.Public}); err != nil || v.Raw() != nil {
		t.Errorf("the parsed envelope: raw %s, %v", v.Raw(), err)
	}
	for name, raw := range map[string][]byte{"bare": bare, "bundle": bundle} {
		u, err := envelope.Open(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := u.Verify([]*envelope.PublicKey{s.Public}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if u.ID() != direct.ID() || !bytes.Equal(u.Envelope().Payload, env.Payload) {
			t.Errorf("%s is another statement: %s, want %s", name, u.ID(), direct.ID())
		}
	}
	for id, hint := range map[string]string{"our key": "our key", "": ""} {
		b, err := envelope.Bundle(&label.Envelope{Signatures: []label.Signature{{KeyID: id}}})
		if err != nil || !bytes.Contains(b, []byte(`{"hint":"`+hint+`"}`)) {
			t.Errorf("the key %q is hinted in %s, %v", id, b, err)
		}
	}
	// The key's ID is in the bundle, where cosign looks for it, and nowhere else.
	if bytes.Contains(bare, []byte("keyid")) || bytes.Contains(bundle, []byte("keyid")) {
		t.Error("an envelope names its key")
	}
	if want := `"publicKey":{"hint":"` + hintIn(t, s.Public) + `"}`; !bytes.Contains(bundle, []byte(want)) {
		t.Errorf("%s does not have %s", bundle, want)
	}
}

// TestOpenParts requires of every document of the corpus, good or bad, that it is the
// same when a text in it that is base64 is given as what that is of: its payload, and
// any other.
func TestOpenParts(t *testing.T) {
	payloads := 0
	for _, c := range corpusCases(t) {
		raw := corpusFile(t, c.File)
		want, refused := envelope.Open(raw)
		for _, at := range regexp.MustCompile(`"[A-Za-z0-9+/=]*"`).FindAllIndex(raw, -1) {
			from, to := at[0]+1, at[1]-1
			content, err := base64.StdEncoding.Strict().DecodeString(string(raw[from:to]))
			if err != nil {
				continue
			}
			got, err := envelope.OpenParts(raw[:from:from], content, raw[to:])
			if fmt.Sprint(err) != fmt.Sprint(refused) {
				t.Errorf("%s, with %q taken out: %v, as a whole: %v", c.File, raw[from:to], err, refused)
			}
			if err != nil || refused != nil {
				continue
			}
			if got.ID() != want.ID() || !slices.Equal(got.Hints(), want.Hints()) || !reflect.DeepEqual(got.Envelope(), want.Envelope()) {
				t.Errorf("%s, with %q taken out, is another statement", c.File, raw[from:to])
			}
			if bytes.Equal(content, want.Envelope().Payload) {
				payloads++
			}
		}
	}
	if payloads == 0 {
		t.Error("no payload was taken out")
	}
}

// TestOpenRefusesDuplicates requires that no statement is opened that has a member twice,
// wherever in its predicate: who decodes that does not look for it again.
func TestOpenRefusesDuplicates(t *testing.T) {
	good := string(reportStatement(t))
	for name, change := range map[string][2]string{
		"member":               {`"lab":`, `"lab":"other-lab","lab":`},
		"escaped":              {`"lab":`, `"l\u0061b":"other-lab","lab":`},
		"member in a list":     {`"verdict":"pass"`, `"verdict":"pass","verdict":"pass"`},
		"fact":                 {`"units_sampled_count":3`, `"units_sampled_count":3,"units_sampled_count":4`},
		"in a fact":            {`"units_sampled_count":3`, `"units_sampled_count":{"a":1,"a":1}`},
		"in an unknown member": {`"lab":`, `"other":[{"a":1,"a":1}],"lab":`},
	} {
		payload := strings.Replace(good, change[0], change[1], 1)
		if payload == good {
			t.Fatalf("%s: %s is not in %s", name, change[0], good)
		}
		_, err := envelope.Open(dsseOf([]byte(payload), []byte("unseen")))
		if label.ReasonOf(err) != label.ReasonDuplicateKey {
			t.Errorf("%s: %v", name, err)
		}
	}
}
