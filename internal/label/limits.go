package label

import "time"

// All limits of the service, each with its reason. They are tested at their
// edges in limits_test.go and where they are enforced.
const (
	// MaxMessage bounds one RPC message or HTTP body, in bytes. It leaves room
	// for the largest report in base64 inside a bundle inside JSON.
	MaxMessage = 1 << 20

	// MaxStatement bounds one signed statement as submitted, in bytes: a
	// report with every provision of a standard and long reasons is 40 KiB.
	MaxStatement = 256 << 10

	// MaxLogged bounds one envelope that becomes a log entry, in bytes.
	// tlog-tiles prefixes entries with a 16-bit length, so 65,535 is the hard
	// end; the margin leaves room for later signatures on the same entry.
	MaxLogged = 48 << 10

	// MaxDevice bounds a device descriptor, in bytes; it travels in every
	// offline package.
	MaxDevice = 8 << 10

	// MaxVerdicts bounds the verdicts of a report and the claims of a
	// declaration. The largest catalogue has 78 provisions.
	MaxVerdicts = 512

	// MaxFacts bounds the facts of one statement; the dictionary has about 300.
	MaxFacts = 512

	// MaxEvidenceRefs bounds the digests of working papers a lab may list.
	MaxEvidenceRefs = 128

	// MaxSubjects bounds the subjects of one statement: we look for one
	// device, and a statement about many is a catalogue, not a report.
	MaxSubjects = 16

	// MaxSignatures bounds the signatures of one envelope, so that a hostile
	// one cannot buy many verifications with one message.
	MaxSignatures = 4

	// MaxGTINs bounds the trade item numbers of one device model: colours,
	// plugs and bundles of one model.
	MaxGTINs = 64

	// MaxComponents bounds the apps, clouds and hubs in scope of a device.
	MaxComponents = 16

	// MaxPicture bounds the picture of a product, in bytes. Every shopper's phone
	// loads it beside the label's page, which is smaller.
	MaxPicture = 256 << 10

	// MaxPictureSide bounds width and height of a picture, in pixels, and with
	// them the memory that reading one takes: 50 MB at most.
	MaxPictureSide = 2000

	// MinPictureSide is the least width and height of a picture, in pixels: on
	// less nobody recognises a product.
	MinPictureSide = 64

	// MaxDeclared bounds what a label repeats of the manufacturer's declaration
	// for shoppers: more than that nobody reads.
	MaxDeclared = 32

	// MaxWhy bounds the features that a label names for a criterion that does not
	// apply: a condition asks for one or two.
	MaxWhy = 16

	// MaxText bounds a one-line text (names, models), in bytes.
	MaxText = 200

	// MaxProse bounds a reason, an instruction or a URL, in bytes.
	MaxProse = 2000

	// MaxSignerStatements bounds the statements of one signer that are weighed
	// for one device. They are all read for each decision; the bound keeps a
	// decision cheap. Each signer has its own: nobody can fill the place of
	// another. Statements that others have taken the place of do not count.
	MaxSignerStatements = 32

	// MaxReportDelay is how long after the end of an accreditation reports under
	// it are accepted: a report is written after the tests are done.
	MaxReportDelay = 30 * 24 * time.Hour

	// MaxStatuses bounds the history of one label, which travels in every
	// offline package.
	MaxStatuses = 256

	// MaxAdvised is how long a history may get by manufacturers' advisories. What
	// is left is for the authority: no manufacturer can publish a label full, so
	// that nothing could be said against it any more.
	MaxAdvised = 192

	// MaxWarned is how long a history may get by operators' advisories, and by the
	// clocks that advisories start. What is left is for operators' decisions, and
	// for what follows from them: the label can still be suspended and revoked.
	MaxWarned = 240

	// MaxFailures bounds the labels that an event's record names for which its
	// consequences could not be drawn. The record is written with each chunk of
	// labels; how many there are it counts.
	MaxFailures = 64

	// MaxCriteria bounds the criteria that an appeal or a ruling names. The
	// largest scheme has 33.
	MaxCriteria = 256

	// MaxTermDays bounds the terms for appealing and for deciding an appeal.
	MaxTermDays = 365

	// MaxRequestAge is how old a signed request for a change of state may be.
	// Where two operators must agree, the second has as long.
	MaxRequestAge = 24 * time.Hour

	// MaxPage bounds the page of a list call; DefaultPage is its default.
	MaxPage     = 500
	DefaultPage = 50

	// MaxTokenLife is how long a caller's token may live. Short enough that a
	// leaked one is soon worthless, long enough to survive clock differences.
	MaxTokenLife = 5 * time.Minute

	// MaxClockSkew is how far a caller's clock may run ahead of ours.
	MaxClockSkew = 30 * time.Second

	// MaxClockJump is how far the server's clock may get ahead of its monotonic
	// clock within an hour. Time synchronisation corrects by less than a second; the
	// rest is for a first correction after the machine has started.
	MaxClockJump = 5 * time.Minute

	// MaxIdle is how long after its last commit a service may start without an
	// operator's word that the present is right. While it runs it commits every
	// hour; a holiday's outage is within a week, a clock that is wrong seldom is.
	MaxIdle = 7 * 24 * time.Hour

	// MinRSABits is the least RSA modulus accepted (NIST SP 800-57: 112 bits).
	MinRSABits = 2048

	// MaxRSABits is the greatest RSA modulus accepted: the cost of verifying
	// grows with its square, and whoever enrols a key has others verify.
	MaxRSABits = 8192
)
