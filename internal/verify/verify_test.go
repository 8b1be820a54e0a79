package verify_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	mathrand "math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test unless err is a refusal with reason that names the part
// at fault: field, or something in it.
func wants(t testing.TB, err error, reason label.Reason, field, says string) {
	t.Helper()
	e, ok := err.(*label.Error)
	if !ok {
		t.Fatalf("got %T %v, want a refusal with %s", err, err, reason)
	}
	if e.Reason != reason || e.Field != field || !strings.Contains(e.Text, says) {
		t.Fatalf("got %s, field %q: %s\nwant %s, field %q: … %s …", e.Reason, e.Field, e.Text, reason, field, says)
	}
}

// at is an instant soon after the labels of a test were issued.
var at = labeltest.Start.Add(time.Hour)

// issued returns a world with two labels: a plug's and, in pkg, a camera's.
func issued(t testing.TB) (w *labeltest.World, plug, camera []byte) {
	t.Helper()
	w = labeltest.New(t, nil)
	return w, w.Issue(w.Example("plug"), 1).Package, w.Issue(w.Example("camera"), 3).Package
}

// open takes a package apart; parts puts it together again.
func open(t testing.TB, pkg []byte) *verify.Package {
	t.Helper()
	p, err := verify.ParsePackage(pkg)
	must(t, err)
	return p
}

func parts(t testing.TB, p *verify.Package) []byte {
	t.Helper()
	b, err := verify.NewPackage(p.Bundle, []byte(p.Device), []byte(p.Proof), p.Statuses, p.History)
	must(t, err)
	return b
}

// swap replaces the one place where old stands in s.
func swap(t testing.TB, s, old, new string) string {
	t.Helper()
	if strings.Count(s, old) != 1 {
		t.Fatalf("%q stands %d times in %.200s", old, strings.Count(s, old), s)
	}
	return strings.Replace(s, old, new, 1)
}

// trusting returns a trust like w's, changed.
func trusting(t testing.TB, w *labeltest.World, change func(*verify.Trust)) *verify.Trust {
	t.Helper()
	tr := &verify.Trust{Type: w.Trust.Type, Authority: w.Trust.Authority, URL: w.Trust.URL, Log: w.Trust.Log, Schemes: w.Trust.Schemes}
	tr.LabelKeys = append(tr.LabelKeys, w.Trust.LabelKeys...)
	if change != nil {
		change(tr)
	}
	must(t, tr.Prepare())
	return tr
}

func TestAccepted(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("plug"), 1)
	e := w.Example("camera")
	pub := w.Issue(e, 3)
	r, err := w.Trust.Verify(pub.Package, at, at)
	must(t, err)
	if !reflect.DeepEqual(r.Label, pub.Label) {
		t.Errorf("verified\n%+v\nissued\n%+v", r.Label, pub.Label)
	}
	if r.Index != pub.Index || r.Tree != w.Authority.LogSize() || r.Tree != r.Index+1 || r.State != label.Active || r.Support != label.Supported || !r.At.Equal(at) {
		t.Errorf("the result is %+v", r)
	}
	if head := r.Checkpoint(); head.Origin != labeltest.Origin || head.Tree.N != r.Tree {
		t.Errorf("the proof leads to %+v", head)
	}
	var names []string
	for _, c := range r.Checks {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "signature statement device log history" {
		t.Errorf("the checks are %s", got)
	}
	for i, says := range []string{
		"of Test Authority signed the label statement",
		r.Label.ID.Pretty() + ", Level 3 of 4: Secure by design",
		"model NL-C210), SHA-256 " + label.DigestOf(e.Descriptor).String(),
		"transparency log " + labeltest.Origin,
	} {
		if !strings.Contains(r.Checks[i].Says, says) {
			t.Errorf("check %d says %q, want … %s …", i, r.Checks[i].Says, says)
		}
	}
	// The trust file that the service gives away does as well as the one in memory.
	text, err := label.Encode(w.Trust)
	must(t, err)
	tr, err := verify.ParseTrust(text)
	must(t, err)
	again, err := tr.Verify(pub.Package, at, at)
	must(t, err)
	if !reflect.DeepEqual(again, r) {
		t.Errorf("with the file's trust the result is %+v, want %+v", again, r)
	}
	l, err := tr.Label(pub.Bundle, pub.Device)
	must(t, err)
	if !reflect.DeepEqual(l, pub.Label) {
		t.Errorf("the bundle alone holds %+v", l)
	}
}

