package qr

import (
	"fmt"

	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	qrcode "github.com/skip2/go-qrcode"

	"labeld/internal/label"
)

const (
	// quiet is the white border that readers need, in modules
	// (ISO/IEC 18004:2015, 6.3.8).
	quiet = 4

	// maxVersion bounds the size of a code. Version 10 at level M takes 311
	// alphanumeric characters. The longest label URL has 282: https://, a host
	// name of 253, a port, /l/ and the ID.
	maxVersion = 10
)

// A Code is a QR code, ready to be drawn. It does not change, and many
// goroutines may draw it at once.
type Code struct {
	payload string
	dark    [][]bool // [y][x], without quiet zone
}

// New makes the QR code of a payload, which for labels comes from [Payload].
// Other texts are accepted, at a larger size, if they are printable ASCII:
// what else a byte may mean in a QR code is something readers guess.
func New(payload string) (*Code, error) {
	if payload == "" {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "payload", "is required")
	}
	for i := range len(payload) {
		if c := payload[i]; c < ' ' || c > '~' {
			return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "payload",
				"has a character at byte %d that is not printable ASCII: remove it or percent-encode it", i)
		}
	}
	symbol, err := qrcode.New(payload, qrcode.Medium)
	if err != nil || symbol.VersionNumber > maxVersion {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "payload",
			"%d characters do not fit a QR code that reads well from a box: use a shorter host name, upper case throughout", len(payload))
	}
	// The library's High and Highest are the standard's Q and H.
	for _, level := range []qrcode.RecoveryLevel{qrcode.High, qrcode.Highest} {
		safer, err := qrcode.New(payload, level)
		if err != nil || safer.VersionNumber > symbol.VersionNumber {
			break
		}
		symbol = safer
	}
	symbol.DisableBorder = true // the quiet zone is ours
	c := &Code{payload: payload, dark: symbol.Bitmap()}
	if err := c.readBack(); err != nil {
		return nil, err
	}
	return c, nil
}

// readBack decodes the matrix with another library than the one that made it.
// A fault found here costs nothing, one found on a million boxes does.
func (c *Code) readBack() error {
	got, err := decoder.NewDecoder().DecodeBoolMapWithoutHint(c.dark)
	if err != nil {
		return fmt.Errorf("the QR code of %q does not read back: %w", c.payload, err)
	}
	if got.GetText() != c.payload {
		return fmt.Errorf("the QR code of %q reads back as %q", c.payload, got.GetText())
	}
	return nil
}

// Payload returns the text in the code.
func (c *Code) Payload() string { return c.payload }

// Size returns the width and height in modules, without the quiet zone.
func (c *Code) Size() int { return len(c.dark) }

// FullSize returns the width and height in modules, with the quiet zone.
func (c *Code) FullSize() int { return len(c.dark) + 2*quiet }

// Dark reports whether the module at column x and row y is dark, counted from
// the corner of the quiet zone. All that lies outside the code is white.
func (c *Code) Dark(x, y int) bool {
	x, y = x-quiet, y-quiet
	return y >= 0 && y < len(c.dark) && x >= 0 && x < len(c.dark) && c.dark[y][x]
}
