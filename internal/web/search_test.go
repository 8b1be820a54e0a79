package web_test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// stocked returns a world with two labels that the search index has read.
func stocked(t *testing.T) (w *world, camera, plug label.ID) {
	t.Helper()
	w = newWorld(t)
	camera, plug = w.camera().Label.ID, w.plug().Label.ID
	w.catchUp()
	return w, camera, plug
}

func (w *world) catchUp() {
	w.TB.Helper()
	if err := w.h.CatchUp(w.TB.Context()); err != nil {
		w.TB.Fatal(err)
	}
}

func TestSearch(t *testing.T) {
	w, camera, plug := stocked(t)
	for target, want := range map[string]struct{ has, lacks []string }{
		"/?q=":                                   {[]string{string(camera), string(plug), "2 labels"}, nil},
		"/?q=porch+camera":                       {[]string{string(camera), "1 label."}, []string{string(plug)}},
		"/?q=NL-C210":                            {[]string{string(camera)}, []string{string(plug)}},
		"/?q=northlihgt":                         {[]string{"No label was found", `<a href="/?q=northlight"><strong>northlight</strong></a>`}, []string{string(camera)}},
		"/?q=NL-C21O":                            {[]string{"No label was found", `<a href="/?q=NL-C210"><strong>NL-C210</strong></a>`}, nil},
		"/?q=northlight&level=1":                 {[]string{string(plug), "Level 1 <span"}, []string{string(camera)}},
		"/?state=suspended":                      {[]string{"No label was found", "Remove what is chosen"}, []string{string(camera), "Try fewer words"}},
		"/?maker=northlight&sort=name":           {[]string{string(camera), string(plug), "By The northlight <span"}, nil},
		"/?page=2":                               {[]string{"2 labels", "Page before"}, []string{string(camera), "Compare those chosen"}}, // beyond the end
		"/?category=appliance":                   {[]string{"No label was found"}, nil},                                                   // nobody has labelled one
		"/?scheme=four-level&checked=lab-tested": {[]string{string(camera), "Four-Level Device Label (model) <span"}, []string{string(plug)}},
		"/?q=%3Cscript%3Ealert(1)%3C/script%3E":  {[]string{"No label was found", "Try fewer words"}, []string{"<script>"}},
		"/m/" + labeltest.Maker:                  {[]string{string(camera), "/feeds/northlight.atom"}, nil},
		"/m/" + labeltest.Maker + "?q=plug":      {[]string{string(plug)}, []string{string(camera)}},
		"/m/" + labeltest.ToyMaker:               {[]string{"No label was found"}, []string{string(camera)}},
	} {
		r := get(w.h, target)
		if r.Code != http.StatusOK {
			t.Errorf("%s: %d", target, r.Code)
			continue
		}
		checkAnswer(t, r)
		wants(t, target, r.Body.String(), want.has, want.lacks)
		checkLinks(t, w.h, r.Body.String())
	}
	for target, code := range map[string]int{
		"/?q=" + strings.Repeat("a", 201): http.StatusRequestEntityTooLarge,
		"/?q=%ff":                         http.StatusBadRequest,
		"/?q=x&page=51":                   http.StatusBadRequest,
		"/?q=x&page=-1":                   http.StatusBadRequest,
		"/?level=high":                    http.StatusBadRequest,
		"/?sort=colour":                   http.StatusBadRequest,
		"/?state=molten":                  http.StatusBadRequest,
		"/?state=not-issued":              http.StatusBadRequest,
		"/?checked=twice":                 http.StatusBadRequest,
		"/?category=nonsense":             http.StatusBadRequest,
		"/?scheme=nonsense":               http.StatusBadRequest,
		"/m/northlight?category=nonsense": http.StatusBadRequest,
		"/?maker=nobody":                  http.StatusNotFound,
		"/?page=2":                        http.StatusOK, // beyond the end
		"/m/nobody":                       http.StatusNotFound,
		"/m/" + labeltest.Lab:             http.StatusNotFound,
		"/m/":                             http.StatusNotFound,
	} {
		if r := get(w.h, target); r.Code != code {
			t.Errorf("%s: %d, want %d", target, r.Code, code)
		}
	}
}

