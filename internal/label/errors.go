package label

import (
	"errors"
	"fmt"
)

// A Kind says what sort of refusal an [Error] is. Package rpc maps each to one
// gRPC status, package web to one HTTP status.
type Kind int

const (
	Invalid         Kind = iota + 1 // the request is wrong in itself
	NotFound                        // what it names does not exist
	Exists                          // what it creates exists already
	Denied                          // the caller, or the signer, has no right to it
	Unauthenticated                 // the caller has not proved who it is
	Precondition                    // right in itself, but not in the present state
	TooLarge                        // over one of the limits in limits.go
	Unavailable                     // nothing is wrong with the request; try again
	Internal                        // our fault; the detail is in the server's log
)

// A Reason is a stable, machine-readable cause. Reasons are part of the public
// contract: they appear in google.rpc.ErrorInfo and in JSON errors.
type Reason string

const (
	ReasonMalformed        Reason = "MALFORMED"         // not the syntax it should be
	ReasonDuplicateKey     Reason = "DUPLICATE_KEY"     // a JSON object names a member twice
	ReasonUnknownField     Reason = "UNKNOWN_FIELD"     // a JSON member nobody defined
	ReasonNotCanonical     Reason = "NOT_CANONICAL"     // JSON that is not in RFC 8785 form
	ReasonMissing          Reason = "MISSING"           // a required field is absent
	ReasonOutOfRange       Reason = "OUT_OF_RANGE"      // a value outside its range
	ReasonTooLarge         Reason = "TOO_LARGE"         // over a limit
	ReasonUnknownType      Reason = "UNKNOWN_TYPE"      // a payload or predicate type we do not know
	ReasonNewerVersion     Reason = "NEWER_VERSION"     // of a type that a newer version of labeld knows
	ReasonUnknownKey       Reason = "UNKNOWN_KEY"       // no enrolled key made this signature
	ReasonBadSignature     Reason = "BAD_SIGNATURE"     // a named key did not make this signature
	ReasonNotLogged        Reason = "NOT_LOGGED"        // the transparency log does not have it, or not so
	ReasonKeyRevoked       Reason = "KEY_REVOKED"       // the key was revoked
	ReasonKeyNotYetValid   Reason = "KEY_NOT_YET_VALID" // the key's interval has not begun
	ReasonWrongRole        Reason = "WRONG_ROLE"        // the organization may not say or do this
	ReasonWrongSigner      Reason = "WRONG_SIGNER"      // the statement speaks for somebody else
	ReasonOtherAuthority   Reason = "OTHER_AUTHORITY"   // the request was made to another authority
	ReasonUnknownSubject   Reason = "UNKNOWN_SUBJECT"   // no registered device has this digest
	ReasonScopeStandard    Reason = "SCOPE_STANDARD"    // accreditation does not cover the standard
	ReasonScopeCategory    Reason = "SCOPE_CATEGORY"    // accreditation does not cover the device category
	ReasonScopeMethod      Reason = "SCOPE_METHOD"      // accreditation does not cover a method of assessment
	ReasonOrgSuspended     Reason = "ORG_SUSPENDED"     // nothing counts that the organization signs
	ReasonScopeInterval    Reason = "SCOPE_INTERVAL"    // not accredited when the test period ended
	ReasonTooOld           Reason = "TOO_OLD"           // older than any scheme accepts
	ReasonInFuture         Reason = "IN_FUTURE"         // dated after now
	ReasonAffiliated       Reason = "AFFILIATED"        // lab and manufacturer are not independent
	ReasonUnknownStandard  Reason = "UNKNOWN_STANDARD"  // standard or edition not in the catalogue
	ReasonUnknownProvision Reason = "UNKNOWN_PROVISION" // provision not in this edition
	ReasonUnknownFact      Reason = "UNKNOWN_FACT"      // fact not in the dictionary
	ReasonFactType         Reason = "FACT_TYPE"         // fact value of the wrong type
	ReasonFactRange        Reason = "FACT_RANGE"        // fact value outside its range or values
	ReasonFactSupplier     Reason = "FACT_SUPPLIER"     // fact that this party may not state
	ReasonUnknownMethod    Reason = "UNKNOWN_METHOD"    // method of assessment not in the list
	ReasonUnknownCategory  Reason = "UNKNOWN_CATEGORY"  // device category not in the list
	ReasonUnknownScheme    Reason = "UNKNOWN_SCHEME"    // scheme or level that is not served
	ReasonUnknownDecision  Reason = "UNKNOWN_DECISION"  // no decision or appeal on record has this digest
	ReasonUnknownCriterion Reason = "UNKNOWN_CRITERION" // not one that the decision could be changed in
	ReasonUnknownAdvisory  Reason = "UNKNOWN_ADVISORY"  // no advisory on record has this digest
	ReasonUnknownStatement Reason = "UNKNOWN_STATEMENT" // no statement on record has this digest
	ReasonUnknownAct       Reason = "UNKNOWN_ACT"       // the audit trail has no entry of this number, or none that the caller may read
	ReasonUnknownPlan      Reason = "UNKNOWN_PLAN"      // no plan for surveillance has this ID
	ReasonUnknownKind      Reason = "UNKNOWN_KIND"      // no such kind of notice
	ReasonUnknownHook      Reason = "UNKNOWN_HOOK"      // no webhook has this ID
	ReasonTooLate          Reason = "TOO_LATE"          // after the last day
	ReasonUnknownOrg       Reason = "UNKNOWN_ORGANIZATION"
	ReasonIDMalformed      Reason = "ID_MALFORMED"       // not 12 characters of the label alphabet
	ReasonIDCheck          Reason = "ID_CHECK_CHARACTER" // a mistyped label ID
	ReasonUnknownLabel     Reason = "UNKNOWN_LABEL"      // well-formed, never issued here
	ReasonUnknownProduct   Reason = "UNKNOWN_PRODUCT"    // GTIN of no registered device
	ReasonUnknownPicture   Reason = "UNKNOWN_PICTURE"    // the device has none: its descriptor names none, or it was not sent
	ReasonWrongPicture     Reason = "WRONG_PICTURE"      // not the one that the descriptor names
	ReasonUnlabelled       Reason = "UNLABELLED"         // registered device without a label
	ReasonMoved            Reason = "GTIN_MOVED"         // a GTIN that was moved from a labelled product to one without a label
	ReasonUnassignable     Reason = "UNASSIGNABLE"       // a GTIN that no product can have been assigned
	ReasonOnHold           Reason = "ON_HOLD"            // a hold on the product stops it
	ReasonNothingNew       Reason = "NOTHING_NEW"        // a renewal that would say again what the label says
	ReasonLighterCategory  Reason = "LIGHTER_CATEGORY"   // a category of lower risk than that of the same product
	ReasonExists           Reason = "ALREADY_EXISTS"
	ReasonLiveLabel        Reason = "LIVE_LABEL"      // the device has a live label of another level
	ReasonStep             Reason = "STATE"           // the label's state does not allow it
	ReasonUnknownReason    Reason = "UNKNOWN_REASON"  // a reason code that is not in the list, or not for this action
	ReasonStale            Reason = "STALE"           // too old to tell how the label stands now
	ReasonWithheld         Reason = "WITHHELD"        // the history leaves out what the authority signed that there is
	ReasonIncomplete       Reason = "INCOMPLETE"      // nothing shows whether the history is all that happened
	ReasonConflict         Reason = "CONFLICT"        // the state changed meanwhile; try again
	ReasonToken            Reason = "TOKEN"           // missing, expired or wrong caller token
	ReasonNotYours         Reason = "NOT_YOURS"       // belongs to another organization
	ReasonClock            Reason = "CLOCK_WENT_BACK" // the server's clock cannot be right: it went back, or jumped ahead
	ReasonStorage          Reason = "STORAGE"         // the store cannot write now
	ReasonDisk             Reason = "DISK"            // the disk is almost full: the rest is kept for the authority
	ReasonBusy             Reason = "BUSY"            // too many wait for the same kind of work
	ReasonQuota            Reason = "QUOTA"           // the organization has as many as it may have
	ReasonTooMany          Reason = "TOO_MANY_REQUESTS"
	ReasonSigner           Reason = "SIGNER"    // the key cannot sign now
	ReasonReadOnly         Reason = "READ_ONLY" // the service may only show what it has
	ReasonShuttingDown     Reason = "SHUTTING_DOWN"
	ReasonInternal         Reason = "INTERNAL"
)

// An Error is a refusal. Its text is meant for the person who caused it: it
// says what is wrong and what to do about it, and never more than that person
// may know.
type Error struct {
	Kind   Kind
	Reason Reason
	Field  string // path of the offending field, such as "verdicts[3].reason"; may be empty
	Text   string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + ": " + e.Text
}

// Errorf returns an [Error] with a formatted text.
func Errorf(kind Kind, reason Reason, field, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Field: field, Text: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first [Error] in err's tree, or [Internal]
// for an error that is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// ReasonOf returns the reason of the first [Error] in err's tree, or
// [ReasonInternal].
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ReasonInternal
}

// invalid is Errorf for the commonest kind.
func invalid(reason Reason, field, format string, args ...any) *Error {
	return Errorf(Invalid, reason, field, format, args...)
}

// Within returns err with field put before the field it names.
func Within(field string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	inner := *e
	switch {
	case e.Field == "":
		inner.Field = field
	case e.Field[0] == '[':
		inner.Field = field + e.Field
	default:
		inner.Field = field + "." + e.Field
	}
	return &inner
}
