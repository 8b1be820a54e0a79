package yamljson_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/yamljson"
)

func TestConvert(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"mapping", "a: 1\nb: two\n", `{"a":1,"b":"two"}`},
		{"order stays", "z: 1\na: 2\n", `{"z":1,"a":2}`},
		{"sequence", "- 1\n- [2, {c: 3}]\n", `[1,[2,{"c":3}]]`},
		{"comments", "# hello\na: 1 # one\n", `{"a":1}`},
		{"JSON", `{"a": [1, 2.5, "x", true, null], "b": {}}`, `{"a":[1,2.5,"x",true,null],"b":{}}`},
		{"marked document", "---\na: 1\n...\n", `{"a":1}`},
		{"empty document", "---\n", `null`},
		{"a scalar", "hello", `"hello"`},
		{"empty values", "a:\nb: ~\nc: null\nd: ''\n", `{"a":null,"b":null,"c":null,"d":""}`},

		{"date", "a: 2026-10-20", `{"a":"2026-10-20"}`},
		{"time", "a: 2026-10-20T10:00:00Z", `{"a":"2026-10-20T10:00:00Z"}`},
		{"booleans", "a: true\nb: False\nc: TRUE\n", `{"a":true,"b":false,"c":true}`},
		{"no booleans", "a: yes\nb: off\nc: n\nd: tRuE\n", `{"a":"yes","b":"off","c":"n","d":"tRuE"}`},
		{"integers", "a: 0\nb: -7\nc: +7\nd: 9223372036854775807\n", `{"a":0,"b":-7,"c":7,"d":9223372036854775807}`},
		{"no integers of ours", "a: 0x1f\nb: 1_000\nc: 0b11\nd: 9223372036854775808\n", `{"a":"0x1f","b":"1_000","c":"0b11","d":"9223372036854775808"}`},
		{"numbers", "a: 53.2\nb: -0.5\nc: 1e3\nd: .5\n", `{"a":53.2,"b":-0.5,"c":1000,"d":0.5}`},
		{"quoted numbers", "a: '7'\nb: \"1.10\"\nc: !!str 7\n", `{"a":"7","b":"1.10","c":"7"}`},
		{"versions", "a: 1.4.0\nb: V2.1.1\nc: 5.1-1\n", `{"a":"1.4.0","b":"V2.1.1","c":"5.1-1"}`},
		{"quoted booleans", "a: 'true'\nb: \"null\"\n", `{"a":"true","b":"null"}`},

		{"folded text", "a: >-\n  one\n  two\n", `{"a":"one two"}`},
		{"literal text", "a: |\n  one\n  two\n", `{"a":"one\ntwo\n"}`},
		{"escapes", `a: "\u00e9\t\"\\ \U0001F512"`, `{"a":"é\t\"\\ 🔒"}`},
		{"escapes of JSON", `{"a": "Cam \ud83d\ude00 \\ud83d \uD840\uDC00", "b": "\u0085\u2028\\\ud83d\ude00"}`, "{\"a\":\"Cam 😀 \\\\ud83d 𠀀\",\"b\":\"\u0085\u2028\\\\😀\"}"},
		{"not escaped for HTML", "a: <b>&", `{"a":"<b>&"}`},
		{"keys are text", "1: a\ntrue: b\n~: c\n2026-10-20: d\n", `{"1":"a","true":"b","~":"c","2026-10-20":"d"}`},
		{"merge key is a name", "<<: {a: 1}\n", `{"<<":{"a":1}}`},
		{"unknown tag", "a: !thing x\n", `{"a":"x"}`},
		{"byte order mark", "\ufeffa: 1\n", `{"a":1}`},
	} {
		got, err := yamljson.Convert([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, says string }{
		{"empty", "", "the file is empty"},
		{"only comments", "# hello\n\n", "the file is empty"},
		{"two documents", "a: 1\n---\nb: 2\n", "more than one document"},
		{"rest is no YAML", "a: 1\n---\n}", "more than one document"},
		{"key twice", "a: 1\nb: 2\na: 3\n", `line 3: "a" stands here twice; keep one`},
		{"key twice, deep", "a:\n  - b: 1\n    b: 2\n", `line 3: "b" stands here twice`},
		{"key twice, quoted", "a: 1\n'a': 2\n", `line 2: "a" stands here twice`},
		{"key twice, of two kinds", "1: a\n'1': b\n", `line 2: "1" stands here twice`},
		{"key twice in JSON", `{"a": 1, "a": 2}`, `line 1: "a" stands here twice`},
		{"alias", "a: &x [1]\nb: *x\n", "line 2: aliases are not supported"},
		{"alias as key", "a: &x y\n*x : 1\n", "line 2: a key must be a plain text"},
		{"merged alias", "a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: aliases are not supported"},
		{"mapping as key", "{a: 1}: 2\n", "line 1: a key must be a plain text"},
		{"sequence as key", "? [a, b]\n: 2\n", "line 1: a key must be a plain text"},
		{"infinity", "a: .inf\n", "line 1: .inf is not a number that JSON has"},
		{"not a number", "a:\n  - .nan\n", "line 2: .nan is not a number that JSON has"},
		{"false boolean", "a: !!bool maybe\n", "maybe"},
		{"false number", "a: !!float x\n", "x"},
		{"tab", "a:\n\tb: 1\n", "line 2"},
		{"unclosed", "a: [1, 2\n", "line"},
		{"invalid UTF-8", "a: \xff\n", "UTF-8"},
		{"control character", "a: \x01\n", "control characters"},
		{"lone surrogate", `a: "\ud800"`, "Unicode"},
	} {
		got, err := yamljson.Convert([]byte(c.in))
		if err == nil {
			t.Errorf("%s: converted to %s", c.name, got)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, want %q", c.name, err, c.says)
		}
	}
}

// TestDepth finds the limit of 32 levels at its edge.
func TestDepth(t *testing.T) {
	nested := func(n int) []byte {
		return fmt.Appendf(nil, "%s1%s", strings.Repeat("[", n), strings.Repeat("]", n))
	}
	if b, err := yamljson.Convert(nested(32)); err != nil || !bytes.Equal(b, nested(32)) {
		t.Errorf("32 levels: %s, %v", b, err)
	}
	for _, n := range []int{33, 5000} {
		if _, err := yamljson.Convert(nested(n)); err == nil || !strings.Contains(err.Error(), "nested deeper than 32") {
			t.Errorf("%d levels: %v", n, err)
		}
	}
	// In block style as well.
	var block strings.Builder
	for i := range 34 {
		fmt.Fprintf(&block, "%sa:\n", strings.Repeat(" ", i))
	}
	if _, err := yamljson.Convert([]byte(block.String())); err == nil || !strings.Contains(err.Error(), "line 34: nested deeper than 32") {
		t.Errorf("34 mappings: %v", err)
	}
}

// FuzzConvert requires that what comes out is one strict JSON value on one
// line, which converts to itself.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [two, {c: 3.5}]\n", `{"a": "x"}`, "- ~\n- yes\n- 2026-10-20\n", "a: |\n  one\n  two\n", "a: &x 1\nb: *x\n", "<<: {a: 1}\n",
		"!!binary aGk=", "!!int 3.5", "- 0x1f\n- 0o17\n- 017\n- 1_0.5\n- 1e400\n", "? a\n: b\n", "--- a\n--- b\n", "\"\\x00\\u2028\\ud83d\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := yamljson.Convert(in)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		v := label.JSON(out)
		if !v.IsValid() { // as Decode: UTF-8, no member twice, nothing after it
			t.Fatalf("%q became %s, which is not valid", in, out)
		}
		if bytes.ContainsAny(out, "\n\r") {
			t.Fatalf("%q became %q", in, out)
		}
		var back any
		if err := label.Decode(out, &back); err != nil {
			t.Fatalf("%q became %s, which is refused: %v", in, out, err)
		}
	})
}