// What the programme has no more is looked for as long as there are labels of it.
func TestSearchForWhatIsGone(t *testing.T) {
	w, camera, plug := stocked(t)
	h := w.handler(otherProgramme{w.Authority})
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for target, code := range map[string]int{
		"/?category=ip-camera": http.StatusOK, "/?scheme=four-level": http.StatusOK,
		"/?category=router": http.StatusBadRequest, "/?scheme=five-level": http.StatusBadRequest,
	} {
		r := get(h, target)
		if r.Code != code {
			t.Errorf("%s: %d, want %d", target, r.Code, code)
		}
		if code == http.StatusOK {
			wants(t, target, r.Body.String(), []string{string(camera)}, nil)
		}
	}
	if body := get(h, "/?category=ip-camera").Body.String(); strings.Contains(body, string(plug)) {
		t.Error("a plug is a camera")
	}
}

// piecemeal gives one log entry at a time to read.
type piecemeal struct{ *authority.Authority }

func (p piecemeal) Read(after, _ int64) ([]*authority.LabelRecord, int64, bool, error) {
	return p.Authority.Read(after, 1)
}

// A long log is read in steps, and what they bring is found as if it had been
// read at once: also what happened to labels that are not in the index yet.
func TestSearchReadsInSteps(t *testing.T) {
	w, camera, plug := stocked(t)
	w.Change(labeltest.Operator, w.camera(), label.Suspend, "complaint")
	w.catchUp()
	h := w.handler(piecemeal{w.Authority})
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/?q=", "/?state=suspended", "/?state=active"} {
		if got, want := get(h, target).Body.String(), get(w.h, target).Body.String(); got != want {
			t.Errorf("%s: read in steps it is\n%s\nand at once\n%s", target, got, want)
		}
	}
	wants(t, "suspended labels", get(h, "/?state=suspended").Body.String(), []string{string(camera)}, []string{string(plug)})
}

// TestSearchFollows has what happens to labels in the index, and after a restart
// the same.
func TestSearchFollows(t *testing.T) {
	w, camera, plug := stocked(t)
	w.change(labeltest.Operator, must[*authority.Published](t)(w.Authority.Lookup(camera)), label.Suspend, "complaint", nil)
	if body := get(w.h, "/?state=suspended").Body.String(); strings.Contains(body, string(camera)) {
		t.Error("the index was read before it was told to")
	}
	w.catchUp()
	first := get(w.h, "/?state=suspended").Body.String()
	wants(t, "suspended labels", first, []string{string(camera)}, []string{string(plug)})
	w.Restart()
	w.h = w.handler(w.Authority)
	for _, target := range []string{"/?q=", "/?q=camera&category=gone"} {
		wants(t, "an empty index at "+target, get(w.h, target).Body.String(), []string{"is being read just now"}, []string{"No label was found", "Try fewer words", "Remove what is chosen"})
	}
	w.catchUp()
	if again := get(w.h, "/?state=suspended").Body.String(); again != first {
		t.Error("after a restart the search finds something else")
	}
}

