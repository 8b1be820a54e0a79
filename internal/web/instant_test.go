package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/web"
)

// A label is shown as it stood, whoever asks for the present meanwhile.
func TestPast(t *testing.T) {
	w := newWorld(t)
	p := w.camera() // on 2 November, 9:00
	path := "/l/" + string(p.Label.ID)
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 2))
	w.change(labeltest.Operator, p, label.Review, "complaint", nil)
	w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 4))
	w.change(labeltest.Operator, p, label.Revoke, "nonconformity", nil)
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 10))
	now := get(w.h, path)
	etags := map[string]string{now.Header().Get("Etag"): "the present"}
	for _, tt := range []struct {
		at      string
		instant string
		asOf    string
		head    string
		state   label.State
		history int
		holds   []string
	}{
		{"2026-11-01", "2026-11-01T23:59:59Z", "1 November 2026", "It was NOT ISSUED yet", label.NotIssued, 0, []string{"It was issued later"}},
		{"0001-01-02", "0001-01-02T23:59:59Z", "2 January 0001", "It was NOT ISSUED yet", label.NotIssued, 0, nil},
		{"2026-11-02", "2026-11-02T23:59:59Z", "2 November 2026", "It was valid", label.Active, 0, []string{"at the end of that day (UTC)", "Valid up to and including 17 October 2028"}},
		{"2026-11-04", "2026-11-04T23:59:59Z", "4 November 2026", "It was SUSPENDED", label.Suspended, 2, []string{"The authority suspended it on 4 November 2026. Why: The product was found"}},
		{"2026-11-04T09:00:01Z", "2026-11-04T09:00:01Z", "4 November 2026, 09:00:01 UTC", "It was valid, UNDER REVIEW", label.Active, 1, []string{"at that instant", "Under review since 4 November 2026. Why: The authority is looking into a complaint"}},
		{"2026-11-04T10:00:01.5+01:00", "2026-11-04T09:00:01Z", "4 November 2026, 09:00:01 UTC", "It was valid, UNDER REVIEW", label.Active, 1, nil},
		{"2026-11-09", "2026-11-09T23:59:59Z", "9 November 2026", "It was REVOKED", label.Revoked, 3, []string{"The authority took it back for good on 6 November 2026."}},
	} {
		target := path + "?utm=x&at=" + tt.at
		rec := get(w.h, target)
		checkAnswer(t, rec)
		checkSize(t, rec.Body.Bytes())
		page := rec.Body.String()
		m := box.FindStringSubmatch(page)
		if m == nil || m[1] != "past" || m[2] != "<small>As of "+tt.asOf+"</small> "+tt.head {
			t.Errorf("%s: the headline is %q", tt.at, m)
		}
		wants(t, "the page as of "+tt.at, words(page), append(tt.holds, "This is the past", "See how the label stands now"), []string{"Do not rely", "Valid label"})
		wants(t, "the page as of "+tt.at, page, []string{"<title>" + tt.head + " (as of " + tt.asOf + "): ", `href="` + path + `"`, `value="` + tt.instant[:10] + `"`, path + ".json?at=" + tt.instant}, nil)
		checkLinks(t, w.h, page)

		asJSON := get(w.h, path+".json?at="+tt.at)
		checkAnswer(t, asJSON)
		if got := get(w.h, target, "Accept", jsonType); got.Body.String() != asJSON.Body.String() || got.Header().Get("Vary") != "Accept, Accept-Language, Accept-Encoding" {
			t.Errorf("%s: JSON at the page's address differs from .json", tt.at)
		}
		var l web.Label
		if err := label.Decode(asJSON.Body.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if got := l.At.Format(time.RFC3339); got != tt.instant || l.State != tt.state || len(l.History) != tt.history || (l.Because == nil) != (tt.state == label.Active || tt.state == label.NotIssued) {
			t.Errorf("%s: JSON says %s of %s, with %d statuses", tt.at, l.State, got, len(l.History))
		}

		for _, rec := range []int{0, 1} {
			answer := get(w.h, []string{target, path + ".json?at=" + tt.at}[rec])
			head := answer.Header()
			if head.Get("Cache-Control") != anHour || head.Get("Link") != "<"+base+path+`>; rel="latest-version"` {
				t.Errorf("%s: %v", tt.at, head)
			}
			etag := head.Get("Etag")
			if other := etags[etag]; other != "" && other != tt.instant {
				t.Errorf("%s has the ETag of %s", tt.at, other)
			}
			etags[etag] = tt.instant
			if got := get(w.h, target, "If-None-Match", etag, "Accept", []string{"", jsonType}[rec]); got.Code != http.StatusNotModified {
				t.Errorf("%s: asked again it gives %d", tt.at, got.Code)
			}
		}
		if again := get(w.h, path); again.Body.String() != now.Body.String() || again.Header().Get("Cache-Control") != seconds {
			t.Errorf("after %s the present is another", tt.at)
		}
	}
	// What proves the label is the same at all times.
	if get(w.h, path+"/package?at=2026-11-01").Body.String() != get(w.h, path+"/package").Body.String() {
		t.Error("the package depends on the instant")
	}
	if get(w.h, path+"?at="+labeltest.Start.AddDate(0, 0, 10).Format(time.DateOnly)).Body.String() != now.Body.String() {
		t.Error("today is not the present")
	}
	if rec := get(w.h, "/l/"+string(unknownID(t))+"?at=2026-11-02"); rec.Code != http.StatusNotFound {
		t.Errorf("an unknown label gives %d", rec.Code)
	}
}

