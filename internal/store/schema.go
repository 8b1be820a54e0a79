package store

var (
	bMeta           = []byte("meta")
	bHead           = []byte("head")
	bHashes         = []byte("hashes")
	bEntries        = []byte("entries")
	bOrgs           = []byte("orgs")
	bKeys           = []byte("keys")
	bOrgKeys        = []byte("org_keys")
	bPersons        = []byte("persons")
	bOrgPersons     = []byte("org_persons")
	bQuorums        = []byte("quorums")
	bAccreditations = []byte("accreditations")
	bDevices        = []byte("devices")
	bGTINs          = []byte("gtins")
	bModels         = []byte("models")
	bBrands         = []byte("brands")
	bNearBrands     = []byte("near_brands")
	bGTINMoves      = []byte("gtin_moves")
	bHolds          = []byte("holds")
	bStruck         = []byte("struck")
	bJudgements     = []byte("judgements")
	bVerdicts       = []byte("verdicts")
	bPictures       = []byte("pictures")
	bStatements     = []byte("statements")
	bEvidence       = []byte("evidence")
	bGists          = []byte("gists")
	bDeviceStmts    = []byte("device_stmts")
	bOrgStmts       = []byte("org_stmts")
	bNumbers        = []byte("numbers")
	bLabels         = []byte("labels")
	bDeviceLabels   = []byte("device_labels")
	bOrgLabels      = []byte("org_labels")
	bOutlines       = []byte("outlines")
	bStatuses       = []byte("statuses")
	bRequests       = []byte("requests")
	bWaiting        = []byte("waiting")
	bEvents         = []byte("events")

	bDecisions       = []byte("decisions")
	bDeviceDecisions = []byte("device_decisions")
	bOrgDecisions    = []byte("org_decisions")
	bAppeals         = []byte("appeals")
	bDueAppeals      = []byte("due_appeals")
	bRulings         = []byte("rulings")

	bSchemes = []byte("schemes")
	bPlans   = []byte("plans")

	bComplaints      = []byte("complaints")
	bOpenComplaints  = []byte("open_complaints")
	bLabelComplaints = []byte("label_complaints")

	bAdvisories    = []byte("advisories")
	bDocuments     = []byte("documents")
	bOrgAdvisories = []byte("org_advisories")
	bLatest        = []byte("latest_advisories")

	bNotices    = []byte("notices")
	bOrgNotices = []byte("org_notices")
	bHooks      = []byte("hooks")
	bOrgHooks   = []byte("org_hooks")
	bOutbox     = []byte("outbox")
	bDead       = []byte("dead")

	bActs       = []byte("acts")
	bOrgActs    = []byte("org_acts")
	bAuditHeads = []byte("audit_heads")

	kSchema     = []byte("schema")
	kOrigin     = []byte("origin")
	kAdvised    = []byte("advised")
	kWatched    = []byte("watched")
	kTrail      = []byte("trail")
	kCommitted  = []byte("committed")
	kAccepted   = []byte("accepted")
	kIdentity   = []byte("identity")
	kActs       = []byte("acts")
	kSize       = []byte("size")
	kRoot       = []byte("root")
	kCheckpoint = []byte("checkpoint")
)

// A bucket is one of the database, as the package comment draws it.
type bucket struct {
	name             []byte
	key, value, note string // of a bucket with a few named values, value lists them and key is empty
}

// A part is what [Store.Check] looks at in one go: buckets, and the kinds of
// writes that fill them.
type part struct {
	name    string // as whoever checks reads it
	check   func(*checker)
	buckets []bucket
	writes  []kind
}

