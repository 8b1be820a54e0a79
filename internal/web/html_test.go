package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHTML has the Nu HTML checker judge every page in every state, those that are
// opened in other languages in these too: what it calls an error or warns of. As in
// TestBrowser, those that are much like others are left out without -browser.all.
//
// It wants Java, and $LABELD_VNU to name vnu.jar of the npm package vnu-jar. What is
// missing is not tested, except in CI, where it fails. One run of the checker reads
// all pages, since it takes longer to start than to read.
func TestHTML(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		missing(t, "there is no Java here; the form of the pages was not checked")
	}
	jar := os.Getenv("LABELD_VNU")
	if jar == "" {
		missing(t, "there is no Nu HTML checker (LABELD_VNU names its vnu.jar); the form of the pages was not checked")
	}
	dir := t.TempDir()
	t.Run("page", func(t *testing.T) {
		for n, v := range visits() {
			t.Run(v.name, func(t *testing.T) {
				if v.care == seldom && !*browserAll {
					t.Skip("it is opened with -browser.all")
				}
				t.Parallel()
				h, path := v.open(newWorld(t))
				for i, lang := range languages {
					if i > 0 && (v.source || v.care != everyLanguage) {
						break
					}
					name := fmt.Sprintf("%02d %s %s.html", n, strings.NewReplacer("/", " ", ",", "").Replace(v.name), lang)
					if err := os.WriteFile(filepath.Join(dir, name), pageOf(t, &v, h, in(lang, path)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
	for _, f := range judgeHTML(t, java, jar, dir) {
		t.Error(f)
	}
	t.Run("bad page", func(t *testing.T) {
		bad := t.TempDir()
		page := `<!DOCTYPE html><html lang="en"><title>Bad</title><h1>One</h1><h3>Three</h3><p id="a">x<p id="a">y`
		if err := os.WriteFile(filepath.Join(bad, "bad.html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		if found := strings.Join(judgeHTML(t, java, jar, bad), "\n"); !strings.Contains(found, "heading") || !strings.Contains(found, "Duplicate ID") {
			t.Errorf("of a bad page it finds:\n%s", found)
		}
	})
}

// pageOf returns the page of a visit: what is read there, or what is answered to the
// form there.
func pageOf(t *testing.T, v *visit, h http.Handler, address string) []byte {
	t.Helper()
	rec := get(h, address, "Accept", browser)
	if v.form != nil {
		r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(v.form.Encode()))
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Accept", browser)
		rec = httptest.NewRecorder()
		h.ServeHTTP(rec, r)
	}
	want := v.status
	if want == 0 {
		want = http.StatusOK
	}
	if rec.Code != want || rec.Header().Get("Content-Type") != htmlType {
		t.Fatalf("%s: %d, %s", address, rec.Code, rec.Header().Get("Content-Type"))
	}
	return rec.Body.Bytes()
}

// judgeHTML returns what the checker finds in the pages of a folder.
func judgeHTML(t *testing.T, java, jar, dir string) (found []string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), java, "-Xss4m", "-jar", jar, "--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html", "--no-langdetect", dir)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Messages []struct{ URL, Type, SubType, Message, Extract string }
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v: %.500s", err, out)
	}
	for _, m := range list.Messages {
		if m.Type == "info" && m.SubType != "warning" {
			continue
		}
		found = append(found, fmt.Sprintf("%s: %s: %q", strings.TrimSuffix(filepath.Base(m.URL), ".html"), m.Message, m.Extract))
	}
	return found
}
