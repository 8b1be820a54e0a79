package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/locale"
	"labeld/internal/translog"
	"labeld/internal/web"
)

// A scene is a label that got into a state.
type scene struct {
	name string

	// play brings the label there, and returns another label that it names, if any.
	play func(w *world, p *authority.Published) label.ID

	tone, headline string
	holds, lacks   []string // in the page, without its tags
	json           []string
}

// statusText is the text of requests in tests; the page says before it who wrote it.
const (
	statusText  = "As found in a test."
	byAuthority = "Test Authority: " + statusText
	byMaker     = "The northlight: " + statusText
)

var scenes = []scene{
	{
		name: "active", play: func(*world, *authority.Published) label.ID { return "" },
		tone: "good", headline: "Valid label",
		holds: []string{"Valid up to and including 17 October 2028. The tests or statements it rests on are too old after that."},
		lacks: []string{"Why:", "What follows is what the label said", "Do not rely"},
		json:  []string{`"state":"active","expiringSoon":false,"underReview":false,"support":"supported"`, `"expires":"2028-10-18T00:00:00Z","expiresFor":"evidence-expiry"`},
	}, {
		name: "expiring soon", play: func(w *world, p *authority.Published) label.ID {
			w.Clock.Set(p.Label.Expires.AddDate(0, 0, -60))
			return ""
		},
		tone: "caution", headline: "Valid label, expires soon",
		holds: []string{"It ends soon. Valid up to and including 17 October 2028."},
		lacks: []string{"Do not rely"},
		json:  []string{`"state":"active","expiringSoon":true`},
	}, {
		name: "expired", play: func(w *world, p *authority.Published) label.ID {
			w.Clock.Set(p.Label.Expires)
			return ""
		},
		tone: "ended", headline: "EXPIRED label",
		holds: []string{"Do not rely on it. It was valid up to and including 17 October 2028.", "What follows is what the label said."},
		lacks: []string{"Security updates have ended"},
		json:  []string{`"state":"expired","expiringSoon":false`},
	}, {
		name: "suspended", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Operator, p, label.Suspend, "surveillance-failed", nil)
			return ""
		},
		tone: "pause", headline: "SUSPENDED label",
		holds: []string{
			"Do not rely on it: for now it does not count. The authority suspended it on 2 November 2026.",
			"Why: A product taken from a shop failed when it was tested again. " + byAuthority, "What follows is what the label said.",
		},
		json: []string{`"state":"suspended","because":{"number":1,"action":"suspend","reason":"surveillance-failed","title":"A product taken from a shop failed when it was tested again.","text":"` + statusText + `","author":"` + labeltest.Operator + `"`},
	}, {
		name: "revoked", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Operator, p, label.Suspend, "vulnerability-open", nil)
			w.change(labeltest.Operator, p, label.Revoke, "vulnerability-open", nil)
			return ""
		},
		tone: "stop", headline: "REVOKED label",
		holds: []string{
			"Do not rely on it. It will not become valid again. The authority took it back for good on 2 November 2026.",
			"Why: The product has a serious security flaw that has not been fixed. " + byAuthority,
		},
		json: []string{`"state":"revoked","because":{"number":2,"action":"revoke"`},
	}, {
		name: "withdrawn", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", nil)
			return ""
		},
		tone: "over", headline: "WITHDRAWN label",
		holds: []string{
			"Do not rely on it. It will not become valid again. The manufacturer gave it up for good on 2 November 2026.",
			"Why: The product is no longer made. " + byMaker,
		},
		json: []string{`"state":"withdrawn","because":{"number":1,"action":"withdraw"`},
	}, {
		name: "superseded", play: func(w *world, p *authority.Published) label.ID {
			return w.change(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 }).Successor.ID
		},
		tone: "moved", headline: "SUPERSEDED by a new label",
		holds: []string{
			"SUPERSEDED by a new label Do not rely on it. It will not become valid again. It was replaced on 2 November 2026. The new label has a lower level, 2 instead of 3. See the new label {other}",
			"Why: The product has a new label of another level. " + byMaker,
		},
		lacks: []string{"about another product", "How the new label stands", "See what the new one says"},
		json: []string{
			`"state":"superseded","because":{"number":1,"action":"supersede"`, `"successor":{"id":"{id}","sha256":"{sha256}","url":"` + base + `/l/{id}","level":2}`,
			`"successor":{"id":"{id}","sha256":"{sha256}","url":"` + base + `/l/{id}","level":2,"lowerLevel":true,"state":"active"}`,
		},
	}, {
		name: "under review", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Operator, p, label.Review, "complaint", nil)
			return ""
		},
		tone: "caution", headline: "Valid label, UNDER REVIEW",
		holds: []string{
			"Valid up to and including 17 October 2028.",
			"Under review since 2 November 2026. The authority is looking into it, and the label counts meanwhile. Why: The authority is looking into a complaint about the product. " + byAuthority,
		},
		lacks: []string{"Do not rely", "What follows is what the label said"},
		json:  []string{`"state":"active","expiringSoon":false,"underReview":true,"review":{"number":1,"action":"review"`},
	}, {
		name: "withdrawal announced", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
				r.Effective = time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
			})
			return ""
		},
		tone: "caution", headline: "Valid label until 28 February 2027",
		holds: []string{
			"Valid up to and including 28 February 2027, when the manufacturer gives it up. Why: The product is no longer made. " + byMaker,
			"2 November 2026: Withdrawal announced for 1 March 2027.",
		},
		lacks: []string{"17 October 2028"},
		json:  []string{`"state":"active","expiringSoon":false,"underReview":false,"scheduled":{"number":1,"action":"withdraw"`, `"effective":"2027-03-01T00:00:00Z"`, `"expires":"2028-10-18T00:00:00Z"`},
	}, {
		name: "supersession announced", play: func(w *world, p *authority.Published) label.ID {
			e := w.Example("camera")
			labeltest.Variant(w.TB, e, 2)
			next := w.Issue(e, 3).Label.ID
			w.change(labeltest.Maker, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) {
				r.Successor, r.Effective = next, time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
			})
			return next
		},
		tone: "caution", headline: "Valid label until 28 February 2027",
		holds: []string{"Valid up to and including 28 February 2027, when the label {other} takes its place. The new label is about another product. It says nothing about this one. Why: The product has a successor with a label of its own."},
		json:  []string{`"scheduled":{"number":1,"action":"supersede"`, `"successor":{"id":"{id}"`},
	}, {
		name: "end brought forward", play: func(w *world, p *authority.Published) label.ID {
			w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
			w.pass(time.Second)
			return ""
		},
		tone: "caution", headline: "Valid label until 2 May 2027",
		holds: []string{
			"Valid up to and including 2 May 2027. The authority brought the end forward; the signed label still names a later day.",
			"Why: The laboratory that tested the product is no longer accredited for such tests. " + byAuthority,
			"Earlier end announced for",
		},
		lacks: []string{"17 October 2028"},
		json:  []string{`"expires":"2027-05-0`, `"expiresFor":"grace-end"`},
	}, {
		name: "two ends announced", play: func(w *world, p *authority.Published) label.ID {
			w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
				r.Effective = time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
			})
			return ""
		},
		tone: "caution", headline: "Valid label until 28 February 2027",
		holds: []string{"Valid up to and including 28 February 2027, when the manufacturer gives it up. Why: The product is no longer made. " + byMaker + " Even without that it would end on 2 May 2027, because the authority brought its end forward. Why: The laboratory"},
		json:  []string{`"expiresFor":"grace-end"`, `"scheduled":{"number":2`},
	}, {
		name: "ended early", play: func(w *world, p *authority.Published) label.ID {
			w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
			w.Clock.Set(w.Clock.Now().AddDate(0, 6, 1))
			return ""
		},
		tone: "ended", headline: "EXPIRED label",
		holds: []string{"Do not rely on it. It was valid up to and including 2 May 2027. The authority brought the end forward", "Why: The laboratory that tested"},
		json:  []string{`"state":"expired","expiringSoon":false`, `"expiresFor":"grace-end"`},
	}, {
		name: "expired while suspended and under review", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Operator, p, label.Review, "complaint", nil)
			w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
			w.Clock.Set(w.Clock.Now().AddDate(2, 0, 0))
			return ""
		},
		tone: "ended", headline: "EXPIRED label",
		holds: []string{
			"It was valid up to and including 17 October 2028.", "The authority suspended it on 2 November 2026.",
			"Why: The product was found not to do what the label says.",
			"Under review since 2 November 2026. The authority is looking into it. Why: The authority is looking into a complaint",
		},
		lacks: []string{"counts meanwhile"},
		json:  []string{`"state":"expired"`},
	}, {
		name: "suspended under review, its end announced", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
				r.Effective = time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
			})
			w.change(labeltest.Operator, p, label.Review, "complaint", nil)
			w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
			return ""
		},
		tone: "pause", headline: "SUSPENDED label",
		holds: []string{
			"Why: The product was found not to do what the label says.", "Its end was announced for 1 March 2027. As long as anything about the label is open, it does not come. Why: The product is no longer made.",
			"Under review since 2 November 2026. The authority is looking into it. Why: The authority is looking into a complaint",
		},
		lacks: []string{"counts meanwhile"},
		json:  []string{`"state":"suspended"`, `"underReview":true`, `"scheduled":{`},
	}, {
		name: "reinstated", play: func(w *world, p *authority.Published) label.ID {
			w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
			w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
			return ""
		},
		tone: "good", headline: "Valid label",
		holds: []string{"2 November 2026: Suspension ended. Log entry 4 What was suspected turned out not to be so. " + byAuthority},
		lacks: []string{"Why:", "Do not rely"},
		json:  []string{`"state":"active","expiringSoon":false,"underReview":false,"support"`},
	},
}

