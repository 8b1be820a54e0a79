package web_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
	"labeld/internal/web"
)

// withoutData takes the data for machines out of a page, and reads it: it is no
// script, and holds no character that could end it.
func withoutData(t *testing.T, page string) (rest string, data map[string]any) {
	t.Helper()
	before, rest, ok := strings.Cut(page, `<script type="application/ld+json">`)
	text, after, end := strings.Cut(rest, "</script>")
	if !ok || !end || strings.Contains(text, "<") {
		t.Fatalf("the page has no data for machines, or more than that: %s", text)
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatalf("the data for machines: %v", err)
	}
	return before + after, data
}

// A manufacturer's texts cannot break out of the page.
func TestHostileTexts(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(1)> {{.Style}} &lt;b&gt;`
	e.Device.Name, e.Device.Brand, e.Device.Model = evil, `</title><b>`, "\" onmouseover=\"alert(2)"
	e.Device.HardwareRevision = "</style>"
	e.Declaration.Product.Password = "</span><script src=//evil.example/x></script>"
	e.Declaration.Product.Setup = "שלום javascript:alert(1)"
	e.Declaration.Product.Page = `https://evil.example/"onclick="x`
	e.Declaration.Product.Vulnerabilities.Contact = "https://evil.example/<script>"
	p := w.issue(e, 1)
	rec := get(w.h, "/l/"+string(p.Label.ID))
	body, data := withoutData(t, rec.Body.String())
	if about, _ := data["about"].(map[string]any); about["model"] != e.Device.Model {
		t.Errorf("the data for machines says %v", about)
	}
	for _, bad := range []string{"<script", "<img src=x", "<b>", `" on`, `"onclick`, `'on`, "</title><b"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(html.UnescapeString(body), evil) {
		t.Error("the page does not show the name as it is")
	}
	if n := strings.Count(body, "<style>") + strings.Count(body, "</style>"); n != 2 {
		t.Errorf("%d style tags", n)
	}
	var l web.Label
	if err := label.Decode(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil || l.Device.Name != evil {
		t.Errorf("JSON has the name %q, %v", l.Device.Name, err)
	}

	// What no escaping helps against never gets in.
	for _, name := range []string{"Cam\u202eera", "Cam\u2066era", "Cam\u200bera", "Cam\nera"} {
		d := *w.Example("camera").Device
		d.Name = name
		if err := w.register(&d); label.KindOf(err) != label.Invalid {
			t.Errorf("a device named %q is registered: %v", name, err)
		}
	}
}

// A page tells what a shopper has to know.
func TestPage(t *testing.T) {
	w := newWorld(t)
	camera, plug := w.camera(), w.plug()
	for _, tt := range []struct {
		id    label.ID
		holds []string
		lacks []string
	}{
		{camera.Label.ID, []string{
			"Northlight Porch Camera 2", "NL-C210", "Camera", "9522104000171", "Is this the product you hold?",
			"Valid label", "17 October 2028", "too old after that", "Level 3 of 4: <bdi>Secure by design</bdi>", `aria-label="3 of 4 steps"`,
			"a laboratory has searched the software", "Tested by a laboratory", camera.Label.Labs[0].Name, camera.Label.Labs[0].Accreditation, "3.8.2",
			"Security updates until", "1 July 2032", "There is no default password", "They install by themselves",
			`href="mailto:security@northlight.example.com"`, "within 3 days",
			"No password is shared between units", "Declaration of conformity", "AUR-2026-0417",
			"cosign verify-blob-attestation --key label.pub --bundle bundle.json --type https://labeld.dev/label/v1 --insecure-ignore-tlog device.json",
			"labelctl verify", `alt="QR code of this label`,
		}, []string{"Stated by the manufacturer itself", "EXPIRED"}},
		{plug.Label.ID, []string{
			"Stated by the manufacturer itself", "Level 1 of 4: <bdi>Basics</bdi>", "They do not install by themselves", "Smart plug",
		}, []string{"<strong>Tested by a laboratory"}},
	} {
		body := html.UnescapeString(get(w.h, "/l/"+string(tt.id)).Body.String())
		for _, s := range tt.holds {
			if !strings.Contains(body, s) {
				t.Errorf("the page lacks %q", s)
			}
		}
		for _, s := range tt.lacks {
			if strings.Contains(body, s) {
				t.Errorf("the page has %q", s)
			}
		}
		for _, m := range regexp.MustCompile(`<a href="(https|mailto):[^>]*>`).FindAllString(body, -1) {
			if !strings.Contains(m, `rel="nofollow noopener"`) {
				t.Errorf("a link away lacks rel: %s", m)
			}
		}
		for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]*|#[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if id, ok := strings.CutPrefix(m[1], "#"); ok {
				if !strings.Contains(body, `id="`+id+`"`) {
					t.Errorf("nothing is at %s", m[1])
				}
			} else if rec := get(w.h, m[1]); rec.Code != http.StatusOK {
				t.Errorf("the page's link %s gives %d", m[1], rec.Code)
			}
		}
	}
}

