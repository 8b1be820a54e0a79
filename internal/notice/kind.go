package notice

import "slices"

// Kinds of notices. A kind is never reused for something else. What operators did
// to a label is told to its manufacturer, and to the other operators.
const (
	LabelIssued     = "label.issued"  // to the manufacturer, where somebody else asked for it and got the answer
	LabelRefused    = "label.refused" // likewise: a label was refused, and the term for an appeal runs
	LabelSuspended  = "label.suspended"
	LabelReinstated = "label.reinstated"
	LabelRevoked    = "label.revoked"
	LabelWithdrawn  = "label.withdrawn"
	LabelSuperseded = "label.superseded"
	LabelLapsing    = "label.lapsing"    // it will end earlier than it says
	LabelReview     = "label.review"     // the authority looks into it
	LabelCleared    = "label.cleared"    // it has looked, and found nothing
	LabelReleased   = "label.released"   // a hold that outlived it ended
	LabelJudged     = "label.judged"     // to manufacturer and operators: evidence no longer carries it, or does again
	LabelAdvised    = "label.advised"    // there is an advisory about the product
	LabelFull       = "label.full"       // an advisory was not added to its history; to whoever published it, and operators
	AdvisoryDropped = "advisory.dropped" // to operators: a release leaves out what an earlier one warned of, and that stands
	LabelExpiring   = "label.expiring"
	LabelExpired    = "label.expired"
	ProductHeld     = "product.held"   // to the manufacturer, and the other operators: operators refuse a device, or all of it
	ProductFree     = "product.freed"  // to the manufacturer, and the other operators: they no longer do
	GTINMoved       = "gtin.moved"     // to both manufacturers: a number belongs to another from now on
	DeviceAlike     = "device.alike"   // to operators: a device was registered that looks like another manufacturer's
	BrandNear       = "brand.near"     // to operators: two manufacturers have brands that differ by a letter or a word
	SchemeChanged   = "scheme.changed" // there are new criteria

	RequestWaiting = "request.waiting" // to operators: a change of a label waits for the second of them; of a revocation, to the manufacturer too
	RequestClosed  = "request.closed"  // to whoever was told that it waits, or signed it: such a request will not be carried out

	AppealFiled          = "appeal.filed"          // to operators
	AppealDecided        = "appeal.decided"        // to the manufacturer, and the operators who did not decide it
	FindingOverruled     = "finding.overruled"     // to the lab: a ruling on an appeal accepts what its report found wrong
	FindingOutweighed    = "finding.outweighed"    // to the lab: a label stands by an operator's decision, against what its report found wrong
	ReportReceived       = "report.received"       // to operators, from somebody in a shop
	AccreditationChanged = "accreditation.changed" // to the lab, and the operators who did not record it
	StatementStruck      = "statement.struck"      // to whoever signed and carried it, and the device's manufacturer: it does not count any more
	AffiliationChanged   = "affiliation.changed"   // to both organizations: they are under common control, or no longer
	KeyEnrolled          = "key.enrolled"          // to its owner, and where that is an operator to all operators
	KeyRevoked           = "key.revoked"           // to its owner, and the operators who did not revoke it
	EventReported        = "event.reported"        // to the operators who did not report it: what labels rest on failed, or there is an advisory
	EventFailed          = "event.failed"          // to operators: labels that an event could not be drawn for
	WorkFailed           = "work.failed"           // to operators: items that other work went on past
	DiskReserved         = "disk.reserved"         // to operators: the disk is almost full, and nothing of others is taken
	HookTest             = "hook.test"
)

// A Kind says what a kind of notice is about.
type Kind struct {
	Name   string
	Title  string // in a few words for people, without a full stop
	Public bool   // about what anybody may read, and so in the feed
}

// Kinds lists the kinds that a hook may ask for.
var Kinds = []Kind{
	{LabelSuspended, "Label suspended", true},
	{LabelReinstated, "Label reinstated", true},
	{LabelRevoked, "Label revoked", true},
	{LabelWithdrawn, "Label withdrawn", true},
	{LabelSuperseded, "Label replaced by another", true},
	{LabelIssued, "Label issued", false},
	{LabelRefused, "Label refused", false},
	{LabelLapsing, "Label will end early", true},
	{LabelReview, "Label under review", true},
	{LabelCleared, "Review closed", true},
	{LabelReleased, "Hold on the product ended", true},
	{ProductHeld, "Product on hold", false},
	{ProductFree, "Product no longer on hold", false},
	{GTINMoved, "GTIN belongs to another manufacturer", false},
	{DeviceAlike, "Device that looks like another manufacturer's", false},
	{BrandNear, "Brand that is near to another manufacturer's", false},
	{LabelJudged, "Label judged again", false},
	{LabelAdvised, "Security advisory", true},
	{LabelFull, "Advisory not added: the label's history is full", false},
	{AdvisoryDropped, "Advisory that leaves out an earlier warning", false},
	{LabelExpiring, "Label expires soon", true},
	{LabelExpired, "Label expired", true},
	{SchemeChanged, "New criteria", true},
	{RequestWaiting, "Request waits for others to agree", false},
	{RequestClosed, "Request closed", false},
	{AppealFiled, "Appeal filed", false},
	{AppealDecided, "Appeal decided", false},
	{FindingOverruled, "Finding overruled on appeal", false},
	{FindingOutweighed, "Label stands against a finding", false},
	{ReportReceived, "Report from a person", false},
	{AccreditationChanged, "Accreditation changed", false},
	{KeyEnrolled, "Key enrolled", false},
	{StatementStruck, "Statement struck", false},
	{AffiliationChanged, "Common control recorded or ended", false},
	{KeyRevoked, "Key revoked", false},
	{EventReported, "Event reported by another operator", false},
	{EventFailed, "Consequences not drawn", false},
	{WorkFailed, "Item that failed", false},
	{DiskReserved, "Disk almost full: only operators can write", false},
	{HookTest, "Test", false},
}

// KindOf returns a kind by name, or nil.
func KindOf(name string) *Kind {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &Kinds[i]
}
