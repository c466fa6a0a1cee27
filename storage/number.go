package storage

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// jsSpaces is the white space of JavaScript, as a class of a regular expression.
const jsSpaces = `[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`

// isSpace tells whether JavaScript's trim and \s take the character for white space.
func isSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x2000 && r <= 0x200a:
		return true
	case r == ' ', r == 0xa0, r == 0x1680, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000, r == 0xfeff:
		return true
	}
	return false
}

// isBlank tells whether a string holds nothing but white space.
func isBlank(s string) bool { return strings.TrimFunc(s, isSpace) == "" }

var decimal = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)

// JSNumber reads text as JavaScript's Number does, which is how Nightscout recognises numbers in URLs and documents:
// white space around it, a sign, a fraction, an exponent and the prefixes 0x, 0o and 0b are allowed, blank text is 0.
// What is no number is NaN.
func JSNumber(text string) float64 {
	text = strings.TrimFunc(text, isSpace)
	switch text {
	case "":
		return 0
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if len(text) > 2 && text[0] == '0' {
		if base := prefixBase(text[1]); base != 0 {
			return parseDigits(text[2:], base)
		}
	}
	if !decimal.MatchString(text) {
		return math.NaN()
	}
	n, _ := strconv.ParseFloat(text, 64) // out of range is infinite, in JavaScript too
	return n
}

// prefixBase is the base that the letter after a leading zero announces, or 0.
func prefixBase(letter byte) int {
	switch letter {
	case 'x', 'X':
		return 16
	case 'o', 'O':
		return 8
	case 'b', 'B':
		return 2
	}
	return 0
}

func parseDigits(digits string, base int) float64 {
	var n float64
	for _, c := range digits {
		d, err := strconv.ParseUint(string(c), base, 8)
		if err != nil {
			return math.NaN()
		}
		n = n*float64(base) + float64(d)
	}
	return n
}

// numberOf is a number or a numeric, not blank string as a finite double.
func numberOf(v Value) (float64, bool) {
	n := v.Float() // NaN for all other types
	if text := v.Text(); !isBlank(text) {
		n = JSNumber(text)
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// jsText is the value as JavaScript puts it into a template string.
func jsText(v Value) string {
	switch v.Type() {
	case Absent:
		return "undefined"
	case String:
		return v.Text()
	case Number:
		return numberText(v.Float())
	case Object:
		return "[object Object]"
	case Array:
		var parts []string
		for e := range v.Elements() {
			if e.Type() == Null {
				e = `""`
			}
			parts = append(parts, jsText(e))
		}
		return strings.Join(parts, ",")
	default:
		return string(v)
	}
}

// numberText is a number in JavaScript's notation.
func numberText(f float64) string {
	if a := math.Abs(f); a >= 1e21 || a < 1e-6 && a > 0 {
		text := strconv.FormatFloat(f, 'e', -1, 64)
		text = strings.Replace(text, "e-0", "e-", 1)
		return strings.Replace(text, "e+0", "e+", 1)
	}
	if f == 0 {
		return "0" // JavaScript hides the sign of -0
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// NumberText is a number as JavaScript writes it, save that 64-bit integers keep all their digits; "" for other types.
func (v Value) NumberText() string {
	if v.Type() != Number {
		return ""
	}
	if n, ok := v.Int(); ok && n != 0 {
		return strconv.FormatInt(n, 10)
	}
	return numberText(v.Float())
}