var (
	inline = regexp.MustCompile(`</?(a|bdi|small|span|strong|time)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
	space  = regexp.MustCompile(`\s+`)
	// box is what the page says of the state: its tone, and the rest.
	box = regexp.MustCompile(`(?s)<section class="state (\w+)"[^>]*>\s*<h2 id="state"><svg.*?</svg><span>(.*?)</span></h2>(.*?)</section>`)
)

// words returns what people read of a page.
func words(page string) string {
	_, page, _ = strings.Cut(page, "</style>")
	page = tag.ReplaceAllString(inline.ReplaceAllString(page, ""), " ")
	return html.UnescapeString(space.ReplaceAllString(page, " "))
}

// wants checks what a text holds and lacks.
func wants(t *testing.T, what, text string, holds, lacks []string) {
	t.Helper()
	for _, s := range holds {
		if !strings.Contains(text, s) {
			t.Errorf("%s lacks %q:\n%s", what, s, text)
		}
	}
	for _, s := range lacks {
		if strings.Contains(text, s) {
			t.Errorf("%s has %q:\n%s", what, s, text)
		}
	}
}

// elsewhere are links to a page in other languages, which may be an error page
// there too, and to files that take long to draw. They have tests of their own.
var elsewhere = regexp.MustCompile(`<nav aria-label="Languages">.*?</nav>|<a [^>]*download>`)

// checkLinks follows every link of a page that stays here.
func checkLinks(t *testing.T, h http.Handler, page string) {
	t.Helper()
	page = elsewhere.ReplaceAllString(page, "")
	for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]*|#[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if id, ok := strings.CutPrefix(m[1], "#"); ok {
			if !strings.Contains(page, `id="`+id+`"`) {
				t.Errorf("nothing is at %s", m[1])
			}
		} else if rec := get(h, html.UnescapeString(m[1])); rec.Code != http.StatusOK {
			t.Errorf("the page's link %s gives %d", m[1], rec.Code)
		}
	}
}

// maxPage is what a phone in a shop can be asked to load: what a server may
// send before it has to wait for the first acknowledgement.
const maxPage = 14 << 10

func checkSize(t *testing.T, page []byte) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(page)
	z.Close()
	if b.Len() > maxPage {
		t.Errorf("the page takes %d bytes compressed, %d are the limit", b.Len(), maxPage)
	}
}

// checkTongues looks at an English page in all languages: it is there, small,
// and its headline and title are not the English ones.
func checkTongues(t *testing.T, h http.Handler, path, english string) {
	t.Helper()
	for _, l := range labeltest.Words(t).Languages() {
		rec := get(h, path, "Accept-Language", l.Tag)
		checkAnswer(t, rec)
		checkSize(t, rec.Body.Bytes())
		if rec.Code != http.StatusOK {
			t.Errorf("%s: %d", l.Tag, rec.Code)
			continue
		}
		page := rec.Body.String()
		here, there := box.FindStringSubmatch(page), box.FindStringSubmatch(english)
		if here == nil || here[1] != there[1] || (here[2] == there[2]) != (l.Tag == locale.Source) {
			t.Errorf("%s: the headline is %q", l.Tag, here)
		}
	}
}

// statementOf returns the SHA-256 of a signed label, or nothing where there is none.
func statementOf(t *testing.T, w *world, id label.ID) string {
	t.Helper()
	if id == "" {
		return ""
	}
	p, err := w.Authority.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	u, err := envelope.Open(p.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID().String()
}

// Every state has a page that cannot be taken for that of another, and JSON
// that says the same.
func TestStates(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.camera()
			other := s.play(w, p)
			names := strings.NewReplacer("{other}", other.Pretty(), "{id}", string(other), "{sha256}", statementOf(t, w, other))
			fill := func(list []string) (out []string) {
				for _, s := range list {
					out = append(out, names.Replace(s))
				}
				return out
			}
			rec := get(w.h, "/l/"+string(p.Label.ID))
			checkAnswer(t, rec)
			page := rec.Body.String()
			m := box.FindStringSubmatch(page)
			if m == nil || m[1] != s.tone || m[2] != s.headline || !strings.Contains(page, "<title>"+s.headline+": Northlight Porch Camera 2</title>") {
				t.Errorf("the headline is %q, want %s, %q", m, s.tone, s.headline)
			}
			wants(t, "the page", words(page), fill(s.holds), s.lacks)
			checkLinks(t, w.h, page)
			checkTongues(t, w.h, "/l/"+string(p.Label.ID), page)
			rec = get(w.h, "/l/"+string(p.Label.ID)+".json")
			wants(t, "JSON", rec.Body.String(), fill(s.json), []string{"null", `"at"`})
			if got := get(w.h, "/l/"+string(p.Label.ID), "Accept", jsonType).Body.String(); got != rec.Body.String() {
				t.Error("JSON at the page's address differs from .json")
			}
		})
	}
}

// A colour and a sign belong to one state, or to a valid label with a caveat.
func TestLooks(t *testing.T) {
	looks := map[string]string{}
	for _, s := range scenes {
		if s.tone == "caution" {
			continue
		}
		if other := looks[s.tone]; other != "" && other != s.headline {
			t.Errorf("%q and %q look alike", other, s.headline)
		}
		looks[s.tone] = s.headline
	}
	if len(looks) != len(label.States)-1 {
		t.Errorf("%d looks for %d states", len(looks), len(label.States)-1)
	}
}

// A product without updates may have a valid label; the page says both.
func TestNoMoreUpdates(t *testing.T) {
	w := newWorld(t)
	p := w.plug()
	a := w.tell(p)
	a.label.Product.SupportEnd = label.NewDate(2026, time.October, 31)
	rec := get(w.handler(a), "/l/"+string(p.Label.ID))
	checkAnswer(t, rec)
	m := box.FindStringSubmatch(rec.Body.String())
	if m == nil || m[1] != "caution" || m[2] != "Valid label, NO MORE UPDATES" {
		t.Errorf("the headline is %q", m)
	}
	wants(t, "the page", words(rec.Body.String()), []string{
		"Security updates ended on 31 October 2026. Security holes found since then stay open.", "Security updates have ended", "There will be no others",
	}, []string{"You have to get them"})

	// And what has expired gets no better.
	w.Clock.Set(p.Label.Product.SupportEnd.End())
	wants(t, "the page", words(get(w.h, "/l/"+string(p.Label.ID)).Body.String()), []string{"EXPIRED label", "Security updates have ended"}, []string{"You have to get them"})
}

// Advisories stand beside the state and do not change it. The gravest comes
// first, and the latest word on each counts.
func TestAdvisories(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	advise := func(day int, a label.AdvisoryRef) *label.Status {
		a.Title, a.Issues = "Title of "+a.ID, []string{"CVE-2026-" + a.ID}
		return &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start.AddDate(0, 0, day), Advisory: &a}
	}
	a := w.tell(p,
		advise(0, label.AdvisoryRef{ID: "one", State: "affected", Severity: "critical"}),
		advise(1, label.AdvisoryRef{ID: "two", State: "under-investigation", Advice: label.AdviceAwait}),
		advise(2, label.AdvisoryRef{ID: "three", State: "not-affected"}),
		advise(3, label.AdvisoryRef{ID: "four", State: "affected", Severity: "high", FixedIn: "2.4.1", Advice: label.AdviceUpdateTo, URL: "https://northlight.example.com/four"}),
		advise(4, label.AdvisoryRef{ID: "five", State: "fixed", More: 240}),
		advise(9, label.AdvisoryRef{ID: "one", State: "not-affected"}),
	)
	h := w.handler(a)
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 5))
	rec := get(h, "/l/"+string(p.Label.ID))
	checkAnswer(t, rec)
	page := rec.Body.String()
	checkTongues(t, h, "/l/"+string(p.Label.ID), page)
	text := words(page)
	wants(t, "the page", text, []string{
		"Valid label This product is affected and there is no fix yet Security notices Valid up to and including 17 October 2028. The tests or statements it rests on are too old after that. Level 3",
		"Title of one Severity: critical.", "Notice one about CVE-2026-one, 2 November 2026.",
		"You need version 2.4.1 or later Title of four Severity: high. What to do: Update to version 2.4.1 or later.",
		"The manufacturer is finding out whether this product is affected Title of two What to do: Wait for news. It is being looked into.",
		"Mended by an update: install the latest version", "Notice five about CVE-2026-five and 240 more, 6 November 2026.",
		"Notices that do not concern this product (1) This product is not affected Title of three",
		"6 November 2026: Security notice: fixed. Log entry 2 Title of five As told in a test.",
		"5 November 2026: Security notice: affected, fixed in version 2.4.1.", "4 November 2026: Security notice: not affected.",
	}, nil)
	wants(t, "the page", page, []string{`<a href="https://northlight.example.com/four" rel="nofollow noopener">`, `href="#notices"`}, nil)
	wants(t, "the API", get(h, "/api/products/"+camera).Body.String(), []string{`"advisories":4,"openAdvisories":2`}, nil)
	// While a notice concerns the product, its label is not green, and says so
	// before anything else.
	if m := box.FindStringSubmatch(page); m == nil || m[1] != "caution" || !strings.Contains(page, "<title>Valid label, Security notices: ") {
		t.Errorf("with an open notice the label's box is %.80q", m)
	}
	notices := text[strings.LastIndex(text, "Security notices"):]
	last := -1
	for _, id := range []string{"one", "five", "four", "two", "three"} {
		i := strings.Index(notices, "Title of "+id)
		if i < last {
			t.Errorf("the notice %s does not come in its turn", id)
		}
		last = i
	}
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 10))
	page = get(h, "/l/"+string(p.Label.ID)).Body.String()
	wants(t, "the page", words(page), []string{"Notices that do not concern this product (2)"}, []string{"there is no fix yet"})
	wants(t, "the API", get(h, "/api/products/"+camera).Body.String(), []string{`"advisories":3,"openAdvisories":1`}, nil)
	var l web.Label
	if err := label.Decode(get(h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Advisories) != 5 || len(l.History) != 6 || l.Advisories[4].Advisory.ID != "one" || l.Advisories[4].Advisory.State != "not-affected" || l.State != label.Active {
		t.Errorf("JSON has %+v", l)
	}
}

// Whatever happened is on the page and in JSON, with the log entry that proves
// it.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	for range 6 {
		w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
		w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	}
	page := get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	checkLinks(t, w.h, page)
	wants(t, "the page", words(page), []string{
		"What happened to this label 2 November 2026: Suspension ended. Log entry 14",
		"Earlier (2) 2 November 2026: Suspension ended. Log entry 4 2 November 2026: Suspended. Log entry 3",
		"2 November 2026: Issued: Level 3 of 4. Log entry 2 Was it valid on the day you bought it?",
		"In the log: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 ",
	}, nil)
	var l web.Label
	if err := label.Decode(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil || len(l.History) != 12 {
		t.Fatalf("JSON has %d statuses, %v", len(l.History), err)
	}
	for i, s := range l.History {
		bundle := get(w.h, "/log/tile/entries/000.p/"+strconv.FormatInt(s.LogIndex+1, 10)).Body.Bytes()
		if !strings.Contains(page, `"/log/tile/entries/000.p/`+strconv.FormatInt(s.LogIndex+1, 10)+`"`) {
			t.Errorf("the page does not lead to entry %d", s.LogIndex)
		}
		var env label.Envelope
		var stmt struct{ Predicate label.Status }
		if err := json.Unmarshal(lastEntry(t, bundle), &env); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(env.Payload, &stmt); err != nil {
			t.Fatal(err)
		}
		if st := stmt.Predicate; st.Number != i+1 || st.Number != s.Number || st.Action != s.Action || st.Reason != s.Reason || st.Text != s.Text || !st.Recorded.Equal(s.Recorded) || !st.Effective.Equal(s.Effective) {
			t.Errorf("JSON has %+v, the log %+v", s, st)
		}
		if title := w.Programme.Reasons[s.Reason].Title; s.Title != title {
			t.Errorf("the title is %q, want %q", s.Title, title)
		}
	}

	// Where the programme has forgotten a reason, the status's own text is left.
	w.pass(10 * time.Second) // and nothing of what was rendered
	page = get(w.handler(otherProgramme{w.Authority}), "/l/"+string(p.Label.ID)).Body.String()
	wants(t, "the page", words(page), []string{"Suspended. Log entry 13 " + byAuthority}, nil)
}

// lastEntry returns the last entry of an entry bundle.
func lastEntry(t *testing.T, bundle []byte) (entry []byte) {
	t.Helper()
	for len(bundle) > 0 {
		var err error
		if entry, bundle, err = translog.ReadBundleEntry(bundle); err != nil {
			t.Fatal(err)
		}
	}
	return entry
}

// A change is seen at once: what was rendered before is not served again.
func TestChangeIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	path := "/l/" + string(p.Label.ID)
	before := get(w.h, path).Header().Get("Etag")
	w.Change(labeltest.Operator, p, label.Suspend, "complaint")
	rec := get(w.h, path, "If-None-Match", before)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "SUSPENDED label") {
		t.Errorf("after the suspension: %d", rec.Code)
	}
}

// TestSuccessorIsSeenAtOnce looks at a label in whose place that of another product was
// put, of a lower level, while things happen to that one: page and JSON, which were
// made before, say how it stands, in each language.
func TestSuccessorIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	next := w.Issue(w.Example("plug"), 1)
	w.change(labeltest.Maker, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next.Label.ID })
	path := "/l/" + string(p.Label.ID)
	tag := ""
	for _, step := range []struct {
		action label.Action
		reason string
		org    string
		says   string // of the successor, on the page
		state  label.State
	}{
		{"", "", "", "", label.Active},
		{label.Review, "complaint", labeltest.Operator, "How the new label stands: Valid, UNDER REVIEW.", label.Active},
		{label.Suspend, "complaint", labeltest.Operator, "How the new label stands: Suspended.", label.Suspended},
		{label.Revoke, "nonconformity", labeltest.Operator, "How the new label stands: Revoked.", label.Revoked},
	} {
		if step.action != "" {
			w.change(step.org, next, step.action, step.reason, nil)
		}
		rec := get(w.h, path, "If-None-Match", tag)
		if rec.Code != http.StatusOK {
			t.Errorf("after the %s of the successor the page is %d", step.action, rec.Code)
		}
		tag = rec.Header().Get("Etag")
		holds := []string{"The new label is about another product. It says nothing about this one. The new label has a lower level, 1 instead of 3."}
		lacks := []string{"How the new label stands"}
		if step.says != "" {
			holds, lacks = append(holds, step.says), nil
		}
		wants(t, "the page", words(rec.Body.String()), holds, lacks)
		checkTongues(t, w.h, path, rec.Body.String())
		successor := `"successor":{"id":"` + string(next.Label.ID) + `","sha256":"` + statementOf(t, w, next.Label.ID) + `","url":"` + base + `/l/` + string(next.Label.ID) + `","level":1,"otherProduct":true,"lowerLevel":true,"state":"` + string(step.state) + `"}`
		wants(t, "JSON", get(w.h, path+".json").Body.String(), []string{successor}, nil)
	}
	// As of when the successor was still good.
	as := words(get(w.h, path+"?at=2026-11-02T12:00:01Z").Body.String())
	wants(t, "the page of the past", as, nil, []string{"How the new label stands: Revoked"})
}

// TestSuccessorThatIsNoHelp replaces labels by others that say nothing about the product,
// promise less, or do not count: the page says so before it names them, and does not send
// anybody there; by a good one, it does.
func TestSuccessorThatIsNoHelp(t *testing.T) {
	for name, c := range map[string]struct {
		level int
		play  func(w *world, p *authority.Published) (next label.ID)
		says  []string // nothing where the new label is a good one
	}{
		"the same product, of a higher level": {2, func(w *world, p *authority.Published) label.ID {
			return w.change(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 3 }).Successor.ID
		}, nil},
		"another product": {3, func(w *world, p *authority.Published) label.ID {
			e := w.Example("camera")
			labeltest.Variant(w.TB, e, 2)
			next := w.Issue(e, 3).Label.ID
			w.change(labeltest.Maker, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next })
			return next
		}, []string{"The new label is about another product. It says nothing about this one."}},
		"one that was replaced itself": {3, func(w *world, p *authority.Published) label.ID {
			next := w.change(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 }).Successor.ID
			b := must[*authority.Published](w.TB)(w.Authority.Lookup(next))
			w.change(labeltest.Maker, b, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 1 })
			return next
		}, []string{"The new label has a lower level, 2 instead of 3.", "How the new label stands: Replaced.", "The new label has been replaced in its turn, by the label "}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.Issue(w.Example("camera"), c.level)
			next := c.play(w, p)
			rec := get(w.h, "/l/"+string(p.Label.ID))
			checkAnswer(t, rec)
			m := box.FindStringSubmatch(rec.Body.String())
			if m == nil {
				t.Fatal("the page has no box")
			}
			says := words("</style>" + m[3])
			good := c.says == nil
			if strings.Contains(says, "See what the new one says") != good || strings.Contains(m[3], `class="go" href="/l/`) != good {
				t.Errorf("the page sends people to the new label, or does not: %s", says)
			}
			before, _, found := strings.Cut(says, "See the new label "+next.Pretty())
			if wants(t, "what comes before the new label", before, c.says, nil); !found {
				t.Error("the page does not lead to the new label")
			}
			checkTongues(t, w.h, "/l/"+string(p.Label.ID), rec.Body.String())
		})
	}
}

