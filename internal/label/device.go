package label

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Device is the descriptor of one device model: the subject of everything
// that is signed about it. Two descriptors that differ in a byte are two
// devices; a new hardware revision is a new device.
type Device struct {
	Type             string      `json:"type"`                       // always [TypeDevice]
	Manufacturer     string      `json:"manufacturer"`               // organization ID
	Brand            string      `json:"brand"`                      // as on the package
	Model            string      `json:"model"`                      // model number, as on the type plate
	Name             string      `json:"name"`                       // marketing name
	Category         string      `json:"category"`                   // ID in labels/categories.yaml
	HardwareRevision string      `json:"hardwareRevision,omitempty"` // as the manufacturer counts
	GTINs            []GTIN      `json:"gtins,omitempty"`            // 14 digits each, ascending
	Components       []Component `json:"components,omitempty"`       // what else is in scope, ascending by kind and name
	Picture          Digest      `json:"picture,omitzero"`           // of the file that shows the product; see [CheckPicture]
}

// A Component is a part of the product that is not in the box: IoT products
// are a device plus what it needs to work.
type Component struct {
	Kind string `json:"kind"` // app, cloud or hub
	Name string `json:"name"`
}

// ComponentKinds lists the kinds of component.
var ComponentKinds = []string{"app", "cloud", "hub"}

// FullName returns brand and marketing name. Most marketing names begin with the
// brand; it is said once.
func (d *Device) FullName() string {
	if strings.HasPrefix(strings.ToLower(d.Name), strings.ToLower(d.Brand)) {
		return d.Name
	}
	return d.Brand + " " + d.Name
}

// ParseDevice reads a descriptor, which must be in canonical form.
func ParseDevice(b []byte) (*Device, error) {
	if len(b) > MaxDevice {
		return nil, tooLarge("device", len(b), MaxDevice)
	}
	if _, err := DocumentType(b, TypeDevice); err != nil {
		return nil, Within("device", err)
	}
	var d Device
	if err := Decode(b, &d); err != nil {
		return nil, Within("device", err)
	}
	if err := d.Validate(); err != nil {
		return nil, Within("device", err)
	}
	// Not Canonical(b): what the descriptor says must give these bytes again,
	// so members that are there and empty are refused as well.
	canon, err := d.Canonical()
	if err != nil {
		return nil, Within("device", err)
	}
	if !bytes.Equal(canon, b) {
		return nil, invalid(ReasonNotCanonical, "device",
			"the descriptor is not in the canonical form of RFC 8785, whose SHA-256 is %s; \"labelctl device canonical\" writes it", DigestOf(canon))
	}
	return &d, nil
}

// Canonical returns the descriptor's bytes in the form that is registered,
// hashed and signed.
func (d *Device) Canonical() ([]byte, error) {
	b, err := Encode(d)
	if err != nil {
		return nil, err
	}
	return Canonical(b)
}

// Validate checks what can be known without the registry.
func (d *Device) Validate() error {
	if d.Type != TypeDevice {
		return invalid(ReasonUnknownType, "type", "must be %q", TypeDevice)
	}
	if err := checkSlug("manufacturer", d.Manufacturer); err != nil {
		return err
	}
	if err := checkSlug("category", d.Category); err != nil {
		return err
	}
	for _, f := range []struct{ field, value string }{
		{"brand", d.Brand}, {"model", d.Model}, {"name", d.Name},
	} {
		if err := checkText(f.field, f.value, MaxText); err != nil {
			return err
		}
	}
	if err := checkOptional("hardwareRevision", d.HardwareRevision, MaxText); err != nil {
		return err
	}
	if len(d.GTINs) > MaxGTINs {
		return tooMany("gtins", len(d.GTINs), MaxGTINs)
	}
	for i, g := range d.GTINs {
		full, err := parseGTIN(index("gtins", i), string(g))
		if err != nil {
			return err
		}
		if full != g {
			return invalid(ReasonNotCanonical, index("gtins", i), "write it with 14 digits: %s", full)
		}
		if i > 0 && d.GTINs[i-1] >= g {
			return invalid(ReasonNotCanonical, index("gtins", i), "must be ascending and without repeats")
		}
	}
	if len(d.Components) > MaxComponents {
		return tooMany("components", len(d.Components), MaxComponents)
	}
	for i, c := range d.Components {
		if !slices.Contains(ComponentKinds, c.Kind) {
			return invalid(ReasonOutOfRange, index("components", i)+".kind", "must be one of %s", strings.Join(ComponentKinds, ", "))
		}
		if err := checkText(index("components", i)+".name", c.Name, MaxText); err != nil {
			return err
		}
		if i > 0 && compareComponents(d.Components[i-1], c) >= 0 {
			return invalid(ReasonNotCanonical, index("components", i), "must be ascending by kind, then by name, and without repeats")
		}
	}
	return nil
}

func compareComponents(a, b Component) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func tooLarge(field string, n, limit int) error {
	return Errorf(TooLarge, ReasonTooLarge, field, "is %d bytes, at most %d are accepted", n, limit)
}

func tooMany(field string, n, limit int) error {
	return Errorf(TooLarge, ReasonTooLarge, field, "has %d elements, at most %d are accepted", n, limit)
}

func isSlug(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkSlug requires an identifier: lower-case letters, digits and inner hyphens.
func checkSlug(field, s string) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required")
	}
	if !isSlug(s) {
		return invalid(ReasonMalformed, field, "%q is not an identifier: lower-case letters, digits and inner hyphens, at most 63", s)
	}
	return nil
}

// checkSlugs requires identifiers, each of them once.
func checkSlugs(field string, list []string, limit int) error {
	if len(list) > limit {
		return tooMany(field, len(list), limit)
	}
	for i, s := range list {
		if err := checkSlug(index(field, i), s); err != nil {
			return err
		}
		if slices.Contains(list[:i], s) {
			return invalid(ReasonDuplicateKey, index(field, i), "%q stands twice", s)
		}
	}
	return nil
}

// checkKeyID requires the ID of a key.
func checkKeyID(field, s string) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required: the ID of the key")
	}
	if d, err := ParseDigest(s); err != nil || d.IsZero() {
		return invalid(ReasonMalformed, field, "%q is not the ID of a key: 64 lower-case hexadecimal digits", clip(s))
	}
	return nil
}

// checkURL requires an absolute https URL, or nothing where it is optional.
func checkURL(field, s string) error {
	if s == "" {
		return nil
	}
	if err := checkOptional(field, s, MaxProse); err != nil {
		return err
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return invalid(ReasonMalformed, field, "must be an https URL without credentials")
	}
	return nil
}
