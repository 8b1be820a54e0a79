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
//	schemes/four-level.yaml:61: criteria[4].rule: undeclared reference to 'pasword_origin'
//
// # Judging
//
// [Scheme.Evaluate] is a pure function of a device's evidence and an instant.
// It returns a [Decision]: for every level of the scheme, what each criterion
// came to and on which evidence that rests, the level reached, and what is
// missing for the next one.
//
// Evidence is all that was accepted for the device and is young enough, never
// a selection. For each provision the verdict of the latest test period stands,
// whoever made it; of two that ended on one day, the worse. A criterion says by
// its policy who must have checked: at higher levels and for riskier devices an
// accredited lab. A lab's verdict always goes before a manufacturer's claim,
// even where a claim would do, so a failure that was measured cannot be declared
// away. A report made for level 2 supports criteria of levels 1 and 2 only; what
// it found wrong counts everywhere.
//
// A provision that stands under a condition follows the device's features,
// which are facts: where "when" is false it does not apply. "Not applicable" as
// a verdict is open to such provisions only (ETSI TS 103 701), needs a reason,
// and is not believed against the features.
//
// Rules are CEL over typed facts. A missing fact does not make a rule false but
// unknown (CEL's partial evaluation), and unknown only if the result depends on
// it: the criterion is then undetermined, and the finding names the fact and who
// must supply it.
//
// # Why the result cannot be forged
//
// A label is issued for a [Grant], which only [Decision.Grant] makes, from a
// Decision that only Evaluate makes, from [Item]s that only [Programme.Read]
// makes, from an envelope.Verified.
package scheme
