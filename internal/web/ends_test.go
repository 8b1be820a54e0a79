package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/web"
)

// march is when the ends that tests announce come.
var march = time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)

// TestLastDayIsSaidEverywhere has the end of a label announced, brought forward, or
// neither, and looks at all places that name the label: each says the day on which it
// really ends, and none of them is green where its page is not.
func TestLastDayIsSaidEverywhere(t *testing.T) {
	for name, c := range map[string]struct {
		play  func(w *world, p *authority.Published)
		short string // in lists
		last  string // beside others
		ends  string // for programs
		badge string
	}{
		"nothing": {func(*world, *authority.Published) {}, "Valid", "17 October 2028", "2028-10-18T00:00:00Z", "Level 3 of 4"},
		"a withdrawal": {func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = march })
		}, "Valid, until 28 February 2027", "28 February 2027", "2027-03-01T00:00:00Z", "Level 3 of 4, until 2027-02-28"},
		"a replacement": {func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor, r.Effective = w.plug().Label.ID, march })
		}, "Valid, until 28 February 2027", "28 February 2027", "2027-03-01T00:00:00Z", "Level 3 of 4, until 2027-02-28"},
		"a withdrawal within a day": {func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = march.Add(time.Second) })
		}, "Valid, until 28 February 2027", "28 February 2027", "2027-03-01T00:00:01Z", "Level 3 of 4, until 2027-02-28"},
		"an early end": {func(w *world, p *authority.Published) {
			w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
			w.pass(time.Second)
		}, "Valid, until 2 May 2027", "2 May 2027", "2027-05-03T", "Level 3 of 4, until 2027-05-02"},
		"its own end is near": {func(w *world, p *authority.Published) {
			w.Clock.Set(p.Label.Expires.AddDate(0, 0, -30))
		}, "Valid, expires soon", "17 October 2028", "2028-10-18T00:00:00Z", "Level 3 of 4, until 2028-10-17"},
		"a withdrawal that is put off": {func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = march })
			w.change(labeltest.Operator, p, label.Review, "complaint", nil)
		}, "Valid, UNDER REVIEW", "17 October 2028", "2028-10-18T00:00:00Z", "Level 3 of 4, under review"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.camera()
			c.play(w, p)
			w.catchUp()
			id, tone := string(p.Label.ID), "care"
			if name == "nothing" {
				tone = "on"
			}
			for _, path := range []string{"/?q=camera", "/m/" + labeltest.Maker + "?q=camera", "/m/" + labeltest.Maker + "/" + p.Label.Device.Model} {
				wants(t, path, get(w.h, path).Body.String(), []string{`<strong class="` + tone + `">` + c.short + `</strong>`}, nil)
			}
			wants(t, "the comparison", words(get(w.h, "/compare?id="+id).Body.String()), []string{"Label valid until " + c.last + " "}, nil)
			wants(t, "the badge", get(w.h, "/l/"+id+"/badge.svg").Body.String(), []string{">" + c.badge + "</text>"}, nil)
			page := get(w.h, "/l/"+id).Body.String()
			wants(t, "the page", page, []string{c.last, `"expires":"` + must[time.Time](t)(time.Parse("2 January 2006", c.last)).Format(time.DateOnly)}, nil)
			if m := box.FindStringSubmatch(page); m == nil || (m[1] == "good") != (tone == "on") {
				t.Errorf("the box is %.60q where lists say %s", m, tone)
			}
			for _, path := range []string{"/l/" + id + ".json", "/api/products/" + camera} {
				wants(t, path, get(w.h, path).Body.String(), []string{`"ends":"` + c.ends}, nil)
			}
		})
	}
}

// TestComparisonOfDeadLabels puts a label of which nobody can rely on anything beside one
// that counts: no day that is still to come stands there as its last.
func TestComparisonOfDeadLabels(t *testing.T) {
	for state, c := range map[label.State]struct {
		says string
		play func(w *world, p *authority.Published)
	}{
		label.Suspended: {"Does not count for now", func(w *world, p *authority.Published) {
			w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
		}},
		label.Revoked: {"Ended on 2 November 2026", func(w *world, p *authority.Published) {
			w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
			w.change(labeltest.Operator, p, label.Revoke, "nonconformity", nil)
		}},
		label.Withdrawn: {"Ended on 2 November 2026", func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Withdraw, "discontinued", nil)
		}},
		label.Superseded: {"Ended on 2 November 2026", func(w *world, p *authority.Published) {
			w.change(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
		}},
		label.Expired: {"Ended on 17 October 2028", func(w *world, p *authority.Published) { w.Clock.Set(p.Label.Expires) }},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.camera()
			c.play(w, p)
			id := string(p.Label.ID)
			body := get(w.h, "/compare?id="+id+"&id="+string(w.plug().Label.ID)).Body.String()
			wants(t, "the comparison", body, []string{`<td><span aria-hidden="true">&#10007; </span><bdi>` + c.says + `</bdi></td>`}, nil)
			var l web.Label
			if err := json.Unmarshal(get(w.h, "/l/"+id+".json").Body.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			if l.State != state || state.Final() && !l.Ends.Equal(l.Because.Effective) || !state.Final() && !l.Ends.Equal(l.Expires) || l.Expires != p.Label.Expires {
				t.Errorf("JSON says %s, ends %s, expires %s", l.State, l.Ends, l.Expires)
			}
		})
	}
}

