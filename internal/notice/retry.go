package notice

import (
	"net/http"
	"strconv"
	"time"
)

// wait returns how long to wait after the n-th failure in a row, when the
// endpoint asked for a wait of at least asked.
func wait(n int, asked time.Duration, jitter func(time.Duration) time.Duration) time.Duration {
	limit := firstWait
	for range n - 1 {
		limit = min(2*limit, maxWait)
	}
	return min(max(jitter(limit), asked), maxWait)
}

// exhausted reports whether a delivery that failed again is given up.
func exhausted(d *Delivery, now time.Time) bool {
	return d.Attempts >= leastAttempts && now.Sub(d.Queued) >= patience
}

// retryAfter returns the wait that an answer asks for, or 0 (RFC 9110 10.2.3:
// seconds or a date).
func retryAfter(answer *http.Response, now time.Time) time.Duration {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxWait/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