// TestInTime looks at one label at many instants. Expiry and support are two
// axes.
func TestInTime(t *testing.T) {
	w := labeltest.New(t, nil)
	pub := w.Issue(w.Example("camera"), 3)
	expires, supported := pub.Label.Expires, pub.Label.Product.SupportEnd.End()
	if !expires.Before(supported) {
		t.Fatalf("the camera expires on %s, after its support ends on %s", expires, supported)
	}
	for _, row := range []struct {
		at      time.Time
		state   label.State
		support label.SupportState
	}{
		{pub.Label.Issued, label.Active, label.Supported},
		{pub.Label.Issued.Add(-1), label.NotIssued, label.Supported},
		{pub.Label.Issued.AddDate(0, 0, 7), label.Active, label.Supported},
		{expires, label.Expired, label.Supported},
		{supported.Add(-1), label.Expired, label.Supported},
		{supported, label.Expired, label.SupportEnded},
	} {
		r, err := w.Trust.Verify(pub.Package, row.at, row.at)
		must(t, err)
		if r.State != row.state || r.Support != row.support || len(r.Checks) != 5 {
			t.Errorf("at %s the label is %s, support %s, want %s, %s", row.at, r.State, r.Support, row.state, row.support)
		}
	}
}

// TestTampered changes one thing of a good package at a time.
func TestTampered(t *testing.T) {
	w, plug, camera := issued(t)
	other, _, foreign := issued(t)
	p := open(t, plug)
	payload := func(s string, old, new string) label.JSON { // changes the signed payload inside a bundle
		var b map[string]any
		must(t, json.Unmarshal([]byte(s), &b))
		env := b["dsseEnvelope"].(map[string]any)
		raw, err := base64.StdEncoding.DecodeString(env["payload"].(string))
		must(t, err)
		env["payload"] = base64.StdEncoding.EncodeToString([]byte(swap(t, string(raw), old, new)))
		out, err := json.Marshal(b)
		must(t, err)
		return out
	}
	// signature changes the signature inside a bundle.
	signature := func(s string, change func([]byte)) label.JSON {
		var b map[string]any
		must(t, json.Unmarshal([]byte(s), &b))
		sig := b["dsseEnvelope"].(map[string]any)["signatures"].([]any)[0].(map[string]any)
		raw, err := base64.StdEncoding.DecodeString(sig["sig"].(string))
		must(t, err)
		change(raw)
		sig["sig"] = base64.StdEncoding.EncodeToString(raw)
		out, err := json.Marshal(b)
		must(t, err)
		return out
	}
	// recheckpoint puts another signer's checkpoint of the same tree in a proof.
	recheckpoint := func(text, origin string) string {
		proof, err := translog.ParseProof([]byte(text))
		must(t, err)
		head, err := w.Trust.OpenCheckpoint(proof.Checkpoint)
		must(t, err)
		skey, _, err := note.GenerateKey(rand.Reader, origin)
		must(t, err)
		s, err := note.NewSigner(skey)
		must(t, err)
		proof.Checkpoint, err = translog.SignCheckpoint(translog.Checkpoint{Origin: origin, Tree: head.Tree}, s)
		must(t, err)
		return string(proof.Format())
	}
	reproof := func(text string, change func(*translog.Proof)) string {
		proof, err := translog.ParseProof([]byte(text))
		must(t, err)
		change(&proof)
		return string(proof.Format())
	}
	accreditation := w.Sign(w.Issuer.Accreditation(&label.Accreditation{
		Lab: label.Party{ID: "lab", Name: "Lab"}, Number: "T-1", Body: "Board", Standards: []string{"en303645"}, Categories: []string{"*"},
		Methods: []label.Method{"functional-test"}, Interval: label.Period{From: label.DateOf(at), To: label.DateOf(at)}, Event: label.DigestOf(nil),
	}, at))
	notLabel, err := envelope.Bundle(accreditation.Envelope)
	must(t, err)

	for _, row := range []struct {
		name   string
		change func(p *verify.Package)
		reason label.Reason
		field  string
		says   string
	}{
		{"device: one letter", func(p *verify.Package) { p.Device = swap(t, p.Device, "Porch", "Torch") }, label.ReasonUnknownSubject, "device", "about another device"},
		{"device: white space", func(p *verify.Package) { p.Device = swap(t, p.Device, `"brand":`, `"brand": `) }, label.ReasonNotCanonical, "device", "canonical"},
		{"device: another member", func(p *verify.Package) { p.Device = swap(t, p.Device, `{"brand":`, `{"bland":1,"brand":`) }, label.ReasonUnknownField, "device.bland", "no such member"},
		{"device: empty", func(p *verify.Package) { p.Device = "" }, label.ReasonMalformed, "device", "not valid JSON"},
		{"device: too large", func(p *verify.Package) { p.Device += strings.Repeat(" ", label.MaxDevice) }, label.ReasonTooLarge, "device", "at most 8192"},
		{"device of another label", func(c *verify.Package) { c.Device = p.Device }, label.ReasonUnknownSubject, "device", "about another device"},

		{"bundle: the level", func(p *verify.Package) {
			p.Bundle = payload(string(p.Bundle), `"number":3,"of":4`, `"number":4,"of":4`)
		}, label.ReasonBadSignature, "bundle", "was changed or is not of this authority"},
		{"bundle: white space in the payload", func(p *verify.Package) { p.Bundle = payload(string(p.Bundle), `"number":3,`, `"number": 3,`) }, label.ReasonBadSignature, "bundle", "was changed"},
		{"bundle: a bit of the signature", func(p *verify.Package) {
			p.Bundle = signature(string(p.Bundle), func(b []byte) { b[len(b)-1] ^= 1 })
		}, label.ReasonBadSignature, "bundle", "was changed"},
		{"bundle: signature not base64", func(p *verify.Package) { p.Bundle = label.JSON(swap(t, string(p.Bundle), `"sig":"`, `"sig":"!`)) }, label.ReasonMalformed, "bundle.signatures.sig", "base64"},
		{"bundle: no signature", func(p *verify.Package) {
			b := string(p.Bundle)
			i := strings.Index(b, `"signatures":[`) + len(`"signatures":[`)
			p.Bundle = label.JSON(b[:i] + b[strings.LastIndexByte(b, ']'):])
		}, label.ReasonMissing, "bundle.signatures", "no signature"},
		{"bundle: another kind", func(p *verify.Package) {
			p.Bundle = label.JSON(swap(t, string(p.Bundle), label.PayloadType, "text/plain"))
		}, label.ReasonUnknownType, "bundle.payloadType", "must be"},
		{"bundle: nothing", func(p *verify.Package) { p.Bundle = label.JSON("{}") }, label.ReasonUnknownType, "bundle", "neither"},
		{"bundle: a number", func(p *verify.Package) { p.Bundle = label.JSON("3") }, label.ReasonMalformed, "bundle", "JSON"},
		{"bundle of another label", func(c *verify.Package) { c.Bundle = p.Bundle }, label.ReasonUnknownSubject, "device", "about another device"},
		{"bundle of another authority", func(p *verify.Package) { p.Bundle = open(t, foreign).Bundle }, label.ReasonBadSignature, "bundle", "not of this authority"},
		{"another statement of the authority", func(p *verify.Package) { p.Bundle = notLabel }, label.ReasonUnknownType, "bundle", "the statement is a " + label.TypeAccreditation + ", not a label"},

		{"proof: index", func(p *verify.Package) { p.Proof = reproof(p.Proof, func(p *translog.Proof) { p.Index-- }) }, label.ReasonBadSignature, "proof", "not shown to be in the log " + labeltest.Origin},
		{"proof: index beyond the tree", func(p *verify.Package) { p.Proof = reproof(p.Proof, func(p *translog.Proof) { p.Index += 99 }) }, label.ReasonBadSignature, "proof", "not shown"},
		{"proof: a hash", func(p *verify.Package) {
			p.Proof = reproof(p.Proof, func(p *translog.Proof) { p.Hashes[0][5] ^= 1 })
		}, label.ReasonBadSignature, "proof", "not shown"},
		{"proof: a hash less", func(p *verify.Package) {
			p.Proof = reproof(p.Proof, func(p *translog.Proof) { p.Hashes = p.Hashes[1:] })
		}, label.ReasonBadSignature, "proof", "not shown"},
		{"proof: a hash more", func(p *verify.Package) {
			p.Proof = reproof(p.Proof, func(p *translog.Proof) { p.Hashes = append(p.Hashes, p.Hashes[0]) })
		}, label.ReasonBadSignature, "proof", "not shown"},
		{"proof: size of the tree", func(p *verify.Package) {
			p.Proof = swap(t, p.Proof, labeltest.Origin+"\n4\n", labeltest.Origin+"\n5\n")
		}, label.ReasonBadSignature, "proof", "invalid signature"},
		{"proof: name of the log", func(p *verify.Package) {
			p.Proof = strings.ReplaceAll(p.Proof, labeltest.Origin, "labels.best/log")
		}, label.ReasonBadSignature, "proof", "not shown"},
		{"proof: another log", func(p *verify.Package) { p.Proof = recheckpoint(p.Proof, "other.test/log") }, label.ReasonBadSignature, "proof", "without a signature by the log's key"},
		{"proof: another key of the same name", func(p *verify.Package) { p.Proof = recheckpoint(p.Proof, labeltest.Origin) }, label.ReasonBadSignature, "proof", "without a signature by the log's key"},
		{"proof: empty", func(p *verify.Package) { p.Proof = "" }, label.ReasonMalformed, "proof", "does not begin"},
		{"proof: half", func(p *verify.Package) { p.Proof = p.Proof[:len(p.Proof)/2] }, label.ReasonMalformed, "proof", ""},
		{"proof of another label", func(c *verify.Package) { c.Proof = p.Proof }, label.ReasonBadSignature, "proof", "not shown"},
		{"proof of another authority", func(p *verify.Package) { p.Proof = open(t, foreign).Proof }, label.ReasonBadSignature, "proof", "without a signature by the log's key"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := open(t, camera)
			row.change(c)
			changed := parts(t, c)
			if bytes.Equal(changed, camera) {
				t.Fatal("the change changed nothing")
			}
			r, err := w.Trust.Verify(changed, at, at)
			if r != nil {
				t.Error("a result came with the error")
			}
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	// What was not changed still verifies, here and there.
	_, err = w.Trust.Verify(camera, at, at)
	must(t, err)
	_, err = other.Trust.Verify(foreign, at, at)
	must(t, err)
	_, err = w.Trust.Verify(foreign, at, at)
	wants(t, err, label.ReasonBadSignature, "bundle", "not of this authority")
}

// TestForm holds the package to its one form.
func TestForm(t *testing.T) {
	w, _, camera := issued(t)
	good := string(camera)
	for _, row := range []struct {
		name   string
		pkg    string
		reason label.Reason
		field  string
		says   string
	}{
		{"unknown member", swap(t, good, `{"type":`, `{"grade":1,"type":`), label.ReasonUnknownField, "package.grade", "no such member"},
		{"member in another case", swap(t, good, `,"proof":`, `,"Proof":`), label.ReasonUnknownField, "package.Proof", "no such member"},
		{"duplicate member", swap(t, good, `,"proof":`, `,"proof":"","proof":`), label.ReasonDuplicateKey, "package.proof", "twice"},
		{"duplicate member in the bundle", swap(t, good, `"mediaType":`, `"mediaType":"","mediaType":`), label.ReasonDuplicateKey, "package.bundle.mediaType", "twice"},
		{"wrong type", swap(t, good, label.TypePackage, label.TypeAudit), label.ReasonUnknownType, "package.type", "must be"},
		{"newer type", swap(t, good, `{"type":"`+label.TypePackage, `{"grade":1,"type":"https://labeld.dev/package/v2`), label.ReasonNewerVersion, "package.type", "update this program"},
		{"a trust file", `{"type":"` + label.TypeTrust + `","url":"https://labels.test"}`, label.ReasonUnknownType, "package.type", "this is not the package of a label"},
		{"no type", swap(t, good, `"type":"`+label.TypePackage+`",`, ""), label.ReasonUnknownType, "package.type", "must be"},
		{"member of another kind", swap(t, good, `"device":"`, `"device":1,"devices":"`), label.ReasonMalformed, "package.device", "a string is expected"},
		{"no bundle", `{"type":"` + label.TypePackage + `","device":"","proof":""}`, label.ReasonMalformed, "bundle", "not valid JSON"},
		{"trailing data", good + "{}", label.ReasonMalformed, "package", "not valid JSON"},
		{"cut short", good[:len(good)-1], label.ReasonMalformed, "package", "not valid JSON"},
		{"not JSON", "hello", label.ReasonMalformed, "package", "not valid JSON"},
		{"nothing", "", label.ReasonMalformed, "package", "not valid JSON"},
		{"oversized", good + strings.Repeat(" ", label.MaxMessage-len(good)+1), label.ReasonTooLarge, "package", "at most 1048576"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.Trust.Verify([]byte(row.pkg), at, at)
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	// As large as may be, and no larger.
	_, err := w.Trust.Verify([]byte(good+strings.Repeat(" ", label.MaxMessage-len(good))), at, at)
	must(t, err)
}

// TestKeyInterval counts a signature only while the trust file says that its
// key was in use.
func TestKeyInterval(t *testing.T) {
	w := labeltest.New(t, nil)
	pub := w.Issue(w.Example("camera"), 3)
	issued := pub.Label.Issued
	for _, row := range []struct {
		name        string
		from, until time.Time
		ok          bool
	}{
		{"from then on", issued, time.Time{}, true},
		{"from a moment later in that second", issued.Add(time.Second - 1), time.Time{}, true},
		{"from the next second on", issued.Add(time.Second), time.Time{}, false},
		{"until later", time.Time{}, issued.Add(time.Second), true},
		{"until then", time.Time{}, issued, false},
		{"long ago", issued.AddDate(-2, 0, 0), issued.AddDate(-1, 0, 0), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tr := trusting(t, w, func(tr *verify.Trust) { tr.LabelKeys[0].From, tr.LabelKeys[0].Until = row.from, row.until })
			_, err := tr.Verify(pub.Package, at, at)
			if row.ok {
				must(t, err)
				return
			}
			wants(t, err, label.ReasonKeyRevoked, "bundle", "was not in use")
			if _, err = tr.Label(pub.Bundle, pub.Device); err == nil {
				t.Error("the label alone was accepted")
			}
		})
	}
	// A second key beside it changes nothing.
	second := labeltest.NewSigner(t).Public
	tr := trusting(t, w, func(tr *verify.Trust) {
		tr.LabelKeys = append([]verify.TrustKey{{ID: second.ID, PEM: second.PEM}}, tr.LabelKeys...)
	})
	_, err := tr.Verify(pub.Package, at, at)
	must(t, err)
}

// TestForged has a trusted key sign statements that the issuer would not make.
func TestForged(t *testing.T) {
	w, plug, camera := issued(t)
	key := labeltest.NewSigner(t)
	tr := trusting(t, w, func(tr *verify.Trust) {
		tr.LabelKeys = append(tr.LabelKeys, verify.TrustKey{ID: key.Public.ID, PEM: key.Public.PEM})
	})
	p, c := open(t, plug), open(t, camera)
	sealed := func(change func(*label.Label, *label.Statement)) []byte {
		good, err := tr.Label(c.Bundle, []byte(c.Device))
		must(t, err)
		stmt, err := label.NewStatement("device.json", label.DigestOf([]byte(c.Device)), label.TypeLabel, good)
		must(t, err)
		change(good, stmt)
		if stmt.Predicate == nil {
			stmt.Predicate, err = label.Encode(good)
			must(t, err)
		}
		env, err := key.Seal(stmt)
		must(t, err)
		b, err := envelope.Bundle(env)
		must(t, err)
		return b
	}
	for _, row := range []struct {
		name   string
		change func(*label.Label, *label.Statement)
		reason label.Reason
		field  string
		says   string
	}{
		{"another device inside", func(l *label.Label, s *label.Statement) { l.Device.Name, s.Predicate = "Garden Camera", nil }, label.ReasonUnknownSubject, "device", "describes another device"},
		{"two subjects", func(l *label.Label, s *label.Statement) {
			s.Subject = append(s.Subject, label.Subject{Digest: map[string]string{"sha256": label.DigestOf([]byte(p.Device)).String()}})
		}, label.ReasonUnknownSubject, "device", "about another device"},
		{"a subject without SHA-256", func(l *label.Label, s *label.Statement) {
			s.Subject[0].Digest = map[string]string{"sha512": "00"}
		}, label.ReasonUnknownSubject, "device", "about another device"},
		{"another predicate type", func(l *label.Label, s *label.Statement) { s.PredicateType = label.TypeLabel + "x" }, label.ReasonUnknownType, "bundle", "not a label"},
		{"in another log", func(l *label.Label, s *label.Statement) { l.Log, s.Predicate = "practice.labels.test/log", nil }, label.ReasonNotLogged, "log", "the trusted log is labels.test/log"},
		{"a level beyond the ladder", func(l *label.Label, s *label.Statement) { l.Level.Number, s.Predicate = 5, nil }, label.ReasonOutOfRange, "bundle.predicate.level.number", "1 to 4"},
		{"a member nobody defined", func(l *label.Label, s *label.Statement) {
			s.Predicate = label.JSON(swap(t, string(s.Predicate), `,"assurance":`, `,"grade":1,"assurance":`))
		}, label.ReasonUnknownField, "bundle.predicate.grade", "no such member"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tr.Label(sealed(row.change), []byte(c.Device))
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	// A label of before, which does not say in which log it is.
	_, err := tr.Label(sealed(func(l *label.Label, s *label.Statement) { l.Log, s.Predicate = "", nil }), []byte(c.Device))
	must(t, err)
	// A genuine label under a trusted key that never was logged.
	bundle := sealed(func(*label.Label, *label.Statement) {})
	_, err = tr.Label(bundle, []byte(c.Device))
	must(t, err)
	c.Bundle = bundle
	_, err = tr.Verify(parts(t, c), at, at)
	wants(t, err, label.ReasonBadSignature, "proof", "not shown to be in the log")
}

// TestLogged checks what the authority checks of its own fresh labels.
func TestLogged(t *testing.T) {
	w, plug, camera := issued(t)
	p, c := open(t, plug), open(t, camera)
	u, err := envelope.Open(c.Bundle)
	must(t, err)
	leaf, err := u.Envelope().Encode()
	must(t, err)
	its, err := translog.ParseProof([]byte(c.Proof))
	must(t, err)
	another, err := translog.ParseProof([]byte(p.Proof))
	must(t, err)
	head, err := w.Trust.Logged(leaf, its)
	must(t, err)
	if head.Tree.N != 4 {
		t.Errorf("the head is %+v", head)
	}
	_, err = w.Trust.Logged(leaf, another)
	wants(t, err, label.ReasonBadSignature, "proof", "not shown")
	_, err = w.Trust.Logged(append(leaf, ' '), its)
	wants(t, err, label.ReasonBadSignature, "proof", "not shown")
}

// TestStatement checks the authority's signature under any statement.
func TestStatement(t *testing.T) {
	w, _, camera := issued(t)
	u, err := envelope.Open(open(t, camera).Bundle)
	must(t, err)
	v, err := w.Trust.Statement(u.Envelope())
	must(t, err)
	if v.ID() != u.ID() || v.KeyID() != w.Issuer.Public().ID {
		t.Errorf("the statement %s is verified as %s by %s", u.ID(), v.ID(), v.KeyID())
	}
	env := *u.Envelope()
	env.Payload = append(bytes.Clone(env.Payload), ' ')
	_, err = w.Trust.Statement(&env)
	wants(t, err, label.ReasonBadSignature, "signatures", "changed after signing")
	env.Payload = []byte("{")
	_, err = w.Trust.Statement(&env)
	wants(t, err, label.ReasonMalformed, "", "not valid JSON")
}

// TestCheckpointRemembered asks for a good checkpoint around a bad one: what is
// remembered must not vouch for anything else.
func TestCheckpointRemembered(t *testing.T) {
	w, _, camera := issued(t)
	proof, err := translog.ParseProof([]byte(open(t, camera).Proof))
	must(t, err)
	good := proof.Checkpoint
	bad := bytes.Replace(good, []byte("\n4\n"), []byte("\n5\n"), 1)
	tr := trusting(t, w, nil)
	for range 3 {
		head, err := tr.OpenCheckpoint(good)
		must(t, err)
		if head.Tree.N != 4 {
			t.Errorf("the head is %+v", head)
		}
		if head, err := tr.OpenCheckpoint(bad); err == nil {
			t.Fatalf("a changed checkpoint was opened as %+v", head)
		}
	}
	// It is a copy that is remembered: the caller may reuse the bytes.
	tr = trusting(t, w, nil)
	buf := bytes.Clone(good)
	_, err = tr.OpenCheckpoint(buf)
	must(t, err)
	copy(buf, bad)
	if head, err := tr.OpenCheckpoint(buf); err == nil {
		t.Fatalf("a checkpoint that was changed in place was opened as %+v", head)
	}
}

// TestByteFlips changes each byte of a package in turn. Whatever still verifies
// must say exactly what the package said: the key hint of the bundle is outside
// what is signed, and names no content.
func TestByteFlips(t *testing.T) {
	w, _, camera := issued(t)
	want, err := w.Trust.Verify(camera, at, at)
	must(t, err)
	device := open(t, camera).Device
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	const workers = 4
	accepted := make([]int, workers)
	var wg sync.WaitGroup
	for n := range workers {
		wg.Go(func() {
			r := mathrand.New(mathrand.NewPCG(seed, uint64(n)))
			for i := n; i < len(camera); i += workers {
				pkg := bytes.Clone(camera)
				pkg[i] ^= 1 << r.IntN(8)
				got, err := w.Trust.Verify(pkg, at, at)
				if err != nil {
					if label.KindOf(err) == label.Internal {
						t.Errorf("byte %d: %q gave the bare error %v", i, pkg[i], err)
					}
					continue
				}
				accepted[n]++
				if p, err := verify.ParsePackage(pkg); err != nil || p.Device != device || !reflect.DeepEqual(got, want) {
					t.Errorf("byte %d: with %q for %q the package says %+v", i, pkg[i], camera[i], got)
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range accepted {
		total += n
	}
	t.Logf("%d of %d changes left the content as it was", total, len(camera))
	if total > 100 {
		t.Errorf("%d changes of one byte were accepted; the hint has 44 characters", total)
	}
}

// TestStatusOfAnotherStatement shows with a label what happened to another of the same ID,
// as a label has that is issued anew.
func TestStatusOfAnotherStatement(t *testing.T) {
	w, _, camera := issued(t)
	p := open(t, camera)
	u, err := envelope.Open(p.Bundle)
	must(t, err)
	leaf, err := u.Envelope().Encode()
	must(t, err)
	l, err := w.Trust.Label(p.Bundle, []byte(p.Device))
	must(t, err)
	suspended := func(statement label.Digest) []byte {
		now := w.Clock.Now().UTC().Truncate(time.Second)
		st := label.Status{
			Label: l.ID, SHA256: statement, Number: 1, Action: label.Suspend, Reason: "complaint", Text: "A shared password.", Recorded: now, Effective: now,
			Cause: label.Cause{Kind: label.CauseEvidence},
		}
		unsigned, err := w.Issuer.Status(&st, label.DigestOf([]byte(p.Device)))
		must(t, err)
		s, err := w.Issuer.Sign(unsigned)
		must(t, err)
		bundle, err := envelope.Bundle(s.Envelope)
		must(t, err)
		tree, _, err := translog.Append(translog.Empty(), nil, [][]byte{leaf, s.Leaf})
		must(t, err)
		checkpoint, err := w.Issuer.Checkpoint(tree, now)
		must(t, err)
		proof := translog.Proof{Hashes: []translog.Hash{translog.LeafHash(s.Leaf)}, Checkpoint: checkpoint}
		pkg, err := verify.NewPackage(p.Bundle, []byte(p.Device), proof.Format(), []verify.LoggedStatement{verify.NewLogged(bundle, 1, []translog.Hash{translog.LeafHash(leaf)})}, nil)
		must(t, err)
		return pkg
	}
	r, err := w.Trust.Verify(suspended(u.ID()), w.Clock.Now(), w.Clock.Now())
	if err != nil || r.State != label.Suspended || r.Statement() != u.ID() {
		t.Fatalf("the status of the label itself: %+v, %v", r, err)
	}
	_, err = w.Trust.Verify(suspended(label.DigestOf([]byte("issued anew"))), w.Clock.Now(), w.Clock.Now())
	wants(t, err, label.ReasonUnknownSubject, "statuses[0]", "another statement of label")
}