func TestFindLeadsToTheSearch(t *testing.T) {
	w, camera, _ := stocked(t)
	for typed, to := range map[string]string{
		"porch camera":              "/?q=porch+camera",
		"Northlight":                "/?q=Northlight",
		camera.Pretty():             "/l/" + string(camera),
		"9522104000171":             "/01/09522104000171",
		"カメラ":                       "/?q=" + url.QueryEscape("カメラ"),
		"Northlight Porch Camera 2": "/?q=Northlight+Porch+Camera+2",
	} {
		if r := get(w.h, "/find?q="+url.QueryEscape(typed)); r.Code != http.StatusSeeOther || r.Header().Get("Location") != to {
			t.Errorf("%q leads to %d %s, want %s", typed, r.Code, r.Header().Get("Location"), to)
		}
	}
	// A product's name that has as many characters as an ID, a mistyped ID, and what
	// could be either.
	for typed, code := range map[string]int{
		"Porch Camera 2": 303, "Porch-Camera-22": 303, "PorchCamera2": 400, "Lamp 2024 in blue": 303, "NL-C210": 303,
		mistyped(camera): 400, mistyped(camera)[:4] + " " + mistyped(camera)[4:8] + "-" + mistyped(camera)[8:]: 400, mistyped(camera)[1:]: 400,
	} {
		if r := get(w.h, "/find?q="+url.QueryEscape(typed)); r.Code != code {
			t.Errorf("%q leads to %d, want %d", typed, r.Code, code)
		}
	}
	// The search itself knows IDs and the numbers of barcodes.
	for typed, to := range map[string]string{
		camera.Pretty(): "/l/" + string(camera), "952 2104 00017 1": "/01/09522104000171", "🔒": "", "---": "", "porch camera": "",
	} {
		if r := get(w.h, "/?q="+url.QueryEscape(typed)); r.Header().Get("Location") != to || (to == "") != (r.Code == 200) {
			t.Errorf("the search for %q leads to %d %s, want %q", typed, r.Code, r.Header().Get("Location"), to)
		}
	}
	// Of what was meant to be one and is none it says what /find says, and of nothing else.
	for typed, heading := range map[string]string{
		mistyped(camera): "One character is wrong", label.ID(mistyped(camera)).Pretty(): "One character is wrong", mistyped(camera)[1:]: "That is not a label ID",
		"9522104000172": "One digit of the barcode number is wrong", "952-2104-00017-2": "One digit of the barcode number is wrong", "2012345000001": "This number is not of one product only",
		"labels.example.net/l/" + string(camera): "That label belongs to another site",
		"Porch Camera 2":                         "", "Porch Camera 3": "", "Porch-Camera-22": "", "Lamp 2024 in blue": "", "952210": "", "NL-C211": "", "toaster": "",
	} {
		for _, path := range []string{"/?q=", "/m/" + labeltest.Maker + "?q="} {
			r := get(w.h, path+url.QueryEscape(typed))
			if heading == "" {
				if r.Code != http.StatusOK || strings.Contains(r.Body.String(), "is wrong") {
					t.Errorf("the search for %q: %d %s", typed, r.Code, r.Body)
				}
				continue
			}
			if r.Code != http.StatusBadRequest {
				t.Errorf("the search for %q: %d", typed, r.Code)
			}
			wants(t, path+typed, r.Body.String(), []string{"<h1>" + heading + "</h1>"}, []string{"Try fewer words"})
			wants(t, path+typed, get(w.h, "/find?q="+url.QueryEscape(typed)).Body.String(), []string{"<h1>" + heading + "</h1>"}, nil)
		}
	}
	wants(t, "a search for signs", get(w.h, "/?q=---").Body.String(), []string{"No label was found"}, nil)
	for query, to := range map[string]string{
		"q=plug&level=1&evil=1":              "/?level=1&q=plug",
		"q=&level=1":                         "/?level=1&q=",
		"q=plug&lang=ar":                     "/?q=plug&lang=ar",
		"q=" + string(camera) + "&lang=ar":   "/l/" + string(camera) + "?lang=ar",
		"lang=zh-Hans&q=9522104000171":       "/01/09522104000171?lang=zh-Hans",
		"q=plug&lang=%22%3E&lang=ar":         "/?q=plug",
		"q=plug&lang=sv":                     "/?q=plug",
		"q=" + string(camera) + "&lang=&x=y": "/l/" + string(camera),
		"q=&lang=ar":                         "",
		"q=&evil=1":                          "",
	} {
		r := get(w.h, "/find?"+query)
		if got := r.Header().Get("Location"); got != to || (r.Code == http.StatusSeeOther) != (to != "") {
			t.Errorf("%s leads to %d %s, want %s", query, r.Code, got, to)
		}
	}
}