// An announced end is part of the past that knew of it, and a lapse moves the
// expiry from then on only.
func TestPastKnowsNoFuture(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	w.Clock.Set(labeltest.Start.AddDate(0, 0, 5))
	w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: p.Label.Labs[0].Accreditation, Reason: "lab-scope-lost"})
	w.Clock.Set(labeltest.Start.AddDate(1, 0, 0))
	path := "/l/" + string(p.Label.ID)
	for at, want := range map[string][2]string{
		"2026-11-06": {"It was valid", "Valid up to and including 17 October 2028"},
		"2026-11-08": {"It was valid until 7 May 2027", "Valid up to and including 7 May 2027"},
		"2027-05-08": {"It was EXPIRED", "It was valid up to and including 7 May 2027"},
	} {
		page := get(w.h, path+"?at="+at).Body.String()
		m := box.FindStringSubmatch(page)
		if m == nil || !strings.HasSuffix(m[2], want[0]) || !strings.Contains(words(page), want[1]) {
			t.Errorf("%s: the page says %q", at, m)
		}
	}
}

// What passed just now may still be added to, so it is not kept for long.
func TestJustPassed(t *testing.T) {
	w := newWorld(t)
	path := "/l/" + string(w.camera().Label.ID)
	w.pass(time.Hour)
	for ago, want := range map[time.Duration]string{0: seconds, time.Second: seconds, 59 * time.Second: seconds, 2 * time.Minute: anHour} {
		at := w.Clock.Now().Add(-ago).Format(time.RFC3339)
		rec := get(w.h, path+".json?at="+at)
		if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != want {
			t.Errorf("%v ago: %d, %q", ago, rec.Code, rec.Header().Get("Cache-Control"))
		}
	}
}

