// Package notice tells organizations what happened to labels: it delivers
// notices to the webhooks they registered, and renders an Atom feed for those
// who would rather ask.
//
// A delivery is one HTTPS POST of a CloudEvents 1.0 event in structured JSON
// mode, signed as Standard Webhooks says:
//
//	Content-Type: application/cloudevents+json; charset=utf-8
//	Webhook-Id: the notice's ID, the same in every attempt
//	Webhook-Timestamp: Unix seconds of this attempt
//	Webhook-Signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))
//
//	{"specversion":"1.0","id":"…","source":"https://labels.example","type":"dev.labeld.label.suspended",
//	 "subject":"…","time":"…","datacontenttype":"application/json","data":{…}}
//
// Any Standard Webhooks library verifies it, any CloudEvents library reads it.
// A notice carries no authority: it says where to look, and what is found there
// is signed and logged.
//
// # Guarantees
//
//   - At least once. An attempt whose outcome was not recorded is made again
//     with the same ID, so receivers drop IDs they have seen.
//   - In order per hook. A notice is tried only when those before it were
//     delivered or given up, so one hook has at most one attempt under way.
//   - Hooks do not wait for each other, up to the number of workers: an attempt
//     takes at most its timeout, and one that failed holds no worker until it is
//     due again.
//   - Nothing is lost silently. What is given up goes to the dead letters, from
//     where it can be put back.
//
// # Schedule
//
// An answer of 2xx is a delivery; 410 means that the endpoint is gone for good.
// Anything else, redirects included, is a failure. After the n-th failure in a
// row the delivery waits a random time between 0 and 5 s · 2^(n-1), at most 6 h
// ("full jitter", so that hooks that failed together do not return together).
// A Retry-After of 429 or 503 can lengthen the wait, also to at most 6 h.
//
// A delivery is given up at a failure that finds it two days in the queue and
// at least the fifth. That is some 27 attempts for the first one. Its age counts,
// and not the number of attempts, because of those that queue behind it: with a
// number, each would take its own two days, and the queue of a dead endpoint
// would grow without end. Five attempts, because deliveries also age while this
// service is down.
//
// # Where requests may go
//
// Hooks are URLs that others choose, and the service sits inside a network that
// others do not. The dialer therefore refuses every address that is not public,
// and looks at the address that it connects to: a name that resolves to
// something else the next time gains nothing. Proxies of the environment are not
// used, since a proxy would do the dialing. No translated form of IPv4 (NAT64,
// 6to4, mapped) is public in this sense.
package notice
