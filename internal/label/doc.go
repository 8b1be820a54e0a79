// Package label is the vocabulary of a product-security label programme: the
// nouns every other package speaks, and nothing that reads, writes or decides.
//
// A device model is identified by its descriptor ([Device]), a JSON document
// whose SHA-256 ties everything else to it. It may name a picture of the product,
// again by SHA-256 ([CheckPicture]). Two kinds of evidence are said
// about a device: a [TestReport] (third party, by an accredited laboratory)
// and a [Declaration] (first party, by the manufacturer). The authority
// answers with a [Label]. All are predicates of in-toto Statements, signed in
// DSSE envelopes; package envelope opens and seals those.
//
// # What is signed is JSON, one form of it
//
// The descriptor must arrive in the canonical form of RFC 8785 (sorted names,
// no white space, shortest numbers): bytes in any other form hash to another
// subject, so [ParseDevice] refuses them and names the digest the canonical
// form would have. Predicates are decoded strictly by [Decode]: unknown and
// duplicate members, wrong letter case, invalid UTF-8 and trailing data are
// errors that name the place.
//
// # Time
//
// Dates are calendar days in UTC ([Date]). A day named as an end is included:
// support until 2030-06-30 ends when 2030-07-01 begins. [EffectiveExpiry]
// takes the earliest of the ends that bind a label and says which one did.
//
// # Errors
//
// Every refusal anywhere in labeld is an [Error]: a kind that decides the
// gRPC or HTTP status, a stable reason code, the field, and one sentence that
// says what is wrong and how to fix it.
package label
