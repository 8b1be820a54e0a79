package surveillance

// All limits of the package, each with its reason.
const (
	// MaxCount bounds the labels of one plan, so that the result of a draw fits
	// one log entry (label.MaxLogged): each takes up to 127 bytes of it, and a
	// third more in base64. Each is bought in a shop and tested, too.
	MaxCount = 250

	// MaxFactor bounds one factor of a weight. Three factors give at most
	// 10^9, which any JSON reader holds exactly.
	MaxFactor = 1000

	// MaxLevels bounds the factors by level; reports know levels 1 to 9.
	MaxLevels = 9

	// MaxTotal bounds the sum of the weights of all candidates, so that no
	// implementation overflows a signed 64-bit number: 4·10^9 labels of the
	// greatest weight a plan can give.
	MaxTotal = 1 << 62
)