// Many barcodes do not push the label's state off a small screen. They are
// shown as printed, without padding.
func TestManyBarcodes(t *testing.T) {
	w := newWorld(t)
	e := w.Example("plug")
	e.Device.GTINs = nil
	for _, n := range []string{"96385074", "036000291452", "4006381333931", "10614141543219"} {
		e.Device.GTINs = append(e.Device.GTINs, must[label.GTIN](t)(label.ParseGTIN(n)))
	}
	slices.Sort(e.Device.GTINs)
	p := w.issue(e, 1)
	body := get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{"<summary>One of 4</summary>", ">96385074</bdi></li>", ">036000291452</bdi></li>", ">4006381333931</bdi></li>", ">10614141543219</bdi></li>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A label stays readable after the scheme that judged it was replaced: then the
// new version's words are not put into its mouth.
func TestOtherScheme(t *testing.T) {
	w := newWorld(t)
	p := w.plug()
	h := w.handler(otherProgramme{w.Authority})
	body := get(h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{"<bdi>Level 1 of 4: Basics</bdi>", "<li>no-shared-passwords ", "<dd>smart-plug</dd>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "No password is shared") {
		t.Error("the page has words of another scheme")
	}
}

// Of several keys the one in use is shown, and who the authority is.
func TestReplacedKey(t *testing.T) {
	w := newWorld(t)
	old, inUse := labeltest.NewSigner(t).Public, w.Trust.LabelKeys[0]
	h := w.handler(otherTrust{w.Authority, &verify.Trust{
		Authority: label.Party{ID: labeltest.Operator, Name: "Test Authority", URL: "https://authority.example.org/"},
		LabelKeys: []verify.TrustKey{{ID: old.ID, PEM: old.PEM, Until: w.Clock.Now()}, inUse},
	}})
	if got := get(h, "/keys/label.pub").Body.String(); got != inUse.PEM {
		t.Errorf("label.pub is %q", got)
	}
	for _, target := range []string{"/", "/nothing"} {
		if !strings.Contains(get(h, target).Body.String(), `<a href="https://authority.example.org/" rel="nofollow noopener">`) {
			t.Errorf("%s does not lead to the authority", target)
		}
	}
}

// TestRuling shows a label that was granted after an appeal.
func TestRuling(t *testing.T) {
	w := newWorld(t)
	plug := w.Example("plug")
	labeltest.Claim(plug, "5.5-5", "5.6-4")
	w.Submit(plug)
	w.Rule(plug, w.Appeal(plug, 2), "settings-guarded", "developer-port-shut")
	p := w.Issue(plug, 2)
	page := get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	for _, want := range []string{
		"The developer port is shut <small>(accepted by the authority, on appeal)</small>",
		"The manufacturer appealed, and the authority accepted “Only you can change security settings”, “The developer port is shut”: <bdi lang=\"en\">As ruled in a test.</bdi>",
		"Ruling on an appeal",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	var l web.Label
	if err := json.Unmarshal(get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Rulings) != 1 || l.Rulings[0].LogIndex != l.LogIndex+1 || len(l.Rulings[0].Accepted) != 2 || l.Rulings[0].Ended != nil {
		t.Errorf("the rulings are %+v", l.Rulings)
	}
	// Taken back, it is not said to have been accepted, whoever looked before; and of
	// the day before nothing else is said than then.
	before := w.Clock.Now()
	w.pass(time.Hour)
	w.Report(label.Event{Kind: label.StatementEvent, Statement: l.Rulings[0].SHA256, Reason: "authority-error", Text: "Page 4 is about another plug."})
	page = get(w.h, "/l/"+string(p.Label.ID)).Body.String()
	for want, there := range map[string]bool{
		"The authority took this back on ":                               true,
		"<bdi>Page 4 is about another plug.</bdi>":                       true,
		"(accepted by the authority, on appeal)":                         false,
		"A later test":                                                   false,
		"A test found that the product does not do what the label says.": true,
	} {
		if strings.Contains(page, want) != there {
			t.Errorf("after it was taken back the page says %q: %t", want, !there)
		}
	}
	// Nor does it count as met, on the page, beside others, and for programs.
	met, rest, _ := strings.Cut(page, "Accepted on appeal and taken back since, so not met (2)")
	if title := "<li>The developer port is shut"; strings.Contains(met, title) || !strings.Contains(rest, title) {
		t.Error("what was taken back is listed as met")
	}
	for _, beside := range []string{"", "&id=" + string(w.camera().Label.ID)} {
		text := get(w.h, "/compare?id="+string(p.Label.ID)+beside).Body.String()
		if n := strings.Count(text, `&#10007; </span><bdi>accepted by the authority on appeal, and taken back since`); n != 2 {
			t.Errorf("the comparison says %d times that something is not met: %s", n, text)
		}
	}
	if page := get(w.h, "/l/"+string(p.Label.ID)+"?at="+before.UTC().Format(time.RFC3339)).Body.String(); strings.Contains(page, "taken back since") {
		t.Error("the page of the day before says that it was taken back")
	}
	body := get(w.h, "/l/"+string(p.Label.ID)+".json").Body.Bytes()
	theContract().holds(t, "Label", body)
	if err := json.Unmarshal(body, &l); err != nil {
		t.Fatal(err)
	}
	back := 0
	for _, c := range l.Criteria {
		if (c.State == "taken-back") != (c.By == "authority") {
			t.Errorf("%s is said to be %s", c.ID, c.State)
		} else if c.By == "authority" {
			back++
		}
	}
	if back != 2 || !strings.Contains(page, fmt.Sprintf("is met (%d)", len(l.Criteria)-2)) {
		t.Errorf("%d criteria were taken back of %d", back, len(l.Criteria))
	}
	if b := l.Rulings[0].Ended; b == nil || b.Reason != "authority-error" || b.Text != "Page 4 is about another plug." || b.At.IsZero() {
		t.Errorf("the ruling was taken back by %+v", b)
	}
}
