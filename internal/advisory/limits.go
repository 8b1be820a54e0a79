package advisory

// Limits of a document, each with its reason.
const (
	// MaxDocument bounds a document, in bytes. Advisories about devices are a
	// few ten KiB; those about hundreds of products stay below this.
	MaxDocument = 512 << 10

	// MaxDepth bounds nesting. A branch of the product tree takes two levels,
	// so this leaves room for twenty of them; real documents have five.
	MaxDepth = 48

	// MaxValues bounds the JSON values of a document, and so the work of
	// checking a hostile one against the schema.
	MaxValues = 32768

	// MaxIssues bounds the vulnerabilities of a document.
	MaxIssues = 256

	// MaxProducts bounds the products that a document defines.
	MaxProducts = 4096

	// MaxChain bounds relationships that build on relationships: firmware in
	// a module in a device is two.
	MaxChain = 8

	// MaxStatuses bounds the statuses of a document, over all vulnerabilities.
	MaxStatuses = 8192

	// MaxReferences bounds the references to products once groups are written
	// out: a few bytes can name a group of thousands, many times over.
	MaxReferences = 65536

	// MaxConstraints bounds the parts of one version range. A longer one is
	// taken as unreadable.
	MaxConstraints = 32

	// maxFixes bounds the versions that are tried to find the one to advise.
	maxFixes = 32

	// maxFault bounds what is said of a bad statement, in bytes; the longest
	// sentence lists the five justifications.
	maxFault = 400
)
