package web_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// chromium are the flags under which a browser runs anywhere, asks nobody for
// anything, and leaves nothing behind.
var chromium = []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--no-first-run"}

// TestBrowser opens the label page in a real browser, at the width of a phone
// and of a desktop, and leaves pictures of it for people to look at.
func TestBrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no chromium, and CI installs it")
		}
		t.Skip("no chromium here; the page is not opened in a browser")
	}
	w := newWorld(t)
	p := w.camera()
	server := httptest.NewServer(w.h)
	defer server.Close()
	url := server.URL + "/L/" + string(p.Label.ID)
	run := func(args ...string) string {
		cmd := exec.Command(path, append(append(chromium, "--user-data-dir="+t.TempDir()), args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("chromium: %v", err)
		}
		return string(out)
	}
	dom := run("--dump-dom", url)
	for _, want := range []string{"Northlight Porch Camera 2", "Valid label", "NL-C210", p.Label.ID.Pretty()} {
		if !strings.Contains(dom, want) {
			t.Errorf("the browser's page does not have %q", want)
		}
	}
	if rest, _ := withoutData(t, dom); strings.Contains(rest, "<script") {
		t.Error("the page has a script")
	}
	dir := filepath.Join(os.TempDir(), "labeld-screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"360,2400", "1200,1600"} {
		file := filepath.Join(dir, "label-"+strings.ReplaceAll(size, ",", "x")+".png")
		run("--screenshot="+file, "--window-size="+size, url)
		if fi, err := os.Stat(file); err != nil || fi.Size() < 10_000 {
			t.Errorf("no picture of the page at %s (%v)", size, err)
		}
	}
	t.Logf("screenshots are in %s", dir)
}