// TestListsInTheLanguage reads lists of numbers as each language writes them.
func TestListsInTheLanguage(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
	w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	a := label.AdvisoryRef{ID: "NL-SA-1", State: "affected", Title: "Strangers can watch", Issues: []string{"CVE-2026-1", "CVE-2026-2"}}
	advised := w.handler(w.tell(p, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}))
	for tag, sign := range map[string]string{"en": ", ", "de": ", ", "ar": "، ", "ja": "、", "zh-Hans": "、"} {
		path := in(tag, "/l/"+string(p.Label.ID))
		wants(t, tag, words(get(w.h, path).Body.String()), []string{" 2" + sign + "3" + sign + "4 "}, nil)
		wants(t, tag, words(get(advised, path).Body.String()), []string{"CVE-2026-1" + sign + "CVE-2026-2"}, nil)
	}
}

// TestNoticeWithoutATitle shows a notice whose document has no title, as OpenVEX ones
// have none: what stands there instead is in the reader's language.
func TestNoticeWithoutATitle(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	a := label.AdvisoryRef{ID: "https://northlight.example/vex/1", State: "affected", Issues: []string{"CVE-2026-1"}}
	a.Title = label.StandInTitle(a.ID)
	h := w.handler(w.tell(p, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start, Advisory: &a}))
	for _, l := range labeltest.Words(t).Languages() {
		text := words(get(h, in(l.Tag, "/l/"+string(p.Label.ID))).Body.String())
		if n := strings.Count(text, l.Text("notice.untitled", "id", a.ID)); n != 2 { // among the notices, and in the history
			t.Errorf("%s: the notice is named %d times", l.Tag, n)
		}
		if l.Tag != locale.Source && strings.Contains(text, a.Title) {
			t.Errorf("%s: the notice has an English title", l.Tag)
		}
	}
}