// Who asks about no instant, or about the future, is not told about the present.
func TestNoInstant(t *testing.T) {
	w := newWorld(t)
	path := "/l/" + string(w.camera().Label.ID)
	for query, want := range map[string]struct {
		reason label.Reason
		title  string
		asked  string // the day that the form is filled in with
	}{
		"at=":                             {label.ReasonMalformed, "That is not a day", ""},
		"at":                              {label.ReasonMalformed, "That is not a day", ""},
		"at=yesterday":                    {label.ReasonMalformed, "That is not a day", ""},
		"at=%zz":                          {label.ReasonMalformed, "That is not a day", ""},
		"at=2026-11-02;x=y":               {label.ReasonMalformed, "That is not a day", "2026-11-02"},
		"at=2026-11-02+":                  {label.ReasonMalformed, "That is not a day", "2026-11-02"},
		"at=2026-02-30":                   {label.ReasonMalformed, "That is not a day", ""},
		"at=02.11.2026":                   {label.ReasonMalformed, "That is not a day", ""},
		"at=2026-11-02T09:00":             {label.ReasonMalformed, "That is not a day", "2026-11-02"},
		"at=2026-11-02T25:00:00Z":         {label.ReasonMalformed, "That is not a day", "2026-11-02"},
		"at=%3Cscript%3E":                 {label.ReasonMalformed, "That is not a day", ""},
		"at=" + strings.Repeat("9", 5000): {label.ReasonMalformed, "That is not a day", ""},
		"x=1&at=2026-11-02&at=2026-11-01": {label.ReasonDuplicateKey, "That is not a day", ""},
		"at=0000-01-01T00:00:00%2B23:59":  {label.ReasonOutOfRange, "That is not a day", ""},
		"at=0001-01-01T00:00:00.5Z":       {label.ReasonOutOfRange, "That is not a day", ""},
		"at=2026-11-03":                   {label.ReasonInFuture, "That day is still to come", "2026-11-03"},
		"at=2026-11-02T09:01:00Z":         {label.ReasonInFuture, "That day is still to come", "2026-11-02"},
		"at=9999-12-31":                   {label.ReasonInFuture, "That day is still to come", "9999-12-31"},
	} {
		page := get(w.h, path+"?"+query)
		checkAnswer(t, page)
		if page.Code != http.StatusBadRequest || page.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%.100s gives %d, %v", query, page.Code, page.Header())
		}
		wants(t, query, page.Body.String(), []string{want.title, `name="at" type="date" value="` + want.asked + `"`, `<a class="go" href="/l/`}, []string{"Valid label", "<script", "&#34;at&#34;", strings.Repeat("9", 200)})
		if want.reason == label.ReasonInFuture {
			wants(t, query, page.Body.String(), []string{" is still to come: here it is 2026-11-02 09:00 UTC, and days end at midnight UTC."}, nil)
		}
		checkLinks(t, w.h, page.Body.String())
		var e struct {
			Error struct {
				Reason  label.Reason
				Field   string
				Message string
			}
		}
		asJSON := get(w.h, path+".json?"+query)
		if err := json.Unmarshal(asJSON.Body.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if asJSON.Code != http.StatusBadRequest || e.Error.Reason != want.reason || e.Error.Field != "at" || !strings.Contains(e.Error.Message, "Leave the day out") {
			t.Errorf("%.100s gives %d, %+v", query, asJSON.Code, e)
		}
	}
	// Nothing is asked here.
	for _, query := range []string{"", "utm=%zz", "that=2036-01-01", "AT=2036-01-01", "&&=", "at2=x"} {
		if rec := get(w.h, path+"?"+query); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Valid label") {
			t.Errorf("%q gives %d", query, rec.Code)
		}
	}
}

// Whatever instant is asked for, the answer is about it, or is a refusal.
func FuzzAt(f *testing.F) {
	w := newWorld(f)
	path := "/l/" + string(w.camera().Label.ID) + ".json"
	for _, s := range []string{"", "2026-11-01", "2026-11-02", "2026-11-02T08:00:00+02:00", "0000-01-01T00:00:00Z", "2026-11-01T24:00:00Z", "1-1-1", "\x00", "2026-11-01&at=2026-11-02"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rec := get(w.h, path+"?at="+url.QueryEscape(s))
		if rec.Code == http.StatusBadRequest {
			return
		}
		var l web.Label
		if err := label.Decode(rec.Body.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		today := label.DateOf(labeltest.Start).String()
		if rec.Code != http.StatusOK || l.At.IsZero() != (s == today) || l.At.After(w.Clock.Now()) || (l.State == label.Active) != (l.At.IsZero() || !l.At.Before(l.Issued)) {
			t.Errorf("%q gives %d, %s as of %s", s, rec.Code, l.State, l.At)
		}
	})
}
