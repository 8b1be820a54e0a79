package surveillance

// A distribution holds the probabilities of whole numbers from low on.
//
// It is computed by quotients of neighbours from the most likely value on, and
// then divided by its sum. That needs no logarithm of factorials, whose digits
// cancel, and only operations that IEEE 754 defines to the last bit: products
// are converted before they are added, so that no processor fuses the two. The
// same reports give the same figures everywhere.
type distribution struct {
	low int
	p   []float64
}

// certain is the distribution of 0, to which others are added.
var certain = distribution{p: []float64{1}}

// hypergeometric is the distribution of failed reports among drawn ones, if these
// were drawn blindly from all, of which failed are failed.
func hypergeometric(all, failed, drawn int) distribution {
	low, high := max(0, drawn+failed-all), min(drawn, failed)
	p := make([]float64, high-low+1)
	// up returns p(x+1) / p(x).
	up := func(x int) float64 {
		return float64(failed-x) * float64(drawn-x) / (float64(x+1) * float64(all-failed-drawn+x+1))
	}
	mode := min(max((drawn+1)*(failed+1)/(all+2), low), high)
	p[mode-low] = 1
	for x := mode; x < high; x++ {
		p[x+1-low] = p[x-low] * up(x)
	}
	for x := mode; x > low; x-- {
		p[x-1-low] = p[x-low] / up(x-1)
	}
	sum := 0.0
	for _, v := range p {
		sum += v
	}
	for i := range p {
		p[i] /= sum
	}
	return distribution{low, p}
}

// plus is the distribution of the sum of two independent numbers.
func (d distribution) plus(e distribution) distribution {
	p := make([]float64, len(d.p)+len(e.p)-1)
	for i, a := range d.p {
		for j, b := range e.p {
			p[i+j] += float64(a * b)
		}
	}
	return distribution{d.low + e.low, p}
}

// twoSided is the probability of all numbers that are no more likely than x. As
// in other implementations of Fisher's test, numbers whose probabilities differ
// by rounding only are equally likely.
func (d distribution) twoSided(x int) float64 {
	limit := d.p[x-d.low] * (1 + 1e-7)
	sum := 0.0
	for _, v := range d.p {
		if v <= limit {
			sum += v
		}
	}
	return min(sum, 1)
}
