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
// statement is replaced by a later one of the same document on the same
// vulnerability and product.
//
// # Which device a document names
//
// A product of a document is the device if one of these holds:
//
//   - It carries one of the device's GTINs: a GS1 Digital Link (/01/ and the
//     number, on any host) in x_generic_uris or as OpenVEX @id, or an entry of
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
package advisory
