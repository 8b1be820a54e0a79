package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/labeltest"
)

const formType = "application/x-www-form-urlencoded"

// send posts a report from an address of its own, as a browser does.
func send(h http.Handler, client int, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/report", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	r.RemoteAddr = "192.0.2." + strconv.Itoa(client) + ":1"
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestReport(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	id := p.Label.ID.Pretty()
	page := get(w.h, "/report?label="+id)
	checkAnswer(t, page)
	wants(t, "the form", page.Body.String(), []string{`action="/report"`, `method="post"`, `value="` + id + `"`, "Northlight Porch Camera 2"}, nil)
	if !strings.Contains(get(w.h, "/l/"+id).Body.String(), `href="/report?label=`+string(p.Label.ID)+`"`) {
		t.Error("the label's page does not lead to the form")
	}
	evil := `<script>alert(1)</script>"'>`
	form := url.Values{"label": {id}, "kind": {"copied"}, "text": {"It is on a lamp. " + evil}, "where": {"Market hall"}, "contact": {"somebody@shop.example"}}
	done := send(w.h, 1, form)
	checkAnswer(t, done)
	wants(t, "the answer", done.Body.String(), []string{"Thank you", id}, []string{"somebody@shop.example", "<script"})
	list, _, err := w.Authority.Complaints(w.Caller(labeltest.Operator), "", authority.Page{})
	if err != nil || len(list) != 1 || list[0].Label != p.Label.ID || list[0].Text != form.Get("text") || list[0].AboutLabel != 1 {
		t.Fatalf("the operator reads %+v (%v)", list, err)
	}
	for _, target := range []string{"/l/" + id, "/l/" + id + ".json", "/api/products/" + camera, "/report?label=" + id, "/api/changes"} {
		if strings.Contains(get(w.h, target).Body.String(), "somebody@shop.example") || strings.Contains(get(w.h, target).Body.String(), "Market hall") {
			t.Errorf("%s shows what was reported", target)
		}
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	good := func() url.Values { return url.Values{"kind": {"weakness"}, "text": {"It has a weakness."}} }
	client := 10
	for name, c := range map[string]struct {
		change func(url.Values)
		code   int
		says   string
	}{
		"nothing wrong":    {func(url.Values) {}, http.StatusOK, "Thank you"},
		"no text":          {func(f url.Values) { f.Set("text", "  ") }, http.StatusBadRequest, "Say what you saw"},
		"no kind":          {func(f url.Values) { f.Del("kind") }, http.StatusBadRequest, "Choose what is wrong"},
		"unknown label":    {func(f url.Values) { f.Set("label", "K7QM-4T2X-9PWH") }, http.StatusNotFound, "leave it out"},
		"mistyped label":   {func(f url.Values) { f.Set("label", "K7QM-4T2X-9PWX") }, http.StatusBadRequest, "That is not a label ID. Correct it, or leave it out."},
		"half an address":  {func(f url.Values) { f.Set("label", "https://labels.test/x") }, http.StatusBadRequest, "That is not a label ID. Correct it, or leave it out."},
		"long text":        {func(f url.Values) { f.Set("text", strings.Repeat("a", 2001)) }, http.StatusRequestEntityTooLarge, "at most 2,000"},
		"long contact":     {func(f url.Values) { f.Set("contact", strings.Repeat("a", 201)) }, http.StatusRequestEntityTooLarge, "at most 200"},
		"not text":         {func(f url.Values) { f.Set("text", "a\xff") }, http.StatusBadRequest, "Say what you saw"},
		"filled in by one": {func(f url.Values) { f.Set("website", "https://spam.example") }, http.StatusOK, "Thank you"}, // and forgotten
		"a huge form":      {func(f url.Values) { f.Set("text", strings.Repeat("a", 50<<10)) }, http.StatusRequestEntityTooLarge, "What you wrote is too long and did not arrive"},
	} {
		client++
		f := good()
		c.change(f)
		r := send(w.h, client, f)
		if r.Code != c.code || !strings.Contains(r.Body.String(), c.says) {
			t.Errorf("%s: %d, want %d and %q", name, r.Code, c.code, c.says)
		}
		if text := f.Get("text"); c.code == http.StatusNotFound && !strings.Contains(r.Body.String(), text) {
			t.Errorf("%s: what was written is lost", name)
		}
		checkAnswer(t, r)
	}
	list, _, err := w.Authority.Complaints(w.Caller(labeltest.Operator), "", authority.Page{})
	if err != nil || len(list) != 1 {
		t.Errorf("%d reports were taken (%v)", len(list), err)
	}
	// Who has to correct the form has not reported anything yet.
	bad := good()
	bad.Set("label", "K7QM-4T2X-9PWX")
	for range 7 {
		if r := send(w.h, 99, bad); r.Code != http.StatusBadRequest {
			t.Errorf("a form that has to be corrected: %d", r.Code)
		}
	}
	for range 5 {
		if r := send(w.h, 99, good()); r.Code != http.StatusOK {
			t.Errorf("a report after that: %d", r.Code)
		}
	}
	if r := send(w.h, 99, good()); r.Code != http.StatusTooManyRequests || r.Header().Get("Retry-After") == "" || !strings.Contains(r.Body.String(), "It has a weakness.") {
		t.Errorf("the sixth report of a client: %d", r.Code)
	}
	// It costs what other refusals cost.
	for n := 0; ; n++ {
		if r := send(w.h, 100, bad); r.Code == http.StatusTooManyRequests && n > 1000 {
			break
		} else if n > 2000 || r.Code != http.StatusBadRequest {
			t.Fatalf("the form number %d: %d", n, r.Code)
		}
	}
	if r := post(w.h, "/report", "application/json", "{}"); r.Code != http.StatusBadRequest {
		t.Errorf("as JSON: %d", r.Code)
	}
	if r := do(w.h, http.MethodPut, "/report"); r.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", r.Code)
	}
}

// TestReportAsLongAsTheFormTakes writes as much as browsers let people write, in scripts of
// many bytes and in many lines, which they count as one character each and send as two.
func TestReportAsLongAsTheFormTakes(t *testing.T) {
	w := newWorld(t)
	lines := func(n int) string { return strings.TrimSuffix(strings.Repeat("a line of text 123\r\n", n), "\r\n") }
	for i, c := range []struct {
		text, where, contact string
		code                 int
	}{
		{strings.Repeat("あ", 2000), strings.Repeat("店", 200), strings.Repeat("電", 200), http.StatusOK},
		{strings.Repeat("😀", 1000), strings.Repeat("ї", 200), "", http.StatusOK},
		{lines(105), "", "", http.StatusOK},
		{"a" + strings.Repeat("\r\n", 1998) + "b", "", "", http.StatusOK},
		{strings.Repeat("あ", 2001), "", "", http.StatusRequestEntityTooLarge},
		{strings.Repeat("😀", 1001), "", "", http.StatusRequestEntityTooLarge},
		{"It burns.", strings.Repeat("店", 201), "", http.StatusRequestEntityTooLarge},
	} {
		r := send(w.h, i, url.Values{"kind": {"other"}, "text": {c.text}, "where": {c.where}, "contact": {c.contact}})
		if r.Code != c.code {
			t.Errorf("%d: %d, want %d", i, r.Code, c.code)
		}
	}
	if r := get(w.h, "/?q="+url.QueryEscape(strings.Repeat("あ", 200))); r.Code != http.StatusOK {
		t.Errorf("a search of 200 letters: %d", r.Code)
	}
}

// TestReportThatDoesNotArrive sends what cannot be read. The answer is the form in the
// reader's language, and says nothing of an address, since nothing is wrong with it.
func TestReportThatDoesNotArrive(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		media, body, says string
		code              int
	}{
		"too long":      {formType, "text=" + strings.Repeat("a", 1<<20), "Ihre Meldung ist zu lang und ist nicht angekommen; höchstens 2.000 Zeichen", http.StatusRequestEntityTooLarge},
		"not escaped":   {formType, "text=%zz", "Etwas im Formular kann nicht angenommen werden", http.StatusBadRequest},
		"other content": {"text/plain", "text=a", "Etwas im Formular kann nicht angenommen werden", http.StatusBadRequest},
	} {
		r := post(w.h, "/report?lang=de", c.media, c.body)
		checkAnswer(t, r)
		if r.Code != c.code {
			t.Errorf("%s: %d, want %d", name, r.Code, c.code)
		}
		wants(t, name, r.Body.String(), []string{c.says, `<form class="report"`}, []string{"Adresse kann nicht stimmen"})
	}
}
