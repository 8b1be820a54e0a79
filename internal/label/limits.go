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

	// MaxStatusEntry bounds the log entry of any status, in bytes: the envelope as
	// JSON, with its payload in base64. Every field of a status is bounded below so
	// that none can be larger, whatever its event, advisory or request say. A status
	// that is larger could not be logged, and whatever waits behind it would wait for
	// ever; and all of a label's statuses travel in its package.
	MaxStatusEntry = 16 << 10

	// MaxLabelURL bounds the URL of a label where another one names it, in bytes.
	// It is in a QR code, which nobody can scan long before that.
	MaxLabelURL = 500

	// MaxLevels bounds the levels of a scheme: a shopper tells no more apart, and a
	// printed label has room for one digit.
	MaxLevels = 9

	// MaxRisks bounds the risk classes of a programme: a plan of surveillance has a
	// factor for each, and nobody weighs more against each other.
	MaxRisks = 9

	// MaxSchemeFiles bounds the files that a version of a scheme is logged with: a
	// judgement reads facts, methods, categories and one standard.
	MaxSchemeFiles = 16

	// MaxRenewalNews bounds the new evidence that the status of a renewed label
	// names: a report and a declaration are usual.
	MaxRenewalNews = 8

	// MaxStatusRequests bounds the requests behind one status. Two persons must
	// agree on the gravest.
	MaxStatusRequests = 4

	// MaxAdvisedIssues is how many weaknesses a status names of an advisory; of
	// more it says how many there are, and the document has them all.
	MaxAdvisedIssues = 16

	// MaxIssueName bounds the name of a weakness, in bytes. The longest in use, such
	// as openSUSE-SU-2020:0051-1, have below thirty.
	MaxIssueName = 64

	// MaxVersion bounds the version of an advisory, and that of the firmware from
	// which on its weaknesses are fixed, in bytes: numbers, and the name of a build.
	MaxVersion = 64

	// MaxAdvice bounds what a publisher says in its own words of what the owner of a
	// device should do, in bytes: a sentence or two.
	MaxAdvice = 400

	// MaxAdvisoryURL bounds where an advisory is to be read, in bytes.
	MaxAdvisoryURL = 500

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

	// MaxMethods bounds the methods of assessment of a report, a verdict or an
	// accreditation: labels/methods.yaml has five.
	MaxMethods = 32

	// MaxImages bounds the firmware images of one report: a device has a main
	// processor, a radio or two, and sometimes a hub beside it.
	MaxImages = 32

	// MaxSubjects bounds the subjects of one statement: we look for one
	// device, and a statement about many is a catalogue, not a report.
	MaxSubjects = 16

	// MaxSignatures bounds the signatures of one envelope, so that a hostile
	// one cannot buy many verifications with one message.
	MaxSignatures = 4

	// MaxKeysTried bounds the keys of the organization that a statement speaks
	// for with which its signatures are checked, besides those that it names (one
	// for each signature, and one for its bundle). With MaxSignatures it bounds
	// what one message can cost, however many keys an organization has enrolled
	// and retired over decades. Who has more that are in use names the key.
	MaxKeysTried = 12

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

	// MaxPictureScans bounds the scans of a JPEG. Each is a pass over the whole
	// picture, however little it says: 18,000 empty ones fit in a file of
	// [MaxPicture] and take 36 seconds. Progressive pictures have about ten.
	MaxPictureScans = 32

	// MinPictureSide is the least width and height of a picture, in pixels: on
	// less nobody recognises a product.
	MinPictureSide = 64

	// MaxDeclared bounds the facts that a label repeats for shoppers: more than that
	// nobody reads.
	MaxDeclared = 32

	// MaxWhy bounds the features that a label names for a criterion that does not
	// apply: a condition asks for one or two.
	MaxWhy = 16

	// MaxTranslations bounds the languages of a product's sentences: the European Union
	// has 24.
	MaxTranslations = 32

	// MaxTranslated bounds all translations of a product's sentences together, as JSON,
	// in bytes. A label repeats them, and is an entry of the log: they take a third of
	// [MaxLogged] in base64, which is three short sentences in each of 24 languages.
	MaxTranslated = 12 << 10

	// MaxText bounds a one-line text (names, models), in bytes.
	MaxText = 200

	// MaxProse bounds a reason, an instruction or a URL, in bytes.
	MaxProse = 2000

	// MaxSignerStatements bounds the statements of one signer that are weighed
	// for one device. They are all read for each decision; the bound keeps a
	// decision cheap. Each signer has its own: nobody can fill the place of
	// another. Statements that others have taken the place of do not count.
	MaxSignerStatements = 32

	// MaxSignerFailures bounds the same where the statement is a report of a
	// failure, for which there is room beyond the others.
	MaxSignerFailures = 96

	// MaxReportDelay is how long after the end of an accreditation reports under
	// it are accepted: a report is written after the tests are done.
	MaxReportDelay = 30 * 24 * time.Hour

	// MaxStatuses bounds the history of one label: three a week for six years.
	// Each takes a little of the label's offline package, even where a later word
	// has replaced it.
	MaxStatuses = 1024

	// MaxHistory bounds what the history of one label takes of its offline
	// package, in bytes. The package is one message ([MaxMessage]), and the label,
	// its device and the proofs have what is left.
	MaxHistory = 896 << 10

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

	// MaxActKind bounds the name of a kind of act, in bytes: two words or three.
	MaxActKind = 64

	// MaxActText bounds what an entry of the audit trail repeats of what the caller of
	// a refused act was told, in bytes. The answer has all of it; the reason, which is
	// what can be counted, is beside it.
	MaxActText = 400

	// MaxTrailEntry bounds an entry of the audit trail, in bytes: that is more than one
	// has whose texts are all at their limits, and of quotation marks, which are two
	// bytes each in JSON.
	MaxTrailEntry = 4 << 10

	// MaxTrailDelay is after what time an entry of the audit trail has to be among those
	// of a head in the log. Heads are logged a minute apart; the rest is for a key that
	// cannot sign for a while, and a restart.
	MaxTrailDelay = 10 * time.Minute

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

	// MaxVerifierSkew is how far what the authority signs with the time, such as
	// a log head, may be ahead of the clock of whoever verifies it. A verifier may
	// be a phone or a till that nobody sets: five minutes are forgiven, as
	// Kerberos usually does (RFC 4120). A date further ahead says that one of the
	// two clocks is wrong, and that nobody can tell how old the news is.
	MaxVerifierSkew = 5 * time.Minute

	// MinRSABits is the least RSA modulus accepted (NIST SP 800-57: 112 bits).
	MinRSABits = 2048

	// MaxRSABits is the greatest RSA modulus accepted: the cost of verifying
	// grows with its square, and whoever enrols a key has others verify.
	MaxRSABits = 8192
)
