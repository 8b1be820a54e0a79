// Package scheme reads a programme's data and judges devices by it.
//
// # Data
//
// [Load] reads the directory labels/ (or the operator's own): the fact
// dictionary, device categories with their risk class, catalogues of standards
// and schemes. It checks everything at once, so that a service that started can
// judge: every name that is used is defined, every rule type-checks against the
// dictionary and has a bounded cost. What is wrong is reported as
//
//	schemes/four-level/2026.2.yaml:61: criteria[4].rule: undeclared reference to 'pasword_origin'
//
// # Judging
//
// [Scheme.Evaluate] is a pure function of a device's evidence and an instant.
// It returns a [Decision]: for every level of the scheme, what each criterion
// came to and on which evidence that rests, the level reached, and what is
// missing for the next one. Evidence is all that was accepted for the device,
// never a selection, and the order in which it is given does not matter.
//
// Who must have checked. A criterion says so by its policy: at higher levels and
// for riskier devices an accredited lab. A lab's word always goes before a
// manufacturer's, even where the manufacturer's would do, so that what was
// measured cannot be declared away. What a manufacturer itself claims to fail is
// met by a lab's pass only, in tests that did not end before the claim: nobody keeps
// a label on tests of a product that its manufacturer has since admitted to fail.
//
// How they must have checked. Evidence knows nothing of levels: a report names the
// methods of assessment by which it was made, and a criterion those of which one
// must have been used where a lab must have checked. What a lab found by other
// methods supports nothing there, and what it found wrong counts everywhere. So one
// report is worth in every scheme what that asks for.
//
// What applies. A provision that stands under a condition follows the device's
// features, which are facts: where "when" is false, it does not apply, and no
// verdict is needed. Where a lab must have checked the criterion, a lab must have
// stated these features as well; a declared feature counts only for facts that
// are the manufacturer's alone to state. A feature that nobody stated who could
// is unknown, and the gap asks for it. "Not applicable" as a verdict or a claim is
// open to such provisions only (ETSI TS 103 701), and is believed only with the
// features that make it so. A criterion none of whose provisions applies is not
// applicable, which is not the same as met: labels say it, and which features are
// why. A criterion of which a part applies and is met is met.
//
// Rules are CEL over typed facts. A missing fact does not make a rule false but
// unknown (CEL's partial evaluation), and unknown only if the result depends on
// it: the criterion is then undetermined, and the finding names the fact and who
// must supply it. Where no provision of the criterion applies, its rule need not
// be true; a rule that is known to be false makes the criterion unmet there too.
//
// A measured failure stands until something at least as strong undoes it. A
// lab's verdict of fail is undone only by a pass in a report
//
//   - of the same standard and edition,
//   - by every method by which the provision had failed,
//   - that ended on a later day, and
//   - that names what was changed in the product (label.Change); if the firmware
//     was, the report must be about an image that the earlier one was not about.
//
// No other verdict undoes it, no pass of the same day, no other edition, no claim,
// and not the age of the failing report. What undid a failure has undone it for
// good, however old it grows, but not longer than its own report is trusted.
//
// A lab can also correct a report of its own, by the same edition and at least by
// the same methods: in everything that the correction speaks of, the report that
// was corrected no longer counts, for nor against. Where the correction is silent,
// what was found wrong still stands.
//
// Of the other verdicts that of the latest test period stands. Of one day the
// worse stands. What nobody can tell apart by these rules stands side by side: all
// of it is named, and nothing is ever decided by the order of digests, which
// whoever signs can choose by trying.
//
// Measured values follow the same sense. A value is replaced only by a value of
// the same fact in a report that could undo a failure, or in a correction. All
// others stand beside each other: a rule is tried with every combination of them,
// and the worst result counts, which for a criterion is false before unknown
// before true, and for a condition true before unknown before false. If there are
// more than 64 combinations, the criterion is undetermined until somebody settles
// what contradicts what.
//
// Declarations. Those of the latest day stand alone. Several of one day stand
// beside each other like reports: the worse claim, and all values. The label
// repeats the product of the one that promises least, by the end of support first.
//
// What counts against the device only: reports of another edition of the
// standard, reports that are too old, what was found by methods that the criterion does not
// accept, and those that the caller doubts and marks so ([Doubt]). Their
// failures of provisions of the same ID and their values are tried, and support
// nothing.
//
// Contradictions are data like rules (labels/facts.yaml). They are judged over
// the facts that stand and over members of the declared product. While one is
// true, no level is reached, and the gap names what contradicts what.
//
// A ruling on an appeal has a criterion count as met in spite of what was known
// when it was made. A failure that a lab found in tests that ended later, or that
// arrived later, is judged as if there were no ruling; so is a rule that is false
// by a value which arrived later. A ruling that was taken back is doubted.
//
// Nothing is passed over in silence. What was accepted and does not count, or
// counts only against the device, is listed with its reason ([Unused]), and
// [Programme.Note] says of one statement what it is worth when it is accepted.
//
// # Why the result cannot be forged
//
// A label is issued for a [Grant], which only [Decision.Grant] makes, from a
// Decision that only Evaluate makes, from [Item]s that only [Programme.Read]
// makes, from an envelope.Verified.
package scheme
