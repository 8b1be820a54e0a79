package art

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Colour is one of sRGB.
type Colour struct{ R, G, B uint8 }

// UnmarshalYAML reads #rrggbb.
func (c *Colour) UnmarshalYAML(n *yaml.Node) error {
	b, err := hex.DecodeString(strings.TrimPrefix(n.Value, "#"))
	if err != nil || len(b) != 3 || n.Value[0] != '#' {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is no colour; write it like #0b5563, in quotes", n.Line, n.Value)}}
	}
	*c = Colour{b[0], b[1], b[2]}
	return nil
}

// String returns #rrggbb.
func (c Colour) String() string { return "#" + hex.EncodeToString([]byte{c.R, c.G, c.B}) }

var white = Colour{255, 255, 255}

// luminance is the relative luminance of WCAG 2.2.
func (c Colour) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast returns the contrast ratio of two colours, 1 to 21 (WCAG 2.2).
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