// TestTwoEnds has a label replaced on a day that was announced, and its end brought
// forward for another reason: the page says both, whichever comes first.
func TestTwoEnds(t *testing.T) {
	for name, c := range map[string]struct {
		replaced time.Time
		says     []string
	}{
		"replaced first": {march, []string{
			"Valid up to and including 28 February 2027, when the label {next} takes its place.", "Why: The product has a successor",
			"Even without that it would end on 2 May 2027, because the authority brought its end forward. Why: The laboratory that tested the product",
		}},
		"ended first": {time.Date(2027, time.August, 1, 0, 0, 0, 0, time.UTC), []string{
			"Valid up to and including 2 May 2027. The authority brought the end forward", "The label {next} was announced to take its place on 1 August 2027.",
			"The new label is about another product.", "Why: The laboratory that tested the product",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, next := w.camera(), w.plug()
			w.change(labeltest.Maker, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor, r.Effective = next.Label.ID, c.replaced })
			w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
			w.pass(time.Second)
			page := get(w.h, "/l/"+string(p.Label.ID))
			checkAnswer(t, page)
			for _, says := range c.says {
				wants(t, "the page", words(page.Body.String()), []string{strings.ReplaceAll(says, "{next}", next.Label.ID.Pretty())}, nil)
			}
			checkTongues(t, w.h, "/l/"+string(p.Label.ID), page.Body.String())
		})
	}
}

// TestLiveLabelsComeFirst looks for a product as a shopper does: what counts stands above
// what was revoked, although that is newer; who asks for the newest gets that.
func TestLiveLabelsComeFirst(t *testing.T) {
	w := newWorld(t)
	old := w.plug()
	p := w.camera()
	w.change(labeltest.Maker, p, label.Withdraw, "discontinued", nil)
	w.catchUp()
	for target, first := range map[string]label.ID{
		"/?q=northlight": old.Label.ID, "/?q=": old.Label.ID, "/m/" + labeltest.Maker: old.Label.ID, "/?q=north": old.Label.ID, "/?q=northlight&sort=newest": p.Label.ID,
	} {
		r := get(w.h, target)
		_, list, _ := strings.Cut(r.Body.String(), `<ul class="results">`)
		if r.Code != http.StatusOK || !strings.HasPrefix(strings.TrimSpace(list), "<li>\n<h2><a href=\"/l/"+string(first)) {
			t.Errorf("%s begins with %.80s", target, list)
		}
	}
}

// TestOverAndDone reads the pages of labels that count no more: what they said is told as
// what they said, in every language, and of a revoked one it is not repeated what owners
// should do.
func TestOverAndDone(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.camera()
			s.play(w, p)
			w.catchUp()
			path := "/l/" + string(p.Label.ID)
			state := must[*authority.Published](t)(w.Authority.Lookup(p.Label.ID)).State
			for _, l := range labeltest.Words(t).Languages() {
				says := func(key string) string {
					return l.Text(key, "count", len(p.Label.Criteria), "date", l.Date(p.Label.Product.SupportEnd))
				}
				now := []string{says("label.do"), says("basis.title"), says("basis.criteria"), says("label.promise"), ">" + says("label.updates-until") + "<"}
				then := []string{says("label.did"), says("basis.rested"), says("basis.criteria-then"), says("label.promised")}
				if state.Live() {
					now, then = then, now[:4]
				}
				if state == label.Revoked {
					now, then = append(now, says("label.did")), then[1:]
				}
				n := p.Label.Product.Vulnerabilities
				ack, news := [2]string{l.Text("label.ack", "count", n.AckDays), l.Text("label.ack-then", "count", n.AckDays)}, [2]string{l.Text("label.news", "count", n.StatusDays), l.Text("label.news-then", "count", n.StatusDays)}
				declared := [2]string{l.Text("label.data-said"), l.Text("label.data-said-then")}
				is := 1
				if state.Live() {
					is = 0
				}
				page := get(w.h, in(l.Tag, path)).Body.String()
				for _, pair := range [][2]string{ack, news, declared} {
					if text := words(page); !strings.Contains(text, pair[is]) || strings.Contains(text, pair[1-is]) {
						t.Errorf("%s: the page has %q, or not %q", l.Tag, pair[1-is], pair[is])
					}
				}
				for _, heading := range then {
					if !strings.Contains(page, ">"+heading+"<") {
						t.Errorf("%s: the page lacks %q", l.Tag, heading)
					}
				}
				for _, heading := range now {
					if strings.Contains(page, ">"+heading+"<") {
						t.Errorf("%s: the page has %q", l.Tag, heading)
					}
				}
				day := l.Date(p.Label.Product.SupportEnd)
				beside := "<bdi>" + day + "</bdi>"
				if !state.Live() {
					beside = "<bdi>" + says("label.updates-promised") + "</bdi>"
				}
				wants(t, l.Tag+", beside others", get(w.h, in(l.Tag, "/compare?id="+string(p.Label.ID))).Body.String(), []string{beside}, nil)
				listed := [2]string{l.Text("search.updates", "date", day), l.Text("search.updates-then", "date", day)}
				list := words(get(w.h, in(l.Tag, "/?q="+p.Label.Device.Model)).Body.String())
				wants(t, l.Tag+", in lists", list, []string{listed[is]}, nil)
			}
		})
	}
}