// schema is the table of all that a database holds. Create and open, the package
// comment, Check, and the encoding of batches and their being applied follow it.
// Writes are applied in its order, so that a label finds the device, and a notice
// the hook, that came in the same batch, and a statement that makes room at once is
// marked after it was written. The numbers of writes are those in encoded batches:
// they never change, and one that is given up is never given to another.
func schema() []part {
	return []part{
		{"buckets", (*checker).known, []bucket{
			{bMeta, "", "schema = uint32 | origin = text | committed = time, 8 bytes Unix nanoseconds | accepted = json []Acceptance | identity = json Identity | acts = json Adoption | advised = log index | watched = json Watched | trail = size uint64, 32-byte root", ""},
		}, nil},
		{"the log", (*checker).log, []bucket{
			{bHead, "", "size = uint64 | root = 32 bytes | checkpoint = signed note", ""},
			{bHashes, "level uint8, n uint64", "32 bytes", "Merkle tree nodes"},
			{bEntries, "index uint64", "packed envelope", "log entries"},
		}, nil},
		{"organizations", (*checker).organizations, []bucket{
			{bOrgs, "org", "json label.Organization", ""},
			{bKeys, "key id", "json label.Key", ""},
			{bOrgKeys, "org|key id", "nothing", ""},
			{bAccreditations, "org|uint64 log index", "json label.Accreditation", ""},
		}, []kind{
			kindOf[Organization](1),
			kindOf[Key](2),
			kindOf[Accreditation](3),
		}},
		{"persons", (*checker).persons, []bucket{
			{bPersons, "person", "json label.Person", ""},
			{bOrgPersons, "org|person", "nothing", ""},
			{bQuorums, "uint64 log index", "json Quorum", ""},
		}, []kind{
			kindOf[Person](33),
			kindOf[Adoption](34),
			kindOf[Quorum](35),
		}},
		{"devices", (*checker).devices, []bucket{
			{bDevices, "32-byte digest", "json Device, then the descriptor", ""},
			{bGTINs, "gtin, 32-byte device digest", "nothing or the 32-byte event that moved it away", ""},
			{bModels, "org|model|32-byte device digest", "nothing", "the model number folded"},
			{bBrands, "brand|org|time, 32-byte device digest", "nothing", "the brand folded; by when the device was registered"},
			{bNearBrands, "key|brand", "nothing", "the brand folded, by what names that are near have in common"},
			{bPictures, "32-byte digest", "picture as it came", "that a descriptor names"},
		}, []kind{
			kindOf[Device](4),
			kindOf[Picture](5),
		}},
		{"statements", (*checker).statements, []bucket{
			{bStatements, "32-byte id", "json Statement", ""},
			{bEvidence, "place uint64", "zstd of the signed bytes as they came", ""},
			{bGists, "place uint64", "s2 of what judging needs of it", ""},
			{bDeviceStmts, "32-byte device digest, 32-byte id", "nothing or the 32-byte id that it made room for", ""},
			{bOrgStmts, "org|^time, 32-byte id", "nothing", "signer's and carrier's, newest first"},
			{bNumbers, "org|predicate type|number", "32-byte id", "of statements, by what their signer called them"},
		}, []kind{
			kindOf[Statement](6),
			kindOf[Supersession](7),
		}},
		{"decisions", (*checker).decisions, []bucket{
			{bDecisions, "32-byte digest", "json Decision", "refusals"},
			{bDeviceDecisions, "32-byte device digest, ^time, 32-byte digest", "nothing", "newest first"},
			{bOrgDecisions, "org|^time, 32-byte digest", "nothing", "the manufacturer's, newest first"},
			{bAppeals, "32-byte digest", "json Appeal", ""},
			{bDueAppeals, "time, 32-byte digest", "nothing", "appeals without ruling, by when it is due"},
			{bRulings, "32-byte device digest, 32-byte digest", "json Ruling", ""},
		}, []kind{
			kindOf[Decision](8),
			kindOf[Appeal](9),
			kindOf[Ruling](10),
		}},
		{"advisories", (*checker).advisories, []bucket{
			{bAdvisories, "32-byte digest, org", "json Advisory", "of the document, and who published it"},
			{bDocuments, "32-byte digest", "zstd of the document as it came", ""},
			{bOrgAdvisories, "org|^time, 32-byte digest", "nothing", "newest first"},
			{bLatest, "org|advisory id", "32-byte digest", ""},
		}, []kind{
			kindOf[Advisory](11),
			kindOf[AdviceProgress](12),
		}},
		{"schemes", (*checker).schemes, []bucket{
			{bSchemes, "scheme id|version", "json SchemeVersion", "that labels were judged by"},
		}, []kind{
			kindOf[SchemeVersion](30),
		}},
		{"plans", (*checker).plans, []bucket{
			{bPlans, "plan id", "json Plan", "surveillance"},
		}, []kind{
			kindOf[Plan](13),
		}},
		{"reports of people", (*checker).complaints, []bucket{
			{bComplaints, "complaint id", "json Complaint", ""},
			{bOpenComplaints, "^time, complaint id", "nothing", "newest first"},
			{bLabelComplaints, "label id or nothing|complaint id", "nothing", ""},
		}, []kind{
			kindOf[Complaint](14),
		}},
		{"notices", (*checker).notices, []bucket{
			{bNotices, "notice id", "json notice.Notice", ""},
			{bOrgNotices, "org|^time, notice id", "nothing", "newest first"},
			{bHooks, "hook id", "json notice.Hook", ""},
			{bOrgHooks, "org|hook id", "nothing", ""},
			{bOutbox, "hook id|number uint64", "json letter", "waiting, in order"},
			{bDead, "hook id|number uint64", "json letter", "given up"},
		}, []kind{
			kindOf[Hook](15),
			kindOf[Notice](16),
			kindOf[Attempt](17),
			kindOf[Retry](18),
			kindOf[HookRemoval](19),
			kindOf[Watched](20),
		}},
		{"products", (*checker).products, []bucket{
			{bEvents, "32-byte digest", "json Event", ""},
			{bHolds, "device|32-byte digest or org|org", "json Hold", ""},
			{bGTINMoves, "gtin, uint64 log index", "json GTINMove", ""},
			{bStruck, "32-byte id", "32-byte event", "of statements and rulings"},
			{bJudgements, "32-byte device digest", "time", "since when a judgement is due"},
			{bVerdicts, "label id", "json Verdict", "of labels that their evidence did not carry when judged again, or that can be renewed"},
		}, []kind{
			kindOf[Event](21),
			kindOf[Hold](22),
			kindOf[GTINMove](23),
			kindOf[Strike](24),
			kindOf[Judgement](25),
			kindOf[Verdict](26),
		}},
		{"the audit trail", (*checker).trail, []bucket{
			{bActs, "number uint64", "32-byte hashes, then json label.TrailEntry", "the hashes of tree nodes that are complete with it"},
			{bOrgActs, "org|number uint64", "nothing", "the actor's"},
			{bAuditHeads, "size uint64", "log index", "heads of the trail that were logged"},
		}, []kind{
			kindOf[Act](31),
			kindOf[AuditHead](32),
		}},
		{"labels", (*checker).labels, []bucket{
			{bLabels, "label id", "json Label", ""},
			{bDeviceLabels, "time, 32-byte device digest, uint64 log index", "label id", "by when the device was registered"},
			{bOrgLabels, "org|^log index, label id", "nothing", "newest first"},
			{bOutlines, "index uint64", "json label.Outline", "what lists show of labels"},
			{bStatuses, "label id, number uint32", "json Status", ""},
			{bRequests, "32-byte digest", "json Request", ""},
			{bWaiting, "label id or nothing, 32-byte digest", "nothing", "requests that were neither carried out nor closed"},
		}, []kind{
			kindOf[Label](27),
			kindOf[Status](28),
			kindOf[Request](29),
		}},
	}
}

// bucketNames returns the names of all buckets.
func bucketNames() (names [][]byte) {
	for _, p := range schema() {
		for _, b := range p.buckets {
			names = append(names, b.name)
		}
	}
	return names
}
