// Package advisory reads what makers publish about vulnerabilities and says
// what it means for one device at one firmware version.
//
// Two published forms are read, told apart by their content: CSAF 2.0 (OASIS;
// profiles base, security advisory and VEX) and OpenVEX 0.2.0. [Parse] refuses
// what does not conform, with the JSON path of the fault. [Advisory.For] then
// answers for a device. Nothing here is signed, stored or fetched, and nothing
// depends on a clock but the check that a document is not dated ahead.
//
// # What is believed of a document
//
// A CSAF document must satisfy the JSON schema of OASIS, and more than a schema
// can say: product IDs are defined once and resolve, through relationships too;
// no product has two contradicting statuses; a VEX says why something is not
// affected and what to do where it is; the document is released (interim or
// final, not draft) and free to publish (TLP:WHITE or unmarked). An OpenVEX
// statement has one of the four statuses, a reason with not_affected, an action
// with affected, and neither with any other status.
//
// A date is an instant as RFC 3339 writes it, in all its spellings. A date without
// a time zone is refused, because nobody can tell which instant it is, and
// statements are ordered by their dates.
//
// # What a later statement takes back
//
// An OpenVEX document is a sequence of statements, and a later one on the same
// matter takes the place of an earlier one. The same matter is the same
// vulnerability, the same product and the same set of subcomponents. Products and
// subcomponents are the same if the same identifiers are given for them; neither
// the order of a list nor the spelling of an identifier matters. Vulnerabilities
// are the same if they have the same name, or if the name of one is an alias of
// the other and of no third. An alias that vulnerabilities of several names have,
// such as the number of a notice about all of them, tells nothing. Of statements
// with the same time all stand. Of what stands the worst counts: that a product is
// affected by way of one library is not undone by its not being affected by way of
// another, in whichever order and with whichever dates.
//
// A statement without subcomponents is about the whole product, which is a matter
// of its own. It takes back no earlier statement about subcomponents, and later
// statements about subcomponents do not take it back. OpenVEX does not say how the
// two relate, and some tools let a statement about the whole product stand for
// every subcomponent. By that reading a sentence that was written without a
// thought of the library would clear a product that is affected by way of the
// library. The reading taken here errs to the other side only, and an author
// corrects that in one line: by a later statement with the same subcomponents, or
// by a release of the document without the earlier statement.
//
// In CSAF the same holds of what a product is made of: a product that a
// relationship makes of a component and a device speaks of the device by way of
// that component. No product of a CSAF document takes back what is said of
// another. If several are the device, the worst status counts, and so does the
// remedy that leaves the most to worry about.
//
// # Which device a document names
//
// A product of a document is the device if one of these holds:
//
//   - It carries one of the device's GTINs: a GS1 Digital Link (/01/ and the
//     number, on any host) in x_generic_uris or as OpenVEX @id, a package URL
//     pkg:gtin/NUMBER or one of pkg:generic with the qualifier gtin, or an entry of
//     skus with 12 to 14 digits and a right check digit. (Eight digits are too
//     often a stock number.)
//   - It carries the device's model number and its maker. The model number is an
//     entry of model_numbers, the product_name branch, the name of a pkg:generic
//     package URL, or the product of a hardware or firmware CPE; letter case is
//     ignored, and ? and * stand for one and for any characters, after at least
//     three that are given. The maker is the vendor branch, the package URL's
//     namespace, the CPE's vendor, an OpenVEX supplier or, for a product that
//     has none of these, a CSAF publisher of category vendor. It must be the
//     device's manufacturer ID or brand, or either must begin with the other,
//     word by word: "Northlight Devices Ltd" is northlight.
//
// A marketing name never decides. A product that is part of another, or runs on
// it, stands for the other: a library in a camera is about the camera.
//
// # Which versions
//
// Versions are dotted numbers; trailing zeros, a leading v and its case mean
// nothing. What follows the numbers (-rc1, +build7) has no agreed order, so two
// versions that differ there only cannot be compared, nor can versions of any
// other form, unless their texts are equal. Ranges are written in vers notation
// (vers:generic/>=2.0|<2.4.1), with or without its prefix.
//
// # Which way doubt falls
//
// Every doubt is settled for the worse status. What cannot be compared or read
// counts as inside a range that says affected, and outside one that says fixed
// or not affected; so does an unknown version, and so does a statement that
// holds for some units only. Where the document says nothing about a version:
//
//   - at or above all versions with the fix, and nothing later said to be
//     affected, it is fixed;
//   - otherwise, where the document lists single affected versions, it is
//     affected too, for a list of versions is no promise about the others;
//   - otherwise, where the document gives affected ranges, a version outside
//     them is not affected;
//   - otherwise, where only fixed versions are known, it is affected.
//
// A version inside a range said to be affected is never anything else.
//
// This is ruled on by way of each component for itself (in all its versions, since
// an update often brings a newer one), so that a fix by way of one is not taken for
// a fix by way of another. What the document says of the very version of the whole
// product, and from which version on the whole product is fixed, goes for all of
// its components that nothing worse is said of.
package advisory