// Texts of statuses are as hostile as those of manufacturers.
func TestHostileStatus(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(1)> {{.Style}}`
	w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Text = evil })
	body, _ := withoutData(t, get(w.h, "/l/"+string(p.Label.ID)).Body.String())
	wants(t, "the page", body, nil, []string{"<script", "<img src=x"})
	if n := strings.Count(html.UnescapeString(body), evil); n != 2 {
		t.Errorf("the page shows the text %d times", n)
	}
}

// TestCaveatInShort looks at all places where a label is named in short while it
// counts and something is open: none of them is green.
func TestCaveatInShort(t *testing.T) {
	for name, c := range map[string]struct {
		play  func(w *world) *authority.Published
		words string // in lists
		badge string
	}{
		"under review": {func(w *world) *authority.Published {
			p := w.camera()
			w.change(labeltest.Operator, p, label.Review, "complaint", nil)
			return p
		}, "Valid, UNDER REVIEW", "Level 3 of 4, under review"},
		"an open notice": {func(w *world) *authority.Published {
			p := w.camera()
			w.Clock.Set(labeltest.Start.AddDate(0, 0, 1))
			w.Advise(labeltest.Maker, w.Example("camera").Advisory)
			return p
		}, "Valid. You need version 3.8.4 or later", "Level 3 of 4, security notice"},
		"updates ended": {func(w *world) *authority.Published {
			p := w.plug()
			a := w.tell(p)
			a.label.Product.SupportEnd = label.NewDate(2026, time.October, 31)
			w.h = w.handler(a)
			return p
		}, "", "Level 1 of 4, no more updates"},
		"nothing": {func(w *world) *authority.Published { return w.camera() }, "Valid", "Level 3 of 4"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := c.play(w)
			w.catchUp()
			if c.words == "" { // the lists are made from the log, which tells otherwise
				wants(t, "the badge", get(w.h, "/l/"+string(p.Label.ID)+"/badge.svg").Body.String(), []string{">" + c.badge + "</text>"}, nil)
				wants(t, "the comparison", get(w.h, "/compare?id="+string(p.Label.ID)).Body.String(), []string{"<bdi>Valid, NO MORE UPDATES</bdi>"}, nil)
				return
			}
			tone, tick := "care", false
			if name == "nothing" {
				tone, tick = "on", true
			}
			for _, path := range []string{"/?q=northlight", "/m/" + labeltest.Maker, "/m/" + labeltest.Maker + "/" + p.Label.Device.Model} {
				if body := get(w.h, path).Body.String(); !strings.Contains(body, `<strong class="`+tone+`">`+c.words+`</strong>`) {
					t.Errorf("%s says %s", path, body)
				}
			}
			body := get(w.h, "/compare?id="+string(p.Label.ID)).Body.String()
			if !strings.Contains(body, "<bdi>"+c.words+"</bdi>") || strings.Contains(body, "&#10003; </span><bdi>"+c.words) != tick {
				t.Errorf("the comparison says %s", body)
			}
			if svg := get(w.h, "/l/"+string(p.Label.ID)+"/badge.svg").Body.String(); !strings.Contains(svg, ">"+c.badge+"</text>") {
				t.Errorf("the badge says %s", svg)
			}
		})
	}
}

// TestIssuedEarlyEnd issues a label while the scope of its laboratory is lost: the
// page says why it ends early, and not that the label names another day.
func TestIssuedEarlyEnd(t *testing.T) {
	w := newWorld(t)
	e := w.Example("camera")
	p := w.Issue(e, 3)
	w.pass(time.Hour)
	w.Accredit(labeltest.Lab, func(a *label.Accreditation) {
		a.Number, a.Categories = p.Label.Labs[0].Accreditation, []string{"toy"}
	})
	w.change(labeltest.Maker, p, label.Withdraw, "maker-request", nil)
	w.pass(time.Hour)
	o, err := w.Authority.Request(t.Context(), w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
	if err != nil || o.Label == nil {
		t.Fatal(o, err)
	}
	page := words(get(w.h, "/l/"+string(o.Label.Label.ID)).Body.String())
	wants(t, "the page", page,
		[]string{"A report that it rests on counts only until then", "Why: The laboratory that tested the product is no longer accredited for such tests.", "no longer covers ip-camera"},
		[]string{"the signed label still names a later day"})
}

// TestWarningOfTheFormerProduct has the number of a label moved to another manufacturer
// with a valid label, and looks at that label's page: of what is wrong with the label of
// the product that had the number before, it warns right below its own standing, in that
// label's colours, and of nothing else.
func TestWarningOfTheFormerProduct(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	next := w.moveNumber()
	page := func() string { return get(w.h, "/l/"+string(next.Label.ID)).Body.String() }
	title := "Another product had this barcode number before"
	taken := "the barcode number 9522104000171 was that of Northlight Porch Camera 2, whose label is " + p.Label.ID.Pretty() + ": "
	wants(t, "while the former label is valid, the page", words(page()), []string{taken + "Valid."}, []string{title})
	for _, step := range []struct {
		action       label.Action
		reason       string
		tone, states string
	}{
		{label.Review, "complaint", "caution", "Valid, UNDER REVIEW"},
		{label.Clear, "unfounded", "", ""},
		{label.Suspend, "nonconformity", "pause", "Suspended"},
		{label.Revoke, "nonconformity", "stop", "Revoked"},
	} {
		w.change(labeltest.Operator, p, step.action, step.reason, nil)
		text := page()
		_, below, _ := strings.Cut(text, `<section class="state good"`)
		below, _, _ = strings.Cut(below, `<section aria-labelledby="level"`)
		if step.tone == "" {
			wants(t, "after it was settled, the page", words(text), []string{taken + "Valid."}, []string{title})
			continue
		}
		wants(t, step.states, below, []string{`<section class="state ` + step.tone + `"`}, nil)
		wants(t, step.states, words("</style>"+below), []string{title + ": " + step.states, taken + step.states + ".", "If you hold that product, its label counts, and not this one."}, nil)
		if n := strings.Count(words(text), taken); n != 1 {
			t.Errorf("%s: the page says so %d times", step.states, n)
		}
	}
}
