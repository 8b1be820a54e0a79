package web_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/web"
)

// newWorldOf is newWorld with a programme.
func newWorldOf(t *testing.T, files fs.FS) *world {
	t.Helper()
	w := &world{World: labeltest.NewOf(t, files), log: new(lines)}
	words, studio := labeltest.Dress(t, files)
	w.h = &site{must[*web.Handler](t)(web.New(web.Config{Authority: w.Authority, Base: base, Log: slog.New(slog.NewTextHandler(w.log, nil)), Art: studio, Words: words})), t}
	return w
}

// A shown is what people and programs read of a label of the camera, in a scheme that
// shows what a product reached otherwise than by a ladder.
type shown struct {
	scheme string
	level  int

	heading, german   string // of the page
	about             string // the sentence about the scheme
	issued            string // in the history of the label
	badge             string
	title             string // for programs
	rating            any    // for search engines
	compared, offered string // a label beside another, and the filter for it
}

var presentations = map[string]shown{
	"pass-only": {
		scheme: labeltest.PassOnly, level: 1,
		heading: "<bdi>Meets the Household Baseline</bdi>", german: "Erfüllt den Grundschutz im Haushalt",
		about:  "There are no levels: a product meets the scheme or has no label.",
		issued: "Issued: <bdi>Meets the Household Baseline</bdi>",
		badge:  "Baseline met", title: "Meets the Household Baseline",
		compared: "Meets the Household Baseline",
	},
	"named classes": {
		scheme: labeltest.NamedClasses, level: 3,
		heading: "Security class <bdi>Gold</bdi>", german: "Sicherheitsklasse <bdi>Gold</bdi>",
		about:  "Its classes, from the lowest to the highest: <bdi>Bronze</bdi>, <bdi>Silver</bdi>, <bdi>Gold</bdi>.",
		issued: "Issued: <bdi>Gold</bdi>",
		badge:  "Gold", title: "Security class Gold",
		rating:   map[string]any{"@type": "Rating", "ratingValue": "Gold"},
		compared: "Security class Gold", offered: ">Gold</a>",
	},
}

// counted are words that only a ladder has.
var counted = []string{"1 of 1", "3 of 3", "Level 1", "Level 3", "level 1", "level 3", `class="scale"`, "1 von 1", "Stufe "}

func TestPresentation(t *testing.T) {
	t.Parallel()
	for name, want := range presentations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, labeltest.FilesWith(t, want.scheme))
			p := w.Issue(w.Example("camera"), want.level)
			low := w.Issue(w.Example("plug"), 1)
			id := string(p.Label.ID)

			w.catchUp()
			page := get(w.h, "/l/"+id).Body.String()
			german := get(w.h, "/l/"+id+"?lang=de").Body.String()
			badge := get(w.h, "/l/"+id+"/badge.svg").Body.String()
			compared := get(w.h, "/compare?id="+id+"&id="+string(low.Label.ID)).Body.String()
			found := get(w.h, "/?q=northlight").Body.String()
			feed := get(w.h, "/api/changes.atom").Body.String()
			for _, tt := range []struct{ what, body, want string }{
				{"page", page, `<h2 id="level">` + want.heading + "</h2>"},
				{"page", page, want.about},
				{"page", page, want.issued},
				{"German page", german, `<h2 id="level">` + want.german + "</h2>"},
				{"badge", badge, ">" + want.badge + "</text>"},
				{"comparison", compared, want.compared},
				{"list", found, want.heading},
				{"list", found, want.offered},
				{"feed", feed, want.title + ". The label is now active."},
			} {
				if !strings.Contains(tt.body, tt.want) {
					t.Errorf("the %s lacks %q:\n%s", tt.what, tt.want, tt.body)
				}
			}
			for what, body := range map[string]string{"page": page, "German page": german, "badge": badge, "comparison": compared, "list": found, "feed": feed} {
				for _, word := range counted {
					if strings.Contains(body, word) {
						t.Errorf("the %s counts levels: %q:\n%s", what, word, body)
					}
				}
			}
			if strings.Contains(found, ">Level</a>") {
				t.Error("labels can be sorted by a level that nothing shows")
			}
			if graded := strings.Contains(found, "sort=level"); graded != (want.scheme == labeltest.NamedClasses) {
				t.Errorf("labels can be sorted by level: %v", graded)
			}

			said := certificationOf(t, page)
			if said["description"] != want.title || jsonText(t, said["certificationRating"]) != jsonText(t, want.rating) {
				t.Errorf("search engines read %v", said)
			}
			var doc struct {
				Title string
				Level label.Level
			}
			if err := json.Unmarshal(get(w.h, "/l/"+id+".json").Body.Bytes(), &doc); err != nil {
				t.Fatal(err)
			}
			if doc.Title != want.title || doc.Level != p.Label.Level || doc.Level.Presentation != label.Presentation(want.scheme) {
				t.Errorf("programs read %+v", doc)
			}
		})
	}
}

// TestFindClass narrows a search to a class, which is of its scheme alone.
func TestFindClass(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, labeltest.FilesWith(t, labeltest.NamedClasses))
	gold, bronze := w.Issue(w.Example("camera"), 3), w.Issue(w.Example("plug"), 1)
	w.catchUp()
	for address, want := range map[string][2]bool{
		"/?level=3&scheme=medals": {true, false},
		"/?level=1&scheme=medals": {false, true},
		"/?level=3":               {false, false}, // of any ladder, and there is none
		"/?scheme=medals":         {true, true},
	} {
		body := get(w.h, address).Body.String()
		for i, id := range []label.ID{gold.Label.ID, bronze.Label.ID} {
			if strings.Contains(body, "/l/"+string(id)) != want[i] {
				t.Errorf("%s shows label %s: %v, want %v:\n%s", address, id, !want[i], want[i], body)
			}
		}
	}
	if body := get(w.h, "/?level=3&scheme=medals").Body.String(); !strings.Contains(body, `<a href="/?scheme=medals">Gold `) || !strings.Contains(body, `<a href="/">Medal Label (example) `) {
		t.Errorf("the class cannot be taken back:\n%s", body)
	}
}

// TestLowerClass has a label replaced by one of a lower class, which is not counted either.
func TestLowerClass(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, labeltest.FilesWith(t, labeltest.NamedClasses))
	old := w.Issue(w.Example("camera"), 3)
	w.change(labeltest.Maker, old, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
	body := get(w.h, "/l/"+string(old.Label.ID)).Body.String()
	if !strings.Contains(body, "The new label is of a lower class.") || strings.Contains(body, "lower level") {
		t.Errorf("the page says of the successor:\n%s", body)
	}
}

// certificationOf returns what a page says to search engines.
func certificationOf(t *testing.T, page string) (said map[string]any) {
	t.Helper()
	_, rest, _ := strings.Cut(page, `<script type="application/ld+json">`)
	text, _, _ := strings.Cut(rest, "</script>")
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	return string(must[[]byte](t)(json.Marshal(v)))
}
