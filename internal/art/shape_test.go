package art_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-text/typesetting/font/opentype"
	"go.yaml.in/yaml/v3"

	"labeld/internal/art"
	"labeld/internal/labeltest"
	"labeld/labels"
)

// samples are texts of scripts and of marks that the words of the locales do not
// have.
var samples = []string{
	"Ελληνικά: Ασφάλεια προϊόντων, ΈΛΕΓΧΟΣ", "Безопасность изделий: проверено, Ђорђе", "Tiếng Việt: Kiểm định bởi phòng thí nghiệm",
	"AVAST To, Ty. W.A. “LTAV” ‘Yo’", "Ame\u0301lie a\u0302\u0301 o\u0328\u0304 e\u0301\u0302\u0303", "ﬁ Łódź ĲSBERG ŋ ǅ ½ H₂O x² № ™",
	"فارسی: گواهی امنیت محصول، پژوهش", "اردو: ہماری مصنوعات کی جانچ ڈاکٹر نے کی", "شَهَادَةُ أَمَانٍ مُعْتَمَدَةٌ للهِ", "بِسْمِ ٱللَّهِ ٱلرَّحْمَـٰنِ",
	"شاشة Pro ٣٫٥ (2028)", "نبتة يتيم ئيمة قاق فاف تثبت خجج", "한국어 각 값 힣 ㈜", "日本語 ｶﾀｶﾅ 々ヶ", "中文，测试", "5 000 € – 12 % • 3 × 4",
}

// Every sentence of every language, and samples of scripts, are set with the
// glyphs at the places that HarfBuzz gives, the shaper that ours is a port of.
func TestShapesAsHarfBuzz(t *testing.T) {
	hbShape := tool(t, "hb-shape", "libharfbuzz-bin")
	s := labeltest.Studio(t)
	type group struct {
		font, script, language string
		rightToLeft            bool
	}
	runs := map[group][]art.ShapedRun{}
	add := func(text, language string, rightToLeft bool) {
		for _, bold := range []bool{false, true} {
			for _, run := range s.Shaped(text, language, rightToLeft, bold) {
				key := group{run.Font, run.Script, run.Language, run.RightToLeft}
				runs[key] = append(runs[key], run)
			}
		}
	}
	for _, language := range languages {
		for _, text := range sentences(t, language) {
			add(text, language, language == "ar")
		}
	}
	for _, text := range samples {
		for _, language := range []string{"en", "ar", "ja"} {
			add(text, language, language == "ar")
		}
	}
	for key, list := range runs {
		direction := "ltr"
		if key.rightToLeft {
			direction = "rtl"
		}
		var lines strings.Builder
		for _, run := range list {
			lines.WriteString(run.Text + "\n")
		}
		cmd := exec.Command(hbShape, "--no-glyph-names", "--no-clusters", "--direction="+direction, "--script="+key.script, "--language="+key.language,
			"--font-file="+filepath.Join("../../labels/art/fonts", key.font+".ttf"), "--text-file=-")
		cmd.Stdin, cmd.Stderr = strings.NewReader(lines.String()), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%+v: %v", key, err)
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(want) != len(list) {
			t.Fatalf("%+v: hb-shape answers %d of %d lines", key, len(want), len(list))
		}
		for i, run := range list {
			if got := fmt.Sprint(run.Glyphs); got != fmt.Sprint(harfBuzzGlyphs(t, want[i])) {
				t.Errorf("%+v: %q\n got %s\nwant %v", key, run.Text, got, harfBuzzGlyphs(t, want[i]))
			}
		}
	}
}

var harfBuzzGlyph = regexp.MustCompile(`(\d+)(?:@(-?\d+),(-?\d+))?\+(-?\d+)`)

// harfBuzzGlyphs reads [glyph@x,y+advance|...].
func harfBuzzGlyphs(t *testing.T, line string) (list [][4]int) {
	for _, m := range harfBuzzGlyph.FindAllStringSubmatch(line, -1) {
		var g [4]int
		for i, at := range []int{1, 4, 2, 3} {
			if m[at] != "" {
				g[i] = must[int](t)(strconv.Atoi(m[at]))
			}
		}
		list = append(list, g)
	}
	return list
}

// sentences are all texts of the words of a language.
func sentences(t *testing.T, language string) (list []string) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(must[[]byte](t)(labels.FS.ReadFile("locales/"+language+".yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			for line := range strings.Lines(n.Value) {
				list = append(list, strings.TrimSpace(line))
			}
		}
		for i, c := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				walk(c)
			}
		}
	}
	walk(&doc)
	if len(list) < 100 {
		t.Errorf("%s has %d texts", language, len(list))
	}
	return list
}

// A font whose tables are cut off, or say what cannot be, is refused.
func TestDamagedCoverages(t *testing.T) {
	loader := must[*opentype.Loader](t)(opentype.NewLoader(bytes.NewReader(must[[]byte](t)(labels.FS.ReadFile("art/fonts/NotoSansArabic-Regular.ttf")))))
	table := must[[]byte](t)(loader.RawTable(opentype.MustNewTag("GSUB")))
	listed := must[[]byte](t)(art.ListCoverages(table, 5, 6, 7))
	if len(listed) <= len(table) {
		t.Errorf("no coverage was made a list")
	}
	if again := must[[]byte](t)(art.ListCoverages(listed, 5, 6, 7)); !bytes.Equal(again, listed) {
		t.Errorf("lists were made lists again")
	}
	for n := range len(table) {
		if _, err := art.ListCoverages(table[:n], 5, 6, 7); err == nil && n < len(table)/2 {
			t.Errorf("%d bytes of a table are taken", n)
		}
	}
	for at := range len(table) - 1 {
		damaged := bytes.Clone(table)
		damaged[at], damaged[at+1] = 0xFF, 0xFF
		if b, err := art.ListCoverages(damaged, 5, 6, 7); err == nil && len(b) < len(table) {
			t.Error(fmt.Errorf("damage at %d shortens the table", at))
		}
	}
}
