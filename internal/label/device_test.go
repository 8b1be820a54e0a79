package label_test

import (
	"bytes"
	"strings"
	"testing"

	"labeld/internal/label"
)

func canonicalDevice(t testing.TB) []byte {
	t.Helper()
	b, err := device().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDeviceCanonical holds the descriptor to its RFC 8785 form, byte by byte:
// other implementations hash these bytes.
func TestDeviceCanonical(t *testing.T) {
	const want = `{"brand":"Northlight","category":"smart-plug","components":[{"kind":"app","name":"Home"},{"kind":"cloud","name":"Switch"}],` +
		`"gtins":["09522105000101","09522105000118"],"hardwareRevision":"A2","manufacturer":"northlight","model":"NL-P05",` +
		`"name":"Plug Mini","type":"https://labeld.dev/device/v1"}`
	b := canonicalDevice(t)
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	d, err := label.ParseDevice(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Canonical(); err != nil || !bytes.Equal(again, b) {
		t.Errorf("comes back as %s, %v", again, err)
	}
}

// TestDevicePicture requires that a picture is one more member, and that a
// descriptor without one has the bytes, and so the digest, that it always had.
func TestDevicePicture(t *testing.T) {
	without := canonicalDevice(t)
	const known = "53869a3502993a5105ca08745548ba13444e8b62b221ee803c8737218ba85cd4"
	if got := label.DigestOf(without).String(); got != known {
		t.Errorf("a descriptor without a picture has the digest %s, had %s", got, known)
	}
	d := device()
	d.Picture = someDigest
	with, err := d.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(string(without), `"type"`, `"picture":"`+someDigest.String()+`","type"`, 1)
	if string(with) != want {
		t.Errorf("got  %s\nwant %s", with, want)
	}
	if again, err := label.ParseDevice(with); err != nil || again.Picture != someDigest {
		t.Errorf("comes back as %+v, %v", again, err)
	}
}

// TestDeviceNotCanonical requires that other forms of the same document are
// refused, and that the refusal names the digest that would be right.
func TestDeviceNotCanonical(t *testing.T) {
	canon := string(canonicalDevice(t))
	for name, form := range map[string]string{
		"white space":     strings.Replace(canon, `,"category"`, `, "category"`, 1),
		"final new line":  canon + "\n",
		"members swapped": strings.Replace(canon, `"brand":"Northlight","category":"smart-plug"`, `"category":"smart-plug","brand":"Northlight"`, 1),
		"escaped letter":  strings.Replace(canon, "Plug Mini", `\u0050lug Mini`, 1),
		"escaped slash":   strings.Replace(canon, "device/v1", `device\/v1`, 1),
		"empty text":      strings.Replace(canon, `"A2"`, `""`, 1),
		"empty list":      strings.Replace(canon, `["09522105000101","09522105000118"]`, `[]`, 1),
		"null":            strings.Replace(canon, `"A2"`, `null`, 1),
	} {
		if form == canon {
			t.Fatalf("%s changes nothing", name)
		}
		_, err := label.ParseDevice([]byte(form))
		e := wantRefusal(t, err, label.Invalid, label.ReasonNotCanonical, "device")
		want := label.DigestOf([]byte(canon))
		if strings.HasPrefix(name, "empty") || name == "null" { // the member goes
			var d label.Device
			if err := label.Decode([]byte(form), &d); err != nil {
				t.Fatal(err)
			}
			without, err := d.Canonical()
			if err != nil || len(without) >= len(form) {
				t.Fatalf("%s: %s, %v", name, without, err)
			}
			want = label.DigestOf(without)
		}
		if !strings.Contains(e.Text, want.String()) {
			t.Errorf("%s: the refusal does not name the digest: %s", name, e.Text)
		}
	}
}

func TestParseDeviceRefuses(t *testing.T) {
	canon := string(canonicalDevice(t))
	for name, c := range map[string]struct {
		doc    string
		reason label.Reason
		field  string
	}{
		"empty":               {"", label.ReasonMalformed, "device"},
		"no object":           {`[]`, label.ReasonMalformed, "device"},
		"null":                {`null`, label.ReasonUnknownType, "device.type"},
		"two":                 {canon + canon, label.ReasonMalformed, "device"},
		"unknown member":      {strings.Replace(canon, `"type"`, `"sku":"1","type"`, 1), label.ReasonUnknownField, "device.sku"},
		"unknown member deep": {strings.Replace(canon, `"kind":"app"`, `"kind":"app","os":"x"`, 1), label.ReasonUnknownField, "device.components[0].os"},
		"member twice":        {strings.Replace(canon, `"model"`, `"brand":"X","model"`, 1), label.ReasonDuplicateKey, "device.brand"},
		"wrong case":          {strings.Replace(canon, `"brand"`, `"Brand"`, 1), label.ReasonUnknownField, "device.Brand"},
		"picture as a name":   {strings.Replace(canon, `"type"`, `"picture":"plug.png","type"`, 1), label.ReasonMalformed, "device.picture"},
		"picture in capitals": {strings.Replace(canon, `"type"`, `"picture":"`+strings.Repeat("AB", 32)+`","type"`, 1), label.ReasonMalformed, "device.picture"},
		"picture of zeros":    {strings.Replace(canon, `"type"`, `"picture":"`+strings.Repeat("00", 32)+`","type"`, 1), label.ReasonNotCanonical, "device"},
		"number for text":     {strings.Replace(canon, `"NL-P05"`, `5`, 1), label.ReasonMalformed, "device.model"},
	} {
		_, err := label.ParseDevice([]byte(c.doc))
		t.Run(name, func(t *testing.T) { wantRefusal(t, err, label.Invalid, c.reason, c.field) })
	}
}

func TestDeviceValidate(t *testing.T) {
	type d = *label.Device
	rules := []rule[d]{
		{"type", func(d d) { d.Type = "https://labeld.dev/device/v2" }, label.ReasonUnknownType, "type"},
		{"no manufacturer", func(d d) { d.Manufacturer = "" }, label.ReasonMissing, "manufacturer"},
		{"manufacturer is no identifier", func(d d) { d.Manufacturer = "Northlight" }, label.ReasonMalformed, "manufacturer"},
		{"manufacturer begins with a hyphen", func(d d) { d.Manufacturer = "-n" }, label.ReasonMalformed, "manufacturer"},
		{"manufacturer ends with a hyphen", func(d d) { d.Manufacturer = "n-" }, label.ReasonMalformed, "manufacturer"},
		{"no category", func(d d) { d.Category = "" }, label.ReasonMissing, "category"},
		{"category is no identifier", func(d d) { d.Category = "smart plug" }, label.ReasonMalformed, "category"},
		{"no brand", func(d d) { d.Brand = "" }, label.ReasonMissing, "brand"},
		{"no model", func(d d) { d.Model = "" }, label.ReasonMissing, "model"},
		{"no name", func(d d) { d.Name = "" }, label.ReasonMissing, "name"},
		{"hardware revision", func(d d) { d.HardwareRevision = " A2" }, label.ReasonMalformed, "hardwareRevision"},
		{"no GTIN", func(d d) { d.GTINs[1] = "" }, label.ReasonMalformed, "gtins[1]"},
		{"GTIN check digit", func(d d) { d.GTINs[1] = "09522105000117" }, label.ReasonMalformed, "gtins[1]"},
		{"GTIN of 13 digits", func(d d) { d.GTINs[0] = "9522105000101" }, label.ReasonNotCanonical, "gtins[0]"},
		{"GTINs descending", func(d d) { d.GTINs[0], d.GTINs[1] = d.GTINs[1], d.GTINs[0] }, label.ReasonNotCanonical, "gtins[1]"},
		{"GTIN twice", func(d d) { d.GTINs[1] = d.GTINs[0] }, label.ReasonNotCanonical, "gtins[1]"},
		{"no kind", func(d d) { d.Components[1].Kind = "" }, label.ReasonOutOfRange, "components[1].kind"},
		{"unknown kind", func(d d) { d.Components[1].Kind = "App" }, label.ReasonOutOfRange, "components[1].kind"},
		{"a component twice", func(d d) { d.Components[1] = d.Components[0] }, label.ReasonNotCanonical, "components[1]"},
		{"kinds in no order", func(d d) { d.Components[0].Kind = "hub" }, label.ReasonNotCanonical, "components[1]"},
		{"names in no order", func(d d) { d.Components[1] = label.Component{Kind: "app", Name: "A"} }, label.ReasonNotCanonical, "components[1]"},
		{"no component name", func(d d) { d.Components[1].Name = "" }, label.ReasonMissing, "components[1].name"},
	}
	checkRules(t, device, rules)
	checkAccepted(t, device, map[string]func(d){
		"only what is required": func(d d) { d.HardwareRevision, d.GTINs, d.Components = "", nil, nil },
		"a picture":             func(d d) { d.Picture = someDigest },
		"inner hyphens":         func(d d) { d.Manufacturer = "a--b-9" },
		"a hub":                 func(d d) { d.Components[1].Kind = "hub" },
		"two apps":              func(d d) { d.Components[1] = label.Component{Kind: "app", Name: "Other"} },
		"any script":            func(d d) { d.Brand, d.Name = "Nordlys Ærøskøbing", "北極光 шлюз नमस्ते 🔌" },
		"inner space":           func(d d) { d.Name = "a\u00a0b" },
		"combining mark":        func(d d) { d.Name = "Cafe\u0301" },
	})
}

// TestInvisibleText requires that no name carries what a reader cannot see, or
// what turns the order of the others.
func TestInvisibleText(t *testing.T) {
	for name, s := range map[string]string{
		"new line":                   "a\nb",
		"tab":                        "a\tb",
		"nul":                        "a\x00b",
		"delete":                     "a\x7fb",
		"next line":                  "a\u0085b",
		"soft hyphen":                "a\u00adb",
		"combining grapheme joiner":  "a\u034fb",
		"arabic letter mark":         "a\u061cb",
		"hangul filler":              "a\u3164b",
		"halfwidth hangul filler":    "a\uffa0b",
		"zero-width space":           "a\u200bb",
		"zero-width non-joiner":      "a\u200cb",
		"zero-width joiner":          "a\u200db",
		"left-to-right mark":         "a\u200eb",
		"right-to-left mark":         "a\u200fb",
		"line separator":             "a\u2028b",
		"paragraph separator":        "a\u2029b",
		"right-to-left embedding":    "a\u202bb",
		"pop directional formatting": "a\u202cb",
		"right-to-left override":     "a\u202eb",
		"word joiner":                "a\u2060b",
		"first strong isolate":       "a\u2068b",
		"byte order mark":            "a\ufeffb",
		"interlinear annotation":     "a\ufff9b",
		"private use":                "a\ue000b",
		"tag letter":                 "a\U000e0061b",
		"leading space":              " a",
		"trailing space":             "a ",
		"trailing wide space":        "a\u3000",
		"only a space":               " ",
		"not UTF-8":                  "a\xffb",
		"half a character":           "a\xe2\x82",
	} {
		t.Run(name, func(t *testing.T) {
			d := device()
			d.Name = s
			wantRefusal(t, d.Validate(), label.Invalid, label.ReasonMalformed, "name")
			d = device()
			d.Components[0].Name = s
			wantRefusal(t, d.Validate(), label.Invalid, label.ReasonMalformed, "components[0].name")
		})
	}
}

func FuzzParseDevice(f *testing.F) {
	canon := canonicalDevice(f)
	f.Add(canon)
	f.Add(append([]byte(" "), canon...))
	f.Add(bytes.Replace(canon, []byte("Mini"), []byte(`M\u0069ni`), 1))
	f.Add(bytes.Replace(canon, []byte("Mini"), []byte(`Mini "\\`), 1))
	f.Add([]byte(`{"brand":"B","category":"c","manufacturer":"m","model":"M","name":"N","type":"https://labeld.dev/device/v1"}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := label.ParseDevice(b)
		if err != nil {
			return
		}
		// What is accepted has one form: to read and write it gives it again.
		if again, err := d.Canonical(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted  %s\nwritten as %s, %v", b, again, err)
		}
		if canon, err := label.Canonical(b); err != nil || !bytes.Equal(canon, b) {
			t.Fatalf("accepted  %s\ncanonical %s, %v", b, canon, err)
		}
	})
}
