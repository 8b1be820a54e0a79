package art

// All limits of artwork, each with its reason.
const (
	// leastModule is the least side of a QR module, in millimetres: below it,
	// cheap printers and the cameras of older phones fail.
	leastModule = 0.5

	// leastText is the least font size, in millimetres. Letters then have an
	// x-height of 0.9 mm, the least that Regulation (EU) No 1169/2011, 13(3),
	// lets small food packages have.
	leastText = 1.7

	// leastContrast is what WCAG 2.2, 1.4.3, asks of text.
	leastContrast = 4.5

	// mostMarks is how many marks are drawn on a letter. Vietnamese has two, Arabic
	// with all its vowels three; a name with more is written to be in the way.
	mostMarks = 3

	// tallestMark and deepestMark are how far marks on letters may reach from the
	// baseline, in parts of the font size: as far as those of vowelled Arabic do,
	// and on a label without room for them, as far as letters do that have theirs
	// built in. Others are left out.
	tallestMark, deepestMark           = 1.45, 0.75
	tallestMarkTight, deepestMarkTight = 1.07, 0.5

	// maxSide bounds a label, in millimetres, so that a picture of it stays
	// below six million pixels.
	maxSide = 200

	// maxChoices bounds the formats and the palettes: a pack has a drawing of
	// each format in each palette.
	maxChoices = 8

	// MaxLanguages bounds the languages on one label. Two stand side by side
	// where a country needs it; no third is legible on a type plate.
	MaxLanguages = 2

	// MaxPack bounds a pack, in bytes, for those who fetch one. That of the
	// embedded data has 1.5 MB.
	MaxPack = 32 << 20

	// MaxFiles bounds the files of a pack: each format in each palette as SVG,
	// PDF and PNG, the text and the manifest.
	MaxFiles = 3*maxChoices*maxChoices + 2
)
