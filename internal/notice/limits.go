package notice

import "time"

// Limits, each with its reason.
const (
	// MaxData bounds the data of a notice, in bytes. CloudEvents receivers must
	// take events of 64 KiB; the rest is room for the other attributes.
	MaxData = 48 << 10

	// MaxHooks bounds the hooks of one organization: each notice is queued once
	// for each.
	MaxHooks = 16

	// MaxFeed is how many entries a feed has, the latest ones.
	MaxFeed = 100

	// MinSecret and MaxSecret bound a secret, in bytes before base64, as
	// Standard Webhooks does.
	MinSecret = 24
	MaxSecret = 64

	// newSecret is the size of those made here: that of the HMAC's output.
	newSecret = 32

	// maxAnswer bounds what is read of an answer, in bytes, before the
	// connection is given up instead of used again. Nothing in it matters.
	maxAnswer = 16 << 10

	// defaultWorkers bounds the attempts under way at once. They only wait for
	// the network.
	defaultWorkers = 16

	// defaultTimeout bounds one attempt from name lookup to the end of the answer.
	defaultTimeout = 10 * time.Second

	// defaultPoll is how often the outbox is asked while nothing is under way.
	defaultPoll = time.Second

	// pause follows a failure of the outbox. What was sent and not recorded is
	// sent again, so going on at once would send the same notice at full speed.
	pause = 30 * time.Second

	// firstWait and maxWait bound the wait after a failure; firstWait is
	// doubled with each failure in a row.
	firstWait = 5 * time.Second
	maxWait   = 6 * time.Hour

	// patience and leastAttempts say when a delivery is given up.
	patience      = 48 * time.Hour
	leastAttempts = 5
)
