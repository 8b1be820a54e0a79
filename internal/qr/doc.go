// Package qr makes and reads the QR code of a label, and the URL in it.
//
// The code on a box is the one part of a label that cannot be corrected: it is
// printed a million times and read for years, by whatever phone is at hand, in
// bad light, on curved foil. So it holds as little as possible and in the form
// that makes it smallest.
//
// # What the code holds
//
// A code holds the address of the label and nothing else:
//
//	HTTPS://LABELS.EXAMPLE.ORG/L/K7QM4T2X9PWH
//	|---------- base --------|  |--- ID ---|
//
// No level, no date, no product name: what a code says cannot be revoked, so
// it must say nothing that can become false. No signature either: it would not
// fit, and it would say only that the label was good when it was printed. A
// code proves nothing. Anybody can print one, and what it names is believed
// only after the label there has been checked, by a server the reader knows or
// by package verify.
//
// [URL] gives the address as people see it, [Payload] as the code holds it.
// [ParsePayload] reads both, and what people make of them.
//
// # Why upper case
//
// A QR code has an alphanumeric mode for the 45 characters 0-9, A-Z, space and
// $%*+-./: and packs two of them into 11 bits (ISO/IEC 18004:2015, 7.3.4 and
// 7.4.4). One lower-case letter outside puts the text into byte mode, 8 bits
// for each character, which is 45 percent more. The example above, 41
// characters, is a version 3 code of 29 modules in upper case with one error
// correction level to spare, and just that without one in lower case. With a
// host name four characters longer, lower case needs version 4.
//
// Scheme and host do not care about letter case (RFC 3986, 6.2.2.1). The path
// does, so the service answers /L/ as it answers /l/; and label IDs have one
// case. A base with a path, query or brackets of its own would break this, and
// [CheckBase] refuses it.
//
// # Error correction
//
// At least level M, which restores about 15 percent of the codewords
// (ISO/IEC 18004:2015, 7.5.1). A code comes in sizes of four modules
// difference, so that often room is left over; then the level is raised to Q
// or H as far as the size stays the same. Protection that costs no area is
// taken, a larger code is not: with the same printed width its modules would
// be smaller, and a module too small for the camera is worse than damage.
//
// # Quiet zone and size
//
// Around the code go four modules of white on each side (6.3.8), drawn by this
// package as part of every picture, so that no page and no layout can forget
// them. A version v has 17+4v modules, and 8 more with its quiet zone:
//
//	payload, characters   version at level M   with quiet zone   width at 0.4 mm
//	up to  38             2                    33                13.2 mm
//	up to  61             3                    37                14.8 mm
//	up to  90             4                    41                16.4 mm
//	up to 122             5                    45                18.0 mm
//	...
//	up to 311             10                   65                26.0 mm
//
// Version 10 is the largest that [New] makes. The longest possible host name
// fits, and codes beyond are hard to read from a box. A short host name is the
// best thing an authority can do for its codes.
//
// # Pictures
//
// A [Code] draws itself as [Code.SVG] for print and pages, [Code.PNG] for what
// cannot show SVG, and [Code.Terminal] for the command line. All are functions
// of the payload alone: same payload, same bytes, so pictures can be cached and
// compared by hash. [New] reads each code back before it hands it out.
//
// [Decode] goes the other way, from a PNG or JPEG file to the text. Boxes bear codes
// of several kinds, so it looks at all that are in the picture, also those that are
// light on dark, and takes the one that is a label's. It is for
// the command line: pictures are large hostile input, and no server of this
// project decodes any.
package qr
