// Package store keeps a label programme in one bbolt file: every bucket, one
// atomic [Store.Commit], consistent reads ([Store.View]), and a full check
// ([Store.Check]). It is dumb: who may write what is decided in package
// authority, the only one that writes.
//
// # Schema, version 8
//
// Drawn as name -> key = value. Numbers in keys are big-endian, so that keys
// sort by them; "json" values are the JSON of the struct named; "|" joins parts
// with a zero byte, which no identifier contains. The drawing is that of the table
// in schema.go, by which the database is made, written and checked; a test holds it
// against a filled store.
//
//	meta            schema = uint32 | origin = text | committed = time, 8 bytes Unix nanoseconds | accepted = json []Acceptance | identity = json Identity | acts = json Adoption | advised = log index | watched = json Watched | trail = size uint64, 32-byte root
//	head            size = uint64 | root = 32 bytes | checkpoint = signed note
//	hashes          level uint8, n uint64 = 32 bytes             Merkle tree nodes
//	entries         index uint64 = packed envelope               log entries
//	orgs            org = json label.Organization
//	keys            key id = json label.Key
//	org_keys        org|key id = nothing
//	accreditations  org|uint64 log index = json label.Accreditation
//	persons         person = json label.Person
//	org_persons     org|person = nothing
//	quorums         uint64 log index = json Quorum
//	devices         32-byte digest = json Device, then the descriptor
//	gtins           gtin, 32-byte device digest = nothing or the 32-byte event that moved it away
//	models          org|model|32-byte device digest = nothing    the model number folded
//	brands          brand|org|time, 32-byte device digest = nothing  the brand folded; by when the device was registered
//	near_brands     key|brand = nothing                          the brand folded, by what names that are near have in common
//	pictures        32-byte digest = picture as it came          that a descriptor names
//	statements      32-byte id = json Statement
//	evidence        place uint64 = zstd of the signed bytes as they came
//	gists           place uint64 = s2 of what judging needs of it
//	device_stmts    32-byte device digest, 32-byte id = nothing or the 32-byte id that it made room for
//	org_stmts       org|^time, 32-byte id = nothing              signer's and carrier's, newest first
//	numbers         org|predicate type|number = 32-byte id       of statements, by what their signer called them
//	decisions       32-byte digest = json Decision               refusals
//	device_decisions  32-byte device digest, ^time, 32-byte digest = nothing  newest first
//	org_decisions   org|^time, 32-byte digest = nothing          the manufacturer's, newest first
//	appeals         32-byte digest = json Appeal
//	due_appeals     time, 32-byte digest = nothing               appeals without ruling, by when it is due
//	rulings         32-byte device digest, 32-byte digest = json Ruling
//	advisories      32-byte digest, org = json Advisory          of the document, and who published it
//	documents       32-byte digest = zstd of the document as it came
//	org_advisories  org|^time, 32-byte digest = nothing          newest first
//	latest_advisories  org|advisory id = 32-byte digest
//	schemes         scheme id|version = json SchemeVersion       that labels were judged by
//	plans           plan id = json Plan                          surveillance
//	complaints      complaint id = json Complaint
//	open_complaints  ^time, complaint id = nothing                newest first
//	label_complaints  label id or nothing|complaint id = nothing
//	notices         notice id = json notice.Notice
//	org_notices     org|^time, notice id = nothing               newest first
//	hooks           hook id = json notice.Hook
//	org_hooks       org|hook id = nothing
//	outbox          hook id|number uint64 = json letter          waiting, in order
//	dead            hook id|number uint64 = json letter          given up
//	events          32-byte digest = json Event
//	holds           device|32-byte digest or org|org = json Hold
//	gtin_moves      gtin, uint64 log index = json GTINMove
//	struck          32-byte id = 32-byte event                   of statements and rulings
//	judgements      32-byte device digest = time                 since when a judgement is due
//	verdicts        label id = json Verdict                      of labels that their evidence did not carry when judged again, or that can be renewed
//	acts            number uint64 = 32-byte hashes, then json label.TrailEntry  the hashes of tree nodes that are complete with it
//	org_acts        org|number uint64 = nothing                  the actor's
//	audit_heads     size uint64 = log index                      heads of the trail that were logged
//	labels          label id = json Label
//	device_labels   time, 32-byte device digest, uint64 log index = label id  by when the device was registered
//	org_labels      org|^log index, label id = nothing           newest first
//	outlines        index uint64 = json label.Outline            what lists show of labels
//	statuses        label id, number uint32 = json Status
//	requests        32-byte digest = json Request
//	waiting         label id or nothing, 32-byte digest = nothing  requests that were neither carried out nor closed
//
// Tree nodes are keyed by level first: the 256 hashes of a tile lie side by
// side. A log entry is packed (key ID, signature, compressed payload) rather
// than stored as the JSON that was hashed; unpacking gives those bytes back,
// since an envelope has one encoding. That halves the file. Entries and gists
// are packed with S2, which is quick, evidence and documents with zstd, which is
// small, all of them behind dictionary.txt, which has what they have in common.
//
// The audit trail is a second Merkle tree, over what was done and by whom. Its leaves
// stand in acts as they are hashed, each behind the hashes of the nodes that are complete
// with it: the n'th node of a level l is complete with entry (n+1)*2^l-1, and its hash is
// the l'th there. What the tree comes to is in meta; from time to time it is logged.
//
// # Batches
//
// Everything is written by a [Batch], which is a list of writes: each is of a type in
// the table, knows the records that it puts and deletes, and reads nothing but the state
// before it. A batch has one encoding ([Batch.Encode]). Carried out in the same order on
// the same database, the same batches come to the same records everywhere: so another
// machine, which is sent the batches, has the same database. Only [Store.AcceptClock] and
// [Store.Identify] write beside that, what is of this machine and its configuration.
//
// # Durability
//
// Commit returns after fsync. A crash leaves all of a batch or none of it.
// Nothing is shown that is not on disk:
//
//   - bbolt shows a commit from the moment at which its last page is written,
//     before that is synced. A [Store.View] that begins in between waits for the
//     sync.
//
//   - Once a commit has failed that may be on disk or not, View and Commit answer
//     [ErrUnsynced], and the process is to end ([Store.Broken]). It cannot go on:
//     memory shows the commit, so that whoever repeats a request would be told that
//     it is known, and a power cut would take it back. Nor could the next commit
//     repair it, for bbolt would write that over pages of the state on disk.
//
//   - Opening makes durable what the file shows before anything is read of it
//     (settle). The process before may have ended between writing and syncing.
//
//   - Where the disk was full, nothing has changed ([ErrNoRoom]): reading goes on,
//     and writing once there is room.
//
//   - No log head is shown before it is in the head file ([Store.Keep]), where one is
//     kept. Where that cannot be written the store is broken as well: the process that
//     is started next finds that out, and is read-only.
//
// Copying the whole file to a new one at such an end was weighed and left: by the
// order in which bbolt writes, only the meta pages can be missing on disk, and to
// write these anew takes no time that grows with the file.
package store