// TestEndWithinADay looks at a label that ends at noon, before and on that day: no day is
// ever named as its last on which it does not count, and pages that were made before are
// not shown on the day.
func TestEndWithinADay(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	id := string(p.Label.ID)
	noon := march.Add(12 * time.Hour)
	w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = noon })
	w.catchUp()
	for _, c := range []struct {
		at                         time.Time
		fact, list, badge, expires string
	}{
		{march.Add(-time.Second), "Valid up to and including 28 February 2027", "Valid, until 28 February 2027", "until 2027-02-28<", "2027-02-28"},
		{march, "It ends today. Valid until 1 March 2027, 12:00:00 UTC.", "Valid, until 1 March 2027, 12:00:00 UTC", "until 2027-03-01 12:00:00 UTC<", "2027-03-01T12:00:00Z"},
		{noon.Add(-time.Second), "It ends today. Valid until 1 March 2027, 12:00:00 UTC.", "Valid, until 1 March 2027, 12:00:00 UTC", "until 2027-03-01 12:00:00 UTC<", "2027-03-01T12:00:00Z"},
	} {
		w.Clock.Set(c.at)
		page := get(w.h, "/l/"+id)
		wants(t, c.at.String(), words(page.Body.String()), []string{c.fact}, nil)
		wants(t, c.at.String(), page.Body.String(), []string{`"expires":"` + c.expires + `"`}, nil)
		wants(t, c.at.String()+", list", words(get(w.h, "/?q=camera").Body.String()), []string{c.list}, nil)
		wants(t, c.at.String()+", badge", get(w.h, "/l/"+id+"/badge.svg").Body.String(), []string{c.badge}, nil)
		if c.at.Equal(march) {
			if r := get(w.h, "/l/"+id+"/art/portrait.svg"); r.Code != http.StatusConflict {
				t.Errorf("artwork with a last day that is over: %d", r.Code)
			}
		}
	}
	w.Clock.Set(noon)
	wants(t, "afterwards", words(get(w.h, "/compare?id="+id).Body.String()), []string{"Ended on 1 March 2027"}, nil)
}

// TestSoonByTheEndThatIsKnown has a label withdrawn in four days that would run for two
// years more: programs are told that it ends soon, and on which day, and its manufacturer
// is sent no notice that it expires.
func TestSoonByTheEndThatIsKnown(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	soon := func(want bool) {
		t.Helper()
		for _, path := range []string{"/l/" + string(p.Label.ID) + ".json", "/api/products/" + camera} {
			wants(t, path, get(w.h, path).Body.String(), []string{fmt.Sprintf(`"expiringSoon":%t`, want)}, nil)
		}
	}
	soon(false)
	w.change(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
		r.Effective = w.Clock.Now().Add(64 * 24 * time.Hour).Truncate(24 * time.Hour)
	})
	soon(false)
	w.pass(60 * 24 * time.Hour)
	soon(true)
	if err := w.Authority.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := w.Authority.Notices(w.Caller(labeltest.Maker), "", authority.Page{})
	if err != nil || slices.ContainsFunc(list, func(n *notice.Notice) bool { return n.Kind == notice.LabelExpiring }) {
		t.Errorf("the manufacturer was told %v, %v", list, err)
	}
	w.change(labeltest.Operator, p, label.Review, "complaint", nil) // puts the end off
	soon(false)
}

// TestRequestedEndIsSaidBeforeAndAfter announces a withdrawal that the manufacturer asked
// for. The reason is said in words that are true on the day before and on the day after.
func TestRequestedEndIsSaidBeforeAndAfter(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.change(labeltest.Maker, p, label.Withdraw, "maker-request", func(r *label.StatusRequest) { r.Effective = march })
	for lang, says := range map[string]string{
		"en": "The manufacturer asked for the label to end.", "de": "Der Hersteller hat um das Ende des Kennzeichens gebeten.", "fr": "Le fabricant a demandé la fin du label.",
	} {
		for _, at := range []time.Time{march.AddDate(0, 0, -1), march.AddDate(0, 0, 1)} {
			w.Clock.Set(at)
			wants(t, at.String(), words(get(w.h, in(lang, "/l/"+string(p.Label.ID))).Body.String()), []string{says}, nil)
		}
	}
}