func TestCompare(t *testing.T) {
	w, camera, plug := stocked(t)
	r := get(w.h, "/compare?id="+string(camera)+"&id="+plug.Pretty()+"&id="+string(camera))
	checkAnswer(t, r)
	wants(t, "the comparison", r.Body.String(), []string{
		"3 of 4: Secure by design", "1 of 4: Basics", "Tested by a laboratory", "Stated by the manufacturer", "not claimed", "They are alike in",
	}, nil)
	if n := strings.Count(r.Body.String(), `scope="col"`); n != 2 {
		t.Errorf("there are %d columns", n)
	}
	checkLinks(t, w.h, r.Body.String())
	wants(t, "the comparison of one", get(w.h, "/compare?id="+string(camera)).Body.String(), []string{"3 of 4: Secure by design"}, []string{"They are alike in"})
	for target, code := range map[string]int{
		"/compare": http.StatusBadRequest,
		"/compare?id=" + strings.Repeat("x&id=", 4) + "x":    http.StatusBadRequest,
		"/compare?id=K7QM4T2X9PWH":                           http.StatusNotFound,
		"/compare?id=" + string(camera) + "&id=%3Cscript%3E": http.StatusBadRequest,
	} {
		if r := get(w.h, target); r.Code != code {
			t.Errorf("%s: %d, want %d", target, r.Code, code)
		}
	}
}

func TestSitemapAndOpenSearch(t *testing.T) {
	w, camera, plug := stocked(t)
	var index struct {
		Maps []string `xml:"sitemap>loc"`
	}
	if err := xml.Unmarshal(get(w.h, "/sitemap.xml").Body.Bytes(), &index); err != nil || len(index.Maps) != 1 {
		t.Fatalf("the index has %q (%v)", index.Maps, err)
	}
	var set struct {
		URLs []string `xml:"url>loc"`
	}
	body := get(w.h, strings.TrimPrefix(index.Maps[0], base)).Body.Bytes()
	if err := xml.Unmarshal(body, &set); err != nil || len(set.URLs) != 4 {
		t.Errorf("the sitemap has %q (%v)", set.URLs, err)
	}
	for _, id := range []label.ID{camera, plug} {
		if !strings.Contains(string(body), base+"/l/"+string(id)) {
			t.Errorf("the sitemap lacks %s", id)
		}
	}
	for _, target := range []string{"/sitemap/0.xml", "/sitemap/2.xml", "/sitemap/x.xml", "/sitemap/1"} {
		if r := get(w.h, target); r.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, r.Code)
		}
	}
	r := get(w.h, "/opensearch.xml")
	if !regexp.MustCompile(`template="https://labels.test/find\?q=\{searchTerms\}"`).MatchString(r.Body.String()) {
		t.Errorf("the description is %s", r.Body)
	}
}

// TestModelInAnySpelling asks for a product by its model number as people read it off a
// box, at the page and by the API. All get the same, which names the number as the label
// has it.
func TestModelInAnySpelling(t *testing.T) {
	w, camera, _ := stocked(t)
	want := get(w.h, "/m/"+labeltest.Maker+"/NL-C210")
	products := get(w.h, "/api/products?manufacturer="+labeltest.Maker+"&model=NL-C210")
	if link := want.Header().Get("Link"); link != "<"+base+"/m/"+labeltest.Maker+`/NL-C210>; rel="canonical"` {
		t.Errorf("the page's own address is %s", link)
	}
	for _, model := range []string{"nl-c210", "nl%20c210", "NLC210", "NL-C21O", "NL-%D0%A1210", "%EF%BC%AE%EF%BC%AC%EF%BC%A3%EF%BC%92%EF%BC%91%EF%BC%90"} {
		r := get(w.h, "/m/"+labeltest.Maker+"/"+model)
		if r.Code != http.StatusOK || r.Body.String() != want.Body.String() || r.Header().Get("Link") != want.Header().Get("Link") {
			t.Errorf("%s: %d %s, and not the page of NL-C210", model, r.Code, r.Header().Get("Link"))
		}
		if r := get(w.h, "/api/products?manufacturer="+labeltest.Maker+"&model="+model); r.Body.String() != products.Body.String() || !strings.Contains(r.Body.String(), string(camera)) {
			t.Errorf("the API says of %s: %s", model, r.Body)
		}
	}
}
